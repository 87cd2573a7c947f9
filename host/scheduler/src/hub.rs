//! Where clients and workers meet: the core, and what the core knows nothing of.

use std::{
    cell::{Cell, Ref, RefCell, RefMut},
    collections::{BTreeMap, BTreeSet},
    hash::{BuildHasher, Hasher, RandomState},
    rc::Rc,
    time::Instant,
};

use tokio::{
    sync::{Notify, Semaphore, mpsc},
    task::yield_now,
    time,
};
use wask_core::{
    Key, ScatterId, SchedulerCore, SessionId, TenantId, Time, TypeId, WorkerId,
    scheduler::{self, Action, DataHeader, Event, ScatterError, Spread},
};
use wask_rpc::{
    Alarm, ConnectionHandle, Outbox, Recorded, Refusal, RefusalCode,
    wire::{self, JoinInfo, KeyNews, Setup},
};
use wask_schema::transfer_capnp::object_store;
use wask_value::Type;

use crate::{Config, callees::Callees, library::Library, refusals::Refusals, types::Types};

/// Gathers that are under way at a time: what they have on their way from one worker stays within
/// what its connection may hold.
const GATHERS: usize = 96;

/// The one tenant, until there are more.
pub(crate) const DEFAULT_TENANT: (TenantId, &str) = (TenantId(0), "default");

/// The heart of the process. Every connection's servers share it.
pub(crate) struct Hub {
    pub(crate) config: Config,
    /// Which scheduler this is: another number each time that one starts.
    pub(crate) id: u64,
    started: Instant,
    state: RefCell<State>,
    /// The core has been told something, or its time has come.
    wake: Notify,
    /// Room for gathers of all sessions that are under way.
    pub(crate) gathers: Semaphore,
    /// Bytes of components that sessions have begun to upload.
    pub(crate) uploading: Rc<Cell<u64>>,
}

/// All that changes.
pub(crate) struct State {
    pub(crate) core: Recorded<SchedulerCore>,
    pub(crate) types: Types,
    pub(crate) library: Library,
    pub(crate) callees: Callees,
    /// Why tasks of late were refused.
    pub(crate) refusals: Refusals<Key>,
    pub(crate) sessions: BTreeMap<SessionId, SessionEntry>,
    pub(crate) workers: BTreeMap<WorkerId, WorkerEntry>,
    /// Who relays the values of a scatter.
    scatters: BTreeMap<ScatterId, mpsc::UnboundedSender<ScatterNews>>,
    sessions_ever: u64,
    workers_ever: u32,
    scatters_ever: u64,
}

/// A client that is logged in.
pub(crate) struct SessionEntry {
    pub(crate) outbox: Rc<Outbox<(Key, KeyNews)>>,
    connection: ConnectionHandle,
}

/// What the core decides of a scatter.
pub(crate) enum ScatterNews {
    /// Its values are to be sent to these workers.
    Stage(Vec<(WorkerId, Vec<Key>)>),
    /// It has come to its end.
    Done(Result<(), ScatterError>),
}

/// A worker that has joined.
pub(crate) struct WorkerEntry {
    pub(crate) join: JoinInfo,
    pub(crate) store: object_store::Client,
    pub(crate) heard: Instant,
    pub(crate) report: Report,
    outbox: Rc<Outbox<Action>>,
    connection: ConnectionHandle,
}

/// What a worker said at its last heartbeat.
#[derive(Clone, Copy, Default)]
pub(crate) struct Report {
    pub(crate) executing: u32,
    pub(crate) spilled_bytes: u64,
}

impl Hub {
    /// # Errors
    ///
    /// Where the record of its core cannot be opened.
    pub(crate) fn new(config: Config) -> Result<Rc<Self>, wask_rpc::Error> {
        let core = scheduler::Config {
            heartbeat_interval: config.limits.heartbeat,
            ..config.core.clone()
        };
        let state = State {
            core: Recorded::new(
                SchedulerCore::new(core.clone()),
                &Setup::Scheduler(core),
                config.record.as_deref(),
            )?,
            types: Types::new(config.quotas.type_bytes),
            library: Library::new(config.library_bytes, &config.quotas),
            callees: Callees::default(),
            refusals: Refusals::new(),
            sessions: BTreeMap::new(),
            workers: BTreeMap::new(),
            scatters: BTreeMap::new(),
            sessions_ever: 0,
            workers_ever: 0,
            scatters_ever: 0,
        };
        let started = Instant::now();
        Ok(Rc::new(Self {
            config,
            // std's hash maps are seeded at random.
            id: RandomState::new().build_hasher().finish(),
            started,
            state: RefCell::new(state),
            wake: Notify::new(),
            gathers: Semaphore::new(GATHERS),
            uploading: Rc::default(),
        }))
    }

