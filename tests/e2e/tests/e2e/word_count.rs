//! The main job: `wask map … --files … --reduce`.

use std::collections::BTreeMap;

use wask_e2e::{Cluster, Wask, guest};

/// Texts with words in common, and what is in them.
fn texts(wask: &Wask, files: usize) -> String {
    let mut counts = BTreeMap::<String, u64>::new();
    for file in 0..files {
        let words = (0..200).map(|n| format!("w{}", (file * 7 + n * n) % 97));
        let words: Vec<_> = words.collect();
        wask.write(
            &format!("texts/{}/{file}.txt", file % 3),
            words.join(" \u{2003}\n"),
        );
        for word in words {
            *counts.entry(word).or_default() += 1;
        }
    }
    serde_json::to_string(&counts.into_iter().collect::<Vec<_>>()).unwrap()
}

fn map_arguments<'a>(component: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let job = [
        "map",
        component,
        "count-words",
        "--files",
        "texts/**/*.txt",
        "--reduce",
        "merge",
    ];
    job.iter().chain(more).copied().collect()
}

#[test]
fn on_a_cluster_of_its_own_process() {
    let wask = Wask::new();
    let expected = texts(&wask, 50);
    let words = guest("word_count.wasm");
    let output = wask.run(&map_arguments(&words, &["--json"]));
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(output.stdout.trim_end(), expected);
    for said in ["(50 + 5 to reduce)", "tasks/s"] {
        assert!(
            output.stderr.contains(said),
            "no `{said}` in {}",
            output.stderr
        );
    }
}

#[test]
fn on_a_cluster_of_three_processes() {
    let cluster = Cluster::start(2, 1);
    let expected = texts(&cluster.wask, 100);
    let words = guest("word_count.wasm");
    let counted = cluster
        .wask
        .ok(&map_arguments(&words, &["--json", "--fan-in", "4"]));
    assert_eq!(counted, expected);
    // All was released when the client left.
    let status = cluster.wait_until(|status| status["tasks"]["memory"] == 0);
    assert_eq!(status["tasks"]["total_erred"], 0);
    assert_eq!(status["workers"].as_array().unwrap().len(), 2);
}

#[test]
fn files_that_cannot_be_read_as_asked_are_named_before_anything_runs() {
    let wask = Wask::new();
    let words = guest("word_count.wasm");
    wask.write("texts/good.txt", "a");
    wask.write("texts/bad.txt", [0xff, 0xfe]);
    let stderr = wask.fails(2, &map_arguments(&words, &[]));
    assert!(stderr.contains("bad.txt"), "{stderr}");
    let none = wask.fails(
        2,
        &["map", &words, "count-words", "--files", "nowhere/*.txt"],
    );
    assert!(none.contains("nowhere/*.txt"), "{none}");
}
