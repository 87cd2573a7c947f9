//! What can go wrong, and what to do then.

use std::{fmt, sync::Arc};

use serde::de::DeserializeOwned;
use wask_core::{Failure, FailureKind, LimitError};
use wask_rpc::{ParseAddressError, Refusal};
use wask_value::{Type, Value};

/// An error of the client. Cheap to clone: one error may be that of many futures.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A text that is no address.
    #[error(transparent)]
    Address(#[from] ParseAddressError),

    /// Nobody answers at the scheduler's address.
    #[error("{0}")]
    Unreachable(Arc<wask_rpc::Error>),

    /// The scheduler said no; its message tells why and what to do.
    #[error(transparent)]
    Refused(#[from] Refusal),

    /// The session is over: the connection broke, or the client was closed. Its futures are gone;
    /// connect again and submit again, equal tasks that are still in memory will not run twice.
    #[error("the session with {address} is over: {reason}; connect again and submit again")]
    Disconnected {
        /// The scheduler's address.
        address: Arc<str>,
        /// Why it ended.
        reason: Arc<str>,
    },

    /// The scheduler sent what makes no sense to this client, or the other way round: a bug.
    #[error("client and scheduler do not understand each other: {0}; are they of one version?")]
    Protocol(Arc<wask_rpc::Error>),

    /// A component that cannot be admitted, or a function that it does not have.
    #[error(transparent)]
    Component(Arc<wask_component::Error>),

    /// Arguments that do not fit the function.
    #[error("{function}: {source}; it is {signature}")]
    Arguments {
        /// The function.
        function: Arc<str>,
        /// Its type.
        signature: String,
        /// What does not fit, with the path to it.
        source: Box<wask_value::Error>,
    },

    /// A task for which more is asked than one may have.
    #[error("{function}: {source}; ask for less{}", limit_advice(source, .scheduler.as_deref()))]
    Limit {
        /// The function.
        function: Arc<str>,
        /// Which limit, what was asked for, and the maximum.
        source: LimitError,
        /// The address of the scheduler that sets the maximum; none where the task was to be
        /// computed in this process.
        scheduler: Option<Arc<str>>,
    },

    /// Arguments that do not fit a message.
    #[error(
        "{function}: {bytes} bytes of arguments exceed the limit of {limit}; scatter large values \
         and pass their futures"
    )]
    ArgumentsTooLarge {
        /// The function.
        function: Arc<str>,
        /// How large they are.
        bytes: usize,
        /// How large they may be.
        limit: usize,
    },

    /// A graph whose values do not fit.
    #[error(
        "the graph holds {bytes} bytes of values, more than {limit}: scatter large values, and \
         build the graph from their futures"
    )]
    GraphTooLarge {
        /// How large it is.
        bytes: usize,
        /// How large it may be.
        limit: usize,
    },

    /// A task of more inputs than a message can name.
    #[error(
        "{function}: a task of {inputs} inputs takes {bytes} bytes in a message, more than {limit}; \
         combine them in a tree"
    )]
    TooManyInputs {
        /// The function.
        function: Arc<str>,
        /// How many inputs it has.
        inputs: usize,
        /// How large the task is in a message.
        bytes: usize,
        /// How large it may be.
        limit: usize,
    },

    /// A graph that would make no picture.
    #[error(
        "the graph has {nodes} nodes, which make {groups} groups of one depth and function: nobody \
         reads a picture of more than {limit}; draw a part of it, such as one partition"
    )]
    GraphTooLargeToDraw {
        /// How many calls and futures it has.
        nodes: usize,
        /// How many groups they make.
        groups: usize,
        /// How many shapes a picture may have.
        limit: usize,
    },

    /// An operator on values of types for which it is not made.
    #[error(transparent)]
    Operator(Arc<wask_operator::Error>),

    /// A function that cannot run here, since only the cluster has its component.
    #[error(
        "the component of {function} is not in this process: load it from its file, or compute \
         on the cluster with client.compute"
    )]
    NoCode {
        /// The function.
        function: Arc<str>,
    },

    /// This program was built without what runs functions in its own process.
    #[error(
        "this program cannot compute without a cluster, as it was built without the feature \
         `local` of wask-client: enable that, or compute on a cluster with client.compute"
    )]
    NotLocal,

    /// What runs functions in this process cannot run.
    #[cfg(feature = "local")]
    #[error(transparent)]
    Sandbox(Arc<wask_sandbox::Error>),

    /// A function that cannot be applied in this way.
    #[error("{function}: {source}")]
    Shape {
        /// The function.
        function: Arc<str>,
        /// What shape it would have to have.
        source: Box<wask_value::Error>,
    },

    /// A function that is not for the elements of a collection.
    #[error("{function} cannot be applied in this way to elements of {element}; it is {signature}")]
    Elements {
        /// The function.
        function: Arc<str>,
        /// Its type.
        signature: String,
        /// Of an element.
        element: Type,
    },

    /// What should be a list, as each part of a collection is.
    #[error("{what} is {got}, not a list, as a part of a collection must be")]
    NotList {
        /// What should be one.
        what: Arc<str>,
        /// What it is.
        got: Type,
    },

    /// A file that cannot be used.
    #[error("the file {} {problem}", path.display())]
    File {
        /// Its path.
        path: std::path::PathBuf,
        /// What is wrong with it.
        problem: String,
    },

    /// A mistake in the use of this library, in words.
    #[error("{0}")]
    Usage(&'static str),

    /// A value that is not of its type, or a type that is none.
    #[error("{what}: {source}")]
    Value {
        /// Which value, or which type.
        what: Arc<str>,
        /// What is wrong with it.
        source: Box<wask_value::Error>,
    },

    /// A Rust type that does not fit what a function returns.
    #[error("{what} is {got}, not {wanted}: choose a Rust type that fits")]
    Type {
        /// What was asked for: a function's result, a future.
        what: Arc<str>,
        /// The Rust type's WIT type.
        wanted: Type,
        /// What it is.
        got: Type,
    },

    /// The task failed, or one that it depends on.
    #[error(transparent)]
    Task(#[from] TaskError),

    /// The task was cancelled.
    #[error("task {label} was cancelled; submit it again if you want its result")]
    Cancelled {
        /// What people call the task.
        label: Arc<str>,
    },

    /// The result is gone and cannot be computed again.
    #[error(
        "the result of {} is lost: {}; it was scattered, or its task is impure, so it cannot be \
         computed again: scatter or submit it anew", .0.label, .0.message
    )]
    Lost(Arc<Failure>),

    /// More than the client wants to hold.
    #[error(
        "the results take {bytes} bytes, more than max_result_bytes, which is {limit}: keep them \
         on the cluster and reduce them there, gather them in parts, or raise the limit with \
         Client::builder"
    )]
    ResultTooLarge {
        /// How large the results are together, in bytes.
        bytes: u64,
        /// How large they may be.
        limit: u64,
    },

    /// A result that was not to be had in many tries, though the scheduler says that it exists.
    #[error("the result of {label} could not be read in {tries} tries: its workers do not answer")]
    Unreadable {
        /// What people call the task.
        label: Arc<str>,
        /// How often it was tried.
        tries: u32,
    },

    /// The time given was not enough.
    #[error("the result of {label} was not there in time; it is still being computed")]
    Timeout {
        /// What people call the task.
        label: Arc<str>,
    },

    /// This process cannot have one more thread.
    #[error("cannot start the client's thread: {0}")]
    Thread(Arc<std::io::Error>),
}

