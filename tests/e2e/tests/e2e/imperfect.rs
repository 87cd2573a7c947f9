//! A machine that is not perfect: folders that cannot be used, files that are torn, processes that
//! were killed, other services at an address.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use wask_e2e::{Cluster, Wask, guest};

/// Short in the tests; `make up-rounds` makes 100 of them.
fn rounds() -> usize {
    let asked = std::env::var("WASK_TEST_ROUNDS").ok();
    asked.map_or(4, |rounds| rounds.parse().expect("a number of rounds"))
}

/// The processes that belong to a `wask`, by the folder that stands in their environment.
fn processes(wask: &Wask) -> Vec<i32> {
    let home = format!("HOME={}", wask.home().display()).into_bytes();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<i32>() else {
            continue;
        };
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let is_over = stat
            .rsplit(')')
            .next()
            .is_some_and(|rest| rest.starts_with(" Z"));
        if !is_over
            && environment
                .split(|byte| *byte == 0)
                .any(|line| line == home)
        {
            found.push(pid);
        }
    }
    found
}

fn until_none_is_left(wask: &Wask) {
    let start = Instant::now();
    while !processes(wask).is_empty() {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{:?} are left",
            processes(wask)
        );
        thread::yield_now();
    }
}

fn sockets(wask: &Wask) -> Vec<String> {
    let folder = wask.home().join("wask");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.ends_with(".sock")).collect()
}

#[test]
fn a_cluster_comes_up_after_whatever_befell_the_last_one() {
    let wask = Wask::new();
    let arith = guest("arith.wasm");
    for round in 0..rounds() {
        let up = wask.run(&["up", "--workers", "2", "--slots", "1"]);
        assert_eq!(up.code, 0, "round {round}: {up:?}");
        assert_eq!(wask.ok(&["map", &arith, "double", "21"]), "42");
        for pid in processes(&wask) {
            // It may have ended with another that was killed.
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        until_none_is_left(&wask);
    }
    assert_eq!(wask.run(&["up"]).code, 0);
    wask.ok(&["down"]);
    until_none_is_left(&wask);
    assert_eq!(sockets(&wask), [""; 0]);
}

#[test]
fn a_start_that_is_ended_half_way_leaves_nothing() {
    let wask = Wask::new();
    for round in 0..rounds() {
        for signal in [Signal::SIGHUP, Signal::SIGKILL, Signal::SIGINT] {
            let mut up = wask.command(&["up", "--workers", "2"]).spawn().unwrap();
            let start = Instant::now();
            let after = Duration::from_millis(5 + 7 * (round as u64 % 20));
            while start.elapsed() < after {
                thread::yield_now();
            }
            let _ = kill(Pid::from_raw(up.id() as i32), signal);
            let was_up = up.wait().unwrap().success();
            let down = wask.run(&["down"]);
            assert_eq!(
                down.code, 0,
                "{signal} after {after:?}, up: {was_up}: {down:?}"
            );
            until_none_is_left(&wask);
        }
    }
    wask.ok(&["up"]);
    wask.ok(&["down"]);
    until_none_is_left(&wask);
}

#[test]
fn a_torn_state_file_is_in_nobodys_way() {
    let wask = Wask::new();
    let arith = guest("arith.wasm");
    for torn in ["", "{", "\u{0}\u{0}", "[]"] {
        let file = wask.write("wask/up.json", torn);
        fs::set_permissions(wask.home().join("wask"), fs::Permissions::from_mode(0o700)).unwrap();
        let map = wask.run(&["map", &arith, "double", "21"]);
        assert_eq!((map.code, map.stdout.as_str()), (0, "42\n"), "{map:?}");
        assert!(
            map.stderr.contains("up.json is not what `wask up` writes"),
            "{map:?}"
        );
        assert_eq!(wask.run(&["down"]).stdout, "nothing is up\n");
        fs::write(file, torn).unwrap();
        let up = wask.run(&["up"]);
        assert_eq!(up.code, 0, "{up:?}");
        assert!(up.stderr.contains("replaced"), "{up:?}");
        wask.ok(&["down"]);
    }
}

#[test]
fn a_state_file_that_is_torn_under_a_cluster_is_written_again() {
    let wask = Wask::new();
    wask.ok(&["up"]);
    wask.ok(&["scatter", "5", "--type", "u32", "--as", "five"]);
    let file = wask.home().join("wask/up.json");
    let whole = fs::read(&file).unwrap();
    fs::write(&file, "{").unwrap();
    let start = Instant::now();
    while fs::read(&file).unwrap() != whole {
        assert!(start.elapsed() < Duration::from_secs(20), "nobody mends it");
        thread::yield_now();
    }
    assert_eq!(wask.ok(&["result", "@five"]), "5");

    // Who would end or replace it waits for that.
    fs::write(&file, "").unwrap();
    let up = wask.fails(5, &["up"]);
    assert!(up.contains("a cluster is up at"), "{up}");
    fs::write(&file, "").unwrap();
    assert!(wask.ok(&["down"]).starts_with("down: "));
    until_none_is_left(&wask);
}

#[test]
fn a_signal_ends_what_waits_for_a_pipe() {
    let wask = Wask::new();
    let pipe = wask.home().join("pipe.wasm");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let pipe = pipe.display().to_string();
    let mut child = wask.command(&["inspect", &pipe]).spawn().unwrap();
    let asks = format!("/proc/{}/wchan", child.id());
    let is_waiting = || fs::read_to_string(&asks).is_ok_and(|what| what.contains("wait"));
    let start = Instant::now();
    while !is_waiting() && start.elapsed() < Duration::from_secs(5) {
        thread::yield_now();
    }
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    kill(pid, Signal::SIGINT).unwrap();
    // At the second one at once.
    while child.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < Duration::from_secs(20), "it goes on");
        kill(pid, Signal::SIGINT).unwrap();
        thread::yield_now();
    }
}

