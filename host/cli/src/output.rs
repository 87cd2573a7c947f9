//! What goes to stdout, or to the file of `-o`: results, and nothing else.
//!
//! Messages for people go to stderr ([`note`]), so that a result can be piped.

use std::{
    fmt,
    fs::{File, OpenOptions, Permissions},
    io::{self, BufWriter, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;
use wask_value::{Type, Value, json, wave};

use crate::{
    args::OutputArgs,
    exit::{Exit, Failed, OrExit, Result},
};

/// Says something to people.
pub(crate) fn note(text: impl fmt::Display) {
    // Nothing can be done where stderr is closed.
    let _ = writeln!(io::stderr(), "wask: {text}");
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Wave,
    Json,
    Raw,
}

/// Where results go, and in which form.
pub(crate) struct Output {
    format: Format,
    sink: Sink,
    /// Whoever read stdout has gone, as `head` does. That is no error.
    is_closed: bool,
}

enum Sink {
    Stdout(BufWriter<io::Stdout>),
    /// Takes the place of the file when all is written.
    Replace(BufWriter<NamedTempFile>, PathBuf),
    /// What is no regular file, such as /dev/null, is written to as it is.
    Device(BufWriter<File>, PathBuf),
}

impl Output {
    /// Opens the output, so that a path that cannot be written is told before anything runs.
    pub(crate) fn open(args: &OutputArgs) -> Result<Self> {
        let format = match (args.json, args.raw) {
            (true, _) => Format::Json,
            (_, true) => Format::Raw,
            _ => Format::Wave,
        };
        let sink = match &args.output {
            None => Sink::Stdout(BufWriter::new(io::stdout())),
            Some(path) => open_file(path)
                .or_exit(Exit::Machine, || format!("cannot write {}", path.display()))?,
        };
        Ok(Self {
            format,
            sink,
            is_closed: false,
        })
    }

    /// For commands that only choose between text and JSON.
    pub(crate) fn stdout(json: bool) -> Self {
        Self {
            format: if json { Format::Json } else { Format::Wave },
            sink: Sink::Stdout(BufWriter::new(io::stdout())),
            is_closed: false,
        }
    }

    /// Whether values of this type can be written at all. To be asked before anything runs.
    pub(crate) fn check(&self, ty: &Type) -> Result {
        match self.format {
            Format::Raw if !is_raw(ty) => Err(Failed::input(format!(
                "--raw writes a `list<u8>` or a `string`, but the result is {ty}; use --json"
            ))),
            _ => Ok(()),
        }
    }

    /// Writes an encoded value.
    pub(crate) fn value(&mut self, ty: &Type, bytes: &[u8]) -> Result {
        let to_file = !matches!(self.sink, Sink::Stdout(_));
        match self.format {
            Format::Json => self.line(to_json(ty, bytes)?),
            Format::Raw => self.raw(ty, bytes),
            Format::Wave if to_file && is_raw(ty) => self.raw(ty, bytes),
            Format::Wave => self.line(to_wave(ty, bytes)?),
        }
    }

    /// Writes JSON on a line of its own.
    pub(crate) fn json(&mut self, value: &serde_json::Value) -> Result {
        self.line(value)
    }

    /// Writes a line.
    pub(crate) fn line(&mut self, text: impl fmt::Display) -> Result {
        self.write(|sink| writeln!(sink, "{text}"))
    }

    fn raw(&mut self, ty: &Type, bytes: &[u8]) -> Result {
        match wask_value::decode(ty, bytes)? {
            Value::Bytes(bytes) => self.write(|sink| sink.write_all(&bytes)),
            Value::String(text) => self.write(|sink| sink.write_all(text.as_bytes())),
            _ => self.check(ty),
        }
    }

    fn write(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result {
        if self.is_closed {
            return Ok(());
        }
        let result = match &mut self.sink {
            Sink::Stdout(sink) => write(sink),
            Sink::Replace(sink, _) => write(sink),
            Sink::Device(sink, _) => write(sink),
        };
        self.done(result)
    }

    fn done(&mut self, result: io::Result<()>) -> Result {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(())
            }
            result => result.or_exit(Exit::Machine, || format!("cannot write {}", self.place())),
        }
    }

    fn place(&self) -> String {
        match &self.sink {
            Sink::Stdout(_) => "to stdout".into(),
            Sink::Replace(_, path) | Sink::Device(_, path) => path.display().to_string(),
        }
    }

    /// Hands over what was written so far.
    pub(crate) fn flush(&mut self) -> Result {
        self.write(|sink| sink.flush())
    }

    /// Ends the output. Only now does the file of `-o` appear.
    pub(crate) fn finish(mut self) -> Result {
        self.flush()?;
        let place = self.place();
        match self.sink {
            Sink::Replace(sink, path) => {
                let file = sink.into_inner().map_err(io::IntoInnerError::into_error);
                let placed = file.and_then(|file| Ok(file.persist(&path)?));
                placed.or_exit(Exit::Machine, || format!("cannot write {place}"))?;
                Ok(())
            }
            Sink::Stdout(_) | Sink::Device(..) => Ok(()),
        }
    }
}

fn open_file(path: &Path) -> io::Result<Sink> {
    if path.exists() && !path.is_file() {
        let file = OpenOptions::new().write(true).open(path)?;
        return Ok(Sink::Device(BufWriter::new(file), path.to_owned()));
    }
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let file = tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)?;
    Ok(Sink::Replace(BufWriter::new(file), path.to_owned()))
}