fn limit_advice(error: &LimitError, scheduler: Option<&str>) -> String {
    scheduler.map_or_else(String::new, |address| {
        let option = error.kind.max_option();
        format!(", or have the scheduler at {address} started with another {option}")
    })
}

impl From<wask_component::Error> for Error {
    fn from(error: wask_component::Error) -> Self {
        Self::Component(Arc::new(error))
    }
}

impl From<wask_operator::Error> for Error {
    fn from(error: wask_operator::Error) -> Self {
        Self::Operator(Arc::new(error))
    }
}

/// The failure of a task, as [`Error::Task`] and [`Future::exception`](crate::Future::exception)
/// tell it. Says which task was at fault, which need not be the one that was asked for.
#[derive(Clone)]
pub struct TaskError {
    failure: Arc<Failure>,
    /// Of the value that the task at fault returned.
    error_type: Option<Type>,
}

impl TaskError {
    pub(crate) fn new(failure: Arc<Failure>) -> Self {
        let text = failure.error_type.as_deref();
        let error_type = text.and_then(|text| text.parse().ok());
        Self {
            failure,
            error_type,
        }
    }

    /// What happened.
    pub fn kind(&self) -> FailureKind {
        self.failure.kind
    }

    /// All that is known: the task at fault, the message, a trap's backtrace, the end of what the
    /// guest wrote to stdout and stderr, the worker.
    pub fn failure(&self) -> &Failure {
        &self.failure
    }

    /// The WIT type of the error that the function at fault returned, where it returned one.
    pub fn error_type(&self) -> Option<&Type> {
        self.failure.value.as_ref().and(self.error_type.as_ref())
    }

    /// The error that the function returned, read as a Rust type: the `E` of its
    /// `result<T, E>`. `None` where the failure is another, or the type does not fit.
    ///
    /// ```no_run
    /// # async fn example(future: wask_client::Future) -> Result<(), wask_client::Error> {
    /// use wask_client::Error;
    ///
    /// match future.result::<u32>().await {
    ///     Ok(number) => println!("{number}"),
    ///     Err(Error::Task(error)) => match error.value::<String>() {
    ///         Some(message) => println!("the function says: {message}"),
    ///         None => println!("{error}"),
    ///     },
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(()) }
    /// ```
    pub fn value<E: DeserializeOwned>(&self) -> Option<E> {
        let bytes = self.failure.value.as_ref()?;
        wask_value::from_bytes(self.error_type.as_ref()?, bytes).ok()
    }

    /// The error that the function returned, as a dynamic value of its
    /// [`error_type`](Self::error_type).
    pub fn dynamic_value(&self) -> Option<Value> {
        let bytes = self.failure.value.as_ref()?;
        wask_value::decode(self.error_type.as_ref()?, bytes).ok()
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Its message tells the value already.
        self.failure.fmt(f)
    }
}

impl fmt::Debug for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.failure.fmt(f)
    }
}

impl std::error::Error for TaskError {}

#[cfg(test)]
mod tests {
    use wask_core::Key;

    use super::*;

    #[test]
    fn the_error_of_a_guest_is_told_once() {
        let failure = Failure {
            kind: FailureKind::GuestError,
            origin: Key([0; 32]),
            label: "parse".into(),
            message: "not a number".into(),
            error_type: Some("string".into()),
            value: Some(
                wask_value::to_bytes(&Type::String, "not a number")
                    .unwrap()
                    .into(),
            ),
            backtrace: Vec::new(),
            log: String::new(),
            worker: "w".into(),
        };
        let error = TaskError::new(Arc::new(failure));
        assert_eq!(error.value::<String>().as_deref(), Some("not a number"));
        let shown = Error::from(error).to_string();
        assert_eq!(shown.matches("not a number").count(), 1, "{shown}");
    }
}
