//! The programs in `examples/`: each runs unchanged on a cluster in its own process and on one of
//! three processes, and prints the same.

use wask_e2e::{Cluster, Wask, guest};

fn prints_the_same(driver: &str, arguments: &[&str], said: &[&str]) {
    let here = Wask::new().driver(driver, arguments);
    assert_eq!(here.code, 0, "{here:?}");
    for said in said {
        assert!(here.stdout.contains(said), "no `{said}` in {here:?}");
    }

    let cluster = Cluster::start(2, 1);
    let there = cluster.wask.driver(driver, arguments);
    assert_eq!(there.code, 0, "{there:?}");
    assert_eq!(there.stdout, here.stdout);
    // It did run there, and left nothing behind.
    let status = cluster.wait_until(|status| status["tasks"]["memory"] == 0);
    assert!(status["tasks"]["total_finished"].as_u64() > Some(0));
}

#[test]
fn word_count() {
    let texts = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../examples/word-count/guest/src"
    );
    prints_the_same(
        "word-count-driver",
        &[&guest("word_count.wasm"), texts],
        &[" fn\n"],
    );
}

/// The logs are made up anew for each run.
#[test]
fn log_report() {
    let said = [
        "11885 requests in 24 logs, 298 errors",
        "115 damaged lines",
        "errors of /search by the hour",
        "the first at 2026-03-14T01:24:14",
    ];
    prints_the_same(
        "log-report-driver",
        &[&guest("log_report.wasm"), "logs"],
        &said,
    );
}

#[test]
fn monte_carlo_pi() {
    let said = ["3.14091 ± 0.00099 from 2750000 points", "11 tasks"];
    prints_the_same("monte-carlo-pi-driver", &[&guest("pi.wat"), "0.001"], &said);
}
