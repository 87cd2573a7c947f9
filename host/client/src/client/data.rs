//! Values from the program to the cluster.

use std::sync::Arc;

use serde::Serialize;
use wask_core::{Key, KeySet};
use wask_value::WitType;

use crate::{
    Client, Encoded, Error, Future,
    state::{Description, Handle, State},
    transfer::Outbound,
};

/// Values in one call.
const VALUES: usize = 10_000;

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
        let values = values.into_iter().collect();
        Ok(self
            .store(values)
            .await?
            .into_iter()
            .map(Future::new)
            .collect())
    }

    async fn store(&self, values: Vec<Encoded>) -> Result<Vec<Arc<Handle>>, Error> {
        let mut handles = Vec::with_capacity(values.len());
        let mut values = values.into_iter().peekable();
        while values.peek().is_some() {
            handles.extend(
                self.store_some(values.by_ref().take(VALUES).collect())
                    .await?,
            );
        }
        Ok(handles)
    }

    async fn store_some(&self, values: Vec<Encoded>) -> Result<Vec<Arc<Handle>>, Error> {
        let tenant = self.session.tenant.clone();
        // Digests of large values take their time.
        let keyed = move || -> Vec<Outbound> {
            values
                .into_iter()
                .map(|value| outbound(&tenant, &value))
                .collect()
        };
        let values = super::off_thread(keyed).await?;
        let handles = values
            .iter()
            .map(|value| self.hold(value))
            .collect::<Result<Vec<_>, _>>()?;
        let mut sent = KeySet::default();
        let to_send: Vec<_> = values
            .into_iter()
            .zip(&handles)
            .filter(|(value, handle)| is_to_be_sent(handle) && sent.insert(value.key))
            .map(|(value, _)| value)
            .collect();
        if to_send.is_empty() {
            return Ok(handles);
        }
        let sizes: Vec<_> = to_send
            .iter()
            .map(|v| (v.key, v.bytes.len() as u64))
            .collect();
        // An older future of a value may have been dropped just before: its release must not
        // overtake the call, and take the value away again.
        self.session.flush().await?;
        // The call keeps the keys held for as long as it runs, even where nobody waits for it any
        // more: else their release could overtake the values.
        let kept = handles.clone();
        let storing = self.session.call(async move |remote| {
            let stored = remote.scatter(to_send).await;
            drop(kept);
            stored
        });
        storing.await?;
        let finished = |nbytes| State::Finished {
            nbytes,
            inline: None,
        };
        let news = sizes
            .into_iter()
            .map(|(key, nbytes)| (key, finished(nbytes)));
        self.session.outbox.resolve(news);
        Ok(handles)
    }

    fn hold(&self, value: &Outbound) -> Result<Arc<Handle>, Error> {
        let description = Arc::new(Description {
            label: "scattered value".into(),
            ty: value.ty.clone(),
            error_type: None,
        });
        self.session
            .outbox
            .hold(&self.session, value.key, &description)
    }
}

fn outbound(tenant: &str, value: &Encoded) -> Outbound {
    Outbound {
        key: Key::of_data(tenant, &value.ty().to_string(), value.bytes()),
        ty: value.ty().clone(),
        bytes: value.bytes().clone(),
    }
}

/// Whether a value is not on the cluster already.
fn is_to_be_sent(handle: &Handle) -> bool {
    !matches!(handle.state(), State::Finished { .. })
}
