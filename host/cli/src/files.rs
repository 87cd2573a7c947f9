//! Files to map over: found by patterns, checked before anything runs, read as they are needed.

use std::{
    fs::{self, File},
    num::NonZero,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use glob::{MatchOptions, glob_with};
use wask_value::Type;

use crate::{
    exit::{Exit, Failed, OrExit, Result},
    expression::Tree,
};

/// Bytes of files that are kept from when they are checked to when they are submitted, so that an
/// ordinary job reads each file once. What does not fit is read again.
const KEPT_BYTES: u64 = 256 << 20;

/// As what a file is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Bytes,
}

impl Kind {
    /// As what a parameter of this type takes a file.
    pub(crate) fn of(ty: &Type) -> Result<Self> {
        match ty {
            Type::String => Ok(Self::Text),
            Type::List(element) if **element == Type::U8 => Ok(Self::Bytes),
            _ => Err(Failed::input(format!(
                "files can be mapped over where a `string` or a `list<u8>` is wanted, not {ty}"
            ))),
        }
    }

    fn read(self, path: &Path) -> Result<Tree> {
        let bytes = fs::read(path).or_exit(Exit::Input, || cannot_read(path))?;
        match self {
            Self::Bytes => Ok(Tree::Data(bytes)),
            Self::Text => String::from_utf8(bytes).map(Tree::Text).map_err(|error| {
                let at = error.utf8_error().valid_up_to();
                Failed::input(format!(
                    "{} is not UTF-8 (at byte {at}), which a string must be; leave it out, or use \
                     a function that takes `list<u8>`",
                    path.display()
                ))
            }),
        }
    }
}

fn cannot_read(path: &Path) -> String {
    format!("cannot read {}", path.display())
}

/// A file that was checked.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) path: PathBuf,
    pub(crate) len: u64,
    kind: Kind,
    kept: Option<Tree>,
}

impl Checked {
    /// What is in it.
    pub(crate) fn into_tree(self) -> Result<Tree> {
        match self.kept {
            Some(tree) => Ok(tree),
            None => self.kind.read(&self.path),
        }
    }
}

/// The files that match any of the patterns, in the order of the patterns, each once.
pub(crate) fn find(patterns: &[String]) -> Result<Vec<PathBuf>> {
    // As in a shell: a `*` matches no leading dot.
    let options = MatchOptions {
        require_literal_leading_dot: true,
        require_literal_separator: true,
        ..MatchOptions::default()
    };
    let mut files = Vec::new();
    for pattern in patterns {
        let before = files.len();
        // A file of just this name is meant, whatever is in the name.
        if Path::new(pattern).is_file() {
            files.push(PathBuf::from(pattern));
            continue;
        }
        let matches = glob_with(pattern, options)
            .or_exit(Exit::Input, || format!("`{pattern}` is no pattern"))?;
        for path in matches {
            let path = path.or_exit(Exit::Input, || {
                format!("cannot list what `{pattern}` matches")
            })?;
            if path.is_file() {
                files.push(path);
            }
        }
        if files.len() == before {
            return Err(Failed::input(format!(
                "no file matches `{pattern}`; `**` stands for any folders, and the pattern should \
                 be in quotes"
            )));
        }
    }
    let mut seen = std::collections::HashSet::new();
    files.retain(|path| seen.insert(path.clone()));
    Ok(files)
}

