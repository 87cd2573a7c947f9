//! Running built-in operators, within the same limits as guests.

use std::{cell::Cell, time::Instant};

use wask_operator::{Fault, Limits, Operator};
use wask_value::Type;

use crate::{Cancel, Job, Outcome, Report, cancel::Stop};

/// Runs an operator on a job's arguments, here and now.
pub(crate) fn run(operator: &Operator, types: &[Type], job: &Job, cancel: &Cancel) -> Report {
    let start = Instant::now();
    let stop = Stop::new(cancel, start, &job.limits);
    let stopped = Cell::new(None);
    let limits = Limits {
        max_output: job.limits.max_output,
        is_cancelled: &|| {
            stopped.set(stop.check().err());
            stopped.get().is_some()
        },
    };
    let outcome = match operator.run(types, &job.arguments, &limits) {
        Ok(value) => Outcome::Value(value),
        Err(Fault::Undefined(why)) => Outcome::Undefined(why),
        Err(Fault::OutputTooLarge) => Outcome::OutputTooLarge,
        Err(Fault::Malformed(fault)) => Outcome::BadArguments(fault.to_string()),
        Err(Fault::Cancelled) => stopped.get().map_or(Outcome::Cancelled, Outcome::from),
        Err(other) => Outcome::Unavailable(other.to_string()),
    };
    Report {
        duration: start.elapsed(),
        ..Report::not_run(outcome)
    }
}
