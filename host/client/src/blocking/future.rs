//! Futures whose results are waited for.

use std::{fmt, time::Duration};

use serde::{Serialize, Serializer};
use wask_core::Key;
use wask_value::{Type, Value, WitType};

use super::wait::wait;
use crate::{Dynamic, Encoded, Error, ReadAs, Status, TaskError};

/// A client's hold on a key, as [`crate::Future`]; its results are waited for.
pub struct Future<T = Dynamic>(crate::Future<T>);

impl<T> Future<T> {
    /// The same future for async programs.
    pub fn into_async(self) -> crate::Future<T> {
        self.0
    }

    /// As [`crate::Future::key`].
    pub fn key(&self) -> Key {
        self.0.key()
    }

    /// As [`crate::Future::label`].
    pub fn label(&self) -> &str {
        self.0.label()
    }

    /// As [`crate::Future::ty`].
    pub fn ty(&self) -> &Type {
        self.0.ty()
    }

    /// As [`crate::Future::status`].
    pub fn status(&self) -> Status {
        self.0.status()
    }

    /// As [`crate::Future::is_done`].
    pub fn is_done(&self) -> bool {
        self.0.is_done()
    }

    /// As [`crate::Future::nbytes`].
    pub fn nbytes(&self) -> Option<u64> {
        self.0.nbytes()
    }

    /// Waits for the result, as [`crate::Future::result`].
    ///
    /// ```no_run
    /// # fn example(future: wask_client::blocking::Future) -> Result<(), wask_client::Error> {
    /// let counts: Vec<(String, u32)> = future.result()?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`crate::Future::result`].
    pub fn result<R>(&self) -> Result<R, Error>
    where
        T: ReadAs<R>,
    {
        wait(self.0.result())
    }

    /// As [`result`](Self::result), but waits no longer than given, as
    /// [`crate::Future::result_within`].
    ///
    /// ```no_run
    /// # fn example(future: wask_client::blocking::Future) -> Result<(), wask_client::Error> {
    /// use std::time::Duration;
    ///
    /// let counts: Vec<(String, u32)> = future.result_within(Duration::from_secs(10))?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Timeout`], and as [`result`](Self::result).
    pub fn result_within<R>(&self, limit: Duration) -> Result<R, Error>
    where
        T: ReadAs<R>,
    {
        wait(self.0.result_within(limit))
    }

    /// Waits for the result, as [`crate::Future::value`].
    ///
    /// # Errors
    /// As [`crate::Future::value`].
    pub fn value(&self) -> Result<Value, Error> {
        wait(self.0.value())
    }

    /// Waits for the result, as [`crate::Future::encoded`].
    ///
    /// # Errors
    /// As [`crate::Future::encoded`].
    pub fn encoded(&self) -> Result<Encoded, Error> {
        wait(self.0.encoded())
    }

    /// Waits until the task has run, as [`crate::Future::exception`].
    ///
    /// # Errors
    /// As [`crate::Future::exception`].
    pub fn exception(&self) -> Result<Option<TaskError>, Error> {
        wait(self.0.exception())
    }

    /// As [`crate::Future::on_done`]. The callback may wait for the result.
    ///
    /// ```no_run
    /// # fn example(future: wask_client::blocking::Future) -> Result<(), wask_client::Error> {
    /// future.on_done(|future| match future.result::<u32>() {
    ///     Ok(number) => println!("{number}"),
    ///     Err(error) => eprintln!("{error}"),
    /// })?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`crate::Future::on_done`].
    pub fn on_done(&self, callback: impl FnOnce(Self) + Send + 'static) -> Result<(), Error>
    where
        T: 'static,
    {
        self.0.on_done(move |future| callback(Self(future)))
    }

    /// As [`crate::Future::typed`].
    ///
    /// # Errors
    /// As [`crate::Future::typed`].
    pub fn typed<R: WitType>(&self) -> Result<Future<R>, Error> {
        self.0.typed().map(Future)
    }

    /// As [`crate::Future::dynamic`].
    pub fn dynamic(&self) -> Future {
        Future(self.0.dynamic())
    }

    pub(crate) fn inner(&self) -> &crate::Future<T> {
        &self.0
    }
}

impl<T> From<crate::Future<T>> for Future<T> {
    fn from(future: crate::Future<T>) -> Self {
        Self(future)
    }
}

impl<T> Clone for Future<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> fmt::Debug for Future<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// As [`crate::Future`]: in the arguments of a task it stands for its result.
impl<T> Serialize for Future<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
