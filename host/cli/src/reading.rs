//! Reading what a person names: files, pipes, devices and stdin, of which some never end.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use bytesize::ByteSize;

use crate::{
    exit::{Exit, Failed, OrExit, Result},
    terminal,
};

/// How much is read of one thing. Without an end, reading would go on until the system ends the
/// process, and others with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReadLimit(pub(crate) u64);

impl Default for ReadLimit {
    /// As much as a task has memory for, where nobody says otherwise.
    fn default() -> Self {
        Self(1 << 30)
    }
}

impl ReadLimit {
    /// All that is in a file.
    pub(crate) fn file(self, path: &Path) -> Result<Vec<u8>> {
        let opened = File::open(path).and_then(|file| Ok((file.metadata()?.len(), file)));
        let (len, file) = opened.or_exit(Exit::Input, || cannot_read(path))?;
        if len > self.0 {
            return Err(self.too_much(terminal::path(path)));
        }
        self.read(file, len, || terminal::path(path).to_string())
    }

    /// All that is in stdin.
    pub(crate) fn stdin(self) -> Result<Vec<u8>> {
        self.read(io::stdin().lock(), 0, || "stdin".into())
    }

    fn read(self, from: impl Read, len: u64, what: impl Fn() -> String) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(usize::try_from(len).unwrap_or(0));
        let read = from.take(self.0.saturating_add(1)).read_to_end(&mut bytes);
        read.or_exit(Exit::Input, || format!("cannot read {}", what()))?;
        match bytes.len() as u64 > self.0 {
            true => Err(self.too_much(what())),
            false => Ok(bytes),
        }
    }

    /// That there is more than may be read.
    pub(crate) fn too_much(self, what: impl std::fmt::Display) -> Failed {
        Failed::input(format!(
            "{what} holds more than {}, the most that is read; --read-limit SIZE takes more",
            ByteSize(self.0).display().iec()
        ))
    }
}

pub(crate) fn cannot_read(path: &Path) -> String {
    format!("cannot read {}", terminal::path(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_end_is_refused() {
        let error = ReadLimit(1000).file(Path::new("/dev/zero")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "/dev/zero holds more than 1000 B, the most that is read; --read-limit SIZE takes more"
        );
    }

    #[test]
    fn just_as_much_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, "four").unwrap();
        assert_eq!(ReadLimit(4).file(&path).unwrap(), b"four");
        assert!(ReadLimit(3).file(&path).is_err());
    }
}