/// Reads all files on all processors, so that one that cannot be used is told before anything
/// runs: the first of them.
pub(crate) fn check(paths: Vec<PathBuf>, kind: Kind) -> Result<Vec<Checked>> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let kept = AtomicU64::new(0);
    let part = paths.len().div_ceil(threads).max(1);
    let parts: Vec<Result<Vec<Checked>>> = thread::scope(|scope| {
        let check = |paths: Vec<PathBuf>| {
            let kept = &kept;
            scope.spawn(move || {
                paths
                    .into_iter()
                    .map(|path| check_one(path, kind, kept))
                    .collect()
            })
        };
        let mut paths = paths.into_iter();
        let started: Vec<_> = std::iter::from_fn(|| {
            let some: Vec<PathBuf> = paths.by_ref().take(part).collect();
            (!some.is_empty()).then(|| check(some))
        })
        .collect();
        let joined = started.into_iter().map(|thread| thread.join());
        joined
            .map(|part| part.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let mut checked = Vec::new();
    for part in parts {
        checked.append(&mut part?);
    }
    Ok(checked)
}

fn check_one(path: PathBuf, kind: Kind, kept: &AtomicU64) -> Result<Checked> {
    let file = File::open(&path).and_then(|file| file.metadata());
    let len = file.or_exit(Exit::Input, || cannot_read(&path))?.len();
    let fits = kept.fetch_add(len, Ordering::Relaxed).saturating_add(len) <= KEPT_BYTES;
    let tree = match (fits, kind) {
        (true, _) => Some(kind.read(&path)?),
        // Looked through, and read again when it is needed.
        (false, Kind::Text) => kind.read(&path).map(|_| None)?,
        // Any bytes will do, and it can be opened.
        (false, Kind::Bytes) => None,
    };
    Ok(Checked {
        path,
        len,
        kind,
        kept: tree,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        folder
    }

    fn found(folder: &tempfile::TempDir, patterns: &[&str]) -> Vec<String> {
        let patterns: Vec<String> = patterns
            .iter()
            .map(|pattern| format!("{}/{pattern}", folder.path().display()))
            .collect();
        let files = find(&patterns).unwrap();
        let name = |path: &PathBuf| {
            path.strip_prefix(folder.path())
                .unwrap()
                .display()
                .to_string()
        };
        files.iter().map(name).collect()
    }

    #[test]
    fn patterns_match_as_in_a_shell() {
        let folder = folder(&[
            ("b.txt", b""),
            ("a.txt", b""),
            ("sub/deep/c.txt", b""),
            (".hidden.txt", b""),
            ("x[1].txt", b""),
        ]);
        assert_eq!(found(&folder, &["*.txt"]), ["a.txt", "b.txt", "x[1].txt"]);
        assert_eq!(
            found(&folder, &["**/*.txt"]),
            ["a.txt", "b.txt", "sub/deep/c.txt", "x[1].txt"]
        );
        assert_eq!(
            found(&folder, &["b.txt", "*.txt"]),
            ["b.txt", "a.txt", "x[1].txt"]
        );
        assert_eq!(found(&folder, &["x[1].txt"]), ["x[1].txt"]);
    }

    #[test]
    fn no_match_names_the_pattern() {
        let error = find(&["/no/such/*.txt".into()]).unwrap_err();
        assert_eq!(error.exit, Exit::Input);
        assert!(
            error
                .to_string()
                .starts_with("no file matches `/no/such/*.txt`")
        );
        assert!(
            find(&["a/***".into()])
                .unwrap_err()
                .to_string()
                .contains("is no pattern")
        );
    }

    #[test]
    fn the_first_file_that_is_no_text_is_named() {
        let folder = folder(&[("a", b"ok"), ("b", b"no\xff"), ("c", b"\xff")]);
        let paths = ["a", "b", "c"].map(|name| folder.path().join(name));
        let error = check(paths.to_vec(), Kind::Text).unwrap_err();
        assert_eq!(error.exit, Exit::Input);
        assert!(
            error.to_string().contains("/b is not UTF-8 (at byte 2)"),
            "{error}"
        );
        let checked = check(paths.to_vec(), Kind::Bytes).unwrap();
        assert_eq!(
            checked.iter().map(|file| file.len).collect::<Vec<_>>(),
            [2, 3, 1]
        );
        let trees: Vec<_> = checked
            .into_iter()
            .map(|file| file.into_tree().unwrap())
            .collect();
        assert_eq!(trees[1], Tree::Data(b"no\xff".to_vec()));
    }

    #[test]
    fn what_is_not_kept_is_read_again() {
        let folder = folder(&[("a", b"ok")]);
        let full = AtomicU64::new(KEPT_BYTES);
        let path = folder.path().join("a");
        let checked = check_one(path.clone(), Kind::Text, &full).unwrap();
        assert!(checked.kept.is_none());
        assert_eq!(checked.into_tree().unwrap(), Tree::Text("ok".into()));
        fs::write(&path, b"\xff").unwrap();
        assert!(check_one(path, Kind::Text, &full).is_err());
    }
}
