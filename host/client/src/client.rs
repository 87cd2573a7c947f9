//! The client: what a program does with a cluster.

use std::{fmt, sync::Arc};

use wask_component::Digest as ComponentDigest;
use wask_core::{Digest, TaskRules};
use wask_rpc::wire::ClusterStatus;

use crate::{Builder, Component, Error, Future, Source, session::Session, thread::off_thread};

mod completed;
mod data;
mod datasets;
mod gather;
mod lazy;
mod submit;
mod wait;

pub use completed::{AsCompleted, CompletedResults};
pub use data::Scatter;
pub use datasets::Dataset;
pub use gather::Gathered;
pub use wait::Waited;

/// A session with a cluster. Cheap to clone, for use from any thread and any async runtime; it
/// has a thread of its own for the connection.
///
/// The session ends with [`close`](Self::close), or when the last clone and the last
/// [`Future`] of it are dropped. What only it held is released then.
///
/// What goes to the cluster in order, submissions, releases and cancellations, is sent in the
/// background: [`submit`](Self::submit), [`map`](Self::map) and [`cancel`](Self::cancel) return at
/// once, a future's drop as well.
#[derive(Clone)]
pub struct Client {
    session: Arc<Session>,
}

impl Client {
    pub(crate) fn new(session: Arc<Session>) -> Self {
        Self { session }
    }

    /// Connects to a scheduler, by its address: `tcp://HOST:PORT`, `unix:///PATH`.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), wask_client::Error> {
    /// use wask_client::Client;
    ///
    /// let client = Client::connect("tcp://127.0.0.1:8786").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Builder::connect`].
    pub async fn connect(address: impl Into<String>) -> Result<Self, Error> {
        Self::builder(address).connect().await
    }

    /// Connects with a token, a name or other limits.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), wask_client::Error> {
    /// # use wask_client::Client;
    /// let client = Client::builder("tcp://10.0.0.7:8786").token("secret").connect().await?;
    /// # Ok(()) }
    /// ```
    pub fn builder(address: impl Into<String>) -> Builder {
        Builder::new(address.into())
    }

    /// The scheduler's address.
    pub fn address(&self) -> &str {
        &self.session.address
    }

    /// The tenant to whom the session belongs: `default`, where a cluster has no others.
    pub fn tenant(&self) -> &str {
        &self.session.tenant
    }

    /// What tasks may use on this cluster, by default and at most.
    ///
    /// ```no_run
    /// # fn example(client: wask_client::Client) {
    /// let limits = &client.task_rules().limits;
    /// println!("{} bytes of memory, at most {}", limits.defaults().memory, limits.max().memory);
    /// # }
    /// ```
    pub fn task_rules(&self) -> &TaskRules {
        &self.session.rules
    }

    /// Gives the cluster a component, and gets a handle on its functions. It is checked here
    /// first, so that a mistake in it is told before anything is sent; what the cluster knows
    /// already is not sent again.
    ///
    /// ```no_run
    /// # async fn example(client: wask_client::Client) -> Result<(), wask_client::Error> {
    /// let words = client.upload("target/guests/word_count.wasm").await?;
    /// let count = words.function("count-words")?;
    ///
    /// let inline = client.upload(b"(component)".to_vec()).await?;
    /// assert_eq!(inline.functions().len(), 0);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Component`] where it cannot be read or is none that wask runs;
    /// [`Error::Refused`], [`Error::Disconnected`].
    pub async fn upload(&self, source: impl Into<Source>) -> Result<Component, Error> {
        self.upload_named(source.into(), String::new()).await
    }

    /// As [`upload`](Self::upload), and gives the component a name under which every client of
    /// the tenant finds it. A name that is in use passes to the new component.
    ///
    /// ```no_run
    /// # async fn example(client: wask_client::Client) -> Result<(), wask_client::Error> {
    /// client.upload_as("word-count", "target/guests/word_count.wasm").await?;
    /// let words = client.component("word-count").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`upload`](Self::upload).
    pub async fn upload_as(
        &self,
        name: impl Into<String>,
        source: impl Into<Source>,
    ) -> Result<Component, Error> {
        self.upload_named(source.into(), name.into()).await
    }

