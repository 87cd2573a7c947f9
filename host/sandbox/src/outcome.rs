//! How a task ended.

use std::time::Duration;

use bytes::Bytes;
use wasmtime::{PoolConcurrencyLimitError, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::{
    Log,
    call::Refusal,
    cancel::Stopped,
    engine::FRAMES_MAX,
    frame_name::{self, NAME_MAX},
    limits::Limiter,
    text::{self, MESSAGE_MAX},
};

/// Bytes of a guest's output that are quoted in the message of a trap.
const QUOTED_LOG: usize = 1024;

/// Every way in which a task can end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The encoded value: of `T` where the function returns `result<T, E>`.
    Value(Bytes),
    /// The function returned `err`: the encoded value of `E`.
    GuestError(Bytes),
    /// The guest broke: a panic, an `unreachable`, a wrong address, endless recursion.
    Trap {
        /// What happened, and a panic's message where there is one.
        message: String,
        /// The calls that led there, innermost first: `module!function`.
        backtrace: Vec<String>,
    },
    /// The time was up.
    Deadline,
    /// The guest died after it was refused memory.
    OutOfMemory,
    /// The fuel was used up.
    OutOfFuel,
    /// The encoded result would be larger than allowed.
    OutputTooLarge,
    /// Somebody cancelled the task.
    Cancelled,
    /// The arguments are not values of the parameters' types. The function was not called.
    BadArguments(String),
    /// A built-in operation is not defined for its arguments: an overflow, a division by zero, the
    /// least element of none.
    Undefined(String),
    /// The sandbox, not the task, is at fault; the same task may work at another time or place.
    Unavailable(String),
}

/// What is known after a task has run.
#[derive(Clone, Debug)]
pub struct Report {
    /// How the task ended.
    pub outcome: Outcome,
    /// The end of what it printed.
    pub log: Log,
    /// Which element of a list made the task fail, where a function was applied to each.
    pub element: Option<u64>,
    /// Wall time in the sandbox, instantiation included.
    pub duration: Duration,
    /// The most bytes of linear memory that it held at once.
    pub peak_memory: u64,
    /// The fuel that it used, if it was given any.
    pub fuel_used: Option<u64>,
}

impl Report {
    /// The report on a task that never ran.
    pub(crate) fn not_run(outcome: Outcome) -> Self {
        Self {
            outcome,
            log: Log::default(),
            element: None,
            duration: Duration::ZERO,
            peak_memory: 0,
            fuel_used: None,
        }
    }
}

impl From<Stopped> for Outcome {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Cancelled => Self::Cancelled,
            Stopped::Deadline => Self::Deadline,
        }
    }
}

impl Outcome {
    /// What wasmtime's error means.
    pub(crate) fn from_error(error: &wasmtime::Error, limiter: &Limiter, log: &Log) -> Self {
        if let Some(stopped) = error.downcast_ref::<Stopped>() {
            return (*stopped).into();
        }
        match error.downcast_ref::<Refusal>() {
            Some(Refusal::OutputTooLarge) => return Self::OutputTooLarge,
            Some(Refusal::BadArguments(fault)) => return Self::BadArguments(fault.clone()),
            Some(Refusal::BadResult(_)) | None => {}
        }
        if let Some(full) = error.downcast_ref::<PoolConcurrencyLimitError>() {
            return Self::Unavailable(full.to_string());
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => return Self::OutOfFuel,
            // Recursion has nothing to do with memory that was refused before.
            Some(Trap::StackOverflow) => {}
            // A guest that gets no memory aborts in many ways, none of which names memory.
            _ if limiter.refused() => return Self::OutOfMemory,
            _ => {}
        }
        Self::Trap {
            message: message(error, log),
            backtrace: backtrace(error),
        }
    }
}

fn message(error: &wasmtime::Error, log: &Log) -> String {
    let cause = match error.downcast_ref::<I32Exit>() {
        Some(I32Exit(code)) => format!("the guest exited with code {code}"),
        None => match error.downcast_ref::<Trap>() {
            Some(trap) => trap.to_string(),
            None => error.root_cause().to_string(),
        },
    };
    let cause = text::start(&cause, MESSAGE_MAX);
    match last_words(log) {
        Some(words) => format!("{cause}; the guest's last output: {words}"),
        None => cause.into_owned(),
    }
}

/// The last lines of the output: all from the last panic on, or the last one.
fn last_words(log: &Log) -> Option<String> {
    let tail = &log.bytes[log.bytes.len().saturating_sub(QUOTED_LOG)..];
    let text = String::from_utf8_lossy(tail);
    let text = text.trim();
    let start = match text.rfind("panicked at") {
        Some(panic) => text[..panic].rfind('\n'),
        None => text.rfind('\n'),
    };
    let words = text[start.map_or(0, |newline| newline + 1)..].trim();
    (!words.is_empty()).then(|| words.to_owned())
}

/// Lines of the form `module!function`.
fn backtrace(error: &wasmtime::Error) -> Vec<String> {
    let Some(trace) = error.downcast_ref::<WasmBacktrace>() else {
        return Vec::new();
    };
    let frames = trace.frames().iter().take(FRAMES_MAX);
    frames
        .map(|frame| {
            let module = text::name(frame.module().name().unwrap_or("<unknown>"), NAME_MAX);
            match frame.func_name() {
                Some(name) => format!("{module}!{}", frame_name::shown(name)),
                None => format!("{module}!<wasm function {}>", frame.func_index()),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Option<String> {
        last_words(&Log {
            bytes: text.as_bytes().to_vec(),
            dropped: 0,
        })
    }

    #[test]
    fn a_panic_is_quoted_whole_and_else_the_last_line() {
        let panic = "hello\n\nthread '<unnamed>' panicked at src/lib.rs:1:1:\nboom\nnote: x\n";
        assert_eq!(
            words(panic).unwrap(),
            "thread '<unnamed>' panicked at src/lib.rs:1:1:\nboom\nnote: x"
        );
        assert_eq!(words("a\nb\n").unwrap(), "b");
        assert_eq!(words("\n"), None);
    }

    #[test]
    fn quoting_cuts_characters_without_failing() {
        let long = "é".repeat(QUOTED_LOG);
        assert!(words(&format!("x{long}")).unwrap().len() <= QUOTED_LOG + 3);
    }
}
