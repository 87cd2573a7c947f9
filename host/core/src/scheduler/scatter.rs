//! Clients' values on their way to workers.
//!
//! The bytes of a value travel on a way of their own, so they could overtake, or be overtaken by, an
//! order to drop an older copy of the same key. Therefore they are first *staged*: they are on the
//! worker under the number of the scatter, and nobody counts on them. That they are to be *kept* is an
//! order among the others, and the worker says, among its other events, when it has done so. Each
//! part, which is what goes to one worker, is in one of these states:
//!
//! | state | meaning | ends with |
//! |---|---|---|
//! | `Sending` | the client's bytes are under way | `DataStaged`, `StagingFailed` |
//! | `Keeping` | the worker was told to keep them | a `DataKept` for each value |
//! | `Kept` | they are results like all others | |
//!
//! All parts are kept, or the client hears why not; then what is still staged anywhere is dropped, and
//! what was kept is let go of by the client.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Action, DataHeader, KeyState, ScatterError, SchedulerCore, Spread, tasks::State,
    workers::Worker,
};
use crate::{
    Key, ScatterId, SessionId, TenantId, Time, TypeId, WorkerId,
    probe::{self, Bug},
};

/// Values that a client is storing.
#[derive(Debug)]
pub(super) struct Scatter {
    session: SessionId,
    tenant: TenantId,
    values: BTreeMap<Key, (TypeId, u64)>,
    parts: BTreeMap<WorkerId, Part>,
}

/// What goes to one worker.
#[derive(Debug, Default)]
struct Part {
    keys: BTreeSet<Key>,
    /// Their bytes, which count as the worker's `staged` until they are kept.
    nbytes: u64,
    stage: Stage,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Sending,
    Keeping {
        left: usize,
    },
    Kept,
}

impl Scatter {
    /// The types of the values.
    pub(super) fn types(&self) -> impl Iterator<Item = TypeId> {
        self.values.values().map(|(ty, _)| *ty)
    }
}

impl SchedulerCore {
    pub(super) fn scatter_offered(
        &mut self,
        session: SessionId,
        scatter: ScatterId,
        values: &[DataHeader],
        spread: Spread,
    ) {
        let Some(tenant) = self.tenant_of_session(session) else {
            return;
        };
        let mut offered = Scatter {
            session,
            tenant,
            values: BTreeMap::new(),
            parts: BTreeMap::new(),
        };
        let mut present = Vec::new();
        let mut told: BTreeMap<WorkerId, Vec<Key>> = BTreeMap::new();
        for value in values {
            let header = (value.result_type, value.nbytes);
            if offered.values.insert(value.key, header).is_some() {
                continue;
            }
            match self.place_value(&mut offered, value, spread) {
                Ok(targets) if targets.is_empty() => present.push(value.key),
                Ok(targets) => {
                    for target in targets {
                        told.entry(target).or_default().push(value.key);
                    }
                }
                Err(error) => {
                    self.give_back_staged(&offered);
                    return self.end_scatter(scatter, Err(error));
                }
            }
        }
        for key in present {
            if let Some(id) = self.tasks.find(&key) {
                self.take_hold(session, tenant, id);
            }
        }
        let parts = told.into_iter().collect();
        self.reports.push_back(Action::StageData { scatter, parts });
        if offered.parts.is_empty() {
            return self.end_scatter(scatter, Ok(()));
        }
        self.scatters.insert(scatter, offered);
    }

    /// Adds a value to the parts of the workers that it has to be sent to; gives these.
    fn place_value(
        &mut self,
        scatter: &mut Scatter,
        value: &DataHeader,
        spread: Spread,
    ) -> Result<Vec<WorkerId>, ScatterError> {
        let DataHeader { key, nbytes, .. } = *value;
        let known = self.tasks.by_key(&key);
        if known.is_some_and(|task| task.tenant != scatter.tenant) {
            self.counts.total_foreign += 1;
            return Err(ScatterError::Foreign { key });
        }
        let holders: BTreeSet<_> = self.holders(&key).into_iter().collect();
        let targets = match spread {
            Spread::One if !holders.is_empty() => Vec::new(),
            Spread::One => vec![self.roomiest(key, nbytes)?],
            Spread::All => {
                // One that it does not fit is an error, as it is for a value that goes to one.
                self.roomiest(key, nbytes)?;
                let lacking = self.workers.iter().filter(|(id, worker)| {
                    let fits = worker.is_settled && worker.info.memory_limit >= nbytes;
                    fits && !holders.contains(id)
                });
                lacking.map(|(id, _)| id).collect()
            }
        };
        for target in &targets {
            if let Some(worker) = self.workers.get_mut(*target) {
                worker.staged = worker.staged.saturating_add(nbytes);
            }
            let part = scatter.parts.entry(*target).or_default();
            part.keys.insert(key);
            part.nbytes = part.nbytes.saturating_add(nbytes);
        }
        Ok(targets)
    }

