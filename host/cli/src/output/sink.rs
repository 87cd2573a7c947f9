//! Where results are written: stdout, or a file that is changed only when all is there.

use std::{
    fs::{File, OpenOptions, Permissions},
    io::{self, BufWriter, Seek, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use nix::fcntl::posix_fallocate;
use tempfile::NamedTempFile;

use crate::{
    exit::{Exit, OrExit, Result},
    terminal,
};

pub(super) enum Sink {
    Stdout(BufWriter<io::Stdout>),
    /// Becomes the file when all is written.
    New(BufWriter<NamedTempFile>, PathBuf),
    /// Takes the place of what is in a file when all is written. The file stays the one it is, with
    /// its mode, its owner and all its links.
    Existing {
        written: BufWriter<File>,
        file: File,
        path: PathBuf,
    },
    /// What is no regular file, such as /dev/null, is written to as it is.
    Device(BufWriter<File>, PathBuf),
}

impl Sink {
    pub(super) fn stdout() -> Self {
        Self::Stdout(BufWriter::new(io::stdout()))
    }

    pub(super) fn file(path: &Path) -> Result<Self> {
        open(path).or_exit(Exit::Machine, || cannot_write(path))
    }

    pub(super) fn is_stdout(&self) -> bool {
        matches!(self, Self::Stdout(_))
    }

    pub(super) fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Stdout(sink) => sink,
            Self::New(sink, _) => sink,
            Self::Existing { written: sink, .. } | Self::Device(sink, _) => sink,
        }
    }

    pub(super) fn cannot_write(&self) -> String {
        match self {
            Self::Stdout(_) => "cannot write to stdout".into(),
            Self::New(_, path) | Self::Existing { path, .. } | Self::Device(_, path) => {
                cannot_write(path)
            }
        }
    }

    /// Puts what was written in its place.
    pub(super) fn finish(self) -> Result {
        let message = self.cannot_write();
        self.place().or_exit(Exit::Machine, || message)
    }

    fn place(self) -> io::Result<()> {
        match self {
            Self::New(sink, path) => {
                let written = sink.into_inner()?;
                written
                    .persist(&path)
                    .map_err(|error| unnamed(&error.error))?;
            }
            Self::Existing {
                written, mut file, ..
            } => {
                let mut written = written.into_inner()?;
                let len = written.stream_position()?;
                reserve(&file, len)?;
                written.rewind()?;
                io::copy(&mut written, &mut file)?;
                file.set_len(len)?;
            }
            Self::Stdout(_) | Self::Device(..) => {}
        }
        Ok(())
    }
}

/// An error without the name of a file that only passes.
fn unnamed(error: &io::Error) -> io::Error {
    let text = error.to_string();
    let what = text.split(" at path ").next().unwrap_or(&text);
    io::Error::new(error.kind(), what)
}

/// Gets room for what is to be written, while what is there is still whole.
fn reserve(file: &File, len: u64) -> io::Result<()> {
    let before = file.metadata()?.len();
    if len <= before {
        return Ok(());
    }
    let Ok(len) = len.try_into() else {
        return Err(io::ErrorKind::FileTooLarge.into());
    };
    posix_fallocate(file, 0, len).map_err(|error| {
        // It may have come a part of the way.
        let _ = file.set_len(before);
        error.into()
    })
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", terminal::path(path))
}

fn open(path: &Path) -> io::Result<Sink> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    match OpenOptions::new().write(true).open(path) {
        Ok(file) if file.metadata()?.is_file() => {
            // Beside the file there is room for it, if its folder can be written.
            let written = tempfile::tempfile_in(folder).or_else(|_| tempfile::tempfile())?;
            Ok(Sink::Existing {
                written: BufWriter::new(written),
                file,
                path: path.to_owned(),
            })
        }
        Ok(file) => Ok(Sink::Device(BufWriter::new(file), path.to_owned())),
        // A link to nothing is written through too: what it names begins to be.
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.is_symlink() => {
            let file = File::create(path)?;
            Ok(Sink::Device(BufWriter::new(file), path.to_owned()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let file = tempfile::Builder::new()
                .permissions(Permissions::from_mode(0o666))
                .tempfile_in(folder)
                .map_err(|error| unnamed(&error))?;
            Ok(Sink::New(BufWriter::new(file), path.to_owned()))
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    fn write(path: &Path, text: &str) {
        let mut sink = Sink::file(path).unwrap();
        sink.writer().write_all(text.as_bytes()).unwrap();
        sink.finish().unwrap();
    }

    #[test]
    fn an_existing_file_stays_the_one_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link, hard) = ["file", "link", "hard"]
            .map(|name| folder.path().join(name))
            .into();
        fs::write(&file, "long before").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        symlink("file", &link).unwrap();
        fs::hard_link(&file, &hard).unwrap();
        write(&link, "new");
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&hard).unwrap(), "new");
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let mut sink = Sink::file(&file).unwrap();
        sink.writer().write_all(b"never done").unwrap();
        drop(sink);
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
    }

    #[test]
    fn what_has_no_room_leaves_the_file_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "before").unwrap();
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        for len in [1 << 60, u64::MAX] {
            assert!(reserve(&file, len).is_err(), "no disk is that large");
            assert_eq!(fs::read_to_string(&path).unwrap(), "before");
        }
    }

    #[test]
    fn what_cannot_be_written_is_told_by_its_own_name() {
        let Err(failed) = Sink::file(Path::new("/no/folder/file")) else {
            panic!("there is none");
        };
        let told = failed.to_string();
        assert!(told.contains("/no/folder/file: No such file"), "{told}");
        assert!(!told.contains(".tmp"), "{told}");
    }

    #[test]
    fn a_new_file_appears_when_all_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new");
        let mut sink = Sink::file(&path).unwrap();
        sink.writer().write_all(b"x").unwrap();
        assert!(!path.exists());
        sink.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "x");
        let dangling = folder.path().join("dangling");
        symlink("target", &dangling).unwrap();
        write(&dangling, "through");
        assert_eq!(
            fs::read_to_string(folder.path().join("target")).unwrap(),
            "through"
        );
    }
}
