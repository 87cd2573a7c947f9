//! What clients tell: sessions, what they hold, and datasets.

use std::{collections::BTreeSet, mem};

use super::{
    Action, KeyState, SchedulerCore,
    tasks::{TaskId, TaskSet, sorted},
    transition::Due,
};
use crate::{Key, SessionId, TenantId};

/// One client.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) tenant: TenantId,
    /// All and only tasks whose `sessions` name this one.
    pub(super) holds: TaskSet,
}

impl SchedulerCore {
    pub(super) fn session_opened(&mut self, session: SessionId, tenant: TenantId) {
        let holds = TaskSet::default();
        let before = self.sessions.insert(session, Session { tenant, holds });
        assert!(before.is_none(), "{session} was opened twice");
    }

    pub(super) fn session_closed(&mut self, session: SessionId) {
        let Some(session_state) = self.sessions.get_mut(&session) else {
            self.counts.total_stale += 1;
            return;
        };
        let holds = mem::take(&mut session_state.holds);
        self.abandon_all_of(session);
        for id in sorted(&holds) {
            self.let_go(session, id);
        }
        self.sessions.remove(&session);
    }

    pub(super) fn keys_released(&mut self, session: SessionId, keys: &[Key]) {
        if self.tenant_of_session(session).is_none() {
            return;
        }
        for key in keys {
            if let Some(id) = self.tasks.find(key) {
                self.let_go(session, id);
            }
        }
    }

    /// The session lets go of the keys and of all unfinished tasks that depend on them. The keys
    /// themselves are not detached any more, whoever detached them: else nobody could stop those.
    /// What nobody else wants then stops of itself.
    pub(super) fn keys_cancelled(&mut self, session: SessionId, keys: &[Key]) {
        let Some(tenant) = self.tenant_of_session(session) else {
            return;
        };
        let mut reached: BTreeSet<TaskId> = BTreeSet::new();
        let mut path: Vec<TaskId> = Vec::new();
        for key in keys.iter().rev() {
            let Some(id) = self.tasks.find(key) else {
                continue;
            };
            if self.tasks[id].tenant == tenant {
                self.attach(id);
                path.push(id);
            } else {
                self.counts.total_foreign += 1;
            }
        }
        while let Some(id) = path.pop() {
            if !reached.insert(id) {
                continue;
            }
            let unfinished = |id: &TaskId| self.tasks[*id].state.is_active();
            path.extend(self.tasks[id].dependents.iter().filter(unfinished));
            if self.tasks[id].sessions.contains(session) {
                self.let_go(session, id);
                self.report_to(session, id, KeyState::Cancelled);
            }
        }
    }

    pub(super) fn keys_detached(&mut self, session: SessionId, keys: &[Key]) {
        let Some(tenant) = self.tenant_of_session(session) else {
            return;
        };
        for key in keys {
            let Some(id) = self.tasks.find(key) else {
                continue;
            };
            let task = &mut self.tasks[id];
            if task.tenant != tenant {
                self.counts.total_foreign += 1;
            } else if KeyState::of_state(&task.state) == KeyState::Pending && task.can_run() {
                task.is_detached = true;
                self.agenda.push_back(Due::Want(id));
            }
        }
    }

    /// The task is not detached any more, if it was.
    pub(super) fn attach(&mut self, id: TaskId) {
        if mem::take(&mut self.tasks[id].is_detached) {
            self.agenda.push_back(Due::Relax(id));
        }
    }

    /// The tenant of a session, if it is still open.
    pub(super) fn tenant_of_session(&mut self, session: SessionId) -> Option<TenantId> {
        let tenant = self.sessions.get(&session).map(|session| session.tenant);
        self.counts.total_stale += u64::from(tenant.is_none());
        tenant
    }

    /// The session holds the key, however often it asks.
    pub(super) fn hold(&mut self, session: SessionId, id: TaskId) {
        if let Some(session_state) = self.sessions.get_mut(&session) {
            session_state.holds.insert(id);
            self.tasks[id].sessions.insert(session);
        }
    }

    /// The session does not hold the key any more, if it did.
    fn let_go(&mut self, session: SessionId, id: TaskId) {
        if self.tasks[id].sessions.remove(session) {
            if let Some(session_state) = self.sessions.get_mut(&session) {
                session_state.holds.remove(&id);
            }
            self.agenda.push_back(Due::Relax(id));
        }
    }

    /// A session wants a key that is gone.
    pub(super) fn report_unknown(&mut self, session: SessionId, key: Key) {
        self.reports.push_back(Action::Report {
            session,
            key,
            state: KeyState::Cancelled,
        });
    }
}