    /// The worker that has most room, counting what is on its way there.
    fn roomiest(&self, key: Key, nbytes: u64) -> Result<WorkerId, ScatterError> {
        let limits = self.workers.iter();
        let limits = limits.map(|(_, worker)| worker.info.memory_limit);
        let memory_limit = limits.max().ok_or(ScatterError::NoWorker)?;
        if nbytes > memory_limit {
            return Err(ScatterError::TooLarge {
                key,
                nbytes,
                memory_limit,
            });
        }
        let takes = |worker: &Worker| {
            worker.is_settled && worker.staged.saturating_add(nbytes) <= worker.info.memory_limit
        };
        let fullness = |worker: &Worker| {
            let nbytes = u128::from(worker.nbytes) + u128::from(worker.staged);
            (nbytes << 32) / u128::from(worker.info.memory_limit.max(1))
        };
        let workers = self.workers.iter().filter(|(_, worker)| takes(worker));
        let roomiest = workers.map(|(id, worker)| (fullness(worker), worker.holding.len(), id));
        let (_, _, id) = roomiest.min().ok_or(ScatterError::Busy)?;
        Ok(id)
    }

    /// `Sending` → `Keeping`.
    pub(super) fn data_staged(&mut self, worker: WorkerId, scatter: ScatterId) {
        let part = self.scatters.get_mut(&scatter);
        match part.and_then(|scatter| scatter.parts.get_mut(&worker)) {
            Some(part) if part.stage == Stage::Sending => {
                let left = part.keys.len();
                part.stage = Stage::Keeping { left };
                if probe::has(Bug::AnnouncedEarly) {
                    return self.announce_early(worker, scatter);
                }
                self.actions.push_back(Action::KeepData { worker, scatter });
            }
            Some(_) => self.counts.total_stale += 1,
            None => {
                self.counts.total_stale += 1;
                self.drop_staged(worker, scatter);
            }
        }
    }

    /// What [`Bug::AnnouncedEarly`] does: the order to keep comes after the news.
    fn announce_early(&mut self, worker: WorkerId, id: ScatterId) {
        let part = self.scatters.get(&id).and_then(|it| it.parts.get(&worker));
        for key in part.map(|part| part.keys.clone()).unwrap_or_default() {
            self.data_kept(Time::ZERO, worker, id, key);
        }
    }

    /// One value of a part is among the worker's results, and the session holds it. With the last one
    /// `Keeping` → `Kept`.
    pub(super) fn data_kept(&mut self, now: Time, worker: WorkerId, id: ScatterId, key: Key) {
        self.heard_from(now, worker);
        let Some(scatter) = self.scatters.get_mut(&id) else {
            self.counts.total_stale += 1;
            return self.refuse_replica(worker, key);
        };
        let value = scatter.values.get(&key).copied();
        let part = scatter.parts.get_mut(&worker);
        let (Some((result_type, nbytes)), Some(part)) = (value, part) else {
            self.counts.total_stale += 1;
            return self.refuse_replica(worker, key);
        };
        let mut unstaged = 0;
        if let Stage::Keeping { left } = &mut part.stage {
            *left = left.saturating_sub(1);
            if *left == 0 {
                part.stage = Stage::Kept;
                unstaged = part.nbytes;
            }
        }
        let (session, tenant) = (scatter.session, scatter.tenant);
        self.unstage(worker, unstaged);
        self.announce(session, (tenant, key, result_type), nbytes, worker);
        let is_kept = |scatter: &Scatter| {
            let mut parts = scatter.parts.values();
            parts.all(|part| part.stage == Stage::Kept)
        };
        if self.scatters.get(&id).is_some_and(is_kept) {
            self.scatters.remove(&id);
            self.end_scatter(id, Ok(()));
        }
    }

