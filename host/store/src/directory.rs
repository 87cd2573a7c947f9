//! Spilled objects as files in a folder.
//!
//! Each process has a folder of its own inside the one that was named, `wask-spill-…`, readable by
//! nobody else, and holds a lock on a file in it. A folder whose lock is free belongs to a process
//! that died: whoever comes next removes it. Files need not survive their process, so nothing is
//! synced; they are renamed into place so that a half-written one is never read.

use std::{
    fs::{self, DirBuilder, TryLockError},
    io::{self, Read, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use cap_std::{
    ambient_authority,
    fs::{Dir, OpenOptions},
};

use crate::{Error, FileId, SpillBackend};

const PREFIX: &str = "wask-spill-";
const LOCK: &str = "lock";

/// A folder that spilled objects go to. It is removed when this is dropped.
pub struct Directory {
    parent: Dir,
    name: PathBuf,
    own: Dir,
    /// Held as long as the folder is in use.
    _lock: fs::File,
}

impl Directory {
    /// A new folder inside `path`, which is made if it is not there. Folders that processes left
    /// there when they died are removed.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::create(path).map_err(|source| Error::Directory {
            path: path.to_owned(),
            source,
        })
    }

    fn create(path: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        let parent = Dir::open_ambient_dir(path, ambient_authority())?;
        // Whoever creates or removes folders here does so alone: a new one is not locked yet.
        let guard = open_lock(&parent, &format!("{PREFIX}lock"))?;
        guard.lock()?;
        remove_stale(&parent)?;
        let name = unused_name(&parent);
        let mut builder = cap_std::fs::DirBuilder::new();
        cap_std::fs::DirBuilderExt::mode(&mut builder, 0o700);
        parent.create_dir_with(&name, &builder)?;
        let own = parent.open_dir(&name)?;
        let lock = open_lock(&own, LOCK)?;
        lock.lock()?;
        Ok(Self {
            parent,
            name,
            own,
            _lock: lock,
        })
    }
}

impl SpillBackend for Directory {
    fn write(&mut self, file: FileId, bytes: &[u8]) -> io::Result<()> {
        let (name, temporary) = (file_name(file), format!("{}.tmp", file_name(file)));
        let written = self
            .own
            .create(&temporary)
            .and_then(|mut new| new.write_all(bytes))
            .and_then(|()| self.own.rename(&temporary, &self.own, &name));
        if written.is_err() {
            // Gives the room back to a full disk; that it fails too changes nothing.
            let _ = self.own.remove_file(&temporary);
        }
        written
    }

    fn read(&mut self, file: FileId, nbytes: u64) -> io::Result<Vec<u8>> {
        let opened = self.own.open(file_name(file))?;
        let length = opened.metadata()?.len();
        if length != nbytes {
            let message = format!("the file has {length} bytes instead of {nbytes}");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        let capacity = usize::try_from(nbytes).map_err(io::Error::other)?;
        let mut bytes = Vec::with_capacity(capacity);
        opened.take(nbytes).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn remove(&mut self, file: FileId) -> io::Result<()> {
        self.own.remove_file(file_name(file))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if let Err(error) = self.parent.remove_dir_all(&self.name) {
            let folder = self.name.display();
            tracing::warn!(%folder, %error, "spilled results are left behind");
        }
    }
}

fn file_name(file: FileId) -> String {
    format!("{:016x}", file.0)
}

fn open_lock(dir: &Dir, name: &str) -> io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    Ok(dir.open_with(name, &options)?.into_std())
}

/// A name that no process uses at this time: the number counts the stores of this process.
fn unused_name(parent: &Dir) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    loop {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = PathBuf::from(format!("{PREFIX}{}-{count}", process::id()));
        if !parent.exists(&name) {
            return name;
        }
    }
}

/// Removes the folders of processes that died. One that cannot be removed, somebody else's for
/// instance, is let be.
fn remove_stale(parent: &Dir) -> io::Result<()> {
    for entry in parent.entries()? {
        let entry = entry?;
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(|name| name.starts_with(PREFIX));
        if !ours || !entry.file_type()?.is_dir() {
            continue;
        }
        let Ok(dir) = parent.open_dir(&name) else {
            continue;
        };
        match open_lock(&dir, LOCK).map(|lock| lock.try_lock().map(|()| lock)) {
            Ok(Ok(_free)) => match parent.remove_dir_all(&name) {
                Ok(()) => tracing::info!(folder = ?name, "removed what a dead process spilled"),
                Err(error) => tracing::warn!(folder = ?name, %error, "a stale folder stays"),
            },
            Ok(Err(TryLockError::WouldBlock)) => {}
            Ok(Err(TryLockError::Error(error))) | Err(error) => {
                tracing::warn!(folder = ?name, %error, "cannot tell whether a folder is stale");
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(path: &Path) -> usize {
        let entries = fs::read_dir(path).unwrap();
        entries
            .filter(|entry| entry.as_ref().unwrap().path().is_dir())
            .count()
    }

    #[test]
    fn files_come_back_until_the_folder_goes() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("new/spill");
        let mut directory = Directory::open(&path).unwrap();
        directory.write(FileId(1), b"one").unwrap();
        assert_eq!(directory.read(FileId(1), 3).unwrap(), b"one");
        assert!(directory.read(FileId(1), 4).is_err());
        directory.remove(FileId(1)).unwrap();
        assert!(directory.read(FileId(1), 3).is_err());
        assert_eq!(folders(&path), 1);
        drop(directory);
        assert_eq!(folders(&path), 0);
    }

    #[test]
    fn only_folders_of_the_dead_are_removed() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path();
        for dead in ["wask-spill-1-0", "wask-spill-2-0"] {
            fs::create_dir(path.join(dead)).unwrap();
            fs::write(path.join(dead).join("0000000000000001"), b"x").unwrap();
        }
        fs::create_dir(path.join("not-ours")).unwrap();
        let mut alive = Directory::open(path).unwrap();
        alive.write(FileId(7), b"seven").unwrap();
        let second = Directory::open(path).unwrap();
        assert_eq!(alive.read(FileId(7), 5).unwrap(), b"seven");
        assert_eq!(folders(path), 3);
        drop((alive, second));
        assert_eq!(folders(path), 1);
        assert!(path.join("not-ours").is_dir());
    }

    #[test]
    fn a_path_that_is_no_folder_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let Err(error) = Directory::open(file.path()) else {
            panic!("a file is no folder");
        };
        assert!(error.to_string().contains(file.path().to_str().unwrap()));
    }
}
