//! The processes around the cores, what goes wrong between them, and the phases of a run.

use std::collections::{BTreeMap, BTreeSet};

use rand::{RngExt as _, SeedableRng as _, seq::IteratorRandom as _};
use rand_chacha::ChaCha8Rng;
use wask_core::{
    Attempt, Key, ScatterId, SchedulerCore, SessionId, TASK_MEMORY_MAX, TenantId, Time, WorkerId,
    client::Batch,
    scheduler::{self, Event, Spread, WorkerInfo},
    worker,
};

use crate::{
    Plan,
    client::Client,
    cluster::clients::ToClient,
    graphs::Universe,
    member::{Member, Stored},
    oracle::{self, Expectation},
    timeline::{Node, Timeline},
};

mod clients;
mod faults;
mod scheduler_process;
mod worker_processes;

/// What is going to happen.
#[derive(Debug)]
pub(crate) enum Happening {
    /// A message comes to the scheduler's process.
    SchedulerGets(u32, ToScheduler),
    /// The scheduler's process ends a batch, or its time has come.
    SchedulerPlaces,
    /// A message comes to a worker's process.
    WorkerGets(WorkerId, ToWorker),
    /// A message comes to a client, over the connection with this number.
    ClientGets(usize, u32, ToClient),
    /// A client's message is on its way, and there is room for more.
    ClientHasSent(usize, u32),
    /// A client that has lost its connection has one again.
    ClientReconnects(usize),
    /// A client does something.
    ClientSteps(usize),
    /// A worker's core wanted to be asked again.
    WorkerWakes(WorkerId),
    /// An execution comes to its end.
    ExecutionEnds(WorkerId, Key, Attempt),
    ExecutionDelayed(WorkerId, Key, Attempt),
    ExecutionPrepared(WorkerId, Key, Attempt),
    /// A worker shows that it is alive.
    HeartBeats(WorkerId),
    /// The connection of a worker is found to be broken, or it comes for the first time.
    Joins(usize),
    /// A worker that lost the scheduler finds it again.
    Returns(usize),
    /// Something goes wrong.
    GoesWrong(Fault),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    Crash,
    Freeze,
    Cut,
    /// A worker has no room for results for a while.
    FullMemory,
    /// A worker is slow for a while.
    Slow,
    Rot,
    /// Of a client's connection.
    ClientCut,
    /// The scheduler's process ends, and another starts that knows nothing.
    Restart,
    /// All processes stand still, as on a machine that sleeps.
    Sleep,
}

#[derive(Debug)]
pub(crate) enum ToScheduler {
    /// For the core as it is.
    Event(Event),
    /// A task has finished; the value stands in for what is in the worker's store.
    Finished(Event, Stored),
    /// What a client sent over the connection with this number.
    FromClient(usize, u32, Box<Self>),
    /// The message of a session with this number.
    Batch(SessionId, u64, Batch),
    /// A client wants to hear when all before has been taken in.
    Sync(usize),
    /// A client wants a value stored, on one worker or on all.
    Scatter(SessionId, Key, Spread),
    /// A client wants keys published.
    Publish(SessionId, Vec<Key>),
    Unpublish(SessionId),
}

#[derive(Debug)]
pub(crate) enum ToWorker {
    Event(worker::Event),
    /// A client's values come.
    Stage(ScatterId, Vec<Key>),
    /// The membership is over.
    Close,
    /// A peer asks for results.
    Serve {
        asker: WorkerId,
        keys: Vec<Key>,
    },
    /// A peer answers.
    Served {
        peer: WorkerId,
        arrived: Vec<(Key, Stored)>,
        missing: Vec<Key>,
        broke_off: bool,
    },
}

/// What happened in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Things that happened.
    pub steps: u64,
    /// What the scheduler counted.
    pub counts: scheduler::Counts,
    /// Detached tasks that finished when no client held them.
    pub finished_for_nobody: u64,
    /// Clients that had a connection again, to a scheduler that had kept their session.
    pub resumed: u64,
    /// Clients that had one to a scheduler that had forgotten them.
    pub forgotten: u64,
}

