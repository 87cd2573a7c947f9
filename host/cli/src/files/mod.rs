//! Files to map over: found by patterns, checked before anything runs, read as they are needed.

mod braces;
mod find;
mod left_out;
mod list;
mod pattern;

use std::{
    fs,
    num::NonZero,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use wask_value::Type;

pub(crate) use find::Found;

use crate::{
    args::SourceArgs,
    exit::{Failed, Result},
    expression::Tree,
    reading::ReadLimit,
    terminal,
};
use find::Named;
use left_out::{LeftOut, Reason};

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

    fn read(self, path: &Path, limit: ReadLimit) -> Result<Tree> {
        let bytes = limit.file(path)?;
        match self {
            Self::Bytes => Ok(Tree::Data(bytes)),
            Self::Text => String::from_utf8(bytes).map(Tree::Text).map_err(|error| {
                let at = error.utf8_error().valid_up_to();
                Failed::input(format!(
                    "{} is not UTF-8 (at byte {at}), which a string must be; leave it out, or use \
                     a function that takes `list<u8>`",
                    terminal::path(path)
                ))
            }),
        }
    }
}

/// A file that was checked.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) path: PathBuf,
    pub(crate) len: u64,
    kind: Kind,
    read_limit: ReadLimit,
    kept: Option<Tree>,
}

impl Checked {
    /// What is in it.
    pub(crate) fn into_tree(self) -> Result<Tree> {
        match self.kept {
            Some(tree) => Ok(tree),
            None => self.kind.read(&self.path, self.read_limit),
        }
    }
}

/// Finds what patterns and lists of files name, in their order, each file once.
pub(crate) fn find(args: &SourceArgs, read_limit: ReadLimit) -> Result<Found> {
    let mut found = Found::default();
    for pattern in &args.files {
        found.pattern(pattern, args.follow)?;
    }
    for list in &args.files_from {
        for path in list::paths(list, args.null_data, read_limit)? {
            found.listed(path)?;
        }
    }
    Ok(found)
}

