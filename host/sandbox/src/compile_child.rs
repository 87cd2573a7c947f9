//! The child's side of a [`Compiler`](crate::Compiler), and what the two say to each other.
//!
//! The parent writes a header and the component, and closes the pipe. The child answers with a
//! byte for the kind of answer, its length, and the code or a message. An answer that is not whole
//! is none: the child died.

use std::{
    io::{self, Read, Write},
    time::Duration,
};

use nix::sys::{
    prctl::set_pdeathsig,
    resource::{Resource, getrlimit, setrlimit},
    signal::Signal,
};

use crate::{engine, text::error_chain};

/// Bytes of a request before the component: whether the code counts fuel, the memory, the seconds.
const REQUEST: usize = 1 + 8 + 8;
/// Kinds of answers.
const CODE: u8 = 0;
const REFUSED: u8 = 1;

/// What a child is asked, but for the component.
pub(crate) struct Request {
    pub(crate) metered: bool,
    /// Bytes that the child may have.
    pub(crate) memory: u64,
    /// Time of all its processors together.
    pub(crate) cpu: Duration,
}

impl Request {
    pub(crate) fn write(&self, component: &[u8], to: &mut impl Write) -> io::Result<()> {
        to.write_all(&[u8::from(self.metered)])?;
        to.write_all(&self.memory.to_le_bytes())?;
        to.write_all(&self.cpu.as_secs().saturating_add(1).to_le_bytes())?;
        to.write_all(component)
    }

    fn read(from: &mut impl Read) -> io::Result<Self> {
        let mut header = [0; REQUEST];
        from.read_exact(&mut header)?;
        let number = |at: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&header[at..][..8]);
            u64::from_le_bytes(bytes)
        };
        Ok(Self {
            metered: header[0] != 0,
            memory: number(1),
            cpu: Duration::from_secs(number(9)),
        })
    }

    /// Makes this process keep to what it may use, and end with its parent.
    fn obey(&self) -> io::Result<()> {
        set_pdeathsig(Signal::SIGKILL)?;
        // Memory that can be written: reserved addresses cost nothing, and the engine's are many.
        limit(Resource::RLIMIT_DATA, self.memory)?;
        limit(Resource::RLIMIT_CPU, self.cpu.as_secs())?;
        limit(Resource::RLIMIT_CORE, 0)
    }
}

/// Sets a limit of this process, within the one that it has.
fn limit(resource: Resource, most: u64) -> io::Result<()> {
    let (_, hard) = getrlimit(resource)?;
    let most = most.min(hard);
    Ok(setrlimit(resource, most, most)?)
}

/// What a child answers.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    Code(Vec<u8>),
    Refused(String),
}

impl Answer {
    /// Reads a whole answer.
    pub(crate) fn read(mut from: impl Read, code_max: u64) -> io::Result<Self> {
        let (mut kind, mut length) = ([0], [0; 8]);
        from.read_exact(&mut kind)?;
        from.read_exact(&mut length)?;
        let length = u64::from_le_bytes(length);
        if length > code_max {
            return Ok(Self::Refused(format!(
                "its compiled code is {}, and {} is the limit here",
                wask_core::bytes_text(length),
                wask_core::bytes_text(code_max)
            )));
        }
        let mut content = Vec::new();
        from.take(length).read_to_end(&mut content)?;
        if content.len() as u64 != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match kind {
            [CODE] => Ok(Self::Code(content)),
            [REFUSED] => Ok(Self::Refused(
                String::from_utf8_lossy(&content).into_owned(),
            )),
            [other] => Err(io::Error::other(format!("an answer of kind {other}"))),
        }
    }

    fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let (kind, content) = match self {
            Self::Code(code) => (CODE, &code[..]),
            Self::Refused(message) => (REFUSED, message.as_bytes()),
        };
        to.write_all(&[kind])?;
        to.write_all(&(content.len() as u64).to_le_bytes())?;
        to.write_all(content)?;
        to.flush()
    }
}

/// Compiles one component, as the [`Compiler`](crate::Compiler) asks that started this process:
/// `input` is the process's standard input, `output` its standard output.
///
/// # Errors
/// Where the parent can not be heard or is gone. A component that does not compile is an answer.
pub fn compile_child(mut input: impl Read, mut output: impl Write) -> io::Result<()> {
    let request = Request::read(&mut input)?;
    request.obey()?;
    let mut component = Vec::new();
    input.read_to_end(&mut component)?;
    let code = engine::new(1, request.metered)
        .map_err(|error| error.to_string())
        .and_then(|engine| {
            let code = engine.precompile_component(&component);
            code.map_err(|error| error_chain(&error))
        });
    let answer = match code {
        Ok(code) => Answer::Code(code),
        Err(message) => Answer::Refused(message),
    };
    answer.write(&mut output)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(answer: &Answer) -> Vec<u8> {
        let mut bytes = Vec::new();
        answer.write(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn answers_are_read_whole_or_not_at_all() {
        for answer in [Answer::Code(vec![1, 2, 3]), Answer::Refused("no".into())] {
            let bytes = written(&answer);
            assert_eq!(Answer::read(&bytes[..], 3).unwrap(), answer);
            for length in 0..bytes.len() {
                Answer::read(&bytes[..length], 3).unwrap_err();
            }
        }
    }

    #[test]
    fn more_code_than_the_limit_is_not_read() {
        let bytes = written(&Answer::Code(vec![0; 4]));
        let answer = Answer::read(&bytes[..], 3).unwrap();
        assert!(matches!(answer, Answer::Refused(message) if message.contains("4 bytes")));
    }

    #[test]
    fn a_request_arrives() {
        let mut bytes = Vec::new();
        let request = Request {
            metered: true,
            memory: 7,
            cpu: Duration::from_millis(1500),
        };
        request.write(b"component", &mut bytes).unwrap();
        let mut from = &bytes[..];
        let read = Request::read(&mut from).unwrap();
        assert_eq!((read.metered, read.memory), (true, 7));
        assert_eq!(read.cpu, Duration::from_secs(2));
        assert_eq!(from, b"component");
    }
}
