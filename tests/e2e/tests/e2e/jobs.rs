//! `wask map` when some of its items fail, and while it goes on.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    process::Stdio,
};

use wask_e2e::{Cluster, Wask, guest};

const FAILING: [(usize, &str, &str); 7] = [
    (3, "trap", "trap"),
    (998, "error", "guest error"),
    (999, "spin", "deadline"),
    (1000, "bomb", "out of memory"),
    (5000, "trap", "trap"),
    (7777, "error", "guest error"),
    (9999, "bomb", "out of memory"),
];

/// Items of which seven fail, in four ways.
fn items() -> Vec<String> {
    let mut items: Vec<String> = (0..10_000).map(|number| format!("item {number}")).collect();
    for (index, text, _) in FAILING {
        items[index] = text.to_owned();
    }
    items
}

const LIMITS: [&str; 4] = ["--timeout", "500ms", "--memory-limit", "64MiB"];

#[test]
fn a_job_goes_on_where_items_fail() {
    let cluster = Cluster::start(2, 2);
    let wask = &cluster.wask;
    let hostile = guest("hostile.wasm");
    let items = items();
    let input = wask.write("items.txt", items.join("\n") + "\n");
    let errors = wask.home().join("failed.txt");
    let map = [
        "map",
        &hostile,
        "act",
        "--keep-going",
        "--errors",
        "failed.txt",
        "--json",
    ];
    let run = |input: &str| wask.run(&[&map, &LIMITS[..], &["--input", input]].concat());
    let output = run(&input);
    assert_eq!(output.code, 1, "{}", output.stderr);
    assert!(
        output
            .stderr
            .contains("7 of 10000 items failed; they are in failed.txt"),
        "{}",
        output.stderr
    );
    let lines: Vec<serde_json::Value> = output
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), items.len());
    let mut failing = FAILING.iter();
    for (index, (line, item)) in lines.iter().zip(&items).enumerate() {
        if line.get("value").is_some() {
            assert_eq!(line["value"], **item, "{index}");
            continue;
        }
        let (at, text, kind) = failing.next().unwrap();
        assert_eq!(index, *at);
        assert_eq!(line["error"]["item"], *text);
        assert_eq!(line["error"]["kind"], *kind);
        assert_ne!(line["error"]["message"], "");
    }
    let again = "trap\nerror\nspin\nbomb\ntrap\nerror\nbomb\n";
    assert_eq!(fs::read_to_string(&errors).unwrap(), again);
    // The file that is read may be the one that is written.
    let output = run("failed.txt");
    assert_eq!(output.code, 1, "{output:?}");
    assert_eq!(output.stdout.lines().count(), 7, "{output:?}");
    assert_eq!(fs::read_to_string(&errors).unwrap(), again);

    let text = wask.run(&["map", &hostile, "act", "a", "error", "b", "--keep-going"]);
    assert_eq!(text.code, 1);
    let lines: Vec<&str> = text.stdout.lines().collect();
    assert_eq!((lines[0], lines[2]), ("\"a\"", "\"b\""), "{text:?}");
    assert!(lines[1].starts_with("failed: error: "), "{text:?}");
}

#[test]
fn what_was_done_is_kept_with_what_failed() {
    let cluster = Cluster::start(1, 2);
    let wask = &cluster.wask;
    let hostile = guest("hostile.wasm");
    let kept = wask.run(&[
        "map",
        &hostile,
        "act",
        "a",
        "error",
        "b",
        "--keep-going",
        "--as",
        "some",
    ]);
    assert_eq!(
        (kept.code, kept.stdout.as_str()),
        (1, "@some\n"),
        "{kept:?}"
    );
    assert_eq!(
        wask.ok(&["gather", "--finished", "@some"]),
        "0\t\"a\"\n2\t\"b\""
    );
    let json = wask.ok(&["gather", "--finished", "@some", "--json"]);
    assert_eq!(
        json,
        "{\"index\":0,\"value\":\"a\"}\n{\"index\":2,\"value\":\"b\"}"
    );
    // Without it, the name is free again.
    let ended = wask.run(&["map", &hostile, "act", "a", "error", "--as", "other"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (1, ""), "{ended:?}");
    wask.fails(2, &["gather", "@other"]);
}

#[test]
fn results_come_as_they_are_known() {
    let cluster = Cluster::start(1, 2);
    let wask = &cluster.wask;
    let hostile = guest("hostile.wasm");
    for (order, expected) in [(&[][..], "\"a\""), (&["--unordered"], "\"b\"")] {
        // The second of two slots ends before the first one does, which never does.
        let items: &[&str] = match order.is_empty() {
            true => &["a", "spin"],
            false => &["spin", "b"],
        };
        let arguments = [&["map", &hostile, "act"], items, order].concat();
        let mut child = wask.command(&arguments).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(line.trim_end(), expected);
        nix::sys::signal::kill(
            nix::unistd::Pid::from_raw(child.id() as i32),
            nix::sys::signal::SIGINT,
        )
        .unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130));
        cluster.wait_until(|status| status["tasks"]["processing"] == 0);
    }
}

