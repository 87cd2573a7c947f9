//! Our own Rust, for tests of how it is written.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// All Rust of a folder but what was built or generated, in no order that means anything.
pub(crate) fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.unwrap_or_default();
        if path.is_dir() && !name.starts_with('.') && !matches!(name, "target" | "generated") {
            found.extend(sources(&path));
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
    found
}

/// Whether a file is of tests alone.
pub(crate) fn is_test(path: &Path) -> bool {
    let mut parts = path.components();
    parts.any(|part| matches!(part.as_os_str().to_str(), Some("tests" | "tests.rs")))
}
