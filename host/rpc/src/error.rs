//! What can go wrong between two processes.

use std::{fmt, io};

use wask_core::Refusal;

use crate::{Address, ParseAddressError};

/// Why two processes do not understand each other.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text names no address.
    #[error(transparent)]
    Address(#[from] ParseAddressError),
    /// Nobody answers at an address.
    #[error("cannot reach {address}: {source}; is it running, and is the address right?")]
    Unreachable {
        /// Where.
        address: Address,
        /// Why.
        source: io::Error,
    },
    /// This process cannot listen at an address.
    #[error("cannot listen on {address}: {}", listen_advice(.source))]
    Listen {
        /// Where.
        address: Address,
        /// Why.
        source: io::Error,
    },
    /// A record cannot be written, or not be read.
    #[error("the record {path}: {source}; give another file")]
    Record {
        /// Which file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A connection came to its end while something was under way.
    #[error("the connection was lost: {0}")]
    Disconnected(String),
    /// The peer said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The peer sent what makes no sense, or this side did.
    #[error("malformed message: {0}")]
    Malformed(String),
}

fn listen_advice(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "the address is in use by another process; stop that one or choose another port".into()
        }
        io::ErrorKind::PermissionDenied => {
            "permission denied; choose a port above 1023 or a folder you may write to".into()
        }
        _ => error.to_string(),
    }
}

impl From<capnp::Error> for Error {
    fn from(error: capnp::Error) -> Self {
        match error.kind {
            capnp::ErrorKind::Disconnected => Self::Disconnected(error.extra),
            _ if let Some(reason) = closed_for(&error) => Self::Disconnected(reason.to_owned()),
            _ => Self::Malformed(error.to_string()),
        }
    }
}

/// What stands before the reason for which one side has closed a connection, where both sides meet
/// it: as the error of all calls that were under way.
const CLOSED: &str = "the connection was closed: ";

/// The error that ends a connection here, and of which the peer is told.
pub(crate) fn closed(reason: impl fmt::Display) -> io::Error {
    io::Error::other(format!("{CLOSED}{reason}"))
}

/// Why a connection was closed, if that is what an error says.
pub(crate) fn closed_for(error: &capnp::Error) -> Option<&str> {
    let (_, reason) = error.extra.split_once(CLOSED)?;
    Some(reason)
}

impl From<capnp::NotInSchema> for Error {
    fn from(error: capnp::NotInSchema) -> Self {
        Self::Malformed(error.to_string())
    }
}

impl From<std::str::Utf8Error> for Error {
    fn from(error: std::str::Utf8Error) -> Self {
        Self::Malformed(format!("text that is not UTF-8: {error}"))
    }
}

impl From<Error> for capnp::Error {
    fn from(error: Error) -> Self {
        Self::failed(error.to_string())
    }
}