#[test]
fn a_cluster_that_cannot_be_found_any_more_ends() {
    let wask = Wask::new();
    wask.ok(&["up"]);
    fs::remove_dir_all(wask.home().join("wask")).unwrap();
    until_none_is_left(&wask);
}

#[test]
fn a_runtime_folder_of_a_long_path_is_fine() {
    let mut wask = Wask::new();
    let long = wask.home().join("l".repeat(120));
    fs::create_dir(&long).unwrap();
    fs::set_permissions(&long, fs::Permissions::from_mode(0o700)).unwrap();
    let variable = (
        "XDG_RUNTIME_DIR".to_owned(),
        long.to_string_lossy().into_owned(),
    );
    wask.environment.push(variable);
    let up = wask.ok(&["up"]);
    let socket = up
        .split(['/', ':'])
        .find(|part| part.starts_with("wask-"))
        .unwrap();
    let folder = std::path::Path::new("/tmp").join(socket);
    assert!(folder.join("scheduler.sock").exists(), "{up}");
    assert_eq!(
        wask.ok(&["map", &guest("arith.wasm"), "double", "21"]),
        "42"
    );
    wask.ok(&["down"]);
    assert!(!folder.exists());
}

#[test]
fn a_cache_that_cannot_be_used_is_a_warning() {
    let mut wask = Wask::new();
    let arith = guest("arith.wasm");
    let file = wask.write("file", "");
    for cache in ["/proc/nope", &file, ""] {
        wask.environment = vec![("XDG_CACHE_HOME".to_owned(), cache.to_owned())];
        for command in [
            &["call", &arith, "double(21)"][..],
            &["map", &arith, "double", "21"],
        ] {
            let output = wask.run(command);
            assert_eq!(
                (output.code, output.stdout.as_str()),
                (0, "42\n"),
                "{output:?}"
            );
            let warns = output.stderr.contains("can not be used");
            assert_eq!(warns, !cache.is_empty(), "{cache}: {output:?}");
        }
    }
}

