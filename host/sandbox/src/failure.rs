//! What an outcome that is no value means to the task's owner.

use std::sync::Arc;

use bytes::Bytes;
use wask_core::{Failure, FailureKind, TaskSpec, bytes_text};
use wask_value::{Type, Value, decode, wave};

use crate::{
    Log, Outcome, Report, TaskLimits,
    engine::FRAMES_MAX,
    frame_name::NAME_MAX,
    text::{self, CUT_MAX, MESSAGE_MAX},
};

/// Characters of an error value that a message quotes.
const QUOTED: usize = 2_000;
/// Bytes of an error value that a failure carries; it is no way to return results.
const ERROR_VALUE_MAX: usize = 64 << 10;
/// Bytes of an error value that is decoded, to be told as text. Names of cases and fields make the
/// text much longer than the value.
const DECODED_MAX: usize = 8 << 10;
/// Bytes of the text of an error value's type. A value whose type is longer is not carried.
const ERROR_TYPE_MAX: usize = 64 << 10;
/// Bytes of what a guest printed, from its end, that a failure carries.
const LOG_MAX: usize = 64 << 10;
/// Bytes of text that a byte which is no character becomes.
const REPLACEMENT: usize = char::REPLACEMENT_CHARACTER.len_utf8();
/// Bytes around what a guest chose: the number of an element, what was cut off.
const AROUND: usize = 128;

/// The most bytes of a failure that a guest can cause, whatever it does: all but the task's label
/// and the worker's name, which it does not choose.
pub const FAILURE_MAX: usize = (MESSAGE_MAX + CUT_MAX)
    + ERROR_VALUE_MAX
    + ERROR_TYPE_MAX
    + FRAMES_MAX * (2 * (NAME_MAX + CUT_MAX) + 1)
    + REPLACEMENT * LOG_MAX
    + AROUND;
/// Bytes of an encoded string before its text: its length.
const STRING_HEADER: usize = 4;

/// A failure of a task on the worker of this name. A message that is too long is cut.
pub fn failure(
    task: &TaskSpec,
    worker: &str,
    kind: FailureKind,
    message: impl Into<String>,
) -> Failure {
    let message = message.into();
    Failure {
        kind,
        origin: task.key,
        label: task.label(),
        message: text::start(&message, MESSAGE_MAX).into_owned(),
        value: None,
        error_type: None,
        backtrace: Vec::new(),
        log: String::new(),
        worker: worker.to_owned(),
    }
}

impl Report {
    /// The value of a good outcome, or the failure that any other one is to the task's owner.
    ///
    /// `error_type` is that of the work, [`Work::error_type`](crate::Work::error_type).
    ///
    /// # Errors
    /// The failure of the task on the worker of this name.
    pub fn value_or_failure(
        self,
        task: &TaskSpec,
        worker: &str,
        limits: &TaskLimits,
        error_type: Option<&Type>,
    ) -> Result<Bytes, Arc<Failure>> {
        let fail = |kind, message: String| Failure {
            log: end_of(&self.log).to_string(),
            ..match self.element {
                None => failure(task, worker, kind, message),
                Some(element) => {
                    failure(task, worker, kind, format!("element {element}: {message}"))
                }
            }
        };
        Err(Arc::new(match self.outcome {
            Outcome::Value(value) => return Ok(value),
            Outcome::GuestError(value) => {
                let ty = error_type.map(ToString::to_string);
                let ty = ty.filter(|ty| ty.len() <= ERROR_TYPE_MAX);
                let carried = ty.is_some() && value.len() <= ERROR_VALUE_MAX;
                Failure {
                    value: carried.then(|| value.clone()),
                    error_type: ty.map(Into::into),
                    ..fail(FailureKind::GuestError, guest_error(error_type, &value))
                }
            }
            Outcome::Trap { message, backtrace } => Failure {
                backtrace,
                ..fail(FailureKind::Trap, message)
            },
            Outcome::BadArguments(message) => fail(FailureKind::BadArguments, message),
            Outcome::Undefined(message) => fail(FailureKind::Operator, message),
            Outcome::Unavailable(message) => fail(FailureKind::Unavailable, message),
            Outcome::Cancelled => fail(FailureKind::Cancelled, "the task was cancelled".to_owned()),
            Outcome::Deadline => fail(FailureKind::Deadline, deadline(limits)),
            Outcome::OutOfMemory => fail(FailureKind::OutOfMemory, out_of_memory(limits)),
            Outcome::OutOfFuel => fail(FailureKind::OutOfFuel, out_of_fuel(limits)),
            Outcome::OutputTooLarge => fail(FailureKind::OutputTooLarge, output_too_large(limits)),
        }))
    }
}

/// The end of a log, as long as a failure carries it.
fn end_of(log: &Log) -> Log {
    let beyond = log.bytes.len().saturating_sub(LOG_MAX);
    Log {
        bytes: log.bytes[beyond..].to_vec(),
        dropped: log.dropped + beyond as u64,
    }
}

fn deadline(limits: &TaskLimits) -> String {
    match limits.timeout {
        Some(timeout) => format!("the task ran longer than its timeout of {timeout:?}"),
        None => "the task ran for too long".to_owned(),
    }
}

fn out_of_memory(limits: &TaskLimits) -> String {
    format!(
        "the guest wanted more than its {} of memory; raise the task's memory limit",
        bytes_text(limits.memory)
    )
}

fn out_of_fuel(limits: &TaskLimits) -> String {
    let fuel = limits.fuel.unwrap_or_default();
    format!("the guest used up its {fuel} units of fuel")
}

