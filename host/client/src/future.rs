//! Futures: a client's hold on the result of a task, or on a value that it scattered.

use std::{fmt, future::IntoFuture, marker::PhantomData, sync::Arc, time::Duration};

use futures::future::{BoxFuture, FutureExt};
use serde::{Serialize, Serializer, de::DeserializeOwned};
use wask_core::Key;
use wask_value::{Type, Value, WitType};

use crate::{
    Encoded, Error, TaskError,
    arguments::Slot,
    handle::{Handle, State},
    results,
};

/// A client's hold on a key: the result of a task, or a value that was scattered.
///
/// The result stays on the cluster, in a worker's memory, until it is asked for, and as long as
/// somebody holds it: dropping the last future of a key lets go of it. A task whose result nobody
/// wants any more is not run, or stopped. Clones are cheap and hold the same key; so do the
/// futures of equal tasks, which are run once.
///
/// A future may stand anywhere in the arguments of another task, and stands for its result there:
///
/// ```no_run
/// # use wask_client::*;
/// # async fn example(client: &Client, words: &Component) -> Result<(), Error> {
/// let (count, merge) = (words.function("count-words")?, words.function("merge")?);
/// let a = client.submit(&count, ("to be",))?;
/// let b = client.submit(&count, ("not to be",))?;
/// let merged = client.submit(&merge, ([&a, &b],))?;
/// let counts: Vec<(String, u32)> = merged.result().await?;
/// # Ok(()) }
/// ```
///
/// `T` is the Rust type as which the result is read. [`Dynamic`], the default, leaves it open
/// until [`result`](Self::result) is asked for. The WIT type is known all the same
/// ([`ty`](Self::ty)), and checked wherever the future is used.
///
/// A future can be awaited: `future.await?` is a `T`, or a [`Value`] where `T` is [`Dynamic`].
pub struct Future<T = Dynamic> {
    pub(crate) handle: Arc<Handle>,
    reads_as: PhantomData<fn() -> T>,
}

/// Leaves open as which Rust type a result is read: see [`Future`] and
/// [`Function`](crate::Function).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dynamic {}

/// As which Rust types `R` a [`Future<Self>`](Future) can be read: a future of a Rust type as that
/// type, a [`Dynamic`] one as any.
pub trait ReadAs<R> {
    /// Decodes the result.
    ///
    /// # Errors
    /// Where the Rust type does not fit the WIT type, with the path to what does not.
    fn read(ty: &Type, bytes: &[u8]) -> Result<R, wask_value::Error>;
}

impl<T: DeserializeOwned> ReadAs<T> for T {
    fn read(ty: &Type, bytes: &[u8]) -> Result<T, wask_value::Error> {
        wask_value::from_bytes(ty, bytes)
    }
}

impl<R: DeserializeOwned> ReadAs<R> for Dynamic {
    fn read(ty: &Type, bytes: &[u8]) -> Result<R, wask_value::Error> {
        wask_value::from_bytes(ty, bytes)
    }
}

/// Where a future stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Not yet computed, or being computed again.
    Pending,
    /// The result is on the cluster.
    Finished,
    /// The task, or one that it depends on, failed.
    Error,
    /// The task was cancelled.
    Cancelled,
    /// The result is gone and cannot be computed again, or the session is over.
    Lost,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pending => "pending",
            Self::Finished => "finished",
            Self::Error => "error",
            Self::Cancelled => "cancelled",
            Self::Lost => "lost",
        })
    }
}

impl<T> Future<T> {
    pub(crate) fn new(handle: Arc<Handle>) -> Self {
        Self {
            handle,
            reads_as: PhantomData,
        }
    }

    /// What names the task and its result. Equal tasks have equal keys.
    pub fn key(&self) -> Key {
        self.handle.key
    }

    /// What people call the task: its label, or its function's name.
    pub fn label(&self) -> &str {
        &self.handle.description.label
    }

    /// The WIT type of the result.
    pub fn ty(&self) -> &Type {
        &self.handle.description.ty
    }

    /// Where the future stands, as far as the client has been told. Does not wait.
    pub fn status(&self) -> Status {
        self.handle.status()
    }

    /// Whether the future is not pending any more, for good or ill.
    pub fn is_done(&self) -> bool {
        self.status() != Status::Pending
    }

    /// Whether the result is one that the cluster held already when this client asked for it: nothing
    /// was computed.
    pub fn was_there(&self) -> bool {
        matches!(
            self.handle.state(),
            State::Finished {
                was_there: true,
                ..
            }
        )
    }

    /// How large the encoded result is, in bytes, once it is finished.
    pub fn nbytes(&self) -> Option<u64> {
        match self.handle.state() {
            State::Finished { nbytes, .. } => Some(nbytes),
            _ => None,
        }
    }

