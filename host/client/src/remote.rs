//! The RPC thread: one connection to a scheduler, and everything that goes over it.
//!
//! What the program wants comes as requests, each a small piece of code that runs here, and as the
//! messages that the [`Driver`] wants sent; what the scheduler tells goes to the driver. Nothing here
//! may block.

use std::{cell::Cell, pin::pin, rc::Rc, sync::Arc, time::Duration};

use futures::{StreamExt, future::LocalBoxFuture, stream::FuturesUnordered};
use tokio::{
    sync::{Notify, Semaphore, mpsc, oneshot},
    time::{Instant, MissedTickBehavior, interval, timeout, timeout_at},
};
use wask_core::{Digest, ENGINE_PROFILE, TaskRules};
use wask_rpc::{
    Address, Connection, Limits, Refusal, RefusalCode, SOFTWARE_VERSION, push_session_batch, wire,
};
use wask_schema::{
    common_capnp::PROTOCOL_VERSION,
    gateway_capnp::{gateway, gateway::login},
    session_capnp::{client_events, session, session_commands},
};

use crate::{
    Error,
    driver::{Driver, Outgoing},
};

/// Calls that may be under way at a time; each costs some kilobytes while it is. Streams of
/// commands are none of them.
const CALLS: usize = 64;
/// How long more is waited for where there is nothing to say but which keys are let go of.
const LINGER: Duration = Duration::from_millis(1);
/// How long a client that is closed tries to get its last commands taken in.
const FAREWELL: Duration = Duration::from_secs(2);

/// What another thread wants done on the RPC thread.
pub(crate) type Request = Box<dyn FnOnce(Rc<Remote>) -> LocalBoxFuture<'static, ()> + Send>;

/// Whom to connect to, and as whom.
pub(crate) struct Target {
    pub(crate) address: Address,
    pub(crate) token: Option<String>,
    /// The program's name, for people.
    pub(crate) name: String,
    pub(crate) limits: Limits,
}

/// What a scheduler says when it lets a client in.
pub(crate) struct Welcome {
    pub(crate) tenant: Arc<str>,
    pub(crate) rules: TaskRules,
}

/// What requests find on the RPC thread.
pub(crate) struct Remote {
    pub(crate) session: session::Client,
    pub(crate) limits: Limits,
    commands: session_commands::Client,
    driver: Arc<Driver>,
    heartbeat: Duration,
    closing: Notify,
    /// Whether it ends as soon as all has been sent.
    is_leaving: Cell<bool>,
}

impl Remote {
    /// Waits until the scheduler has taken in all that was said so far.
    pub(crate) async fn taken_in(&self) -> Result<(), wask_rpc::Error> {
        let (done, is_done) = oneshot::channel();
        self.driver.sync(done);
        let over = |_| wask_rpc::Error::Disconnected("the session is over".to_owned());
        is_done.await.map_err(over)
    }

    /// Ends the session once what was submitted and released so far has been sent.
    pub(crate) fn close(&self) {
        self.closing.notify_one();
    }
}

/// Connects, then serves requests until the session ends. However that comes about, the driver
/// is closed then.
pub(crate) async fn run(
    target: Target,
    driver: Arc<Driver>,
    mut requests: mpsc::UnboundedReceiver<Request>,
    welcome: oneshot::Sender<Result<Welcome, Error>>,
) {
    let ending = Ending(driver.clone());
    let (remote, connection, accepted) = match open(&target, &driver).await {
        Ok(opened) => opened,
        Err(error) => {
            // Who asked for it may have given up by now.
            let _ = welcome.send(Err(error));
            return;
        }
    };
    let _ = welcome.send(Ok(accepted));
    let remote = Rc::new(remote);
    let mut pump = pin!(pump(&remote));
    let reason = tokio::select! {
        reason = connection.closed() => reason.to_string(),
        Err(error) = &mut pump => error.to_string(),
        error = beat(&remote) => error.to_string(),
        () = serve(&remote, &mut requests) => {
            // A scheduler that does not answer any more need not hold up the program's end.
            remote.is_leaving.set(true);
            remote.driver.wake();
            let _ = timeout(FAREWELL, pump).await;
            "the client was closed".into()
        }
    };
    connection.close(&reason);
    ending.0.close(&reason);
    connection.closed().await;
    // Only now: whoever closed the client waits for the end of this channel.
    drop(requests);
}

/// Closes the driver even where the thread panics, so that nobody waits for ever.
struct Ending(Arc<Driver>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.close("the client's thread has ended");
    }
}

async fn open(
    target: &Target,
    driver: &Arc<Driver>,
) -> Result<(Remote, Connection, Welcome), Error> {
    let unreachable = |error| Error::Unreachable(Arc::new(error));
    let stream = wask_rpc::connect(&target.address, &target.limits).await;
    let stream = stream.map_err(unreachable)?;
    let (gateway, connection) = Connection::open::<gateway::Client>(stream, &target.limits);
    let opened = login(target, driver, &gateway).await;
    let (remote, welcome) = match opened {
        Err(LoginError::Refused(refusal)) => return Err(refusal.into()),
        Err(LoginError::Rpc(wask_rpc::Error::Disconnected(_))) => {
            // The connection knows better why.
            let reason = connection.closed().await.to_string();
            return Err(unreachable(wask_rpc::Error::Disconnected(reason)));
        }
        Err(LoginError::Rpc(error)) => return Err(unreachable(error)),
        Ok(opened) => opened,
    };
    connection.set_silence(remote.heartbeat * 3);
    Ok((remote, connection, welcome))
}

enum LoginError {
    Refused(Refusal),
    Rpc(wask_rpc::Error),
}