#[test]
fn what_the_cluster_holds_is_not_computed_again() {
    let cluster = Cluster::start(1, 2);
    let wask = &cluster.wask;
    let hostile = guest("hostile.wasm");
    wask.ok(&["map", &hostile, "act", "a", "b", "b", "--as", "kept"]);
    let finished = |status: &serde_json::Value| status["tasks"]["total_finished"].as_u64();
    let before = finished(&cluster.status());
    let again = wask.run(&["map", &hostile, "act", "a", "b", "c"]);
    assert_eq!(again.stdout, "\"a\"\n\"b\"\n\"c\"\n");
    assert!(
        again.stderr.contains("3 tasks, 2 were there already, "),
        "{again:?}"
    );
    assert_eq!(finished(&cluster.status()), before.map(|count| count + 1));
}

#[test]
fn a_name_is_taken_before_the_work_begins() {
    let cluster = Cluster::start(1, 2);
    let wask = &cluster.wask;
    let hostile = guest("hostile.wasm");
    let map = ["map", &hostile, "act", "spin", "--as", "mine"];
    let mut first = wask.command(&map).spawn().unwrap();
    cluster.wait_until(|status| status["tasks"]["processing"] == 1);
    let second = wask.fails(2, &map);
    assert!(second.contains("`@mine` is in use"), "{second}");
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(first.id() as i32),
        nix::sys::signal::SIGINT,
    )
    .unwrap();
    assert_eq!(first.wait().unwrap().code(), Some(130));
    wask.fails(2, &["gather", "@mine"]);
    cluster.wait_until(|status| status["tasks"]["memory"] == 0);
}

#[test]
fn results_have_the_names_of_their_items() {
    let wask = Wask::new();
    let words = guest("hostile.wasm");
    wask.write("a.txt", "one");
    wask.write("b\t\n.txt", "two");
    let tagged = wask.ok(&["map", &words, "act", "--files", "*.txt", "--tag"]);
    assert_eq!(tagged, "a.txt\t\"one\"\nb\\t\\n.txt\t\"two\"");
    let json = wask.ok(&["map", &words, "act", "x", "--tag", "--json"]);
    assert_eq!(json, r#"{"item":"x","value":"x"}"#);
    let raw = wask.ok(&["map", &words, "act", "x", "y", "--raw"]);
    assert_eq!(raw, "x\ny");
}

#[test]
fn who_reads_no_more_ends_the_job() {
    let wask = Wask::new();
    let hostile = guest("hostile.wasm");
    let mut map = wask.command(&["map", &hostile, "act", "--input", "-"]);
    let mut child = map.stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "a\nspin").unwrap();
    drop(input);
    drop(child.stdout.take());
    // The first result finds nobody; the second would never come.
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn an_output_keeps_the_file_that_is_there() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let wask = Wask::new();
    let arith = guest("arith.wasm");
    let file = wask.write("out", "a longer text than before");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    symlink("out", wask.home().join("link")).unwrap();
    wask.ok(&["call", &arith, "double(21)", "-o", "link"]);
    assert!(wask.home().join("link").is_symlink());
    assert_eq!(fs::read_to_string(&file).unwrap(), "42\n");
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(wask.ok(&["call", &arith, "double(21)", "-o", "-"]), "42");
    let text = wask.ok(&["call", &guest("hostile.wasm"), "act(\"x\")", "-o", "-"]);
    assert_eq!(text, "\"x\"");
}

#[test]
fn what_failed_is_run_again_as_it_was() {
    let wask = Wask::new();
    let hostile = guest("hostile.wasm");
    let map = ["map", &hostile, "act", "--keep-going", "--errors", "failed"];
    let output = wask.run(&[&map[..], &["\"trap\"", "fine"]].concat());
    assert_eq!(output.code, 1, "{output:?}");
    assert_eq!(
        fs::read_to_string(wask.home().join("failed")).unwrap(),
        "trap\n"
    );
    wask.fails(1, &["map", &hostile, "act", "--input", "failed"]);
    let panics = [
        "map",
        &hostile,
        "panic-now",
        "--keep-going",
        "--errors",
        "failed",
    ];
    let output = wask.run(&[&panics[..], &["a\nb", "c"]].concat());
    assert!(output.stderr.contains("read it with -0"), "{output:?}");
    let again = wask.ok(&["map", &hostile, "act", "--input", "failed", "-0"]);
    assert_eq!(again, "\"a\\nb\"\n\"c\"");
    for other in ["-", "out"] {
        let refused = [
            "map",
            &hostile,
            "act",
            "x",
            "--keep-going",
            "-o",
            "out",
            "--errors",
            other,
        ];
        wask.fails(2, &refused);
    }
}

#[test]
fn a_name_that_is_taken_for_nothing_names_nothing() {
    let cluster = Cluster::start(1, 1);
    let wask = &cluster.wask;
    let hostile = guest("hostile.wasm");
    wask.ok(&["map", &hostile, "act", "a", "--as", "x"]);
    let none = [
        "map",
        &hostile,
        "act",
        "--input",
        "/dev/null",
        "--as",
        "x",
        "--replace",
    ];
    assert_eq!(wask.ok(&none), "");
    wask.fails(2, &["gather", "@x"]);
}
