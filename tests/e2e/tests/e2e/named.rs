//! What a shell keeps between commands: `@name`.

use std::io::Read;

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use wask_e2e::{Cluster, Wask, guest};

#[test]
fn results_are_named_used_and_released() {
    let cluster = Cluster::start(1, 2);
    let wask = &cluster.wask;
    let arith = guest("arith.wasm");
    wask.ok(&["push", &arith, "--as", "arith"]);
    assert!(wask.ok(&["components"]).contains("arith"));

    wask.ok(&["submit", "arith", "double(21)", "--as", "answer"]);
    assert_eq!(wask.ok(&["result", "@answer"]), "42");
    wask.ok(&["submit", "arith", "double(@answer)", "--as", "twice"]);
    assert_eq!(wask.ok(&["result", "@twice"]), "84");
    let taken = wask.fails(2, &["submit", "arith", "double(1)", "--as", "answer"]);
    assert!(taken.contains("--replace"), "{taken}");

    wask.ok(&["scatter", "5", "--type", "u32", "--as", "five"]);
    assert_eq!(wask.ok(&["map", "arith", "double", "@five"]), "10");
    wask.ok(&["map", "arith", "double", "1", "2", "3", "--as", "evens"]);
    assert_eq!(wask.ok(&["gather", "@evens"]), "2\n4\n6");
    assert_eq!(wask.ok(&["result", "@evens[1]"]), "4");

    // A future of the wrong type is refused before anything runs.
    let mistyped = wask.fails(
        2,
        &["submit", &guest("word_count.wasm"), "count-words(@answer)"],
    );
    assert!(mistyped.contains("string"), "{mistyped}");

    let listed = wask.ok(&["datasets"]);
    for name in ["answer", "twice", "five", "evens"] {
        assert!(listed.contains(name), "{listed}");
    }
    wask.ok(&["release", "@answer", "@twice", "@five", "@evens"]);
    cluster.wait_until(|status| status["tasks"]["memory"] == 0);
    wask.fails(2, &["result", "@answer"]);
}

#[test]
fn a_component_is_taken_out_when_nothing_needs_it() {
    let cluster = Cluster::start(1, 1);
    let wask = &cluster.wask;
    let arith = guest("arith.wasm");
    wask.ok(&["push", &arith, "--as", "arith"]);
    wask.ok(&["push", &arith, "--as", "also"]);
    wask.ok(&["push", &guest("word_count.wasm"), "--as", "words"]);
    wask.ok(&["submit", "arith", "double(21)", "--as", "answer"]);
    assert_eq!(wask.ok(&["result", "@answer"]), "42");
    let needed = wask.fails(4, &["components", "--remove", "arith"]);
    assert!(needed.contains("1 of the tasks"), "{needed}");
    assert_eq!(wask.ok(&["result", "@answer"]), "42");

    wask.ok(&["release", "@answer"]);
    cluster.wait_until(|status| status["tasks"]["memory"] == 0);
    let removed = wask.ok(&["components", "--remove", "arith"]);
    assert!(removed.starts_with("removed also (blake3:"), "{removed}");
    let left = wask.ok(&["components"]);
    assert!(left.contains("words") && !left.contains("also"), "{left}");
    // What was known of its functions is not believed any more.
    let gone = wask.fails(2, &["submit", "arith", "double(21)"]);
    assert!(gone.contains("no component `arith`"), "{gone}");

    let digest = left
        .split_whitespace()
        .find(|word| word.starts_with("blake3:"));
    wask.fails(2, &["components", "--remove", &digest.unwrap()[..12]]);
    wask.ok(&["components", "--remove", &digest.unwrap()[..13]]);
    assert!(!wask.ok(&["components"]).contains("words"));
    wask.fails(2, &["components", "--remove", "blake3:"]);
    // It comes back as it came first.
    wask.ok(&["submit", &arith, "double(21)", "--as", "answer"]);
    assert_eq!(wask.ok(&["result", "@answer"]), "42");
    let listed = wask.ok(&["components"]);
    assert!(listed.contains("(arith.wasm)"), "{listed}");
}

#[test]
fn up_and_down() {
    let wask = Wask::new();
    let arith = guest("arith.wasm");
    wask.ok(&["up", "--workers", "1", "--slots", "1"]);
    wask.ok(&["submit", &arith, "double(3)", "--as", "six"]);
    assert_eq!(wask.ok(&["result", "@six"]), "6");
    wask.ok(&["down"]);
    let gone = wask.fails(2, &["status"]);
    assert!(gone.contains("wask up"), "{gone}");
}

#[test]
fn what_people_read_fits_a_terminal() {
    let cluster = Cluster::start(2, 2);
    let wask = &cluster.wask;
    wask.ok(&["push", &guest("shapes.wasm"), "--as", &"shapes".repeat(20)]);
    let long = format!("l{}", "ong".repeat(60));
    wask.ok(&[
        "map",
        &guest("hostile.wasm"),
        "act",
        "a",
        "b",
        "--as",
        &long,
    ]);
    wask.run(&[
        "submit",
        &guest("hostile.wasm"),
        "act(\"trap\")",
        "--as",
        "failed",
    ]);
    for command in [
        &["status"][..],
        &["datasets"],
        &["datasets", "-l"],
        &["components"],
    ] {
        let text = wask.ok(command);
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{command:?}: {line}");
        }
    }
}

#[test]
fn who_stops_waiting_cancels_nothing() {
    let cluster = Cluster::start(1, 1);
    let wask = &cluster.wask;
    wask.ok(&["submit", &guest("hostile.wasm"), "spin()", "--as", "slow"]);
    cluster.wait_until(|status| status["tasks"]["processing"] == 1);
    for command in ["result", "wait", "gather"] {
        let mut waiting = wask.command(&[command, "@slow"]).spawn().unwrap();
        cluster.wait_until(|status| status["sessions"] == 2);
        kill(Pid::from_raw(waiting.id() as i32), Signal::SIGINT).unwrap();
        assert_eq!(waiting.wait().unwrap().code(), Some(130));
        let mut said = String::new();
        waiting
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        assert!(said.contains("nothing is cancelled"), "{said}");
        if command != "gather" {
            let late = wask.fails(6, &[command, "@slow", "--timeout", "10ms"]);
            assert!(late.contains("within 10ms"), "{late}");
        }
    }
    assert_eq!(cluster.status()["tasks"]["processing"], 1);
}

#[test]
fn names_have_a_rule_whoever_makes_them() {
    let cluster = Cluster::start(0, 1);
    for name in [
        "\u{1b}[31m",
        "a b",
        "line\nbreak",
        "\u{202e}x",
        &"n".repeat(5_000),
    ] {
        let worker = ["worker", &cluster.address, "--name", name];
        let said = cluster.wask.fails(2, &worker);
        assert!(said.contains("the name of a worker has "), "{said}");
    }
}