    async fn upload_named(&self, source: Source, name: String) -> Result<Component, Error> {
        let code = off_thread(move || source.load()).await??;
        let digest = Digest(*ComponentDigest::as_bytes(&code.digest()));
        let sent = code.clone();
        let info = self
            .session
            .call(async move |remote| remote.upload(&sent, name).await);
        let info = info.await?;
        self.session.has_admitted(digest);
        Component::new(info, Some(code))
    }

    /// A component that the cluster knows, by its name or its digest (`blake3:…`).
    ///
    /// ```no_run
    /// # async fn example(client: wask_client::Client) -> Result<(), wask_client::Error> {
    /// let count = client.component("word-count").await?.function("count-words")?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Refused`] where there is none; [`Error::Disconnected`].
    pub async fn component(&self, name: impl Into<String>) -> Result<Component, Error> {
        let name = name.into();
        let info = self
            .session
            .call(async move |remote| remote.component(name).await);
        Component::new(info.await?, None)
    }

    /// All components of the tenant.
    ///
    /// ```no_run
    /// # async fn example(client: wask_client::Client) -> Result<(), wask_client::Error> {
    /// for component in client.components().await? {
    ///     println!("{} {:?}", component.digest(), component.name());
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Disconnected`].
    pub async fn components(&self) -> Result<Vec<Component>, Error> {
        let infos = self.session.call(async |remote| remote.components().await);
        let infos = infos.await?.into_iter();
        infos.map(|info| Component::new(info, None)).collect()
    }

    /// Takes a component from the cluster, by its name or its digest, and with all its names.
    ///
    /// ```no_run
    /// # async fn example(client: wask_client::Client) -> Result<(), wask_client::Error> {
    /// client.remove_component("word-count").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Refused`] where there is none, or where tasks that are known need it: their results
    /// may have to be computed again; [`Error::Disconnected`].
    pub async fn remove_component(&self, name: impl Into<String>) -> Result<(), Error> {
        let name = name.into();
        self.session
            .call(async move |remote| remote.remove_component(name).await)
            .await
    }

    /// The cluster at this moment: its workers, and its tasks by state.
    ///
    /// ```no_run
    /// # async fn example(client: wask_client::Client) -> Result<(), wask_client::Error> {
    /// let status = client.status().await?;
    /// for worker in &status.workers {
    ///     println!("{}: {} of {} slots in use", worker.name, worker.executing, worker.slots);
    /// }
    /// println!("{} tasks finished", status.tasks.total_finished);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Disconnected`].
    pub async fn status(&self) -> Result<ClusterStatus, Error> {
        self.session
            .call(async |remote| remote.status().await)
            .await
    }

    /// The names of the workers that hold each future's result, in order. None for a future that
    /// is not finished.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # async fn example(client: Client, parts: Vec<Future>) -> Result<(), Error> {
    /// for (part, workers) in parts.iter().zip(client.who_has(&parts).await?) {
    ///     println!("{part:?} is on {}", workers.join(", "));
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Disconnected`].
    pub async fn who_has<T>(
        &self,
        futures: impl IntoIterator<Item: std::borrow::Borrow<Future<T>>>,
    ) -> Result<Vec<Vec<String>>, Error> {
        let keys = gather::keys(futures);
        self.session.flush().await?;
        self.session
            .call(async move |remote| remote.who_has(keys).await)
            .await
    }

    /// Waits until the cluster has taken in all that was submitted, released and cancelled so
    /// far. Nothing needs this to be correct; it bounds what waits to be sent, and lets a program
    /// tell the time of submitting from that of computing.
    ///
    /// ```no_run
    /// # async fn example(client: wask_client::Client) -> Result<(), wask_client::Error> {
    /// client.flush().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Disconnected`].
    pub async fn flush(&self) -> Result<(), Error> {
        self.session.flush().await
    }

    /// Ends the session, for all clones. Futures that are pending become
    /// [`Lost`](crate::Status::Lost), and the cluster stops what only they wanted.
    ///
    /// ```no_run
    /// # async fn example(client: wask_client::Client) {
    /// client.close().await;
    /// # }
    /// ```
    pub async fn close(&self) {
        self.session.close().await;
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({}, {})", self.address(), self.tenant())
    }
}
