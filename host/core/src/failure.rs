//! Why a task has no result.

use std::{
    borrow::Cow,
    fmt::{self, Write},
    sync::Arc,
};

use bytes::Bytes;

use crate::Key;

/// The error of one task. Dependents of that task get the same failure, so that each names the
/// task at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What happened.
    pub kind: FailureKind,
    /// The task at fault.
    pub origin: Key,
    /// What people call that task: its label, else its function.
    pub label: Arc<str>,
    /// What happened, in words: a fragment in lower case.
    pub message: String,
    /// The encoded value of a [`FailureKind::GuestError`].
    pub value: Option<Bytes>,
    /// The type of that value, as WIT text.
    pub error_type: Option<Arc<str>>,
    /// The Wasm backtrace of a trap, one frame a line, innermost first.
    pub backtrace: Vec<String>,
    /// The end of what the task wrote to stdout and stderr.
    pub log: String,
    /// Where it ran, by the worker's name; empty where it never ran.
    pub worker: String,
}

/// The closed list of ways in which a task can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// The function returned the `err` of its `result`; the value says more.
    GuestError,
    /// The guest trapped.
    Trap,
    /// The task ran longer than its timeout.
    Deadline,
    /// The task wanted more memory than its limit.
    OutOfMemory,
    /// The task used up its fuel.
    OutOfFuel,
    /// The result is larger than its limit.
    OutputTooLarge,
    /// The arguments do not fit the function.
    BadArguments,
    /// The task was cancelled.
    Cancelled,
    /// The workers that ran the task were lost, too many times.
    WorkersLost,
    /// The data cannot be computed again: it was scattered, or its task is impure.
    DataLost,
    /// A built-in operator is not defined for its arguments: an overflow, a division by zero.
    Operator,
    /// A worker could not get ready to run the task, for instance not compile the component.
    Unavailable,
}

impl FailureKind {
    /// In words, as a person would read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GuestError => "guest error",
            Self::Trap => "trap",
            Self::Deadline => "deadline",
            Self::OutOfMemory => "out of memory",
            Self::OutOfFuel => "out of fuel",
            Self::OutputTooLarge => "output too large",
            Self::BadArguments => "bad arguments",
            Self::Cancelled => "cancelled",
            Self::WorkersLost => "workers lost",
            Self::DataLost => "data lost",
            Self::Operator => "operator error",
            Self::Unavailable => "unavailable",
        }
    }
}

/// The beginning of a text, of so many bytes at most, with an ellipsis where there is more. What is
/// cut off is not even made, so a long text costs no more than a short one.
pub fn beginning(text: impl fmt::Display, bytes: usize) -> String {
    struct Short {
        text: String,
        bytes: usize,
    }
    impl Write for Short {
        fn write_str(&mut self, more: &str) -> fmt::Result {
            let room = self.bytes - self.text.len();
            if more.len() <= room {
                self.text.push_str(more);
                return Ok(());
            }
            self.text.push_str(&more[..more.floor_char_boundary(room)]);
            Err(fmt::Error)
        }
    }
    let mut short = Short {
        text: String::new(),
        bytes,
    };
    let is_whole = write!(short, "{text}").is_ok();
    if !is_whole {
        short.text.push('…');
    }
    short.text
}

impl Failure {
    /// Bytes of a message.
    pub const MESSAGE_MAX: usize = 16 << 10;
    /// Bytes of a label.
    pub const LABEL_MAX: usize = 1 << 10;
    /// Bytes of an error's value, and of the name of its type.
    pub const VALUE_MAX: usize = 64 << 10;
    /// Frames of a backtrace.
    pub const FRAMES_MAX: usize = 64;
    /// Bytes of one of them.
    pub const FRAME_MAX: usize = 1 << 10;
    /// Bytes of a log, of which the end is kept.
    pub const LOG_MAX: usize = 64 << 10;

    /// The failure as it is told and kept: of what is very long a part. A failure is passed on to
    /// all dependents, and from process to process, so it must fit where they fit.
    pub fn as_told(&self) -> Cow<'_, Self> {
        if self.is_short() {
            return Cow::Borrowed(self);
        }
        let mut message = beginning(&self.message, Self::MESSAGE_MAX);
        let mut value = (self.value.clone(), self.error_type.clone());
        if !self.has_short_value() {
            message.push_str(" (its value is too large to be told)");
            value = (None, None);
        }
        let frames = self.backtrace.iter().take(Self::FRAMES_MAX);
        let log = &self.log[self
            .log
            .ceil_char_boundary(self.log.len().saturating_sub(Self::LOG_MAX))..];
        Cow::Owned(Self {
            kind: self.kind,
            origin: self.origin,
            label: beginning(&self.label, Self::LABEL_MAX).into(),
            message,
            value: value.0,
            error_type: value.1,
            backtrace: frames
                .map(|frame| beginning(frame, Self::FRAME_MAX))
                .collect(),
            log: log.to_owned(),
            worker: beginning(&self.worker, Self::LABEL_MAX),
        })
    }

    fn has_short_value(&self) -> bool {
        let len = self.value.as_ref().map_or(0, Bytes::len);
        let ty = self.error_type.as_ref().map_or(0, |ty| ty.len());
        len.max(ty) <= Self::VALUE_MAX
    }

    fn is_short(&self) -> bool {
        // What was cut off has its ellipsis, or what is said of its value, behind it.
        const MORE: usize = 64;
        self.has_short_value()
            && self.message.len() <= Self::MESSAGE_MAX + MORE
            && self.label.len() <= Self::LABEL_MAX + MORE
            && self.worker.len() <= Self::LABEL_MAX + MORE
            && self.log.len() <= Self::LOG_MAX
            && self.backtrace.len() <= Self::FRAMES_MAX
            && self
                .backtrace
                .iter()
                .all(|frame| frame.len() <= Self::FRAME_MAX + MORE)
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "task {} ({}): {}: {}",
            self.label,
            self.origin.short(),
            self.kind,
            self.message
        )
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure() -> Failure {
        Failure {
            kind: FailureKind::Trap,
            origin: Key([1; 32]),
            label: "f".into(),
            message: "it trapped".to_owned(),
            value: None,
            error_type: None,
            backtrace: vec!["f".to_owned()],
            log: "said".to_owned(),
            worker: "w".to_owned(),
        }
    }

    #[test]
    fn a_short_failure_is_told_as_it_is() {
        assert!(matches!(failure().as_told(), Cow::Borrowed(_)));
    }

    #[test]
    fn of_a_long_failure_the_beginning_is_told_and_the_end_of_its_log() {
        let long = "é".repeat(100_000);
        let failure = Failure {
            label: long.as_str().into(),
            message: long.clone(),
            value: Some(vec![7; 100_000].into()),
            error_type: Some("list<u8>".into()),
            backtrace: vec![long.clone(); 1000],
            log: format!("{long}the end"),
            worker: long,
            ..failure()
        };
        let told = failure.as_told().into_owned();
        assert!(told.log.ends_with("the end") && told.log.len() <= Failure::LOG_MAX);
        assert_eq!(told.backtrace.len(), Failure::FRAMES_MAX);
        assert!(told.message.contains("… (its value is too large"));
        assert_eq!((&told.value, &told.error_type), (&None, &None));
        // It is short now, so it stays as it is from process to process.
        assert!(matches!(told.as_told(), Cow::Borrowed(_)));
    }

    #[test]
    fn the_beginning_of_a_text_ends_between_characters() {
        assert_eq!(beginning("née", 4), "née");
        assert_eq!(beginning("née", 3), "né…");
        assert_eq!(beginning("née", 2), "n…");
    }
}
