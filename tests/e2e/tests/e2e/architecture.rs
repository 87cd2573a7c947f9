//! ARCHITECTURE.md says what must always hold, and where that is checked: here is what no other test
//! is for.

use std::{fs, path::Path};

use quote::ToTokens;

use crate::sources::{is_test, sources};

fn root() -> &'static Path {
    Path::new("../..")
}

/// What is there before a file's unit tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests").next();
    code.unwrap_or_default().to_owned()
}

/// The last parenthesis of each invariant is a list of tests, or of files of tests.
#[test]
fn every_invariant_names_a_check_that_is_there() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let (_, rest) = text.split_once("\n## Invariants\n").unwrap();
    let invariants = rest.split("\n## ").next().unwrap();
    let all: String = ["host", "tests", "guest-sdk"]
        .iter()
        .flat_map(|folder| sources(&root().join(folder)))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let mut count = 0;
    for invariant in invariants
        .split("\n\n")
        .filter(|text| text.starts_with("**"))
    {
        count += 1;
        let begin = invariant.lines().next().unwrap();
        let checks = invariant
            .rsplit_once('(')
            .and_then(|(_, end)| end.trim_end().strip_suffix(")"))
            .unwrap_or_else(|| panic!("`{begin}` ends without a check in parentheses"));
        let names: Vec<&str> = checks.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "`{begin}` names no check");
        for name in names {
            let test = name.rsplit("::").next().unwrap();
            let is_there = match name.contains('.') || name.contains('/') {
                true => is_file(name),
                false => all.contains(&format!("fn {test}(")),
            };
            assert!(is_there, "`{begin}`: there is no {name}");
        }
    }
    assert!(count > 15, "{count} invariants were found");
}

fn is_file(name: &str) -> bool {
    let places = [
        "",
        "tests/e2e/tests/e2e/",
        "tests/guests/wat/",
        "host/rpc/tests/",
    ];
    let mut places = places.iter().map(|place| root().join(place).join(name));
    places.any(|path| path.exists())
}

/// The type of a state is made in one file for each machine, and its content changed there.
#[test]
fn only_transition_assigns_states() {
    for machine in ["scheduler", "worker", "client"] {
        let folder = root().join("host/core/src").join(machine);
        let transition = code(&folder.join("transition.rs"));
        assert!(
            transition.contains("struct CurrentState(State);"),
            "{machine}"
        );
        assert!(transition.contains(".state.0"), "{machine}");
        for path in sources(&folder) {
            let text = code(&path);
            let assigns = text.contains(".state.0") || text.contains("CurrentState(");
            let may = path.ends_with("transition.rs");
            assert!(may || !assigns, "{} assigns a state", path.display());
        }
    }
}

/// Cap'n Proto readers borrow a message: nothing that lives longer than a call holds one.
#[test]
fn no_reader_is_kept() {
    // Of the command line, pipes are read in a way of that name.
    let folders = ["core", "scheduler", "worker", "client", "store", "deploy"];
    let folders = folders.map(|name| root().join("host").join(name).join("src"));
    for path in folders.iter().flat_map(|folder| sources(folder)) {
        let file = syn::parse_file(&code(&path)).unwrap();
        for item in &file.items {
            let fields: Vec<&syn::Field> = match item {
                syn::Item::Struct(item) => item.fields.iter().collect(),
                syn::Item::Enum(item) => {
                    let variants = item.variants.iter();
                    variants.flat_map(|variant| &variant.fields).collect()
                }
                _ => continue,
            };
            for field in fields {
                let ty = field.ty.to_token_stream().to_string();
                let is_reader = ty.contains("Reader <") || ty.contains(":: Reader");
                assert!(!is_reader, "{} keeps a {ty}", path.display());
            }
        }
    }
}

/// What would block a thread that serves connections, and where it may stand: in a file whose code
/// runs on other threads, or before and after all connections.
#[test]
fn rpc_threads_do_not_block() {
    const BLOCKING: [&str; 7] = [
        "fs::",
        "thread::sleep",
        "blocking_",
        "block_on(",
        ".join()",
        "Command::new",
        "park(",
    ];
    const MAY: [(&str, &str); 6] = [
        ("rpc/src/record.rs", "a thread of its own writes"),
        ("rpc/src/thread.rs", "begins such a thread"),
        (
            "rpc/src/transport.rs",
            "sockets are files, before and after they are listened on",
        ),
        ("scheduler/src/scheduler.rs", "the handle of another thread"),
        ("worker/src/config.rs", "read once, before it starts"),
        ("worker/src/worker.rs", "the handle of another thread"),
    ];
    for name in ["rpc", "scheduler", "worker"] {
        for path in sources(&root().join("host").join(name).join("src")) {
            let shown = path.display().to_string();
            if is_test(&path) || MAY.iter().any(|(place, _)| shown.contains(place)) {
                continue;
            }
            for (number, line) in code(&path).lines().enumerate() {
                let line = line.trim_start();
                let found = BLOCKING.iter().find(|call| line.contains(**call));
                assert!(
                    line.starts_with("//") || found.is_none(),
                    "{shown}:{} may block: {line}",
                    number + 1
                );
            }
        }
    }
}