/// A whole cluster, with its clients.
#[derive(Debug)]
pub struct Cluster {
    pub(crate) plan: Plan,
    pub(crate) rng: ChaCha8Rng,
    pub(crate) timeline: Timeline<Happening>,
    pub(crate) scheduler: SchedulerCore,
    scheduler_config: scheduler::Config,
    pub(crate) members: BTreeMap<WorkerId, Member>,
    /// Workers that have lost the scheduler, by place.
    pub(crate) away: BTreeMap<usize, Member>,
    /// Which scheduler it is: they are counted.
    pub(crate) epoch: u32,
    pub(crate) clients: Vec<Client>,
    pub(crate) universes: Vec<Universe>,
    pub(crate) expectations: Vec<BTreeMap<Key, Expectation>>,
    /// Whom each task was given to last.
    pub(crate) assigned: BTreeMap<Key, (WorkerId, Attempt)>,
    /// The values that the scheduler accepted.
    pub(crate) accepted: BTreeMap<Key, u64>,
    /// What is to be computed though its client may have left.
    pub(crate) detached: BTreeSet<Key>,
    /// The sessions that the scheduler knows.
    pub(crate) open_sessions: BTreeSet<SessionId>,
    /// Who waits for which value to be stored.
    scattering: BTreeMap<ScatterId, (SessionId, Key)>,
    next_scatter: u64,
    /// How many messages of each session have been taken in.
    taken: BTreeMap<SessionId, u64>,
    next_worker: u32,
    next_session: u64,
    runs: u64,
    places_at: BTreeSet<u64>,
    /// Whether the scheduler was told something since it placed last.
    has_news: bool,
    /// Whether clients act and things go wrong.
    is_stormy: bool,
    traced: bool,
    pub(crate) summary: Summary,
}

const HEARTBEAT: u64 = 5_000_000;
/// How long a worker may be away.
const RETURN: u64 = 20_000_000;
/// How long the time of faults lasts.
const STORM: u64 = 100_000_000;
/// More than any run needs.
const STEPS_MAX: u64 = 1_000_000;
/// How long the cluster may take to come to rest afterwards.
const REST: u64 = 3_000_000_000;

impl Cluster {
    /// Runs a cluster through all its phases.
    ///
    /// # Panics
    ///
    /// If anything is not as it must be. With `traced`, all that happens goes to stderr.
    pub fn run(seed: u64, plan: Plan, traced: bool) -> Summary {
        let mut cluster = Self::new(seed, plan, traced);
        cluster.start();
        cluster.run_until(STORM);
        cluster.is_stormy = false;
        cluster.come_to_rest();
        cluster.check_outcomes();
        cluster.check_detached_have_ended();
        cluster.dismiss_clients();
        cluster.come_to_rest();
        cluster.check_emptiness();
        cluster.summary.counts = cluster.scheduler.counts();
        cluster.summary
    }

