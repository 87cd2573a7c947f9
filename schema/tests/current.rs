//! The generated Rust belongs to the schema beside it.

use std::{fs, path::Path, process::Command};

const SCHEMAS: [&str; 6] = [
    "common", "gateway", "record", "session", "transfer", "worker",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The digest of all schema files, as `generate` leaves it beside what it generates.
fn digest() -> String {
    let mut hasher = blake3::Hasher::new();
    for schema in SCHEMAS {
        let path = root().join("capnp").join(schema).with_extension("capnp");
        hasher.update(&fs::read(path).unwrap());
    }
    hasher.finalize().to_string()
}

/// Needs no compiler: whoever changes a schema file must have run `make schema`.
#[test]
fn the_generated_code_was_made_from_this_schema() {
    let noted = fs::read_to_string(root().join("src/generated/SCHEMA.blake3")).unwrap();
    assert_eq!(
        noted.trim(),
        digest(),
        "the schema has changed: run `make schema`"
    );
}

/// Where the compiler is installed, with its standard schemas: the generated code is what it
/// gives, but for the line that names the compiler's own version.
#[test]
fn the_compiler_gives_the_checked_in_code() {
    let compiles = Command::new("capnp")
        .args(["compile", "-o-"])
        .arg(root().join("capnp/transfer.capnp"))
        .output()
        .is_ok_and(|output| output.status.success());
    if !compiles {
        eprintln!("no capnp compiler here: compared digests only");
        return;
    }
    let fresh = tempfile::tempdir().unwrap();
    let mut command = capnpc::CompilerCommand::new();
    command
        .src_prefix(root().join("capnp"))
        .output_path(fresh.path());
    for schema in SCHEMAS {
        command.file(root().join("capnp").join(schema).with_extension("capnp"));
    }
    command.run().unwrap();
    for schema in SCHEMAS {
        let name = format!("{schema}_capnp.rs");
        let fresh = without_version(&fresh.path().join(&name));
        let checked_in = without_version(&root().join("src/generated").join(&name));
        assert!(fresh == checked_in, "{name} is stale: run `make schema`");
    }
}

fn without_version(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let lines = text
        .lines()
        .filter(|line| !line.starts_with("// capnp binary version:"));
    lines.collect::<Vec<_>>().join("\n")
}