/// Reads all files on all processors, so that one that cannot be used is told before anything
/// runs: the first of them. Those that a pattern matched and that may not be read are left out.
pub(crate) fn check(
    found: Found,
    kind: Kind,
    read_limit: ReadLimit,
) -> Result<(Vec<Checked>, LeftOut)> {
    let Found {
        files,
        mut left_out,
        ..
    } = found;
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let checking = Checking {
        kind,
        read_limit,
        kept: AtomicU64::new(0),
    };
    let part = files.len().div_ceil(threads).max(1);
    let parts: Vec<Result<Vec<Option<Checked>>>> = thread::scope(|scope| {
        let check = |files: &[Named]| {
            let (files, checking) = (files.to_vec(), &checking);
            scope.spawn(move || files.into_iter().map(|file| checking.one(file)).collect())
        };
        let started: Vec<_> = files.chunks(part).map(check).collect();
        let joined = started.into_iter().map(|thread| thread.join());
        joined
            .map(|part| part.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let mut checked = Vec::with_capacity(files.len());
    for part in parts {
        for file in part? {
            match file {
                Some(file) => checked.push(file),
                None => left_out.add(Reason::Unreadable),
            }
        }
    }
    Ok((checked, left_out))
}

struct Checking {
    kind: Kind,
    read_limit: ReadLimit,
    /// Bytes that are kept.
    kept: AtomicU64,
}

impl Checking {
    /// None where it may not be read, or is gone, and nobody asked for just this file.
    fn one(&self, file: Named) -> Result<Option<Checked>> {
        // A pipe is opened once only: who writes into it may be gone after that.
        let metadata = fs::metadata(&file.path).and_then(|metadata| match metadata.is_file() {
            true => fs::File::open(&file.path)?.metadata(),
            false => Ok(metadata),
        });
        let metadata = match metadata {
            Ok(metadata) => metadata,
            Err(_) if !file.is_asked_for => return Ok(None),
            // Reading it says what is wrong.
            Err(_) => return self.kind.read(&file.path, self.read_limit).map(|_| None),
        };
        let fits = |len| {
            self.kept
                .fetch_add(len, Ordering::Relaxed)
                .saturating_add(len)
                <= KEPT_BYTES
        };
        // What is no file may give its bytes once only.
        let is_kept = !metadata.is_file() || fits(metadata.len());
        let (len, kept) = match (is_kept, self.kind) {
            (true, kind) => {
                let tree = kind.read(&file.path, self.read_limit)?;
                (tree.known_bytes(), Some(tree))
            }
            // Looked through, and read again when it is needed.
            (false, Kind::Text) => {
                let tree = self.kind.read(&file.path, self.read_limit)?;
                (tree.known_bytes(), None)
            }
            (false, Kind::Bytes) if metadata.len() > self.read_limit.0 => {
                return Err(self.read_limit.too_much(terminal::path(&file.path)));
            }
            // Any bytes will do, and it can be opened.
            (false, Kind::Bytes) => (metadata.len(), None),
        };
        Ok(Some(Checked {
            path: file.path,
            len,
            kind: self.kind,
            read_limit: self.read_limit,
            kept,
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        ffi::OsStr,
        os::unix::{ffi::OsStrExt, fs::symlink},
    };

    use super::*;
    use crate::exit::Exit;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        folder
    }

    fn find_in(folder: &tempfile::TempDir, patterns: &[&str], follow: bool) -> Result<Found> {
        let patterns = patterns
            .iter()
            .map(|pattern| folder.path().join(pattern).into());
        let args = SourceArgs {
            files: patterns.collect(),
            follow,
            ..SourceArgs::default()
        };
        find(&args, ReadLimit::default())
    }

    fn names(folder: &tempfile::TempDir, found: &Found) -> Vec<String> {
        let name = |file: &Named| {
            let path = file.path.strip_prefix(folder.path()).unwrap();
            terminal::path(path).to_string()
        };
        found.files.iter().map(name).collect()
    }

    fn found(folder: &tempfile::TempDir, patterns: &[&str]) -> Vec<String> {
        names(folder, &find_in(folder, patterns, false).unwrap())
    }

    fn named(path: &Path) -> Named {
        Named {
            path: path.to_owned(),
            is_asked_for: true,
        }
    }

    fn found_files(files: Vec<Named>) -> Found {
        let mut found = Found::default();
        found.files = files;
        found
    }

    #[test]
    fn patterns_match_as_in_a_shell() {
        let folder = folder(&[
            ("b.txt", b""),
            ("a.txt", b""),
            ("sub/deep/c.txt", b""),
            ("sub/d.md", b""),
            (".hidden.txt", b""),
            (".git/e.txt", b""),
            ("x[1].txt", b""),
        ]);
        let all = ["a.txt", "b.txt", "sub/deep/c.txt", "x[1].txt"];
        for (patterns, expected) in [
            (&["*.txt"][..], &["a.txt", "b.txt", "x[1].txt"][..]),
            (&["**/*.txt"], &all),
            (&["b.txt", "*.txt"], &["b.txt", "a.txt", "x[1].txt"]),
            (&["*.txt", "*.txt"], &["a.txt", "b.txt", "x[1].txt"]),
            (&["x[1].txt"], &["x[1].txt"]),
            (&["{b,a}.txt"], &["b.txt", "a.txt"]),
            (&[".*.txt"], &[".hidden.txt"]),
            (&[".git"], &[".git/e.txt"]),
            (&["sub/**"], &["sub/d.md", "sub/deep/c.txt"]),
            (&["sub"], &["sub/d.md", "sub/deep/c.txt"]),
            (&["sub/"], &["sub/d.md", "sub/deep/c.txt"]),
            (&["*/*/c.txt", "./sub/../sub/deep/*"], &["sub/deep/c.txt"]),
        ] {
            assert_eq!(found(&folder, patterns), expected, "{patterns:?}");
        }
    }

    #[test]
    fn links_lead_to_each_file_once() {
        let folder = folder(&[("a.txt", b""), ("b.txt", b""), ("sub/c.txt", b"")]);
        let at = |name: &str| folder.path().join(name);
        symlink(".", at("loop")).unwrap();
        symlink("..", at("sub/up")).unwrap();
        symlink("sub", at("also")).unwrap();
        symlink("nothing", at("gone.txt")).unwrap();
        symlink("self.txt", at("self.txt")).unwrap();
        symlink("a.txt", at("z.txt")).unwrap();
        fs::create_dir(at("folder.txt")).unwrap();
        let found_now = find_in(&folder, &["**/*.txt"], false).unwrap();
        assert_eq!(names(&folder, &found_now), ["a.txt", "b.txt", "sub/c.txt"]);
        assert_eq!(
            found_now.left_out.to_string(),
            "1 folder, 3 links to folders (--follow goes into them), 2 links to nothing, \
             1 other name of the same file"
        );
        let followed = find_in(&folder, &["**/*.txt"], true).unwrap();
        assert_eq!(names(&folder, &followed), ["a.txt", "also/c.txt", "b.txt"]);
        // As in a shell, a link that is named is gone through.
        assert_eq!(found(&folder, &["al*/*.txt"]), ["also/c.txt"]);
        assert_eq!(found(&folder, &["l*/*.txt"]), ["loop/a.txt", "loop/b.txt"]);
    }

    #[test]
    fn two_hard_links_are_two_files() {
        let folder = folder(&[("a", b"")]);
        fs::hard_link(folder.path().join("a"), folder.path().join("b")).unwrap();
        assert_eq!(found(&folder, &["*"]), ["a", "b"]);
    }

    #[test]
    fn names_may_be_any_bytes() {
        let folder = folder(&[("good.txt", b""), ("line\nbreak.txt", b"")]);
        let name = OsStr::from_bytes(b"g\xff\x1b.txt");
        fs::write(folder.path().join(name), b"").unwrap();
        let all = ["g\\xff\\u{1b}.txt", "good.txt", "line\\nbreak.txt"];
        let all_found = find_in(&folder, &["*"], false).unwrap();
        let mut all_names = names(&folder, &all_found);
        all_names.sort_unstable();
        let mut expected = all;
        expected.sort_unstable();
        assert_eq!(all_names, expected);
        let mut one = Found::default();
        one.pattern(folder.path().join(name).as_os_str(), false)
            .unwrap();
        assert_eq!(names(&folder, &one), [all[0]]);
    }

    #[test]
    fn what_is_no_file_is_read_where_it_is_named() {
        let folder = folder(&[("a.txt", b"x")]);
        let pipe = folder.path().join("pipe.txt");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let matched = find_in(&folder, &["*.txt"], false).unwrap();
        assert_eq!(names(&folder, &matched), ["a.txt"]);
        assert_eq!(matched.left_out.to_string(), "1 pipe, socket or device");
        let asked_for = find_in(&folder, &["pipe.txt"], false).unwrap();
        let writer = thread::spawn(move || fs::write(pipe, "through").unwrap());
        let (files, _) = check(asked_for, Kind::Text, ReadLimit::default()).unwrap();
        writer.join().unwrap();
        let trees = files.into_iter().map(|file| file.into_tree().unwrap());
        assert_eq!(trees.collect::<Vec<_>>(), [Tree::Text("through".into())]);
        let zero = found_files(vec![named(Path::new("/dev/zero"))]);
        let error = check(zero, Kind::Bytes, ReadLimit(100))
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("/dev/zero holds more than"), "{error}");
    }

    #[test]
    fn no_match_names_the_pattern() {
        let folder = folder(&[("sub/a", b"")]);
        let error = find_in(&folder, &["no/*.txt"], false).unwrap_err();
        assert_eq!(error.exit, Exit::Input);
        assert!(
            error.to_string().starts_with("no file matches `/"),
            "{error}"
        );
        let error = find_in(&folder, &["s*"], false).unwrap_err().to_string();
        assert!(error.ends_with("left out: 1 folder"), "{error}");
        let error = find_in(&folder, &["[a"], false).unwrap_err().to_string();
        assert!(error.contains("is no pattern"), "{error}");
        symlink("nothing", folder.path().join("gone")).unwrap();
        let error = find_in(&folder, &["gone"], false).unwrap_err().to_string();
        assert!(error.ends_with("gone is a link to nothing"), "{error}");
    }

    #[test]
    fn lists_name_files() {
        let folder = folder(&[("a", b"1"), ("*", b"2"), ("sub/b", b"3")]);
        let list = folder.path().join("list");
        let at = |name: &str| folder.path().join(name).display().to_string();
        fs::write(&list, [at("*"), at("sub"), at("sub/b"), at("*")].join("\n")).unwrap();
        let args = SourceArgs {
            files_from: vec![list.clone()],
            ..SourceArgs::default()
        };
        let listed = find(&args, ReadLimit::default()).unwrap();
        assert_eq!(names(&folder, &listed), ["*", "sub/b"]);
        assert_eq!(listed.left_out.to_string(), "1 folder");
        fs::write(&list, at("none")).unwrap();
        let error = find(&args, ReadLimit::default()).unwrap_err().to_string();
        assert!(error.starts_with("cannot read /"), "{error}");
    }

    #[test]
    fn the_first_file_that_is_no_text_is_named() {
        let folder = folder(&[("a", b"ok"), ("b", b"no\xff"), ("c", b"\xff")]);
        let paths = || ["a", "b", "c"].map(|name| named(&folder.path().join(name)));
        let all = |kind| check(found_files(paths().to_vec()), kind, ReadLimit::default());
        let error = all(Kind::Text).unwrap_err();
        assert_eq!(error.exit, Exit::Input);
        assert!(
            error.to_string().contains("/b is not UTF-8 (at byte 2)"),
            "{error}"
        );
        let (checked, _) = all(Kind::Bytes).unwrap();
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
    fn what_is_gone_is_left_out_unless_it_was_asked_for() {
        let folder = folder(&[("a", b"")]);
        let mut gone = named(&folder.path().join("gone"));
        assert!(
            check(
                found_files(vec![gone.clone()]),
                Kind::Text,
                ReadLimit::default()
            )
            .is_err()
        );
        gone.is_asked_for = false;
        let (files, left_out) =
            check(found_files(vec![gone]), Kind::Text, ReadLimit::default()).unwrap();
        assert!(files.is_empty());
        assert_eq!(left_out.to_string(), "1 unreadable");
    }

    #[test]
    fn what_is_not_kept_is_read_again() {
        let folder = folder(&[("a", b"ok")]);
        let checking = Checking {
            kind: Kind::Text,
            read_limit: ReadLimit::default(),
            kept: AtomicU64::new(KEPT_BYTES),
        };
        let path = folder.path().join("a");
        let checked = checking.one(named(&path)).unwrap().unwrap();
        assert!(checked.kept.is_none());
        assert_eq!(checked.into_tree().unwrap(), Tree::Text("ok".into()));
        fs::write(&path, b"\xff").unwrap();
        assert!(checking.one(named(&path)).is_err());
    }
}