    /// To look at. Must be let go before the next `await`.
    pub(crate) fn state(&self) -> Ref<'_, State> {
        self.state.borrow()
    }

    /// The number of a type, and room for it.
    pub(crate) fn type_id(&self, ty: &Type) -> Result<TypeId, Refusal> {
        let mut state = self.state_mut();
        state.make_room_for_types();
        state.types.id(ty)
    }

    /// To change what the core knows nothing of. Must be let go before the next `await`.
    pub(crate) fn state_mut(&self) -> RefMut<'_, State> {
        self.state.borrow_mut()
    }

    pub(crate) fn uptime(&self) -> std::time::Duration {
        self.started.elapsed()
    }

    fn now(&self) -> Time {
        Time::ZERO + self.started.elapsed()
    }

    /// Tells the core; what it wants done is done in the next [`turn`](Self::turn).
    pub(crate) fn tell(&self, events: impl IntoIterator<Item = Event>) {
        let now = self.now();
        let mut state = self.state_mut();
        for event in events {
            state.core.handle(now, event);
        }
        drop(state);
        self.wake.notify_one();
    }

    /// Lets the core act whenever it was told something or its time has come; never ends.
    pub(crate) async fn run(&self) {
        let mut alarm = Alarm::default();
        loop {
            let timeout = self.state().core.poll_timeout();
            let due = timeout.map(|due| time::Instant::from_std(self.started + (due - Time::ZERO)));
            tokio::select! {
                () = self.wake.notified() => {}
                () = alarm.until(due) => {}
            }
            // Whatever else has arrived is taken in first, so that it makes one batch.
            yield_now().await;
            self.turn();
        }
    }

    fn turn(&self) {
        let now = self.now();
        let mut state = self.state_mut();
        state.core.schedule(now);
        while let Some(action) = state.core.poll_action() {
            state.dispatch(action, self.config.outbox_items);
        }
    }

    /// The core is told nothing more that counts: what was recorded is written to its end.
    pub(crate) fn end_record(&self) {
        self.state_mut().core.end();
    }

    /// A new session of a client that was let in, and what is to be sent to it.
    pub(crate) fn open_session(
        &self,
        tenant: TenantId,
        connection: ConnectionHandle,
    ) -> (SessionId, Rc<Outbox<(Key, KeyNews)>>) {
        let mut state = self.state_mut();
        state.sessions_ever += 1;
        let session = SessionId(state.sessions_ever);
        let outbox = Rc::new(Outbox::new(&self.config.limits));
        state.sessions.insert(
            session,
            SessionEntry {
                outbox: outbox.clone(),
                connection,
            },
        );
        drop(state);
        self.tell([Event::SessionOpened { session, tenant }]);
        (session, outbox)
    }

    pub(crate) fn close_session(&self, session: SessionId) {
        if let Some(entry) = self.state_mut().sessions.remove(&session) {
            entry.outbox.close();
        }
        self.tell([Event::SessionClosed { session }]);
    }

    /// A new worker, and what is to be sent to it.
    pub(crate) fn add_worker(
        &self,
        join: JoinInfo,
        store: object_store::Client,
        connection: ConnectionHandle,
    ) -> Result<(WorkerId, Rc<Outbox<Action>>), Refusal> {
        self.config.quotas.check_worker(&join)?;
        if let Some(before) = self.same_as(&join) {
            // Its last connection is broken, and nobody has noticed yet; if it is not, whoever is at
            // its other end joins again.
            self.expel(before, "a worker that says to be this one has joined");
        }
        let mut state = self.state_mut();
        let name = &join.info.name;
        if let Some(other) = state
            .workers
            .values()
            .find(|other| other.join.info.name == *name)
        {
            let message = format!(
                "a worker named `{name}` is in the cluster already, as process {}; choose another \
                 --name, or wait until that one has left",
                other.join.process_id
            );
            return Err(Refusal::new(RefusalCode::Exists, message));
        }
        state.workers_ever += 1;
        let worker = WorkerId(state.workers_ever);
        let outbox = Rc::new(Outbox::new(&self.config.limits));
        let mut info = join.info.clone();
        info.returning = join.previous.is_some();
        info.previous = join
            .previous
            .filter(|(of, _)| *of == self.id)
            .map(|(_, id)| id);
        let entry = WorkerEntry {
            join,
            store,
            heard: Instant::now(),
            report: Report::default(),
            outbox: outbox.clone(),
            connection,
        };
        state.workers.insert(worker, entry);
        drop(state);
        let returning = info.returning;
        tracing::info!(%worker, name = %info.name, slots = info.slots, returning, "worker joined");
        self.tell([Event::WorkerJoined { worker, info }]);
        Ok((worker, outbox))
    }

    /// Asks the core where a client's values are to go. What it decides is in what comes.
    pub(crate) fn offer_scatter(
        &self,
        session: SessionId,
        values: Vec<DataHeader>,
        spread: Spread,
    ) -> (ScatterId, mpsc::UnboundedReceiver<ScatterNews>) {
        let (sender, news) = mpsc::unbounded_channel();
        let mut state = self.state_mut();
        state.scatters_ever += 1;
        let scatter = ScatterId(state.scatters_ever);
        state.scatters.insert(scatter, sender);
        drop(state);
        self.tell([Event::ScatterOffered {
            session,
            scatter,
            values,
            spread,
        }]);
        (scatter, news)
    }

    /// Nobody relays the values any more.
    pub(crate) fn forget_scatter(&self, scatter: ScatterId) {
        if self.state_mut().scatters.remove(&scatter).is_some() {
            self.tell([Event::ScatterAbandoned { scatter }]);
        }
    }

    /// The member that a worker says it was, if it still is one under the same name.
    fn same_as(&self, join: &JoinInfo) -> Option<WorkerId> {
        let (of, worker) = join.previous?;
        let state = self.state();
        let entry = state.workers.get(&worker)?;
        (of == self.id && entry.join.info.name == join.info.name).then_some(worker)
    }

    pub(crate) fn remove_worker(&self, worker: WorkerId, may_return: bool) {
        let removed = self.state_mut().workers.remove(&worker);
        if let Some(entry) = removed {
            entry.outbox.close();
            tracing::info!(%worker, name = %entry.join.info.name, "worker left");
        }
        self.tell([Event::WorkerLost { worker, may_return }]);
    }

    /// The addresses of all workers that a batch of actions for `worker` names.
    pub(crate) fn peers(&self, worker: WorkerId, actions: &[Action]) -> Vec<(WorkerId, String)> {
        let inputs = actions.iter().flat_map(|action| match action {
            Action::ComputeTask { inputs, .. } => inputs.as_slice(),
            _ => &[],
        });
        let named: BTreeSet<_> = inputs
            .flat_map(|input| wire::told_holders(worker, input))
            .collect();
        let state = self.state();
        let others = named.into_iter().filter(|peer| *peer != worker);
        let addresses = others.filter_map(|peer| {
            Some((peer, state.workers.get(&peer)?.join.contact_address.clone()))
        });
        addresses.collect()
    }

    /// How long the address is that a worker is told of a peer; none where it is told none.
    pub(crate) fn address_len(&self, worker: WorkerId, peer: WorkerId) -> Option<usize> {
        let state = self.state();
        let entry = state.workers.get(&peer).filter(|_| peer != worker)?;
        Some(entry.join.contact_address.len())
    }

    /// Ends a worker's connection, and its membership with it.
    pub(crate) fn expel(&self, worker: WorkerId, reason: &str) {
        if let Some(entry) = self.state().workers.get(&worker) {
            entry.connection.close(reason);
        }
        self.remove_worker(worker, true);
    }

    /// Ends a client's connection, and its session with it.
    pub(crate) fn disconnect(&self, session: SessionId, reason: &str) {
        if let Some(entry) = self.state().sessions.get(&session) {
            entry.connection.close(reason);
        }
    }

    /// Tells every peer that this is the end.
    pub(crate) fn close_all(&self, reason: &str) {
        let state = self.state();
        state
            .workers
            .values()
            .for_each(|worker| worker.connection.close(reason));
        state
            .sessions
            .values()
            .for_each(|session| session.connection.close(reason));
    }
}

