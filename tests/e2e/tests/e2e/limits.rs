//! Limits of tasks, and what does not depend on them.

use wask_e2e::{Cluster, Process, Wask, guest};

/// However a call is made, it gives the same bytes.
#[test]
fn equal_calls_give_equal_bytes_however_they_are_made() {
    let cluster = Cluster::start(2, 1);
    let wask = &cluster.wask;
    let probe = guest("probe.wasm");
    let here = wask.ok(&["call", &probe, "random(16)"]);
    let limits = [
        &[][..],
        &["--memory-limit", "64MiB"],
        &["--fuel", "100000000"],
    ];
    for limits in limits {
        let ok = |arguments: &[&str]| wask.ok(&[arguments, limits].concat());
        assert_eq!(ok(&["call", &probe, "random(16)"]), here, "{limits:?}");
        let name = ok(&["submit", &probe, "random(16)"]);
        assert_eq!(wask.ok(&["result", &name]), here, "{limits:?}");
        assert_eq!(ok(&["map", &probe, "random", "16"]), here, "{limits:?}");
    }
    let graph = format!(
        r#"{{"components": {{"probe": {probe:?}}},
            "tasks": {{"a": {{"call": "probe#random", "args": [16], "memory": "32MiB"}}}},
            "outputs": "a"}}"#
    );
    let graph = wask.write("graph.json", graph);
    assert_eq!(wask.ok(&["compute", &graph]), here);
    let alone = Wask::new();
    let graph = alone.write("graph.json", std::fs::read(&graph).unwrap());
    assert_eq!(alone.ok(&["compute", &graph]), here);
    assert_eq!(alone.ok(&["map", &probe, "random", "16"]), here);
}

#[test]
fn more_than_the_maximum_is_refused_everywhere_in_words() {
    let mut wask = Wask::new();
    let words = guest("word_count.wasm");
    let call = r#"count-words("a")"#;
    let told = wask.fails(4, &["call", &words, call, "--memory-limit", "17GiB"]);
    let most = "memory: a limit of 17 GiB is more than a task may have, 16 GiB; ask for less";
    assert!(told.contains(most), "{told}");
    let arguments = [
        "scheduler",
        "--listen",
        "tcp://127.0.0.1:0",
        "--task-memory-max",
        "64MiB",
    ];
    let mut scheduler = Process::start(&wask, &arguments);
    let line = scheduler.wait_for("tcp://127.0.0.1:");
    let port = line.rsplit(':').next().unwrap();
    let port = port.trim_matches(|c: char| !c.is_ascii_digit());
    let address = format!("tcp://127.0.0.1:{port}");
    wask.environment.push(("WASK_SCHEDULER".into(), address));
    for command in [
        &["submit", &words, call][..],
        &["map", &words, "count-words", "a"],
    ] {
        let told = wask.fails(4, &[command, &["--memory-limit", "65MiB"]].concat());
        for part in ["65 MiB is more than", "64 MiB", "--task-memory-max"] {
            assert!(told.contains(part), "{told}");
        }
    }
}

/// Whoever looks for the limits of tasks at a worker is told where they are.
#[test]
fn a_worker_has_no_limits_of_tasks() {
    let wask = Wask::new();
    let arguments = ["worker", "tcp://127.0.0.1:1", "--task-memory", "1GiB"];
    let told = wask.fails(2, &arguments);
    assert!(told.contains("give this to `wask scheduler`"), "{told}");
    let contradiction = ["--task-fuel", "9", "--task-fuel-max", "8"];
    let told = wask.fails(2, &[&["scheduler"][..], &contradiction].concat());
    assert!(told.contains("greater --task-fuel-max"), "{told}");
}

#[test]
fn a_worker_gets_no_task_that_may_use_more_memory_than_it_has() {
    let mut cluster = Cluster::start(0, 1);
    let arguments = ["worker", &cluster.address, "--sandbox-memory", "64MiB"];
    let small = Process::start(&cluster.wask, &arguments);
    cluster.scheduler.wait_for("worker joined");
    cluster.scheduler.wait_for("lower --task-memory");
    cluster.workers.push(small);
    let wask = &cluster.wask;
    let words = guest("word_count.wasm");
    let call = r#"count-words("a")"#;
    let default = wask.ok(&["submit", &words, call]);
    cluster.wait_until(|status| status["tasks"]["no_worker"] == 1);
    let small = wask.ok(&["submit", &words, call, "--memory-limit", "64MiB"]);
    assert_eq!(wask.ok(&["result", &small]), r#"[("a", 1)]"#);
    cluster.add_worker(1);
    let wask = &cluster.wask;
    assert_eq!(wask.ok(&["result", &default]), r#"[("a", 1)]"#);
}

#[test]
fn time_and_retries_beyond_the_maximum_are_cut_and_said() {
    let mut cluster = Cluster::start_with(&["--task-timeout-max", "200ms", "--task-retries-max=1"]);
    cluster.add_worker(1);
    let wask = &cluster.wask;
    let spin = [guest("hostile.wasm"), "spin()".into()];
    let submit = ["submit", &spin[0], &spin[1], "--timeout=1h"];
    let submitted = wask.run(&[&submit[..], &["--as", "x"]].concat());
    let told = &submitted.stderr;
    assert!(
        told.contains("200ms at most: the timeout of 3600s is cut"),
        "{told}"
    );
    wask.fails(1, &["result", "@x"]);
    let graph = serde_json::json!({
        "components": {"arith": guest("arith.wasm")},
        "tasks": {"a": {"call": "arith#double", "args": [2], "retries": 9}},
        "outputs": "a",
    });
    let graph = wask.write("graph.json", graph.to_string());
    let future = wask.run(&["persist", &graph, "--as", "y"]);
    let told = &future.stderr;
    assert!(told.contains("again 1 times at most, not 9"), "{told}");
    let status = wask.ok(&["status"]);
    let limits = "each task gets 1.0 GiB of memory, at most 16.0 GiB;\n  256.0 MiB of output, at \
                  most 16.0 GiB;\n  any fuel, 200ms of time at most, and is tried again 1 times at \
                  most";
    assert!(status.contains(limits), "{status}");
}
