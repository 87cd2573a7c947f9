//! Datasets: named sets of futures that outlive their client.

use std::{borrow::Borrow, sync::Arc};

use wask_rpc::{RefusalCode, wire::DatasetInfo};
use wask_value::Type;

use super::gather::keys;
use crate::{
    Client, Error, Future,
    handle::{Description, Handle, State},
    results::check,
};

/// A named set of futures of one type, as [`Client::dataset`] gives it.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Its name.
    pub name: String,
    /// The WIT type of each.
    pub ty: Type,
    /// The futures, in the order in which they were published.
    pub futures: Vec<Future>,
}

impl Client {
    /// Gives futures of one type a name, under which every client of the tenant finds them. The
    /// cluster keeps them, also when this client is gone, until the name is given up.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # async fn example(client: Client, parts: Vec<Future>) -> Result<(), Error> {
    /// client.publish("word-counts", &parts).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Refused`] where the name is taken; [`Error::Usage`] where the futures are of
    /// several types, or there is none; [`Error::Disconnected`].
    pub async fn publish<T>(
        &self,
        name: impl Into<String>,
        futures: impl IntoIterator<Item: Borrow<Future<T>>>,
    ) -> Result<(), Error> {
        self.publish_with(name.into(), futures, false).await
    }

    /// As [`publish`](Self::publish), also where the name is taken: then the dataset that had it
    /// gives it up.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # async fn example(client: Client, parts: Vec<Future>) -> Result<(), Error> {
    /// client.replace("word-counts", &parts).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`publish`](Self::publish), but for the name.
    pub async fn replace<T>(
        &self,
        name: impl Into<String>,
        futures: impl IntoIterator<Item: Borrow<Future<T>>>,
    ) -> Result<(), Error> {
        self.publish_with(name.into(), futures, true).await
    }

    async fn publish_with<T>(
        &self,
        name: String,
        futures: impl IntoIterator<Item: Borrow<Future<T>>>,
        replace: bool,
    ) -> Result<(), Error> {
        let futures: Vec<Future<T>> = futures.into_iter().map(|f| f.borrow().clone()).collect();
        let Some(ty) = futures.first().map(|future| future.ty().clone()) else {
            return Err(Error::Usage("a dataset needs at least one future"));
        };
        if futures.iter().any(|future| *future.ty() != ty) {
            let advice = "the futures of a dataset are of one type: publish others apart";
            return Err(Error::Usage(advice));
        }
        let (keys, ty) = (keys(&futures), ty.to_string());
        // The scheduler must know the keys before it names them.
        self.session.flush().await?;
        let published = self
            .session
            .call(async move |remote| remote.publish(name, keys, ty, replace).await)
            .await;
        published.map_err(|error| match &error {
            // What it does not know it may have refused, and that says more.
            Error::Refused(refusal) if refusal.code == RefusalCode::NotFound => {
                let why = |future: &Future<T>| match future.handle.state() {
                    state @ State::Refused(_) => check(&future.handle, &state).err(),
                    _ => None,
                };
                futures.iter().find_map(why).unwrap_or(error)
            }
            _ => error,
        })
    }

    /// The futures that were published under a name. They are held from now on, whatever becomes
    /// of the name.
    ///
    /// ```no_run
    /// # async fn example(client: wask_client::Client) -> Result<(), wask_client::Error> {
    /// let parts = client.dataset("word-counts").await?.futures;
    /// let counts: Vec<Vec<(String, u32)>> = client.gather(&parts).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Refused`] where no dataset has the name; [`Error::Disconnected`].
    pub async fn dataset(&self, name: impl Into<String>) -> Result<Dataset, Error> {
        let name = name.into();
        let info = self
            .session
            .call(async move |remote| remote.dataset(name).await)
            .await?;
        let ty: Type = info.ty.parse().map_err(|source| Error::Value {
            what: format!("the type of dataset {}", info.name).into(),
            source: Box::new(source),
        })?;
        let name = info.name.as_str();
        let description_of = |index| {
            let label = match info.keys.len() {
                1 => name.into(),
                _ => format!("{name}[{index}]").into(),
            };
            let ty = ty.clone();
            Arc::new(Description { label, ty })
        };
        let handles = Handle::want(&self.session, &info.keys, description_of)?;
        // Older futures of these keys may have been dropped meanwhile: their release must not be
        // the last that the scheduler hears before the name is given up.
        self.session.flush().await?;
        Ok(Dataset {
            name: info.name,
            ty,
            futures: handles.into_iter().map(Future::new).collect(),
        })
    }

    /// All datasets of the tenant, with the state of each key. Nothing is held by that.
    ///
    /// ```no_run
    /// # async fn example(client: wask_client::Client) -> Result<(), wask_client::Error> {
    /// for dataset in client.datasets().await? {
    ///     println!("@{}: {} × {}", dataset.name, dataset.keys.len(), dataset.ty);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Disconnected`].
    pub async fn datasets(&self) -> Result<Vec<DatasetInfo>, Error> {
        self.session
            .call(async |remote| remote.datasets().await)
            .await
    }

    /// Gives up a dataset's name. Its futures go on as long as somebody holds them.
    ///
    /// ```no_run
    /// # async fn example(client: wask_client::Client) -> Result<(), wask_client::Error> {
    /// client.unpublish("word-counts").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Refused`] where no dataset has the name; [`Error::Disconnected`].
    pub async fn unpublish(&self, name: impl Into<String>) -> Result<(), Error> {
        let name = name.into();
        self.session
            .call(async move |remote| remote.unpublish(name).await)
            .await
    }
}
