//! The files that patterns match.
//!
//! Each folder is read once for what a pattern may still match in it, so that a walk goes nowhere
//! where nothing can be meant. A link to a folder is gone through where the pattern names it, as in a
//! shell; `**` goes through none, unless links are to be followed.

use std::{
    collections::{HashMap, HashSet, hash_map},
    ffi::{OsStr, OsString},
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    vec,
};

use super::{
    left_out::{LeftOut, Reason},
    pattern::{Pattern, Progress},
};
use crate::{
    exit::{Exit, Failed, OrExit, Result},
    terminal,
};

/// What is to be read.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) files: Vec<Named>,
    pub(crate) left_out: LeftOut,
    /// How many files have matched, those too that were there already.
    matched: u64,
    seen: HashMap<FileId, Seen>,
}

/// A file, as it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) path: PathBuf,
    /// Whether just this one was asked for: then it is no way out that it cannot be read.
    pub(crate) is_asked_for: bool,
}

/// A file that is read, by its first name.
#[derive(Debug)]
struct Seen {
    first: PathBuf,
    /// Where it and its other hard links are, once there was a second name.
    places: HashSet<Option<PathBuf>>,
}

/// Its device, and its number there.
type FileId = (u64, u64);

impl Found {
    /// Adds what a pattern stands for: a file of just this name, all beneath a folder, or what
    /// matches.
    pub(crate) fn pattern(&mut self, typed: &OsStr, follow: bool) -> Result {
        let before = self.matched;
        let path = Path::new(typed);
        match fs::metadata(path) {
            // Whatever is in the name.
            Ok(metadata) if metadata.is_dir() => {
                self.walk(&Pattern::beneath(path.to_owned()), follow)?;
            }
            Ok(metadata) => {
                self.take(path.to_owned(), &metadata, true);
                // Its name may be a pattern too, which it must not hide. What else that stands for
                // need not be there.
                let patterns = Pattern::is_wild(typed).then(|| Pattern::parse(typed));
                for pattern in patterns.into_iter().flatten().flatten() {
                    let _ = self.walk(&pattern, follow);
                }
            }
            Err(_) if is_dangling(path) => {
                let shown = terminal::path(path);
                return Err(Failed::input(format!("{shown} is a link to nothing")));
            }
            Err(error) => {
                let patterns = Pattern::parse(typed)?;
                if error.kind() != io::ErrorKind::NotFound && patterns.iter().all(Pattern::is_plain)
                {
                    let shown = terminal::path(path);
                    return Err(error).or_exit(Exit::Input, || format!("cannot read {shown}"));
                }
                for pattern in &patterns {
                    self.walk(pattern, follow)?;
                }
            }
        }
        match self.matched == before {
            true => Err(self.nothing(typed)),
            false => Ok(()),
        }
    }

