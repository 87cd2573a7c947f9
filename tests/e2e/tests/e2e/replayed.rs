//! What a real scheduler and a real worker record comes to the same actions again.

use nix::sys::signal::Signal;
use wask_e2e::{Cluster, Process, guest};

#[test]
fn a_scheduler_and_a_worker_are_replayed() {
    let mut cluster = Cluster::start_with(&["--record", "scheduler.record"]);
    let arguments = [
        "worker",
        &cluster.address,
        "--slots",
        "2",
        "--record",
        "worker.record",
    ];
    let mut worker = Process::start(&cluster.wask, &arguments);
    cluster.scheduler.wait_for("worker joined");
    let wask = &cluster.wask;
    let arith = guest("arith.wasm");
    assert_eq!(
        wask.ok(&["map", &arith, "double", "1", "2", "3"]),
        "2\n4\n6"
    );
    wask.ok(&["scatter", "5", "--type", "u32", "--as", "five"]);
    assert_eq!(wask.ok(&["map", &arith, "double", "@five"]), "10");
    worker.signal(Signal::SIGTERM);
    assert!(worker.wait().success());
    cluster.scheduler.signal(Signal::SIGTERM);
    assert!(cluster.scheduler.wait().success());

    for record in ["scheduler.record", "worker.record"] {
        let output = wask.driver("wask-replay", &[record]);
        assert_eq!(output.code, 0, "{output:?}");
        let count = output.stdout.split_whitespace().rev().nth(1);
        let actions: u64 = count.unwrap().parse().unwrap();
        assert!(output.stdout.starts_with("same actions: "), "{output:?}");
        // At the least: four tasks and a value.
        assert!(actions >= 5, "{output:?}");
    }
    let nothing = wask.driver("wask-replay", &["none"]);
    assert_eq!(nothing.code, 2, "{nothing:?}");
}