#[test]
fn another_service_at_the_address_is_told_soon() {
    let wask = Wask::new();
    let says = |answer: &'static [u8]| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("tcp://{}", listener.local_addr().unwrap());
        let serve = move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(answer).unwrap();
            // Until the other side has gone.
            let _ = stream.read_to_end(&mut Vec::new());
        };
        thread::spawn(serve);
        address
    };
    for answer in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
    ] {
        let address = says(answer);
        let said = wask.fails(3, &["status", "--scheduler", &address]);
        let told = format!("what answers at {address} does not speak as a wask scheduler does");
        assert!(said.contains(&told), "{said}");
    }
    let address = says(b"");
    let start = Instant::now();
    let mut child = wask
        .command(&["status", "--scheduler", &address])
        .spawn()
        .unwrap();
    let mut said = [0; 4096];
    let mut text = String::new();
    let mut stderr = child.stderr.take().unwrap();
    while !text.contains("says nothing yet; is it a wask scheduler?") {
        let read = stderr.read(&mut said).unwrap();
        assert_ne!(read, 0, "{text}");
        text.push_str(&String::from_utf8_lossy(&said[..read]));
    }
    assert!(
        start.elapsed() < Duration::from_secs(9),
        "it was told at the end only"
    );
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn the_environment_is_named_where_it_is_wrong() {
    let mut wask = Wask::new();
    let arith = guest("arith.wasm");
    let mut set = |variable: &str, value: &str| {
        wask.environment = vec![(variable.to_owned(), value.to_owned())];
        wask.run(&["map", &arith, "double", "21"])
    };
    for variable in [
        "WASK_SCHEDULER",
        "WASK_FAN_IN",
        "WASK_TASK_TIMEOUT",
        "WASK_QUIET",
        "WASK_TOKEN",
    ] {
        let output = set(variable, "");
        assert_eq!(
            (output.code, output.stdout.as_str()),
            (0, "42\n"),
            "{variable}: {output:?}"
        );
    }
    for (variable, value) in [
        ("WASK_FAN_IN", "many"),
        ("WASK_TASK_TIMEOUT", "5"),
        ("WASK_READ_LIMIT", "x"),
    ] {
        let output = set(variable, value);
        assert_eq!(output.code, 2, "{output:?}");
        assert!(
            output.stderr.contains(&format!("the variable {variable}")),
            "{output:?}"
        );
    }
}

#[test]
fn a_token_for_another_cluster_is_not_shown_to_this_one() {
    let mut wask = Wask::new();
    wask.ok(&["up"]);
    wask.environment = vec![("WASK_TOKEN".to_owned(), "of-another-cluster".to_owned())];
    let output = wask.run(&["map", &guest("arith.wasm"), "double", "21"]);
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (0, "42\n"),
        "{output:?}"
    );
    wask.ok(&["down"]);
}

#[test]
fn a_broken_config_file_stops_no_question() {
    let wask = Wask::new();
    wask.write(".config/wask/config.toml", "token-file = [");
    for question in [
        &["--help"][..],
        &["map", "--help"],
        &["version"],
        &["--version"],
    ] {
        let output = wask.run(question);
        assert_eq!(output.code, 0, "{question:?}: {output:?}");
    }
    let said = wask.fails(2, &["status"]);
    assert!(said.contains("config.toml"), "{said}");
}

#[test]
fn a_scheduler_file_is_waited_for() {
    let cluster = Cluster::start(0, 1);
    let wask = &cluster.wask;
    let address = &cluster.address;
    let file = wask.write("late.json", "{\"addr");
    let mut worker = wask
        .command(&["worker", "--scheduler-file", &file, "--slots", "1"])
        .spawn()
        .unwrap();
    fs::write(&file, format!(r#"{{"address": "{address}", "pid": 1}}"#)).unwrap();
    cluster.wait_until(|status| status["workers"].as_array().unwrap().len() == 1);
    kill(Pid::from_raw(worker.id() as i32), Signal::SIGTERM).unwrap();
    worker.wait().unwrap();
}
