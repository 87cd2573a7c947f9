//! Graphs of tasks as JSON: computed, persisted, drawn, waited for; and datasets in them.

use serde_json::{Value, json};
use wask_e2e::{Cluster, Wask, guest, repository};

/// Words of two texts, one of them in a file, counted apart and together.
fn words(wask: &Wask) -> Value {
    wask.write("hamlet.txt", "to be or not to be");
    json!({
        "components": {"words": guest("word_count.wasm"), "arith": guest("arith.wasm")},
        "tasks": {
            "n": {"operator": "count", "args": [{"$task": "all"}]},
            "all": {"call": "words#merge", "args": [[{"$task": "a"}, {"$task": "b"}]]},
            "a": {"call": "words#count-words", "args": ["to be"]},
            "b": {"call": "words#count_words", "args": [{"$file": "hamlet.txt"}]},
            "more": {"operator": "add", "args": [{"$task": "n"}, 100]},
            "total": {"call": "arith#sum", "args": [[{"$task": "n"}, {"$task": "more"}, 1]]},
        },
        "outputs": ["n", "total", "all"],
    })
}

const COMPUTED: &str = "4\n109\n[(\"be\", 3), (\"not\", 1), (\"or\", 1), (\"to\", 3)]";

fn write(wask: &Wask, name: &str, graph: &Value) -> String {
    wask.write(name, graph.to_string())
}

