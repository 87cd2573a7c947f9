//! Every target over its corpus and mutations of it: the short form of `make fuzz`.

use std::{fs, path::PathBuf};

use wask_readers::{TARGETS, mutate::mutations};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = root().join("corpus").join(target);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// Reads the corpus and as many mutations of it. An input that fails is printed, to be kept as a
/// file in the corpus.
fn check(name: &str, count: usize) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let corpus = corpus(name);
    assert!(!corpus.is_empty(), "{name} has no corpus");
    for input in corpus
        .iter()
        .cloned()
        .chain(mutations(&corpus, 1).take(count))
    {
        let told = Told(&input);
        (target.read)(&input);
        drop(told);
    }
}

/// Prints an input when it is dropped by a panic.
struct Told<'a>(&'a [u8]);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the input: b\"{}\"", self.0.escape_ascii());
        }
    }
}

macro_rules! checks {
    ($($name:ident: $count:literal),* $(,)?) => {
        $(#[test]
        fn $name() {
            check(stringify!($name), $count);
        })*

        #[test]
        fn each_target_is_checked_here_and_has_a_fuzzer() {
            let checked = [$(stringify!($name)),*];
            assert_eq!(checked.to_vec(), TARGETS.iter().map(|t| t.name).collect::<Vec<_>>());
            let manifest = fs::read_to_string(root().join("../fuzz/Cargo.toml")).unwrap();
            for name in checked {
                let line = format!("name = \"{name}\"\n");
                assert!(manifest.contains(&line), "tests/fuzz has no {name}");
                let file = root().join(format!("../fuzz/fuzz_targets/{name}.rs"));
                let text = fs::read_to_string(file).unwrap();
                assert!(text.contains(&format!("wask_readers::{name}(")), "{text}");
            }
        }
    };
}

checks! {
    address: 20_000,
    component: 1_000,
    expression: 20_000,
    from_client: 20_000,
    from_scheduler: 20_000,
    from_worker: 20_000,
    gateway: 1_000,
    graph: 20_000,
    json: 20_000,
    operator: 20_000,
    record: 5_000,
    spill_file: 100,
    type_text: 20_000,
    value: 20_000,
    wave: 20_000,
}
