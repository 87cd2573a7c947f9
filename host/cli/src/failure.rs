//! A failed task, told to people: what, why, where, and the end of its log.

use std::fmt::Write;

use wask_client::{Error, TaskError};
use wask_core::FailureKind;

use crate::exit::{Exit, Failed};

/// Frames of a backtrace that are shown.
const FRAMES: usize = 20;
/// Lines of a log that are shown: the last ones.
const LOG_LINES: usize = 20;

/// The error of a future, with all that is known of a task's failure.
pub(crate) fn explain(error: Error) -> Failed {
    match &error {
        Error::Task(task) => Failed::message(Exit::Task, of_task(task)),
        _ => error.into(),
    }
}

fn of_task(error: &TaskError) -> String {
    let failure = error.failure();
    let mut text = error.to_string();
    if !failure.worker.is_empty() {
        // A string takes all that is written.
        let _ = write!(text, " (on {})", failure.worker);
    }
    text.push_str(&details(failure.kind, &failure.backtrace, &failure.log));
    text
}

/// Advice, backtrace and log, each on lines of their own.
pub(crate) fn details(kind: FailureKind, backtrace: &[String], log: &str) -> String {
    let mut text = String::new();
    if let Some(advice) = advice(kind) {
        let _ = write!(text, "\n  {advice}");
    }
    if !backtrace.is_empty() {
        text.push_str("\n  backtrace, innermost call first:");
        for frame in backtrace.iter().take(FRAMES) {
            let _ = write!(text, "\n    {frame}");
        }
        if let Some(more @ 1..) = backtrace.len().checked_sub(FRAMES) {
            let _ = write!(text, "\n    and {more} more");
        }
    }
    let lines: Vec<&str> = log.trim_end().lines().collect();
    if !lines.is_empty() {
        text.push_str("\n  end of its log:");
        for line in &lines[lines.len().saturating_sub(LOG_LINES)..] {
            let _ = write!(text, "\n    {line}");
        }
    }
    text
}

fn advice(kind: FailureKind) -> Option<&'static str> {
    Some(match kind {
        FailureKind::Deadline => "give it more time with --timeout",
        FailureKind::OutOfMemory => "give it more memory with --memory-limit",
        FailureKind::OutOfFuel => "give it more with --fuel",
        FailureKind::OutputTooLarge => {
            "split the work so that each task returns less, or raise --output-limit"
        }
        FailureKind::WorkersLost => "the task may have brought its workers down; see their logs",
        FailureKind::GuestError
        | FailureKind::Trap
        | FailureKind::BadArguments
        | FailureKind::Cancelled
        | FailureKind::DataLost
        | FailureKind::Operator
        | FailureKind::Unavailable => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_bounded_and_the_log_ends_last() {
        let frames: Vec<String> = (0..25).map(|n| format!("words!f{n}")).collect();
        let log: String = (0..30).map(|n| format!("line {n}\n")).collect();
        let text = details(FailureKind::Trap, &frames, &log);
        assert!(text.starts_with("\n  backtrace, innermost call first:\n    words!f0\n"));
        assert!(text.contains("words!f19\n    and 5 more\n  end of its log:\n    line 10\n"));
        assert!(text.ends_with("\n    line 29"));
        assert_eq!(details(FailureKind::Trap, &[], ""), "");
        assert_eq!(
            details(FailureKind::Deadline, &[], ""),
            "\n  give it more time with --timeout"
        );
    }
}