    /// Adds a file of a list. A folder is left out: those that list files list these too.
    pub(crate) fn listed(&mut self, path: PathBuf) -> Result {
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => self.left_out.add(Reason::Folder),
            Ok(metadata) if metadata.is_file() => self.take(path, &metadata, true),
            // Nobody may ever write into a pipe that was only found.
            Ok(_) => self.left_out.add(Reason::Special),
            Err(_) if is_dangling(&path) => self.left_out.add(Reason::Dangling),
            Err(error) => {
                let shown = terminal::path(&path);
                return Err(error).or_exit(Exit::Input, || format!("cannot read {shown}"));
            }
        }
        Ok(())
    }

    fn nothing(&self, typed: &OsStr) -> Failed {
        let shown = terminal::path(Path::new(typed));
        Failed::input(match self.left_out.is_empty() {
            true => format!(
                "no file matches `{shown}`; `**` stands for any folders, and the pattern should be \
                 in quotes"
            ),
            false => format!("no file matches `{shown}`; left out: {}", self.left_out),
        })
    }

    /// Adds a file, unless it is there by this or another name.
    fn take(&mut self, path: PathBuf, metadata: &fs::Metadata, is_asked_for: bool) {
        self.matched += 1;
        match self.seen.entry(id_of(metadata)) {
            hash_map::Entry::Vacant(entry) => {
                entry.insert(Seen {
                    first: path.clone(),
                    places: HashSet::new(),
                });
            }
            hash_map::Entry::Occupied(mut entry) => {
                let seen = entry.get_mut();
                if seen.first == path {
                    return;
                }
                let place = |path: &Path| fs::canonicalize(path).ok();
                if seen.places.is_empty() {
                    seen.places.insert(place(&seen.first));
                }
                // Two hard links are two files with the same content, as for everybody who reads
                // them. What is no file gives its bytes once.
                if !metadata.is_file() || !seen.places.insert(place(&path)) {
                    return self.left_out.add(Reason::AnotherName);
                }
            }
        }
        self.files.push(Named { path, is_asked_for });
    }

    fn walk(&mut self, pattern: &Pattern, follow: bool) -> Result {
        let root = pattern.root.clone();
        if pattern.is_plain() {
            return match fs::metadata(&root) {
                Ok(metadata) if metadata.is_dir() => self.walk(&Pattern::beneath(root), follow),
                Ok(metadata) => {
                    self.take(root, &metadata, true);
                    Ok(())
                }
                Err(_) => Err(self.nothing(root.as_os_str())),
            };
        }
        let mut visited = HashSet::new();
        let mut open = Vec::new();
        self.enter(
            Folder {
                path: root,
                at: pattern.start(),
            },
            &mut visited,
            &mut open,
        );
        while let Some(folder) = open.last_mut() {
            match folder.names.next() {
                Some(name) => {
                    let inner = self.look_at(pattern, folder, &name, follow);
                    if let Some(inner) = inner {
                        self.enter(inner, &mut visited, &mut open);
                    }
                }
                None => _ = open.pop(),
            }
        }
        Ok(())
    }

    /// Reads the names in a folder, unless it was gone through for the same before.
    fn enter(
        &mut self,
        folder: Folder,
        visited: &mut HashSet<(FileId, Progress)>,
        open: &mut Vec<Open>,
    ) {
        let place = match folder.path.as_os_str().is_empty() {
            true => Path::new("."),
            false => &folder.path,
        };
        let names = fs::metadata(place).and_then(|metadata| {
            if !metadata.is_dir() {
                return Ok(Vec::new());
            }
            if !visited.insert((id_of(&metadata), folder.at.clone())) {
                return Ok(Vec::new());
            }
            let names = fs::read_dir(place)?.map(|entry| Ok(entry?.file_name()));
            let mut names: Vec<OsString> = names.collect::<io::Result<_>>()?;
            names.sort_unstable();
            Ok(names)
        });
        match names {
            Ok(names) => open.push(Open {
                folder,
                names: names.into_iter(),
            }),
            // A root that does not exist matches nothing.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(_) => self.left_out.add(Reason::Unreadable),
        }
    }

    /// Takes or leaves what is called so, and tells the folder that is to be gone into.
    fn look_at(
        &mut self,
        pattern: &Pattern,
        open: &Open,
        name: &OsStr,
        follow: bool,
    ) -> Option<Folder> {
        let at = pattern.step(&open.folder.at, name);
        let (is_match, goes_on) = (pattern.is_match(&at), pattern.goes_on(&at));
        if !(is_match || goes_on) {
            return None;
        }
        let path = open.folder.path.join(name);
        let metadata = match fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(_) if !is_match => return None,
            Err(_) if is_dangling(&path) => {
                self.left_out.add(Reason::Dangling);
                return None;
            }
            Err(_) => {
                self.left_out.add(Reason::Unreadable);
                return None;
            }
        };
        if !metadata.is_dir() {
            match (is_match, metadata.is_file()) {
                (true, true) => self.take(path, &metadata, false),
                (true, false) => self.left_out.add(Reason::Special),
                (false, _) => {}
            }
            return None;
        }
        if pattern.is_named(&at) {
            self.left_out.add(Reason::Folder);
        }
        let at = match !follow && path.is_symlink() {
            false => at,
            true => {
                let through = pattern.step_through_link(&open.folder.at, name);
                if goes_on && !pattern.goes_on(&through) {
                    self.left_out.add(Reason::LinkToFolder);
                }
                through
            }
        };
        pattern.goes_on(&at).then_some(Folder { path, at })
    }
}

/// A folder, and where the pattern is there.
struct Folder {
    path: PathBuf,
    at: Progress,
}

/// A folder that is being gone through.
struct Open {
    folder: Folder,
    names: vec::IntoIter<OsString>,
}

fn id_of(metadata: &fs::Metadata) -> FileId {
    (metadata.dev(), metadata.ino())
}

fn is_dangling(path: &Path) -> bool {
    path.is_symlink() && fs::metadata(path).is_err()
}
