use std::sync::LazyLock;

use proptest::prelude::*;

use crate::{Component, Error, Limits, testing};

fn imports(wit_imports: &str, packages: &str) -> Result<Component, Error> {
    testing::load(&format!(
        "package a:b; world w {{ {wit_imports} export f: func() -> u32; }} {packages}"
    ))
}

#[test]
fn wasi_0_2_is_linked_in_any_patch_version() {
    let component = imports(
        "import wasi:random/random@0.2.99; import wasi:io/poll@0.2.0;",
        "package wasi:random@0.2.99 { interface random { get-random-u64: func() -> u64; } }
         package wasi:io@0.2.0 { interface poll { resource pollable { block: func(); } } }",
    )
    .unwrap();
    assert_eq!(
        component.interface().imports,
        ["wasi:random/random@0.2.99", "wasi:io/poll@0.2.0"]
    );
}

#[test]
fn interfaces_of_types_need_nobody_to_provide_them() {
    let component = imports(
        "import x:y/types; use x:y/types.{point};",
        "package x:y { interface types { record point { x: u32 } } }",
    );
    component.unwrap();
}

#[test]
fn every_missing_import_is_named() {
    let error = imports(
        "import wasi:http/h@0.2.0; import wasi:cli/exit@0.2.6; import wasi:random/random@0.3.0;
         import wask:spawn/spawn; import now: func() -> u64; import x:y/store;",
        "package wasi:http@0.2.0 { interface h { get: func(); } }
         package wasi:cli@0.2.6 { interface exit { exit: func(status: result);
            exit-with-code: func(code: u8); } }
         package wasi:random@0.3.0 { interface random { get-random-u64: func() -> u64; } }
         package wask:spawn { interface spawn { spawn: func(); } }
         package x:y { interface store { resource table { } } }",
    )
    .unwrap_err();
    let Error::MissingImports { missing } = &error else {
        panic!("{error}")
    };
    let mut names: Vec<&str> = missing.iter().map(|import| import.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "now",
            "wasi:cli/exit@0.2.6#exit-with-code",
            "wasi:http/h@0.2.0",
            "wasi:random/random@0.3.0",
            "wask:spawn/spawn",
            "x:y/store",
        ]
    );
    let message = error.to_string();
    for part in [
        "tasks have no HTTP",
        "wask links WASI 0.2",
        "reserved",
        "`now`; tasks get",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[test]
fn features_that_workers_lack_are_named() {
    let text = r#"(component (core module (memory 1 1 shared)))"#;
    let error = Component::load(text.as_bytes()).unwrap_err();
    assert!(matches!(error, Error::Feature { .. }), "{error}");
    assert!(error.to_string().contains("threads"), "{error}");
}

#[test]
fn function_bodies_are_validated() {
    let valid =
        wat::parse_str("(component (core module (func (result i32) i32.const 7)))").unwrap();
    Component::from_binary(valid.clone(), &Limits::default()).unwrap();
    let mut invalid = valid;
    let at = invalid
        .windows(2)
        .rposition(|window| window == [0x41, 7])
        .unwrap();
    invalid[at..at + 2].copy_from_slice(&[0x01, 0x01]); // two nops and no result
    let error = Component::from_binary(invalid, &Limits::default()).unwrap_err();
    assert!(matches!(error, Error::Invalid { .. }), "{error}");
}

#[test]
fn files_are_read_up_to_the_limit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("task.wat");
    std::fs::write(&path, "(component)").unwrap();
    assert_eq!(Component::from_file(&path).unwrap().functions(), []);
    let limits = Limits {
        max_bytes: 5,
        ..Limits::default()
    };
    let error = Component::from_file_with(&path, &limits).unwrap_err();
    assert!(
        matches!(error, Error::TooLarge { size: 6, limit: 5 }),
        "{error}"
    );
    let error = Component::from_file(dir.path().join("no.wasm"))
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("cannot read component "), "{error}");
}

/// Components that between them have every part that this crate reads, and the modules they are of.
static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let worlds = [
        "package a:b; interface i { record r { x: list<tuple<string, u8>> } variant v { a(r), b }
            f: func(r: r) -> result<v, string>; resource t { m: func(); } }
         world w { export i; export g: func(x: option<f64>); }",
        "package a:b; world w { import wasi:random/random@0.2.0; export f: func() -> u64; }
         package wasi:random@0.2.0 { interface random { get-random-u64: func() -> u64; } }",
        "package a:b; world w { export f: async func(x: stream<u8>) -> future<u32>; }",
    ];
    let modules: Vec<Vec<u8>> = worlds.into_iter().map(testing::module).collect();
    let components = modules
        .iter()
        .map(|module| Component::load(module).unwrap().bytes().to_vec());
    let documented = components.map(|component| {
        crate::docs::append(&component, &[("f".to_owned(), "Text.".to_owned())].into())
    });
    let documented: Vec<_> = documented.collect();
    modules.into_iter().chain(documented).collect()
});

/// One of the seeds, cut off, with some bytes overwritten, and a piece repeated.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6);
    let piece = prop::option::of((any::<prop::sample::Index>(), 1_usize..40));
    let cut = prop::option::weighted(0.2, any::<prop::sample::Index>());
    (0..SEEDS.len(), edits, piece, cut).prop_map(|(seed, edits, piece, cut)| {
        let mut bytes = SEEDS[seed].clone();
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some((at, len)) = piece {
            let at = at.index(bytes.len());
            let piece = bytes[at..(at + len).min(bytes.len())].to_vec();
            bytes.splice(at..at, piece);
        }
        if let Some(at) = cut {
            bytes.truncate(at.index(bytes.len()));
        }
        bytes
    })
}

/// Loads hostile bytes in both ways; only panics, hangs and broken promises are failures.
fn load_hostile(bytes: &[u8]) {
    for loaded in [
        Component::load(bytes),
        Component::from_binary(bytes.to_vec(), &Limits::default()),
    ] {
        match loaded {
            Ok(component) => {
                for function in component.functions() {
                    function.ty.check().unwrap();
                    assert_eq!(component.function(&function.name).unwrap(), function);
                }
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

/// More where they are cheaper.
const CASES: u32 = if cfg!(debug_assertions) { 1500 } else { 50_000 };

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn mutated_components_never_panic(bytes in mutated()) {
        load_hostile(&bytes);
    }

    #[test]
    fn random_bytes_never_panic(
        mut bytes in prop::collection::vec(any::<u8>(), 0..300),
        wasm in 0..4,
    ) {
        let start: &[u8] = match wasm {
            0 => b"\0asm\x0d\0\x01\0",
            1 => b"\0asm\x01\0\0\0",
            2 => b"(component ",
            _ => b"",
        };
        bytes.splice(..0, start.iter().copied());
        load_hostile(&bytes);
    }
}
