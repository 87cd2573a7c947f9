//! What goes to stdout, or to the file of `-o`: results, and nothing else.
//!
//! Messages for people go to stderr ([`note`]), so that a result can be piped.

mod sink;

use std::{
    fmt,
    io::{self, Write},
    path::Path,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use serde_json::json;
use wask_value::{Type, Value, json, wave};

use crate::{
    args::OutputArgs,
    exit::{Exit, Failed, OrExit, Result},
    terminal,
};
use sink::Sink;

/// Says something to people.
pub(crate) fn note(text: impl fmt::Display) {
    // Nothing can be done where stderr is closed.
    let _ = writeln!(terminal::stderr(), "wask: {text}");
}

/// How long something may take before people are told what it is.
const SILENCE: Duration = Duration::from_secs(1);

/// Tells people what goes on, if it takes longer than a moment.
pub(crate) struct Waiting {
    /// Dropped when it is over, which the thread notices.
    _over: mpsc::Sender<()>,
}

impl Waiting {
    pub(crate) fn new(what: impl fmt::Display) -> Self {
        let (over, is_over) = mpsc::channel();
        let what = what.to_string();
        thread::spawn(move || {
            if is_over.recv_timeout(SILENCE) == Err(RecvTimeoutError::Timeout) {
                note(what);
            }
        });
        Self { _over: over }
    }
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
    /// What comes after each result that is written as it is.
    separator: Option<u8>,
    /// Whoever read stdout has gone, as `head` does. That is no error.
    is_closed: bool,
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
            None => Sink::stdout(),
            Some(path) if path == Path::new("-") => Sink::stdout(),
            Some(path) => Sink::file(path)?,
        };
        Ok(Self::new(format, sink))
    }

    /// Bytes for a file, as they are.
    pub(crate) fn file(path: &Path) -> Result<Self> {
        Ok(Self::new(Format::Raw, Sink::file(path)?))
    }

    fn new(format: Format, sink: Sink) -> Self {
        Self {
            format,
            sink,
            separator: None,
            is_closed: false,
        }
    }

    /// Writes something after each result that is written as it is: there are several.
    pub(crate) fn separate(&mut self, null_data: bool) {
        self.separator = Some(if null_data { 0 } else { b'\n' });
    }

    /// Whether whoever read stdout has gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// For commands that only choose between text and JSON.
    pub(crate) fn stdout(json: bool) -> Self {
        let format = if json { Format::Json } else { Format::Wave };
        Self::new(format, Sink::stdout())
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
        match self.format {
            Format::Json => self.json(&to_json(ty, bytes)?),
            Format::Raw => self.raw(ty, bytes),
            Format::Wave if !self.sink.is_stdout() && is_raw(ty) => self.raw(ty, bytes),
            Format::Wave => self.line(to_wave(ty, bytes)?),
        }
    }

    /// Writes an encoded value, with the name of what it is of in front.
    pub(crate) fn tagged(&mut self, tag: &str, ty: &Type, bytes: &[u8]) -> Result {
        match self.format {
            Format::Json => self.json(&json!({ "item": tag, "value": to_json(ty, bytes)? })),
            Format::Raw => self.value(ty, bytes),
            Format::Wave => self.line(format_args!("{tag}\t{}", to_wave(ty, bytes)?)),
        }
    }

    /// Writes an encoded value, with its place among others in front.
    pub(crate) fn numbered(&mut self, index: usize, ty: &Type, bytes: &[u8]) -> Result {
        match self.format {
            Format::Json => self.json(&json!({ "index": index, "value": to_json(ty, bytes)? })),
            Format::Raw => self.value(ty, bytes),
            Format::Wave => self.line(format_args!("{index}\t{}", to_wave(ty, bytes)?)),
        }
    }

    /// Writes an encoded value where it stands among failures.
    pub(crate) fn outcome(&mut self, tag: Option<&str>, ty: &Type, bytes: &[u8]) -> Result {
        match (self.format, tag) {
            (_, Some(tag)) => self.tagged(tag, ty, bytes),
            (Format::Json, None) => self.json(&json!({ "value": to_json(ty, bytes)? })),
            (_, None) => self.value(ty, bytes),
        }
    }

    /// Writes a failure where a value would stand. Bytes as they are have no place for one.
    pub(crate) fn failure(&mut self, item: &str, kind: &str, message: &str) -> Result {
        match self.format {
            Format::Json => {
                let error = json!({ "item": item, "kind": kind, "message": message });
                self.json(&json!({ "error": error }))
            }
            Format::Raw => Ok(()),
            Format::Wave => {
                let message = terminal::line(message.as_bytes());
                self.line(format_args!("failed: {item}: {message}"))
            }
        }
    }

    /// Writes bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result {
        let separator = self.separator;
        self.write(|sink| {
            sink.write_all(bytes)?;
            sink.write_all(separator.as_slice())
        })
    }

    /// Writes JSON on a line of its own.
    pub(crate) fn json(&mut self, value: &serde_json::Value) -> Result {
        self.line(terminal::json(value))
    }

    /// Writes a line.
    pub(crate) fn line(&mut self, text: impl fmt::Display) -> Result {
        self.write(|sink| writeln!(terminal::Plain(sink), "{text}"))
    }

    fn raw(&mut self, ty: &Type, bytes: &[u8]) -> Result {
        match wask_value::decode(ty, bytes)? {
            Value::Bytes(bytes) => self.bytes(&bytes),
            Value::String(text) => self.bytes(text.as_bytes()),
            _ => self.check(ty),
        }
    }

    fn write(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result {
        if self.is_closed {
            return Ok(());
        }
        let result = write(self.sink.writer());
        self.done(result)
    }

    fn done(&mut self, result: io::Result<()>) -> Result {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(())
            }
            result => result.or_exit(Exit::Machine, || self.sink.cannot_write()),
        }
    }

    /// Hands over what was written so far.
    pub(crate) fn flush(&mut self) -> Result {
        self.write(|sink| sink.flush())
    }

    /// Ends the output. Only now does the file of `-o` appear.
    pub(crate) fn finish(mut self) -> Result {
        self.flush()?;
        self.sink.finish()
    }
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
