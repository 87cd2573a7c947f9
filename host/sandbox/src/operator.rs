//! Running built-in operators, within the same limits as guests.

use std::{cell::Cell, time::Instant};

use bytes::Bytes;
use wask_operator::{Fault, Limits, Operator};
use wask_value::Type;

use crate::{
    Cancel, Job, Outcome, Report,
    cancel::{Stop, Stopped},
};

/// Runs an operator on a job's arguments, here and now.
pub(crate) fn run(operator: &Operator, types: &[Type], job: &Job, cancel: &Cancel) -> Report {
    let start = Instant::now();
    let stop = Stop::new(cancel, start, &job.limits);
    let stopped = Cell::new(None);
    let is_cancelled = || {
        stopped.set(stop.check().err());
        stopped.get().is_some()
    };
    let limits = Limits {
        max_output: job.limits.max_output,
        is_cancelled: &is_cancelled,
    };
    // A task that was cancelled while it waited never starts.
    let result = match is_cancelled() {
        true => Err(Fault::Cancelled),
        false => operator.run(types, &job.arguments, &limits),
    };
    let outcome = match result {
        Ok(value) if value.len() as u64 > job.limits.max_output => Outcome::OutputTooLarge,
        Ok(value) => Outcome::Value(detached(value, &job.arguments)),
        Err(Fault::Undefined(why)) => Outcome::Undefined(why),
        Err(Fault::OutputTooLarge) => Outcome::OutputTooLarge,
        Err(Fault::Malformed(fault)) => Outcome::BadArguments(fault.to_string()),
        Err(Fault::Cancelled) => match stopped.get() {
            Some(Stopped::Deadline) => Outcome::Deadline,
            Some(Stopped::Cancelled) | None => Outcome::Cancelled,
        },
        Err(other) => Outcome::Unavailable(other.to_string()),
    };
    Report {
        duration: start.elapsed(),
        ..Report::not_run(outcome)
    }
}

/// The value; copied where it is a small part of an argument, which it would keep in memory.
fn detached(value: Bytes, arguments: &[Bytes]) -> Bytes {
    let part = value.as_ptr_range();
    let is_small_part = |whole: &Bytes| {
        let range = whole.as_ptr_range();
        range.start <= part.start && part.end <= range.end && value.len() <= whole.len() / 2
    };
    if arguments.iter().any(is_small_part) {
        return Bytes::copy_from_slice(&value);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_part_does_not_keep_the_whole() {
        let whole = Bytes::from(vec![7; 100]);
        let arguments = [Bytes::from_static(b"other"), whole.clone()];
        let small = detached(whole.slice(10..20), &arguments);
        assert_eq!(small, whole[10..20]);
        assert_ne!(small.as_ptr(), whole[10..].as_ptr());
        let most = detached(whole.slice(10..90), &arguments);
        assert_eq!(most.as_ptr(), whole[10..].as_ptr());
        let own = Bytes::from(vec![1]);
        assert_eq!(detached(own.clone(), &arguments).as_ptr(), own.as_ptr());
    }
}
