//! Commands that need no cluster: `inspect` and `call`.

use wask_e2e::{Wask, guest};

#[test]
fn inspect_lists_the_functions_and_nothing_else() {
    let listed = Wask::new().ok(&["inspect", &guest("word_count.wasm")]);
    let functions: Vec<_> = listed
        .lines()
        .filter(|line| line.contains("func("))
        .collect();
    assert_eq!(functions.len(), 2, "{listed}");
    assert!(listed.contains("count-words: func(text: string) -> list<tuple<string, u32>>"));
    assert!(
        listed.contains("merge: func(parts: list<list<tuple<string, u32>>>)"),
        "{listed}"
    );
}

#[test]
fn inspect_tells_what_a_component_is_to_a_worker() {
    let wask = Wask::new();
    let words = guest("word_count.wasm");
    let all = wask.ok(&["inspect", &words, "--all"]);
    for told in [
        "digest: blake3:",
        "size: ",
        "pure: yes",
        " (deterministic stand-in)",
    ] {
        assert!(all.contains(told), "{told}: {all}");
    }
    let wit = wask.ok(&["inspect", &words, "--wit"]);
    assert!(wit.starts_with("package "), "{wit}");
    let export = "export count-words: func(text: string) -> list<tuple<string, u32>>;";
    assert!(wit.contains(export), "{wit}");
    // It is such that tools read it.
    wit_parser::Resolve::default()
        .push_str("world.wit", &wit)
        .unwrap();
}

#[test]
fn call_runs_a_function_here() {
    let wask = Wask::new();
    let words = guest("word_count.wasm");
    let expected = r#"[("be", 2), ("not", 1), ("or", 1), ("to", 2)]"#;
    assert_eq!(
        wask.ok(&["call", &words, r#"count-words("to be or not to be")"#]),
        expected
    );
    assert_eq!(
        wask.ok(&["call", &words, r#"count_words("to be or not to be")"#]),
        expected
    );
    let json = wask.ok(&["call", &words, r#"count-words("a")"#, "--json"]);
    assert_eq!(json, r#"[["a",1]]"#);
}

#[test]
fn an_instance_is_never_used_again() {
    let wask = Wask::new();
    for _ in 0..2 {
        assert_eq!(wask.ok(&["call", &guest("counter.wat"), "count()"]), "1");
    }
}

/// What a guest sees of the world is the same everywhere, every time.
#[test]
fn a_guest_sees_a_deterministic_world() {
    let wask = Wask::new();
    let probe = guest("probe.wasm");
    for call in ["clock()", "random(16)", "environment()", "sleep-ms(60000)"] {
        let first = wask.ok(&["call", &probe, call]);
        assert_eq!(wask.ok(&["call", &probe, call]), first, "{call}");
    }
    assert_eq!(wask.ok(&["call", &probe, "environment()"]), "[]");
    let refused = wask.fails(1, &["call", &probe, r#"connect("127.0.0.1:80")"#]);
    assert!(refused.contains("guest error"), "{refused}");
    wask.fails(1, &["call", &probe, r#"read-file("/etc/passwd")"#]);
}

/// Every way to end badly has its own name, within its limits.
#[test]
fn hostile_functions_end_within_their_limits() {
    let wask = Wask::new();
    let hostile = guest("hostile.wasm");
    for (call, options, said) in [
        ("spin()", ["--timeout", "200ms"], "deadline"),
        ("bomb(4000)", ["--memory-limit", "64MiB"], "out of memory"),
        ("recurse(4294967295)", ["--timeout", "20s"], "trap"),
        ("huge(300)", ["--output-limit", "1MiB"], "output too large"),
        (
            r#"panic-now("on purpose")"#,
            ["--timeout", "20s"],
            "on purpose",
        ),
        ("fail(7)", ["--timeout", "20s"], "guest error"),
    ] {
        let stderr = wask.fails(1, &["call", &hostile, call, options[0], options[1]]);
        assert!(stderr.contains(said), "{call}: {stderr}");
    }
}

#[test]
fn bad_input_is_named_and_nothing_runs() {
    let wask = Wask::new();
    let words = guest("word_count.wasm");
    for (arguments, said) in [
        (["call", words.as_str(), "count-word(\"a\")"], "count-words"),
        (["call", words.as_str(), "count-words(1)"], "string"),
        (["call", words.as_str(), "count-words()"], "count-words"),
        (
            ["call", words.as_str(), "count-words(\"a\", \"b\")"],
            "count-words",
        ),
        (["call", words.as_str(), "count-words(\"a)"], "never closed"),
        (["call", &guest("not_wasm.wasm"), "f()"], "not_wasm.wasm"),
        (["call", &guest("imports_missing.wat"), "f()"], "import"),
        (["call", "./no_such_file.wasm", "f()"], "no_such_file.wasm"),
    ] {
        let stderr = wask.fails(2, &arguments);
        assert!(stderr.contains(said), "{arguments:?}: {stderr}");
    }
}
