//! The rules of this repository that no compiler checks.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::sources::sources;

use serde_json::Value;

/// A member of this workspace, as cargo sees it.
struct Member {
    name: String,
    manifest: PathBuf,
    dependencies: BTreeSet<String>,
}

fn members() -> Vec<Member> {
    let arguments = [
        "metadata",
        "--offline",
        "--no-deps",
        "--format-version",
        "1",
    ];
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let member = |package: &Value| {
        let all = package["dependencies"].as_array().unwrap().iter();
        let normal = all.filter(|dependency| dependency["kind"].is_null());
        Member {
            name: text(&package["name"]),
            manifest: text(&package["manifest_path"]).into(),
            dependencies: normal.map(|dependency| text(&dependency["name"])).collect(),
        }
    };
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(member)
        .collect()
}

/// Who may depend on whom: the layers of ARCHITECTURE.md.
#[test]
fn crates_depend_only_on_those_below_them() {
    let allowed = BTreeMap::from([
        ("wask-core", ""),
        ("wask-schema", ""),
        ("wask-value-derive", ""),
        ("wask-value", "wask-value-derive"),
        ("wask-operator", "wask-value"),
        ("wask-component", "wask-value"),
        (
            "wask-sandbox",
            "wask-component wask-core wask-operator wask-value",
        ),
        ("wask-store", "wask-core"),
        ("wask-rpc", "wask-core wask-schema"),
        (
            "wask-client",
            "wask-core wask-value wask-component wask-rpc wask-schema wask-operator wask-sandbox",
        ),
        (
            "wask-scheduler",
            "wask-core wask-value wask-component wask-rpc wask-schema wask-operator",
        ),
        (
            "wask-worker",
            "wask-core wask-value wask-component wask-rpc wask-schema wask-sandbox wask-store",
        ),
        (
            "wask-deploy",
            "wask-rpc wask-sandbox wask-scheduler wask-worker wask-client",
        ),
        ("wask", "wask-client wask-deploy wask-value"),
    ]);
    let mut checked = 0;
    for member in members() {
        let Some(allowed) = allowed.get(member.name.as_str()) else {
            continue;
        };
        let allowed: BTreeSet<_> = allowed.split_whitespace().collect();
        let ours = member
            .dependencies
            .iter()
            .filter(|name| name.starts_with("wask"));
        let beyond: Vec<_> = ours
            .filter(|name| !allowed.contains(name.as_str()))
            .collect();
        assert!(
            beyond.is_empty(),
            "{} must not depend on {beyond:?}",
            member.name
        );
        checked += 1;
    }
    assert_eq!(checked, allowed.len(), "a crate of the layers is missing");
}

/// No tokio, no capnp, no wasmtime, no clock, no randomness of the system.
#[test]
fn the_core_cannot_do_io() {
    let core = members()
        .into_iter()
        .find(|member| member.name == "wask-core")
        .unwrap();
    let allowed = ["blake3", "bytes", "hashbrown"].map(String::from);
    assert_eq!(core.dependencies, BTreeSet::from(allowed));
    let bans = fs::read_to_string("../../host/core/clippy.toml").unwrap();
    for ban in [
        "Instant::now",
        "SystemTime::now",
        "collections::HashMap",
        "collections::HashSet",
    ] {
        assert!(
            bans.contains(ban),
            "host/core/clippy.toml no longer bans {ban}"
        );
    }
}

/// A client that only talks to clusters is small: computing in its own process, which takes
/// wasmtime, is a feature.
#[test]
fn a_client_needs_no_wasmtime() {
    let needs_wasmtime = |features: &[&str]| {
        let tree = ["tree", "--offline", "--locked", "-p", "wask-client"];
        let output = Command::new(env!("CARGO"))
            .args(tree)
            .args(["--edges", "normal", "--prefix", "none"])
            .args(features)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let mut names = text.lines().filter_map(|line| line.split(' ').next());
        assert_eq!(names.next(), Some("wask-client"), "{:?}", output.stderr);
        names.any(|name| name.starts_with("wasmtime") || name.starts_with("cranelift"))
    };
    assert!(!needs_wasmtime(&["--no-default-features"]));
    // Else this test would not find it either.
    assert!(needs_wasmtime(&[]));
}

#[test]
fn every_member_takes_lints_and_edition_from_the_workspace() {
    for member in members() {
        let manifest = fs::read_to_string(&member.manifest).unwrap();
        for line in ["[lints]\nworkspace = true", "edition.workspace = true"] {
            assert!(manifest.contains(line), "{} lacks `{line}`", member.name);
        }
    }
}

/// Versions are pinned once, in the workspace.
#[test]
fn members_name_no_versions() {
    for member in members() {
        let manifest = fs::read_to_string(&member.manifest).unwrap();
        let is_pin = |line: &&str| {
            line.contains("version = \"") || line.contains("= \"=") || line.contains("= \"^")
        };
        assert_eq!(manifest.lines().find(is_pin), None, "{}", member.name);
    }
}

/// A file that one cannot read in one go has more than one purpose.
#[test]
fn files_are_short() {
    for path in sources(Path::new("../../")) {
        let text = fs::read_to_string(&path).unwrap();
        let is_test = path.components().any(|part| {
            matches!(
                part.as_os_str().to_str(),
                Some("tests" | "tests.rs" | "benches")
            )
        });
        let code = text
            .split("#[cfg(test)]\nmod tests {")
            .next()
            .unwrap_or_default();
        assert!(
            is_test || code.lines().count() <= 600,
            "{} is too long",
            path.display()
        );
    }
}
