//! What a shell keeps between commands: `@name`.

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