fn output_too_large(limits: &TaskLimits) -> String {
    format!(
        "the encoded result is larger than {}; return less, or raise the task's output limit",
        bytes_text(limits.max_output)
    )
}

/// What an error value says: its text where it is a string, else as WAVE. A large one is not
/// decoded: as a tree of values it can take many times its bytes.
fn guest_error(ty: Option<&Type>, value: &[u8]) -> String {
    let Some(ty) = ty else {
        return "the function returned an error without a value".to_owned();
    };
    if value.len() > DECODED_MAX {
        return large_error(ty, value);
    }
    let text = match decode(ty, value) {
        Ok(Value::String(text)) => text,
        Ok(value) => match wave::to_string(ty, &value) {
            Ok(text) => text,
            Err(error) => format!("an error of type {ty} that has no text: {error}"),
        },
        Err(error) => format!("an error that is no value of type {ty}: {error}"),
    };
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// What is told of an error value that is too large to be decoded: the start of a string, of any
/// other one its type and size.
fn large_error(ty: &Type, value: &[u8]) -> String {
    if *ty != Type::String {
        let ty = ty.to_string();
        let ty = text::start(&ty, QUOTED);
        return format!("an error of type {ty}, {} bytes", value.len());
    }
    let text = value.get(STRING_HEADER..).unwrap_or_default();
    // No character takes more than four bytes.
    let start = &text[..text.len().min(4 * QUOTED)];
    let start = String::from_utf8_lossy(start);
    match start.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &start[..end]),
        None => start.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wask_core::{Arguments, Definition, Digest, TaskKind, TaskOptions, TypeId};

    use super::*;
    use crate::Log;

    fn task() -> TaskSpec {
        let kind = TaskKind::function(Digest([1; 32]), "work");
        let definition = Definition::new("default", kind, TaskOptions::default());
        let arguments = Arguments::default();
        TaskSpec::new(Arc::new(definition), arguments, [].into(), 0, TypeId(0))
    }

    fn fail(outcome: Outcome, error_type: Option<&Type>) -> Arc<Failure> {
        let limits = TaskLimits {
            memory: 3 << 29,
            timeout: Some(Duration::from_millis(1500)),
            fuel: Some(7),
            max_output: 1000,
        };
        let report = Report {
            log: Log {
                bytes: b"last words".to_vec(),
                dropped: 2048,
            },
            ..Report::not_run(outcome)
        };
        let result = report.value_or_failure(&task(), "w1", &limits, error_type);
        result.unwrap_err()
    }

    #[test]
    fn failures_name_the_limit_that_was_hit() {
        for (outcome, kind, part) in [
            (Outcome::Deadline, FailureKind::Deadline, "timeout of 1.5s"),
            (
                Outcome::OutOfMemory,
                FailureKind::OutOfMemory,
                "its 1.5 GiB of",
            ),
            (Outcome::OutOfFuel, FailureKind::OutOfFuel, "7 units"),
            (
                Outcome::OutputTooLarge,
                FailureKind::OutputTooLarge,
                "1000 bytes",
            ),
            (Outcome::Cancelled, FailureKind::Cancelled, "cancelled"),
            (
                Outcome::Undefined("division by zero".to_owned()),
                FailureKind::Operator,
                "division by zero",
            ),
        ] {
            let failure = fail(outcome, None);
            assert_eq!(failure.kind, kind);
            assert!(failure.message.contains(part), "{}", failure.message);
            assert_eq!((&*failure.label, &*failure.worker), ("work", "w1"));
            assert_eq!(failure.origin, task().key);
            assert_eq!(failure.log, "… 2 KiB before this\nlast words");
        }
    }

    #[test]
    fn an_error_value_is_kept_and_told() {
        let text = fail(
            Outcome::GuestError(Bytes::from_static(b"\x02\0\0\0no")),
            Some(&Type::String),
        );
        assert_eq!(text.message, "no");
        assert_eq!(text.value.as_deref(), Some(&b"\x02\0\0\0no"[..]));
        assert_eq!(text.error_type.as_deref(), Some("string"));
        let number = fail(Outcome::GuestError(vec![7].into()), Some(&Type::U8));
        assert_eq!(number.message, "7");
        let none = fail(Outcome::GuestError(Bytes::new()), None);
        assert_eq!(none.value, None);
        assert!(none.message.contains("without a value"));
    }

    #[test]
    fn the_element_at_fault_is_named() {
        let report = Report {
            element: Some(3),
            ..Report::not_run(Outcome::GuestError(vec![7].into()))
        };
        let (task, limits) = (task(), TaskLimits::default());
        let result = report.value_or_failure(&task, "w1", &limits, Some(&Type::U8));
        assert_eq!(result.unwrap_err().message, "element 3: 7");
    }

    #[test]
    fn a_huge_error_value_is_cut() {
        let text = "é".repeat(100_000);
        let mut value = u32::try_from(text.len()).unwrap().to_le_bytes().to_vec();
        value.extend_from_slice(text.as_bytes());
        let failure = fail(Outcome::GuestError(value.into()), Some(&Type::String));
        assert_eq!(failure.value, None);
        assert_eq!(failure.message.chars().count(), QUOTED + 1);
    }

    #[test]
    fn a_huge_error_value_is_not_decoded() {
        // Nor is this one a list of bools, which only who decodes it would see.
        let value = Bytes::from(vec![7; ERROR_VALUE_MAX + 1]);
        let bools = Type::list(Type::Bool);
        let failure = fail(Outcome::GuestError(value), Some(&bools));
        assert_eq!(failure.message, "an error of type list<bool>, 65537 bytes");
        assert_eq!(failure.value, None);
    }
}
