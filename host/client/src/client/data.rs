//! Values from the program to the cluster.

use std::sync::Arc;

use serde::Serialize;
use wask_core::{Key, KeySet};
use wask_value::WitType;

use crate::{
    Client, Encoded, Error, Future,
    handle::{Description, Handle, State},
    thread::off_thread,
    transfer::Outbound,
};

/// Values in one call.
const VALUES: usize = 10_000;
/// Bytes of what announces a value, beside its type.
const HEADER_BYTES: usize = 80;

/// How values are to be stored: [`Client::scatter_with`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scatter {
    broadcast: bool,
}

impl Scatter {
    /// The usual way: each value on the worker that has most room. Copies follow the tasks.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stores a copy of each value on every worker that there is now. For what tasks on all of
    /// them need, so that none has to fetch it first. It takes as much memory on each.
    #[must_use]
    pub fn broadcast(mut self) -> Self {
        self.broadcast = true;
        self
    }

    /// Whether a value has to be sent: not where it is on the cluster already, unless more workers
    /// may need it.
    fn sends(self, handle: &Handle) -> bool {
        self.broadcast || !matches!(handle.state(), State::Finished { .. })
    }
}

impl Client {
    /// Stores a value on the cluster, and gives back a future of it. Use it for what is large and
    /// goes into many tasks. Equal values are stored once.
    ///
    /// The value's WIT type is that of its Rust type; [`scatter_encoded`](Self::scatter_encoded)
    /// takes another. [`Future::typed`] settles the Rust type that it is read as.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # async fn example(client: Client, find: Function) -> Result<(), Error> {
    /// use wask_client::each;
    ///
    /// let corpus = String::from("to be or not to be").repeat(1_000_000);
    /// let corpus = client.scatter(&corpus).await?;
    /// let found = client.map(&find, (&corpus, each(["to", "be"])))?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Value`] where the value does not fit its type; [`Error::Refused`] where no worker
    /// can take it; [`Error::Disconnected`].
    pub async fn scatter<T: Serialize + WitType + ?Sized>(
        &self,
        value: &T,
    ) -> Result<Future, Error> {
        let futures = self.scatter_encoded([Encoded::of(value)?]).await?;
        let future = futures.into_iter().next();
        future.ok_or(Error::Usage("a value got no future"))
    }

    /// As [`scatter`](Self::scatter), for many values: one future for each, in order. They are
    /// spread over the workers.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # async fn example(client: Client, count: Function) -> Result<(), Error> {
    /// use wask_client::each;
    ///
    /// let texts = client.scatter_all(["to be", "or not to be"]).await?;
    /// let parts = client.map(&count, (each(&texts),))?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`scatter`](Self::scatter).
    pub async fn scatter_all<T: Serialize + WitType>(
        &self,
        values: impl IntoIterator<Item = T>,
    ) -> Result<Vec<Future>, Error> {
        let ty = T::wit_type();
        let values = values.into_iter();
        let values = values.map(|value| Encoded::from_rust(ty.clone(), &value));
        self.scatter_encoded(values.collect::<Result<Vec<_>, Error>>()?)
            .await
    }

    /// As [`scatter_all`](Self::scatter_all), for the values of a map, which keep their keys. Gives
    /// back whatever collects from pairs: a map, of the same kind or another.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # async fn example(client: Client) -> Result<(), Error> {
    /// use std::collections::{BTreeMap, HashMap};
    ///
    /// let texts = HashMap::from([("hamlet", "to be or not to be"), ("lear", "nothing")]);
    /// let texts: BTreeMap<&str, Future> = client.scatter_map(texts).await?;
    /// println!("{} bytes", texts["lear"].nbytes().unwrap_or(0));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`scatter`](Self::scatter).
    pub async fn scatter_map<K, T, M>(
        &self,
        values: impl IntoIterator<Item = (K, T)>,
    ) -> Result<M, Error>
    where
        T: Serialize + WitType,
        M: FromIterator<(K, Future)>,
    {
        let (keys, values): (Vec<K>, Vec<T>) = values.into_iter().unzip();
        let futures = self.scatter_all(values).await?;
        Ok(keys.into_iter().zip(futures).collect())
    }

