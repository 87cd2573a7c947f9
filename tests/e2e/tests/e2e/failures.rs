//! Processes that die, stop, or are lied to.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use nix::sys::signal::Signal;
use wask_e2e::{Cluster, Process, Wask, guest};

/// Enough work that a worker can be killed while it is under way: each task takes milliseconds.
fn busy_map(cluster: &Cluster, tasks: u32) -> (Process, String) {
    let items: Vec<_> = (0..tasks).map(|n| (3_000_000 + n).to_string()).collect();
    let input = cluster.wask.write("items.txt", items.join("\n"));
    let arith = guest("arith.wasm");
    let arguments = [
        "map", &arith, "spin-for", "--input", &input, "--reduce", "sum", "-o", "sum.wave",
    ];
    (Process::start(&cluster.wask, &arguments), "sum.wave".into())
}

fn read(cluster: &Cluster, file: &str) -> String {
    std::fs::read_to_string(cluster.wask.home().join(file))
        .unwrap()
        .trim_end()
        .to_owned()
}

#[test]
fn a_worker_killed_after_its_first_task_changes_no_answer() {
    let mut cluster = Cluster::start(2, 1);
    let (mut job, sum) = busy_map(&cluster, 400);
    assert!(job.wait().success());
    let expected = read(&cluster, &sum);

    let (mut job, sum) = busy_map(&cluster, 400);
    cluster.wait_until(|status| {
        let worker = &status["workers"][1];
        worker["finished"].as_u64() > Some(200) && status["tasks"]["processing"] != 0
    });
    cluster.workers[1].signal(Signal::SIGKILL);
    cluster.workers[1].wait();
    assert!(job.wait().success());
    assert_eq!(read(&cluster, &sum), expected);
    let status = cluster.status();
    assert!(
        status["tasks"]["total_recomputed"].as_u64() > Some(0),
        "{status:#}"
    );
    assert_eq!(status["tasks"]["total_workers_lost"], 1, "{status:#}");
}

#[test]
fn a_stopped_worker_is_noticed() {
    let cluster = Cluster::start(2, 1);
    cluster.workers[0].signal(Signal::SIGSTOP);
    let status = cluster.wait_until(|status| status["workers"].as_array().unwrap().len() == 1);
    assert_eq!(status["workers"][0]["name"], "w1");
    cluster
        .wask
        .ok(&["map", &guest("arith.wasm"), "double", "1", "2", "3"]);
}

#[test]
fn sigterm_ends_every_process_cleanly() {
    let mut cluster = Cluster::start(1, 1);
    cluster.workers[0].signal(Signal::SIGTERM);
    assert!(cluster.workers[0].wait().success());
    cluster.wait_until(|status| status["workers"].as_array().unwrap().is_empty());
    cluster.scheduler.signal(Signal::SIGTERM);
    assert!(cluster.scheduler.wait().success());
}

#[test]
fn garbage_closes_its_own_connection_only() {
    let cluster = Cluster::start(1, 1);
    let port = cluster.address.rsplit(':').next().unwrap();
    for garbage in [
        &[0xff; 64][..],
        b"GET / HTTP/1.1\r\n\r\n",
        &[0, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f],
    ] {
        let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
        stream.write_all(garbage).unwrap();
        // The scheduler hangs up; it may do so hard.
        let _ = stream.read_to_end(&mut Vec::new());
    }
    assert_eq!(
        cluster
            .wask
            .ok(&["map", &guest("arith.wasm"), "double", "21"]),
        "42"
    );
}

#[test]
fn hostile_tasks_leave_their_worker_alive() {
    let cluster = Cluster::start(1, 1);
    let hostile = guest("hostile.wasm");
    for (call, limit) in [
        ("spin()", ["--timeout", "100ms"]),
        ("bomb(4000)", ["--memory-limit", "64MiB"]),
        ("recurse(4294967295)", ["--timeout", "20s"]),
        ("huge(300)", ["--output-limit", "1MiB"]),
        (r#"panic-now("on purpose")"#, ["--timeout", "20s"]),
    ] {
        cluster.wask.ok(&[
            "submit",
            &hostile,
            call,
            "--as",
            "bad",
            "--replace",
            limit[0],
            limit[1],
        ]);
        cluster.wask.fails(1, &["result", "@bad"]);
        assert_eq!(
            cluster
                .wask
                .ok(&["map", &guest("arith.wasm"), "double", "4"]),
            "8",
            "{call}"
        );
    }
    let status = cluster.status();
    assert_eq!(status["tasks"]["total_workers_lost"], 0, "{status:#}");
}

#[test]
fn errors_of_the_cluster_have_their_own_exit_codes() {
    let cluster = Cluster::start(0, 1);
    let wask = Wask::new();
    let unreachable = wask.fails(3, &["status", "--scheduler", "tcp://127.0.0.1:1"]);
    assert!(unreachable.contains("127.0.0.1:1"), "{unreachable}");
    let in_use = wask.fails(5, &["scheduler", "--listen", &cluster.address]);
    assert!(in_use.contains("in use"), "{in_use}");
    wask.fails(2, &["scheduler", "--listen", "tcp://0.0.0.0:0"]);

    let token = wask.write("token", "secret");
    let worker_token = wask.write("worker-token", "other secret");
    for half in [
        &["--token-file", &*token][..],
        &["--worker-token-file", &*token],
        &["--token-file", &*token, "--worker-token-file", &*token],
    ] {
        let words = [&["scheduler", "--listen", "tcp://127.0.0.1:0"], half].concat();
        let refused = wask.fails(2, &words);
        assert!(refused.contains("token"), "{refused}");
    }
    let listen = [
        "scheduler",
        "--listen",
        "tcp://127.0.0.1:0",
        "--token-file",
        &token,
        "--worker-token-file",
        &worker_token,
    ];
    let mut guarded = Process::start(&wask, &listen);
    let line = guarded.wait_for("tcp://127.0.0.1:");
    let from = line.find("tcp://").unwrap();
    let address = line[from..].split_whitespace().next().unwrap();
    wask.fails(4, &["status", "--scheduler", address]);
    let wrong = wask.write("wrong", "guess");
    let refused = wask.fails(4, &["worker", address, "--worker-token-file", &wrong]);
    assert!(refused.contains("token"), "{refused}");
    wask.ok(&["status", "--scheduler", address, "--token-file", &token]);
    // Each kind has its own.
    let refused = wask.fails(4, &["worker", address, "--worker-token-file", &token]);
    assert!(
        refused.contains("a client cannot join as a worker"),
        "{refused}"
    );
    let status = [
        "status",
        "--scheduler",
        address,
        "--token-file",
        &worker_token,
    ];
    let refused = wask.fails(4, &status);
    assert!(refused.contains("token of workers"), "{refused}");
    let _worker = Process::start(
        &wask,
        &["worker", address, "--worker-token-file", &worker_token],
    );
    guarded.wait_for("joined");
}