    /// A value is on a worker, and its session holds it.
    fn announce(
        &mut self,
        session: SessionId,
        (tenant, key, result_type): (TenantId, Key, TypeId),
        nbytes: u64,
        worker: WorkerId,
    ) {
        let known = self.tasks.find(&key);
        if !self.workers.contains(worker) || known.is_some_and(|id| self.tasks[id].tenant != tenant)
        {
            return self.refuse_replica(worker, key);
        }
        let id = known.unwrap_or_else(|| self.insert(tenant, key, result_type));
        self.hold(session, id);
        match &*self.tasks[id].state {
            State::Released | State::Away { .. } | State::Erred { .. } => {
                self.store(id, worker, nbytes);
            }
            State::Memory { nbytes, .. } => {
                let state = KeyState::Finished {
                    nbytes: *nbytes,
                    inline: None,
                    was_there: false,
                };
                self.add_replica(id, worker);
                self.report_to(session, id, state);
            }
            _ => self.refuse_replica(worker, key),
        }
    }

    pub(super) fn staging_failed(&mut self, worker: WorkerId, id: ScatterId, reason: String) {
        let scatter = self.scatters.get(&id);
        if scatter.is_some_and(|scatter| scatter.parts.contains_key(&worker)) {
            self.abandon(id);
            self.end_scatter(id, Err(ScatterError::Failed { worker, reason }));
        } else {
            self.counts.total_stale += 1;
        }
    }

    /// What is staged of it is dropped; its client hears nothing of it.
    pub(super) fn abandon(&mut self, id: ScatterId) {
        let Some(scatter) = self.scatters.remove(&id) else {
            return;
        };
        self.give_back_staged(&scatter);
        for (worker, part) in &scatter.parts {
            if part.stage != Stage::Kept {
                self.drop_staged(*worker, id);
            }
        }
    }

    pub(super) fn abandon_all_of(&mut self, session: SessionId) {
        let scatters = self.scatters.iter();
        let own = scatters.filter(|(_, scatter)| scatter.session == session);
        for id in own.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.abandon(id);
        }
    }

    /// The worker was lost: what was being stored there will not be.
    pub(super) fn abandon_all_on(&mut self, worker: WorkerId) {
        let scatters = self.scatters.iter();
        let there = scatters.filter(|(_, scatter)| {
            let part = scatter.parts.get(&worker);
            part.is_some_and(|part| part.stage != Stage::Kept)
        });
        for id in there.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.staging_failed(worker, id, "it was lost".to_owned());
        }
    }

    /// Whether the worker was told to keep this value, and has yet to say that it does.
    pub(super) fn is_keeping(&self, worker: WorkerId, key: Key) -> bool {
        let mut parts = self.scatters.values();
        parts.any(|scatter| {
            let part = scatter.parts.get(&worker);
            scatter.values.contains_key(&key)
                && part.is_some_and(|part| {
                    matches!(part.stage, Stage::Keeping { .. }) && part.keys.contains(&key)
                })
        })
    }

    fn give_back_staged(&mut self, scatter: &Scatter) {
        for (worker, part) in &scatter.parts {
            if part.stage != Stage::Kept {
                self.unstage(*worker, part.nbytes);
            }
        }
    }

    fn unstage(&mut self, worker: WorkerId, nbytes: u64) {
        if let Some(worker) = self.workers.get_mut(worker) {
            worker.staged = worker.staged.saturating_sub(nbytes);
        }
    }

    fn drop_staged(&mut self, worker: WorkerId, scatter: ScatterId) {
        if self.workers.contains(worker) {
            self.actions
                .push_back(Action::DropStaged { worker, scatter });
        }
    }

    fn end_scatter(&mut self, scatter: ScatterId, outcome: Result<(), ScatterError>) {
        self.reports
            .push_back(Action::ScatterDone { scatter, outcome });
    }

    /// What every worker is thought to have staged is what the parts on their way there make.
    pub(super) fn check_scatters(&self) {
        let mut staged: BTreeMap<WorkerId, u64> = BTreeMap::new();
        for (id, scatter) in &self.scatters {
            let open = self.sessions.contains_key(&scatter.session);
            assert!(open, "{id} is of a session that is closed");
            let mut parts = scatter.parts.values();
            assert!(parts.any(|part| part.stage != Stage::Kept), "{id} is done");
            for (worker, part) in &scatter.parts {
                if part.stage != Stage::Kept {
                    assert!(self.workers.contains(*worker), "{id} is on {worker}");
                    *staged.entry(*worker).or_default() += part.nbytes;
                }
            }
        }
        for (id, worker) in self.workers.iter() {
            let sum = staged.get(&id).copied().unwrap_or(0);
            assert_eq!(worker.staged, sum, "{id}: staged");
        }
    }

    /// How many times clients are storing values now.
    pub fn scatters(&self) -> usize {
        self.scatters.len()
    }
}