#[test]
fn a_graph_is_computed_in_this_process() {
    let wask = Wask::new();
    let mut graph = words(&wask);
    let path = write(&wask, "graph.json", &graph);
    let output = wask.run(&["compute", &path]);
    assert_eq!(
        (output.code, output.stdout.trim_end()),
        (0, COMPUTED),
        "{}",
        output.stderr
    );
    assert!(
        output.stderr.contains("in this process"),
        "{}",
        output.stderr
    );
    assert!(output.stderr.contains("6 tasks"), "{}", output.stderr);
    let json = wask.ok(&["compute", &path, "--json"]);
    assert_eq!(
        json.lines().nth(2),
        Some(r#"[["be",3],["not",1],["or",1],["to",3]]"#)
    );

    graph["outputs"] = json!("more");
    let piped = wask.run_with_stdin(&["compute", "-"], &graph.to_string());
    assert_eq!(
        (piped.code, piped.stdout.as_str()),
        (0, "104\n"),
        "{}",
        piped.stderr
    );
}

#[test]
fn a_failing_task_of_a_graph_is_named() {
    let wask = Wask::new();
    let graph = json!({
        "components": {"hostile": guest("hostile.wasm")},
        "tasks": {
            "seven": {"call": "hostile#fail", "args": [7]},
            "next": {"operator": "add", "args": [{"$task": "seven"}, 1]},
        },
        "outputs": "next",
    });
    let stderr = wask.fails(1, &["compute", &write(&wask, "fails.json", &graph)]);
    assert!(
        stderr.contains("seven") && stderr.contains("guest error"),
        "{stderr}"
    );
}

#[test]
fn a_graph_is_computed_on_a_cluster_with_its_datasets() {
    let cluster = Cluster::start(1, 2);
    let wask = &cluster.wask;
    let mut graph = words(wask);
    let path = write(wask, "graph.json", &graph);
    assert_eq!(wask.ok(&["compute", &path]), COMPUTED);

    wask.ok(&["push", &guest("arith.wasm"), "--as", "arith"]);
    wask.ok(&["scatter", "5", "6", "--type", "u64", "--as", "numbers"]);
    graph["components"]["arith"] = json!("arith");
    graph["tasks"]["from-datasets"] = json!({"operator": "sum", "args": [{"$dataset": "numbers"}]});
    graph["tasks"]["total"]["args"] = json!([[
        {"$task": "n"}, {"$dataset": "numbers", "index": 1}, {"$task": "from-datasets"}
    ]]);
    graph["outputs"] = json!(["total"]);
    let path = write(wask, "datasets.json", &graph);
    assert_eq!(wask.ok(&["compute", &path]), "21");
    cluster.wait_until(|status| status["tasks"]["memory"] == 2);
}

/// Nobody runs anything until a worker joins.
#[test]
fn persist_returns_at_once_and_is_waited_for() {
    let mut cluster = Cluster::start(0, 1);
    let double = |n: u64| json!({"call": "arith#double", "args": [n]});
    let graph = json!({
        "components": {"arith": guest("arith.wasm")},
        "tasks": {
            "a": double(1), "b": double(2),
            "x": {"operator": "add", "args": [{"$task": "a"}, {"$task": "b"}]},
            "y": {"operator": "mul", "args": [{"$task": "a"}, {"$task": "b"}]},
        },
        "outputs": ["x", "y"],
    });
    let wask = &cluster.wask;
    let path = write(wask, "graph.json", &graph);
    assert_eq!(wask.ok(&["persist", &path, "--as", "both"]), "@both");
    let state = wask.ok(&["datasets"]);
    assert!(state.contains("pending"), "{state}");
    let early = wask.fails(6, &["wait", "@both", "--timeout", "50ms"]);
    assert!(
        early.contains("2 results were not there within 50ms"),
        "{early}"
    );
    let taken = wask.fails(2, &["persist", &path, "--as", "both"]);
    assert!(taken.contains("--replace"), "{taken}");
    let sum = json!({
        "tasks": {"sum": {"operator": "sum", "args": [{"$dataset": "both"}]}},
        "outputs": "sum",
    });
    let sum = write(wask, "sum.json", &sum);
    let picture = wask.ok(&["visualize", &sum, "--svg"]);
    assert_eq!(picture.matches(">pending</text>").count(), 2, "{picture}");

    cluster.add_worker(1);
    let wask = &cluster.wask;
    wask.ok(&["wait", "@both"]);
    assert_eq!(wask.ok(&["gather", "@both"]), "6\n8");
    let long = wask.ok(&["datasets", "--long"]);
    let lines: Vec<&str> = long.lines().collect();
    assert!(lines[1].starts_with("@both[0]  finished"), "{long}");
    assert!(lines[2].starts_with("@both[1]  finished"), "{long}");
    let picture = wask.ok(&["visualize", &sum, "--svg"]);
    assert_eq!(picture.matches(">finished</text>").count(), 2, "{picture}");
    assert_eq!(wask.ok(&["compute", &sum]), "14");
    // Of the graph, only its outputs are kept.
    cluster.wait_until(|status| status["tasks"]["memory"] == 2);
}

/// A name stands wherever an argument does.
#[test]
fn names_are_arguments_of_every_command() {
    let cluster = Cluster::start(1, 1);
    let wask = &cluster.wask;
    let (arith, words) = (guest("arith.wasm"), guest("word_count.wasm"));
    wask.ok(&["scatter", "5", "6", "--type", "u64", "--as", "n"]);
    wask.ok(&["scatter", "a b", "--type", "string", "--as", "text"]);
    assert_eq!(wask.ok(&["call", &arith, "sum(@n)"]), "11");
    assert_eq!(wask.ok(&["call", &arith, "sum([1, @n[1]])"]), "7");
    assert_eq!(
        wask.ok(&["map", &arith, "sum([_, @n[0]])", "1", "@n"]),
        "6\n10\n11"
    );
    let counted = "[(\"a\", 1), (\"b\", 1)]";
    assert_eq!(wask.ok(&["map", &words, "count-words", "@text"]), counted);
    wask.ok(&["submit", &arith, "sum([@n[0]])", "--as", "five"]);
    wask.ok(&["wait", "@five", "@n[1]", "n"]);
    assert_eq!(wask.ok(&["gather", "@n[1]", "@five"]), "6\n5");
    let mistyped = wask.fails(2, &["call", &arith, "sum(@text)"]);
    assert!(mistyped.contains("expected list<u64>"), "{mistyped}");
}

#[test]
fn what_failed_is_told_by_those_who_wait() {
    let cluster = Cluster::start(1, 1);
    let wask = &cluster.wask;
    let graph = json!({
        "components": {"hostile": guest("hostile.wasm")},
        "tasks": {
            "good": {"call": "hostile#shout", "args": [1]},
            "bad": {"call": "hostile#panic-now", "args": ["on purpose"]},
        },
        "outputs": ["good", "bad"],
    });
    wask.ok(&[
        "persist",
        &write(wask, "graph.json", &graph),
        "--as",
        "mixed",
    ]);
    let stderr = wask.fails(1, &["wait", "@mixed"]);
    assert!(stderr.contains("@mixed[1]"), "{stderr}");
    assert!(stderr.contains("on purpose"), "{stderr}");
    wask.ok(&["wait", "@mixed[0]"]);
    let listed = wask.ok(&["datasets"]);
    assert!(listed.contains("1 finished, 1 error"), "{listed}");
    wask.fails(2, &["wait", "@mixde"]);
}

#[test]
fn the_graph_that_is_documented_computes() {
    let wask = Wask::new();
    let text = std::fs::read_to_string(repository().join("host/cli/GRAPH.md")).unwrap();
    let graph = text.split("```json\n").nth(1).unwrap();
    let graph = wask.write("graph.json", graph.split("```").next().unwrap());
    std::fs::copy(
        guest("word_count.wasm"),
        wask.home().join("word_count.wasm"),
    )
    .unwrap();
    wask.write("hamlet.txt", "that is the question");
    assert_eq!(wask.ok(&["compute", &graph]), "8");
}

#[test]
fn graphs_are_drawn() {
    let wask = Wask::new();
    let path = write(&wask, "graph.json", &words(&wask));
    let dot = wask.ok(&["visualize", &path]);
    assert!(
        dot.starts_with("digraph wask {") && dot.contains(r#"label="total\nsum""#),
        "{dot}"
    );
    assert_eq!(wask.ok(&["visualize", &path]), dot);
    assert_eq!(wask.ok(&["visualize", &path, "-o", "graph.svg"]), "");
    let svg = std::fs::read_to_string(wask.home().join("graph.svg")).unwrap();
    assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
}

#[test]
fn bad_graphs_are_refused_before_anything_runs() {
    let wask = Wask::new();
    let double = |arg: Value| json!({"call": "arith#double", "args": [arg]});
    let on = |task: &str| double(json!({"$task": task}));
    let components = json!({"arith": guest("arith.wasm"), "words": guest("word_count.wasm")});
    let graph = |tasks: Value| {
        json!({"components": components, "tasks": tasks, "outputs": "a"}).to_string()
    };
    for (text, said) in [
        (graph(json!({"a": on("b"), "b": on("a")})), "a -> b -> a"),
        (
            graph(json!({"a": on("bb"), "b": double(json!(1))})),
            "did you mean `b`?",
        ),
        (
            graph(
                json!({"a": {"call": "words#count-words", "args": [{"$task": "b"}]},
                         "b": double(json!(1))}),
            ),
            "task `a`: args[0]: expected string, got what task `b` gives, u32",
        ),
        (
            graph(json!({"a": {"call": "arith#duble", "args": [1]}})),
            "double",
        ),
        (
            graph(json!({"a": double(json!({"$file": "none.txt"}))})),
            "none.txt",
        ),
        (
            graph(json!({"a": double(json!({"$dataset": "x"}))})),
            "`wask up`",
        ),
        (
            r#"{"tasks": {"a": {}, "a": {}}, "outputs": "a"}"#.into(),
            "the key `a` is given twice",
        ),
        (
            r#"{"components": {"p": "pushed"}, "tasks": {}, "outputs": "a"}"#.into(),
            "there is no task `a`",
        ),
        ("{".into(), "not JSON"),
    ] {
        let path = wask.write("bad.json", &text);
        for command in ["compute", "visualize"] {
            let stderr = wask.fails(2, &[command, &path]);
            assert!(stderr.contains(said), "{text}: {stderr}");
        }
    }
    let good = wask.write("good.json", graph(json!({"a": double(json!(1))})));
    let alone = wask.fails(2, &["persist", &good, "--as", "x"]);
    assert!(alone.contains("cluster that lasts"), "{alone}");
    wask.fails(2, &["compute", "no-such.json"]);
    let raw = wask.fails(2, &["compute", &good, "--raw"]);
    assert!(raw.contains("--json"), "{raw}");
}
