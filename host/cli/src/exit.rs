//! Exit codes, and which error means which.
//!
//! Invariant: every error that reaches `main` carries its code. There is no conversion from
//! `anyhow::Error` alone, so none can be forgotten.

use std::{fmt, process::ExitCode};

use wask_client::Error as ClientError;
use wask_component::Error as ComponentError;
use wask_rpc::{Error as RpcError, Refusal, RefusalCode};
use wask_sandbox::Error as SandboxError;
use wask_worker::Class;

/// Why a command did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// A task failed.
    Task,
    /// The input makes no sense; nothing ran.
    Input,
    /// The cluster cannot be reached, or was lost.
    Cluster,
    /// The cluster refused: credential, version, quota, grant.
    Refused,
    /// Something of this machine: a port, a disk, memory.
    Machine,
    /// What was waited for was not there in time; it goes on.
    Timeout,
    /// A signal with this number: 2 is Ctrl-C.
    Signal(u8),
}

impl Exit {
    /// What the process ends with.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Task => 1,
            Self::Input => 2,
            Self::Cluster => 3,
            Self::Refused => 4,
            Self::Machine => 5,
            Self::Timeout => 6,
            Self::Signal(number) => 128 + number,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// An error and its exit code.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) exit: Exit,
    error: anyhow::Error,
}

/// What a command returns.
pub(crate) type Result<T = (), E = Failed> = std::result::Result<T, E>;

impl Failed {
    pub(crate) fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        Self {
            exit,
            error: error.into(),
        }
    }

    /// An error with nothing beneath it.
    pub(crate) fn message(exit: Exit, message: impl fmt::Display) -> Self {
        Self::new(exit, anyhow::Error::msg(message.to_string()))
    }

    /// Input that makes no sense.
    pub(crate) fn input(message: impl fmt::Display) -> Self {
        Self::message(Exit::Input, message)
    }

    /// What was done when it happened, in front of the message.
    #[must_use]
    pub(crate) fn context(self, context: impl fmt::Display) -> Self {
        Self {
            exit: self.exit,
            error: self.error.context(context.to_string()),
        }
    }
}

/// The error and its causes, each after a colon.
impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = String::new();
        for cause in self.error.chain().map(ToString::to_string) {
            // Many errors tell their cause in their own words already.
            if told.contains(&cause) {
                continue;
            }
            let colon = if told.is_empty() { "" } else { ": " };
            write!(f, "{colon}{cause}")?;
            told = cause;
        }
        Ok(())
    }
}

/// Gives an error without a code of its own one, and says what was being done.
pub(crate) trait OrExit<T> {
    /// `context` goes in front of the error, as in `cannot read x: permission denied`.
    fn or_exit<C: fmt::Display>(self, exit: Exit, context: impl FnOnce() -> C) -> Result<T>;
}

impl<T, E: Into<anyhow::Error>> OrExit<T> for std::result::Result<T, E> {
    fn or_exit<C: fmt::Display>(self, exit: Exit, context: impl FnOnce() -> C) -> Result<T> {
        self.map_err(|error| Failed::new(exit, error).context(context()))
    }
}

impl From<wask_value::Error> for Failed {
    fn from(error: wask_value::Error) -> Self {
        Self::new(Exit::Input, error)
    }
}

impl From<wask_rpc::ParseAddressError> for Failed {
    fn from(error: wask_rpc::ParseAddressError) -> Self {
        Self::new(Exit::Input, error)
    }
}

impl From<ComponentError> for Failed {
    fn from(error: ComponentError) -> Self {
        Self::new(Exit::Input, error)
    }
}

impl From<SandboxError> for Failed {
    fn from(error: SandboxError) -> Self {
        let exit = match error {
            SandboxError::Compile { .. }
            | SandboxError::Link { .. }
            | SandboxError::Operator { .. } => Exit::Input,
            SandboxError::Engine { .. }
            | SandboxError::Thread { .. }
            | SandboxError::Cache { .. }
            | SandboxError::Compiler { .. }
            | SandboxError::Cancelled { .. }
            | SandboxError::NoFunction { .. } => Exit::Machine,
        };
        Self::new(exit, error)
    }
}