impl<E: Into<wask_rpc::Error>> From<E> for LoginError {
    fn from(error: E) -> Self {
        match error.into() {
            wask_rpc::Error::Refused(refusal) => Self::Refused(refusal),
            error => Self::Rpc(error),
        }
    }
}

async fn login(
    target: &Target,
    driver: &Arc<Driver>,
    gateway: &gateway::Client,
) -> Result<(Remote, Welcome), LoginError> {
    let mut request = gateway.login_request();
    let mut params = request.get();
    wire::write_credential(params.reborrow().init_credential(), target.token.as_deref());
    let mut info = params.reborrow().init_client();
    info.set_name(&target.name);
    info.set_software_version(SOFTWARE_VERSION);
    info.set_protocol_version(PROTOCOL_VERSION);
    params.set_events(capnp_rpc::new_client(Events(driver.clone())));
    let answer = request.send().promise.await?;
    let accepted = match answer.get()?.get_result()?.which()? {
        login::Accepted(accepted) => accepted?,
        login::Refused(refusal) => return Err(LoginError::Refused(wire::read_refusal(refusal?)?)),
    };
    let profile = accepted.get_engine_profile();
    if profile != ENGINE_PROFILE {
        let version = accepted.get_software_version()?.to_str()?;
        let message = format!(
            "the scheduler's tasks mean something else than this client's: its engine profile is \
             {profile}, this client's {ENGINE_PROFILE}; use the client of version {version}"
        );
        return Err(LoginError::Refused(Refusal::new(
            RefusalCode::Version,
            message,
        )));
    }
    let session = accepted.get_session()?;
    let commands = session.commands_request().send().pipeline.get_commands();
    let remote = Remote {
        session,
        limits: target.limits.clone(),
        commands,
        driver: driver.clone(),
        heartbeat: Duration::from_millis(accepted.get_heartbeat_millis().max(1).into()),
        closing: Notify::new(),
        is_leaving: Cell::new(false),
    };
    let welcome = Welcome {
        tenant: accepted.get_tenant()?.to_str()?.into(),
        rules: wire::read_task_rules(accepted.get_rules()?)?,
    };
    Ok((remote, welcome))
}

/// Sends what there is to be sent, until this client leaves; what comes together goes together.
async fn pump(remote: &Remote) -> Result<(), wask_rpc::Error> {
    loop {
        send_all(remote).await?;
        if remote.is_leaving.get() {
            return Ok(());
        }
        remote.driver.filled().await;
        // Who lets go of a result mostly asks for the next: the cluster hears of both at once.
        let deadline = Instant::now() + LINGER;
        while remote.driver.may_wait() && !remote.is_leaving.get() {
            if timeout_at(deadline, remote.driver.filled()).await.is_err() {
                break;
            }
        }
    }
}

async fn send_all(remote: &Remote) -> Result<(), wask_rpc::Error> {
    while let Some(outgoing) = remote.driver.next() {
        match outgoing {
            Outgoing::Batch(batch) => {
                push_session_batch(&remote.commands, &batch, &remote.limits).await?;
                remote.driver.sent();
            }
            Outgoing::Upload(component) => {
                upload(remote, &component).await?;
                remote.driver.sent();
            }
            Outgoing::Sync => {
                remote.commands.sync_request().send().promise.await?;
                remote.driver.acknowledged();
            }
        }
    }
    Ok(())
}

/// Gives the cluster a component. Where that says no, it says why to each task of it; the next
/// that is submitted tries again.
async fn upload(
    remote: &Remote,
    component: &wask_component::Component,
) -> Result<(), wask_rpc::Error> {
    let digest = Digest(*component.digest().as_bytes());
    match remote.upload(component, String::new()).await {
        Err(wask_rpc::Error::Refused(refusal)) => {
            tracing::warn!(%digest, %refusal, "the cluster refused a component");
            remote.driver.component_refused(digest);
            Ok(())
        }
        uploaded => uploaded.map(|_| ()),
    }
}

/// Tells the scheduler regularly that this client lives; its answers tell the same of it.
async fn beat(remote: &Remote) -> wask_rpc::Error {
    let mut ticks = interval(remote.heartbeat);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = remote.session.heartbeat_request().send().promise.await {
            return error.into();
        }
    }
}

/// Runs requests until nobody can send any more, or somebody wants an end.
async fn serve(remote: &Rc<Remote>, requests: &mut mpsc::UnboundedReceiver<Request>) {
    let room = Semaphore::new(CALLS);
    let mut under_way = FuturesUnordered::new();
    loop {
        tokio::select! {
            request = requests.recv() => match request {
                Some(request) => {
                    let call = request(remote.clone());
                    under_way.push(async {
                        // Never closed.
                        let _permit = room.acquire().await;
                        call.await;
                    });
                }
                None => break,
            },
            Some(()) = under_way.next() => {}
            () = remote.closing.notified() => break,
        }
    }
}

/// Where the scheduler tells what became of keys.
struct Events(Arc<Driver>);

impl client_events::Server for Events {
    fn push(
        self: Rc<Self>,
        params: client_events::PushParams,
    ) -> impl Future<Output = Result<(), capnp::Error>> + 'static {
        let taken = params
            .get()
            .and_then(|params| params.get_events())
            .map_err(wask_rpc::Error::from)
            .and_then(wire::read_key_events);
        match taken {
            Ok(events) => {
                self.0.told(events);
            }
            Err(error) => {
                // Futures would wait for ever for what was in there. The scheduler closes the
                // connection when it meets the error.
                let reason = format!("the scheduler sent events that make no sense: {error}");
                self.0.close(&reason);
                return std::future::ready(Err(capnp::Error::failed(reason)));
            }
        }
        std::future::ready(Ok(()))
    }
}
