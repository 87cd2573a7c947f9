//! Failures of tasks.

use bytes::Bytes;
use wask_core::{Failure, FailureKind};
use wask_schema::common_capnp::{FailureKind as Kind, failure};

use super::{list_len, read_key, read_texts, write_texts};
use crate::Error;

/// A failure, as far as it is told.
pub fn read_failure(failure: failure::Reader<'_>) -> Result<Failure, Error> {
    Ok(read_whole_failure(failure)?.as_told().into_owned())
}

/// A failure with all that a record has of it.
pub(super) fn read_whole_failure(failure: failure::Reader<'_>) -> Result<Failure, Error> {
    let value = match failure.get_has_value() {
        true => Some(Bytes::copy_from_slice(failure.get_value()?)),
        false => None,
    };
    let error_type = failure.get_error_type()?.to_str()?;
    Ok(Failure {
        kind: read_kind(failure.get_kind()?),
        origin: read_key(failure.get_origin()?)?,
        label: failure.get_label()?.to_str()?.into(),
        message: failure.get_message()?.to_str()?.to_owned(),
        value,
        error_type: (!error_type.is_empty()).then(|| error_type.into()),
        backtrace: read_texts(failure.get_backtrace()?)?,
        log: failure.get_log()?.to_str()?.to_owned(),
        worker: failure.get_worker()?.to_str()?.to_owned(),
    })
}

/// A failure, as far as it is told.
pub fn write_failure(out: failure::Builder<'_>, failure: &Failure) {
    write_whole_failure(out, &failure.as_told());
}

/// A failure with all that there is of it.
pub(super) fn write_whole_failure(mut out: failure::Builder<'_>, failure: &Failure) {
    out.set_kind(write_kind(failure.kind));
    out.set_origin(&failure.origin.0);
    out.set_label(&*failure.label);
    out.set_message(&failure.message);
    if let Some(value) = &failure.value {
        out.set_has_value(true);
        out.set_value(value);
    }
    out.set_error_type(failure.error_type.as_deref().unwrap_or_default());
    let backtrace = out
        .reborrow()
        .init_backtrace(list_len(failure.backtrace.len()));
    write_texts(backtrace, &failure.backtrace);
    out.set_log(&failure.log);
    out.set_worker(&failure.worker);
}

fn read_kind(kind: Kind) -> FailureKind {
    match kind {
        Kind::GuestError => FailureKind::GuestError,
        Kind::Trap => FailureKind::Trap,
        Kind::Deadline => FailureKind::Deadline,
        Kind::OutOfMemory => FailureKind::OutOfMemory,
        Kind::OutOfFuel => FailureKind::OutOfFuel,
        Kind::OutputTooLarge => FailureKind::OutputTooLarge,
        Kind::BadArguments => FailureKind::BadArguments,
        Kind::Cancelled => FailureKind::Cancelled,
        Kind::WorkersLost => FailureKind::WorkersLost,
        Kind::DataLost => FailureKind::DataLost,
        Kind::Unavailable => FailureKind::Unavailable,
        Kind::Operator => FailureKind::Operator,
    }
}

fn write_kind(kind: FailureKind) -> Kind {
    match kind {
        FailureKind::GuestError => Kind::GuestError,
        FailureKind::Trap => Kind::Trap,
        FailureKind::Deadline => Kind::Deadline,
        FailureKind::OutOfMemory => Kind::OutOfMemory,
        FailureKind::OutOfFuel => Kind::OutOfFuel,
        FailureKind::OutputTooLarge => Kind::OutputTooLarge,
        FailureKind::BadArguments => Kind::BadArguments,
        FailureKind::Cancelled => Kind::Cancelled,
        FailureKind::WorkersLost => Kind::WorkersLost,
        FailureKind::DataLost => Kind::DataLost,
        FailureKind::Unavailable => Kind::Unavailable,
        FailureKind::Operator => Kind::Operator,
    }
}