    /// Waits for the result and brings it here, as a Rust type that fits its WIT type.
    ///
    /// May be given up and asked for again. Small results came with the news that they are
    /// there; others are fetched each time.
    ///
    /// ```no_run
    /// # async fn example(future: wask_client::Future) -> Result<(), wask_client::Error> {
    /// let counts: Vec<(String, u32)> = future.result().await?;
    /// let sum = future.result::<std::collections::BTreeMap<String, u32>>().await?.len();
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Task`] where the task failed; [`Error::Cancelled`], [`Error::Lost`],
    /// [`Error::Disconnected`]; [`Error::ResultTooLarge`]; [`Error::Value`] where the Rust type
    /// does not fit.
    pub async fn result<R>(&self) -> Result<R, Error>
    where
        T: ReadAs<R>,
    {
        let bytes = results::fetch(&self.handle).await?;
        results::read::<T, R>(&self.handle, &bytes)
    }

    /// As [`result`](Self::result), but waits no longer than given, also for the transfer. The task
    /// goes on, and its result may be asked for again.
    ///
    /// ```no_run
    /// # async fn example(future: wask_client::Future) -> Result<(), wask_client::Error> {
    /// use std::time::Duration;
    /// use wask_client::Error;
    ///
    /// match future.result_within::<u32>(Duration::from_secs(10)).await {
    ///     Ok(number) => println!("{number}"),
    ///     Err(Error::Timeout { .. }) => println!("not yet"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Timeout`], and as [`result`](Self::result).
    pub async fn result_within<R>(&self, limit: Duration) -> Result<R, Error>
    where
        T: ReadAs<R>,
    {
        let in_time = self.handle.session.within(limit, self.result());
        let late = || Error::Timeout {
            label: self.handle.description.label.clone(),
        };
        in_time.await.unwrap_or_else(|| Err(late()))
    }

    /// As [`result`](Self::result), as a dynamic value.
    ///
    /// ```no_run
    /// # async fn example(future: wask_client::Future) -> Result<(), Box<dyn std::error::Error>> {
    /// let value = future.value().await?;
    /// println!("{}", wask_value::wave::to_string(future.ty(), &value)?);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`result`](Self::result).
    pub async fn value(&self) -> Result<Value, Error> {
        self.encoded().await?.value()
    }

    /// As [`result`](Self::result), encoded as it is.
    ///
    /// ```no_run
    /// # async fn example(future: wask_client::Future) -> Result<(), Box<dyn std::error::Error>> {
    /// let encoded = future.encoded().await?;
    /// println!("{} bytes of {}", encoded.bytes().len(), encoded.ty());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`result`](Self::result).
    pub async fn encoded(&self) -> Result<Encoded, Error> {
        let bytes = results::fetch(&self.handle).await?;
        Ok(Encoded::trusted(self.ty().clone(), bytes))
    }

    /// Waits until the task has run, and tells why it failed, where it did.
    ///
    /// ```no_run
    /// # async fn example(future: wask_client::Future) -> Result<(), wask_client::Error> {
    /// if let Some(error) = future.exception().await? {
    ///     println!("{error}\n{}", error.failure().log);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Where the future is neither finished nor failed: it was cancelled, lost or refused, or the
    /// session is over.
    pub async fn exception(&self) -> Result<Option<TaskError>, Error> {
        let state = self.handle.resolved().await;
        match results::check(&self.handle, &state) {
            Ok(()) => Ok(None),
            Err(Error::Task(error)) => Ok(Some(error)),
            Err(error) => Err(error),
        }
    }

    /// Calls `callback` once, with this future, when it is not pending any more, whatever became of
    /// it; now, if it is not pending already. Until then the key is held.
    ///
    /// Callbacks of a client run one after another, in the order in which their futures resolve, on
    /// a thread that they have for themselves (`wask-client-callbacks`): they may take their time
    /// and may wait, for results too, which [`blocking::Future`](crate::blocking::Future) brings.
    /// One that panics is logged, and the others go on.
    ///
    /// ```no_run
    /// # async fn example(future: wask_client::Future) -> Result<(), wask_client::Error> {
    /// future.on_done(|future| println!("{} is {}", future.label(), future.status()))?;
    ///
    /// future.on_done(|future| {
    ///     let future = wask_client::blocking::Future::from(future);
    ///     println!("{:?}", future.value());
    /// })?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Thread`], where this process cannot have the thread.
    pub fn on_done(&self, callback: impl FnOnce(Self) + Send + 'static) -> Result<(), Error>
    where
        T: 'static,
    {
        let future = self.clone();
        self.handle.on_resolved(Box::new(move || callback(future)))
    }

    /// The same future, read as a Rust type of the same WIT type.
    ///
    /// ```no_run
    /// # async fn example(future: wask_client::Future) -> Result<(), wask_client::Error> {
    /// let text = future.typed::<String>()?.await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Type`] where the result is of another type.
    pub fn typed<R: WitType>(&self) -> Result<Future<R>, Error> {
        let (got, wanted) = (self.ty(), R::wit_type());
        match *got == wanted {
            true => Ok(Future::new(self.handle.clone())),
            false => Err(Error::Type {
                what: format!("the future of {}", self.label()).into(),
                wanted,
                got: got.clone(),
            }),
        }
    }

    /// The same future, leaving open as which Rust type it is read.
    pub fn dynamic(&self) -> Future {
        Future::new(self.handle.clone())
    }
}

impl<T> Clone for Future<T> {
    fn clone(&self) -> Self {
        Self::new(self.handle.clone())
    }
}

impl<T> fmt::Debug for Future<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (label, key) = (self.label(), self.key().short());
        write!(
            f,
            "Future<{}>({label}, {key}, {})",
            self.ty(),
            self.status()
        )
    }
}

/// In the arguments of a task, a future stands for its result. Elsewhere it cannot be serialized.
impl<T> Serialize for Future<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Slot::from(self.handle.clone()).serialize(serializer)
    }
}

impl<T: DeserializeOwned + Send + 'static> IntoFuture for Future<T> {
    type Output = Result<T, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        async move { self.result().await }.boxed()
    }
}

impl IntoFuture for Future<Dynamic> {
    type Output = Result<Value, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        async move { self.value().await }.boxed()
    }
}