impl From<RpcError> for Failed {
    fn from(error: RpcError) -> Self {
        Self::new(of_rpc(&error), error)
    }
}

impl From<ClientError> for Failed {
    fn from(error: ClientError) -> Self {
        let exit = match &error {
            ClientError::Unreachable(error) => of_rpc(error),
            ClientError::Refused(refusal) => of_refusal(refusal),
            ClientError::Limit { .. } => Exit::Refused,
            ClientError::Disconnected { .. }
            | ClientError::Lost(_)
            | ClientError::Unreadable { .. } => Exit::Cluster,
            ClientError::Task(_) | ClientError::Cancelled { .. } => Exit::Task,
            ClientError::Timeout { .. } => Exit::Timeout,
            ClientError::Thread(_) | ClientError::ResultTooLarge { .. } => Exit::Machine,
            // What is left is about what was asked for.
            _ => Exit::Input,
        };
        Self::new(exit, error)
    }
}

impl From<wask_scheduler::Error> for Failed {
    fn from(error: wask_scheduler::Error) -> Self {
        Self::new(Exit::Machine, error)
    }
}

impl From<wask_worker::Error> for Failed {
    fn from(error: wask_worker::Error) -> Self {
        let exit = match error.class() {
            Class::Unreachable => Exit::Cluster,
            Class::Refused => Exit::Refused,
            Class::Local => Exit::Machine,
        };
        Self::new(exit, error)
    }
}

impl From<wask_deploy::Error> for Failed {
    fn from(error: wask_deploy::Error) -> Self {
        use wask_deploy::Error;
        match error {
            Error::Address(error) => error.into(),
            Error::Scheduler(error) => error.into(),
            Error::Worker(error) => error.into(),
            Error::Sandbox(error) => error.into(),
            error => Self::new(Exit::Machine, error),
        }
    }
}

fn of_rpc(error: &RpcError) -> Exit {
    match error {
        RpcError::Address(_) => Exit::Input,
        RpcError::Unreachable { .. } | RpcError::Disconnected(_) | RpcError::Malformed(_) => {
            Exit::Cluster
        }
        RpcError::Listen { .. } | RpcError::Record { .. } => Exit::Machine,
        RpcError::Refused(refusal) => of_refusal(refusal),
    }
}

fn of_refusal(refusal: &Refusal) -> Exit {
    match refusal.code {
        RefusalCode::Invalid | RefusalCode::NotFound | RefusalCode::Exists => Exit::Input,
        RefusalCode::Credential | RefusalCode::Version | RefusalCode::Forbidden => Exit::Refused,
        RefusalCode::Unavailable => Exit::Cluster,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_that_are_documented() {
        let exits = [
            (Exit::Task, 1),
            (Exit::Input, 2),
            (Exit::Cluster, 3),
            (Exit::Refused, 4),
            (Exit::Machine, 5),
            (Exit::Timeout, 6),
            (Exit::Signal(2), 130),
            (Exit::Signal(15), 143),
        ];
        for (exit, code) in exits {
            assert_eq!(exit.code(), code);
        }
    }

    #[test]
    fn errors_map_to_their_codes() {
        let refused = |code| Failed::from(ClientError::Refused(Refusal::new(code, "no"))).exit;
        assert_eq!(refused(RefusalCode::Credential), Exit::Refused);
        assert_eq!(refused(RefusalCode::Version), Exit::Refused);
        assert_eq!(refused(RefusalCode::NotFound), Exit::Input);
        let address = "tcp://localhost:1".parse().unwrap();
        let source = std::io::ErrorKind::AddrInUse.into();
        assert_eq!(
            Failed::from(RpcError::Listen { address, source }).exit,
            Exit::Machine
        );
    }

    #[test]
    fn causes_are_told() {
        let error = std::io::Error::other("no such file");
        let failed = Err::<(), _>(error)
            .or_exit(Exit::Input, || "cannot read `x`")
            .unwrap_err();
        assert_eq!(failed.to_string(), "cannot read `x`: no such file");
        let told = Failed::from(ComponentError::Read {
            path: "x".into(),
            source: std::io::Error::other("no such file"),
        });
        let told = told.context("first").to_string();
        assert_eq!(told, "first: cannot read component x: no such file");
    }
}
