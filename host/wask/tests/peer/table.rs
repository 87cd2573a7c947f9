//! The list of cases and the tests are of one mind.

use std::{collections::BTreeSet, fs, path::Path};

const TABLE: &str = include_str!("../../../client/docs/peer-semantics.md");

/// The cells of the table's rows, without the two that make its head.
fn rows() -> Vec<Vec<&'static str>> {
    let lines = TABLE.lines().filter(|line| line.starts_with('|'));
    let cells = lines.map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect());
    let is_head = |row: &Vec<&str>| row[0] == "Dask" || row[0].starts_with("---");
    cells.filter(|row| !is_head(row)).collect()
}

/// The tests of this program, as `module::name`.
fn tests() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peer");
    let mut tests = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let module = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        let mut is_test = false;
        for line in text.lines() {
            let name = line.trim_start_matches("async ").strip_prefix("fn ");
            let name = name.and_then(|rest| rest.split('(').next());
            if let Some(name) = name.filter(|_| is_test) {
                tests.insert(format!("{module}::{name}"));
            }
            is_test = line.ends_with("test]") || (is_test && line.starts_with('#'));
        }
    }
    tests.retain(|test| !test.starts_with("table::"));
    tests
}

#[test]
fn every_case_has_its_test_and_every_test_its_case() {
    let mut listed = BTreeSet::new();
    for row in rows() {
        assert_eq!(row.len(), 3, "{row:?}");
        let test = row[1].trim_matches('`').to_owned();
        assert!(listed.insert(test), "{} is listed twice", row[1]);
    }
    let tests = tests();
    let missing: Vec<_> = listed.difference(&tests).collect();
    assert!(missing.is_empty(), "there are no such tests: {missing:?}");
    let unlisted: Vec<_> = tests.difference(&listed).collect();
    assert!(unlisted.is_empty(), "the table lacks: {unlisted:?}");
    assert!(listed.len() >= 60, "{} cases are too few", listed.len());
}

#[test]
fn every_case_says_whether_it_is_the_same() {
    for row in rows() {
        let verdict = row[2];
        let reason = verdict.strip_prefix("differs: ").unwrap_or_default();
        assert!(verdict == "same" || !reason.is_empty(), "{row:?}");
    }
}
