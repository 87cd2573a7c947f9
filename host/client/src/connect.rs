//! How a client gets its session.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use wask_core::client::Config;
use wask_rpc::{Address, Limits, spawn_rpc_thread};

use crate::{
    Client, Error,
    driver::Driver,
    remote::{self, Target},
    session::Session,
};

/// Bytes of submitted tasks that may wait to be sent, before submitting waits too.
const QUEUE_BYTES: usize = 256 << 20;
/// The most bytes of results that one call brings here, where nothing else is said.
const MAX_RESULT_BYTES: u64 = 4 << 30;

/// Prepares a connection: [`Client::builder`].
///
/// ```no_run
/// # async fn example() -> Result<(), wask_client::Error> {
/// use wask_client::Client;
///
/// let client = Client::builder("tcp://10.0.0.7:8786")
///     .token("a secret of the cluster")
///     .name("nightly-report")
///     .max_result_bytes(256 << 20)
///     .connect()
///     .await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Builder {
    address: String,
    token: Option<String>,
    name: Option<String>,
    max_result_bytes: u64,
    limits: Limits,
}

impl Builder {
    pub(crate) fn new(address: String) -> Self {
        Self {
            address,
            token: None,
            name: None,
            max_result_bytes: MAX_RESULT_BYTES,
            limits: Limits::default(),
        }
    }

    /// The secret that the cluster was started with. None by default.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// What the scheduler calls this program before people. The name of its executable by
    /// default.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The most bytes of results that one call brings into this process; more is refused, with
    /// advice. 4 GiB by default.
    #[must_use]
    pub fn max_result_bytes(mut self, bytes: u64) -> Self {
        self.max_result_bytes = bytes;
        self
    }

    /// The limits of the connection: time to connect, sizes of messages.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Connects and logs in. May be called in any runtime, or in none.
    ///
    /// # Errors
    /// [`Error::Address`]; [`Error::Unreachable`]; [`Error::Refused`] where the token is wrong or
    /// the versions do not fit; [`Error::Thread`].
    pub async fn connect(self) -> Result<Client, Error> {
        let address: Address = self.address.parse()?;
        let shown: Arc<str> = address.to_string().into();
        let limits = self.limits.clone();
        let target = Target {
            address,
            token: self.token,
            name: self.name.unwrap_or_else(program_name),
            limits: self.limits,
        };
        let config = Config {
            batch_items: limits.batch_items,
            batch_bytes: limits.batch_bytes,
            // The scheduler ends a session with its connection.
            resend_bytes: None,
        };
        let driver = Arc::new(Driver::new(config, QUEUE_BYTES));
        let (requests, received) = mpsc::unbounded_channel();
        let (welcome, welcomed) = oneshot::channel();
        let driven = driver.clone();
        // Its end is told by the driver; nobody joins it.
        spawn_rpc_thread("wask-client", move || {
            remote::run(target, driven, received, welcome)
        })
        .map_err(|error| Error::Thread(Arc::new(error)))?;
        let welcome = welcomed.await.map_err(|_| Error::Disconnected {
            address: shown.clone(),
            reason: "the client's thread has ended".into(),
        })??;
        let max = self.max_result_bytes;
        let session = Session::new(shown, welcome, limits, max, driver, requests);
        Ok(Client::new(Arc::new(session)))
    }
}

fn program_name() -> String {
    let path = std::env::current_exe().ok();
    let name = path.as_deref().and_then(|path| path.file_name());
    name.map_or_else(
        || "a program".into(),
        |name| name.to_string_lossy().into_owned(),
    )
}