    /// As [`scatter`](Self::scatter), for values whose types are known only at run time.
    ///
    /// ```no_run
    /// # async fn example(client: wask_client::Client) -> Result<(), wask_client::Error> {
    /// use wask_client::{Encoded, Type};
    ///
    /// // A Rust `u8` list as `list<u32>`.
    /// let value = Encoded::from_rust(Type::list(Type::U32), &[1u8, 2, 3])?;
    /// let futures = client.scatter_encoded([value]).await?;
    /// assert_eq!(futures[0].ty().to_string(), "list<u32>");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`scatter`](Self::scatter).
    pub async fn scatter_encoded(
        &self,
        values: impl IntoIterator<Item = Encoded>,
    ) -> Result<Vec<Future>, Error> {
        self.scatter_with(Scatter::new(), values).await
    }

    /// As [`scatter_encoded`](Self::scatter_encoded), in another way: with a copy on every worker,
    /// say.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # async fn example(client: Client, find: Function) -> Result<(), Error> {
    /// use wask_client::{Encoded, Scatter, each};
    ///
    /// let index = Encoded::of(&vec![("be", 2), ("not", 1)])?;
    /// let index = client.scatter_with(Scatter::new().broadcast(), [index]).await?;
    /// let found = client.map(&find, (&index[0], each(["to", "be"])))?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`scatter`](Self::scatter).
    pub async fn scatter_with(
        &self,
        how: Scatter,
        values: impl IntoIterator<Item = Encoded>,
    ) -> Result<Vec<Future>, Error> {
        let values: Vec<_> = values.into_iter().collect();
        let mut futures = Vec::with_capacity(values.len());
        let mut values = values.into_iter().peekable();
        while values.peek().is_some() {
            let mut some = Vec::new();
            let mut bytes = 0;
            // Each is announced with its type.
            while let Some(value) = values.peek()
                && (some.is_empty() || bytes < self.session.limits.batch_bytes)
                && some.len() < VALUES
            {
                bytes += HEADER_BYTES + value.ty().to_string().len();
                some.extend(values.next());
            }
            let handles = self.store(how, some).await?;
            futures.extend(handles.into_iter().map(Future::new));
        }
        Ok(futures)
    }

    async fn store(&self, how: Scatter, values: Vec<Encoded>) -> Result<Vec<Arc<Handle>>, Error> {
        let tenant = self.session.tenant.clone();
        // Digests of large values take their time.
        let keyed = move || -> Vec<Outbound> {
            values
                .into_iter()
                .map(|value| outbound(&tenant, &value))
                .collect()
        };
        let values = off_thread(keyed).await?;
        let handles = values
            .iter()
            .map(|value| self.hold(value))
            .collect::<Result<Vec<_>, _>>()?;
        let mut sent = KeySet::default();
        let to_send: Vec<_> = values
            .into_iter()
            .zip(&handles)
            .filter(|(value, handle)| how.sends(handle) && sent.insert(value.key))
            .collect();
        if to_send.is_empty() {
            return Ok(handles);
        }
        let (to_send, sent): (Vec<_>, Vec<_>) = to_send
            .into_iter()
            .map(|(value, _)| {
                let stored = (value.key, value.bytes.len() as u64);
                (value, stored)
            })
            .unzip();
        // The call keeps the keys held for as long as it runs, even where nobody waits for it any
        // more: else their release could overtake the values.
        let kept = handles.clone();
        let driver = self.session.driver.clone();
        let storing = self.session.call(async move |remote| {
            let stored = remote.scatter(to_send, how.broadcast).await;
            for (key, nbytes) in sent {
                match &stored {
                    Ok(()) => driver.stored(key, nbytes),
                    Err(_) => driver.not_stored(key),
                }
            }
            drop(kept);
            stored
        });
        storing.await?;
        Ok(handles)
    }

    fn hold(&self, value: &Outbound) -> Result<Arc<Handle>, Error> {
        let description = Arc::new(Description {
            label: "scattered value".into(),
            ty: value.ty.clone(),
        });
        Handle::of_value(&self.session, value.key, description)
    }
}

fn outbound(tenant: &str, value: &Encoded) -> Outbound {
    Outbound {
        key: Key::of_data(tenant, &value.ty().to_string(), value.bytes()),
        ty: value.ty().clone(),
        bytes: value.bytes().clone(),
    }
}