    fn new(seed: u64, plan: Plan, traced: bool) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let tenants = [1, 2].map(TenantId);
        let universes = tenants.map(|tenant| Universe::new(&mut rng, tenant));
        let config = scheduler::Config {
            heartbeat_interval: std::time::Duration::from_nanos(HEARTBEAT),
            return_time: std::time::Duration::from_nanos(RETURN),
            ..scheduler::Config::default()
        };
        Self {
            plan,
            rng,
            timeline: Timeline::new(),
            scheduler: SchedulerCore::new(config.clone()),
            scheduler_config: config,
            members: BTreeMap::new(),
            away: BTreeMap::new(),
            epoch: 0,
            clients: Vec::new(),
            expectations: universes.iter().map(oracle::expectations).collect(),
            universes: universes.into(),
            assigned: BTreeMap::new(),
            accepted: BTreeMap::new(),
            detached: BTreeSet::new(),
            open_sessions: BTreeSet::new(),
            scattering: BTreeMap::new(),
            next_scatter: 1,
            taken: BTreeMap::new(),
            next_worker: 1,
            next_session: 1,
            runs: 0,
            places_at: BTreeSet::new(),
            has_news: false,
            is_stormy: true,
            traced,
            summary: Summary::default(),
        }
    }

    fn start(&mut self) {
        for place in 0..self.plan.workers {
            let delay = self.rng.random_range(0..5_000_000);
            self.timeline.after(delay, Happening::Joins(place));
        }
        for client in 0..self.plan.clients {
            let session = self.open_session(client % 2);
            let steps = self.plan.steps;
            let client_of = Client::new(&mut self.rng, session, client % 2, steps);
            self.clients.push(client_of);
            self.timeline.after(0, Happening::ClientSteps(client));
        }
        let Plan {
            crashes,
            freezes,
            cuts,
            rot,
            client_cuts,
            full_memories,
            slow,
            restarts,
            sleeps,
            ..
        } = self.plan;
        for (fault, times) in [
            (Fault::Crash, crashes),
            (Fault::Freeze, freezes),
            (Fault::Cut, cuts),
            (Fault::Rot, rot),
            (Fault::ClientCut, client_cuts),
            (Fault::FullMemory, full_memories),
            (Fault::Slow, slow),
            (Fault::Restart, restarts),
            (Fault::Sleep, sleeps),
        ] {
            for _ in 0..self.rng.random_range(0..=(times * 2.0) as u32) {
                let delay = self.rng.random_range(0..STORM);
                self.timeline.after(delay, Happening::GoesWrong(fault));
            }
        }
    }

    fn run_until(&mut self, end: u64) {
        while self.timeline.nanos() < end && self.step() {}
    }

    /// Runs until nothing more is going to happen of itself.
    ///
    /// # Panics
    ///
    /// If that takes too long.
    fn come_to_rest(&mut self) {
        let end = self.timeline.nanos() + REST;
        let is_at_rest = |cluster: &Self| {
            let counts = cluster.scheduler.counts();
            let is_idle = |happening| {
                matches!(
                    happening,
                    &Happening::HeartBeats(_)
                        | &Happening::WorkerWakes(_)
                        | &Happening::SchedulerPlaces
                        | &Happening::SchedulerGets(_, ToScheduler::Event(Event::Heartbeat { .. }))
                )
            };
            counts.waiting + counts.no_worker + counts.queued + counts.processing == 0
                && !cluster.has_news
                && cluster.members.len() == cluster.plan.workers
                && cluster
                    .scheduler
                    .workers()
                    .map(|worker| worker.id)
                    .eq(cluster.members.keys().copied())
                && cluster.timeline.iter().all(is_idle)
        };
        while !is_at_rest(self) {
            let counts = self.scheduler.counts();
            assert!(self.timeline.nanos() < end, "no rest: {counts:?}");
            let pause = self.timeline.nanos() + 1_000_000;
            self.run_until(pause);
        }
    }

    fn dismiss_clients(&mut self) {
        for client in 0..self.clients.len() {
            let session = self.clients[client].session;
            self.tell_scheduler(client, ToScheduler::Event(Event::SessionClosed { session }));
        }
        for tenant in [1, 2].map(TenantId) {
            for name in self.scheduler.datasets(tenant) {
                self.feed(Event::DatasetUnpublished { tenant, name });
            }
        }
    }

    fn step(&mut self) -> bool {
        let Some((moment, happening)) = self.timeline.next() else {
            return false;
        };
        if let Some(member) = happening.worker().and_then(|id| self.members.get(&id))
            && member.frozen_until > moment.0
        {
            let until = member.frozen_until;
            self.timeline.put_off(moment, until, happening);
            return true;
        }
        if self.traced {
            eprintln!("{:>12} {happening:?}", moment.0);
        }
        self.summary.steps += 1;
        assert!(self.summary.steps < STEPS_MAX, "it goes round in circles");
        match happening {
            Happening::SchedulerGets(epoch, message) => {
                // What was sent to a scheduler that has ended is lost.
                if epoch == self.epoch {
                    self.scheduler_gets(message);
                }
            }
            Happening::SchedulerPlaces => self.scheduler_places(),
            Happening::WorkerGets(id, message) => self.worker_gets(id, message),
            Happening::ClientGets(client, connection, message) => {
                self.client_gets(client, connection, message);
            }
            Happening::ClientHasSent(client, connection) => {
                self.client_has_sent(client, connection);
            }
            Happening::ClientReconnects(client) => self.client_reconnects(client),
            Happening::ClientSteps(client) => self.client_steps(client),
            Happening::WorkerWakes(id) => self.worker_wakes(id),
            Happening::ExecutionEnds(id, key, attempt) => self.execution_ends(id, key, attempt),
            Happening::ExecutionDelayed(id, key, attempt) => {
                self.execution_delayed(id, key, attempt);
            }
            Happening::ExecutionPrepared(id, key, attempt) => {
                self.execution_prepared(id, key, attempt);
            }
            Happening::HeartBeats(id) => self.heart_beats(id),
            Happening::Joins(place) => self.join(place),
            Happening::Returns(place) => self.rejoin(place),
            Happening::GoesWrong(fault) if self.is_stormy => self.go_wrong(fault),
            Happening::GoesWrong(_) => {}
        }
        true
    }

    fn now(&self) -> Time {
        self.timeline.now()
    }

    fn tell_worker(&mut self, worker: WorkerId, message: ToWorker) {
        let happening = Happening::WorkerGets(worker, message);
        self.send(Node::Scheduler, Node::Worker(worker), happening);
    }

    fn send(&mut self, from: Node, to: Node, happening: Happening) {
        self.timeline.send(&mut self.rng, from, to, happening);
    }

    fn any_member(&mut self) -> Option<WorkerId> {
        self.members.keys().choose(&mut self.rng).copied()
    }

    fn join(&mut self, place: usize) {
        let id = WorkerId(self.next_worker);
        self.next_worker += 1;
        let config = worker::Config {
            slots: self.rng.random_range(1..=3),
            fetches_max: self.rng.random_range(1..=3),
            fetch_keys_max: self.rng.random_range(1..=8),
            ..worker::Config::default()
        };
        let info = WorkerInfo {
            name: format!("worker-{place}").into(),
            slots: config.slots,
            memory_limit: 1 << 30,
            task_memory: TASK_MEMORY_MAX,
            resources: [("gpu".into(), 1)].into(),
            returning: false,
            previous: None,
        };
        let mut member = Member::new(id, place, config);
        member.epoch = self.epoch;
        self.members.insert(id, member);
        self.feed(Event::WorkerJoined { worker: id, info });
        self.timeline.after(HEARTBEAT, Happening::HeartBeats(id));
    }

    /// A worker that had lost the scheduler has found it.
    fn rejoin(&mut self, place: usize) {
        let Some(mut member) = self.away.remove(&place) else {
            return;
        };
        let id = WorkerId(self.next_worker);
        self.next_worker += 1;
        let previous = (member.epoch == self.epoch).then_some(member.id);
        let info = WorkerInfo {
            name: format!("worker-{place}").into(),
            slots: member.slots,
            memory_limit: 1 << 30,
            task_memory: TASK_MEMORY_MAX,
            resources: [("gpu".into(), 1)].into(),
            returning: true,
            previous,
        };
        (member.id, member.epoch) = (id, self.epoch);
        self.members.insert(id, member);
        self.feed(Event::WorkerJoined { worker: id, info });
        self.feed_worker(id, worker::Event::SchedulerFound { id });
        self.timeline.after(HEARTBEAT, Happening::HeartBeats(id));
    }
}

impl Happening {
    /// Whose process it needs.
    fn worker(&self) -> Option<WorkerId> {
        match self {
            Self::WorkerGets(id, _)
            | Self::WorkerWakes(id)
            | Self::ExecutionEnds(id, ..)
            | Self::ExecutionDelayed(id, ..)
            | Self::ExecutionPrepared(id, ..)
            | Self::HeartBeats(id) => Some(*id),
            _ => None,
        }
    }
}