fn is_raw(ty: &Type) -> bool {
    match ty {
        Type::String => true,
        Type::List(element) => **element == Type::U8,
        _ => false,
    }
}

/// An encoded value as WAVE.
pub(crate) fn to_wave(ty: &Type, bytes: &[u8]) -> Result<String> {
    let value = wask_value::decode(ty, bytes)?;
    Ok(wave::to_string(ty, &value)?)
}

/// An encoded value as JSON.
pub(crate) fn to_json(ty: &Type, bytes: &[u8]) -> Result<serde_json::Value> {
    let value = wask_value::decode(ty, bytes)?;
    Ok(json::to_json(ty, &value)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(args: OutputArgs, ty: &str, text: &str) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let args = OutputArgs {
            output: Some(path.clone()),
            ..args
        };
        let ty: Type = ty.parse().unwrap();
        let value = wave::parse(&ty, text).unwrap();
        let bytes = wask_value::encode(&ty, &value).unwrap();
        let mut output = Output::open(&args).unwrap();
        output.value(&ty, &bytes).unwrap();
        assert!(!path.exists());
        output.finish().unwrap();
        std::fs::read(path).unwrap()
    }

    #[test]
    fn a_file_gets_bytes_and_text_as_they_are() {
        assert_eq!(
            written(OutputArgs::default(), "list<u8>", "[1, 255]"),
            [1, 255]
        );
        assert_eq!(written(OutputArgs::default(), "string", "\"a\\n\""), b"a\n");
        assert_eq!(
            written(OutputArgs::default(), "list<u32>", "[1, 2]"),
            b"[1, 2]\n"
        );
    }

    #[test]
    fn json_is_json_wherever_it_goes() {
        let args = OutputArgs {
            json: true,
            ..OutputArgs::default()
        };
        assert_eq!(
            written(args.clone(), "list<u8>", "[1]"),
            b"{\"$bytes\":\"AQ==\"}\n"
        );
        assert_eq!(
            written(args, "tuple<string, u8>", "(\"a\", 1)"),
            b"[\"a\",1]\n"
        );
    }

    #[test]
    fn raw_needs_bytes_or_text() {
        let args = OutputArgs {
            raw: true,
            ..OutputArgs::default()
        };
        let output = Output::open(&args).unwrap();
        assert!(output.check(&Type::String).is_ok());
        let error = output.check(&Type::U8).unwrap_err();
        assert_eq!(error.exit, Exit::Input);
    }

    #[test]
    fn a_folder_that_is_not_there_is_told_at_once() {
        let args = OutputArgs {
            output: Some("/no/such/folder/out".into()),
            ..OutputArgs::default()
        };
        let error = Output::open(&args).err().unwrap();
        assert_eq!(error.exit, Exit::Machine);
        assert!(
            error
                .to_string()
                .starts_with("cannot write /no/such/folder/out: ")
        );
    }

    #[test]
    fn devices_are_written_to() {
        let args = OutputArgs {
            output: Some("/dev/null".into()),
            ..OutputArgs::default()
        };
        Output::open(&args).unwrap().finish().unwrap();
        assert!(!Path::new("/dev/null").is_file());
    }
}