impl State {
    /// Forgets types that are not used any more, where there may be many.
    pub(crate) fn make_room_for_types(&mut self) {
        let Self {
            core,
            types,
            callees,
            ..
        } = self;
        types.make_room(|| {
            let mut used = core.used_types();
            used.extend(callees.types());
            used
        });
    }

    fn dispatch(&mut self, action: Action, outbox_items: usize) {
        let worker = match action {
            Action::Report {
                session,
                key,
                state,
            } => {
                if let Some(entry) = self.sessions.get(&session) {
                    entry.outbox.push((key, KeyNews::State(state)));
                    entry.check(outbox_items);
                }
                return;
            }
            Action::StageData { scatter, parts } => {
                return self.tell_scatter(scatter, ScatterNews::Stage(parts));
            }
            Action::ScatterDone { scatter, outcome } => {
                self.tell_scatter(scatter, ScatterNews::Done(outcome));
                self.scatters.remove(&scatter);
                return;
            }
            Action::ComputeTask { worker, .. }
            | Action::CancelTask { worker, .. }
            | Action::KeepData { worker, .. }
            | Action::DropStaged { worker, .. }
            | Action::FreeKeys { worker, .. } => worker,
            Action::CloseWorker { worker, ref reason } => {
                tracing::warn!(%worker, reason, "giving up a worker");
                worker
            }
        };
        let Some(entry) = self.workers.get(&worker) else {
            return;
        };
        let last = match &action {
            Action::CloseWorker { reason, .. } => Some(reason.clone()),
            _ => None,
        };
        entry.outbox.push(action);
        if let Some(reason) = last {
            entry.connection.close(reason);
        }
    }
}

impl State {
    fn tell_scatter(&self, scatter: ScatterId, news: ScatterNews) {
        if let Some(relay) = self.scatters.get(&scatter) {
            // Who does not listen any more has given the scatter up.
            let _ = relay.send(news);
        }
    }
}

impl SessionEntry {
    pub(crate) fn check(&self, outbox_items: usize) {
        if self.outbox.len() > outbox_items {
            self.connection
                .close("the client takes in its events too slowly");
        }
    }
}
