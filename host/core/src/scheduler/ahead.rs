//! What a worker is given before its last input is there.
//!
//! A task whose one missing input is about to be computed by a worker is given to that worker as
//! well, if it is short and all its other inputs are there too. So the links of a chain run one
//! right after the other, and the messages about them go in batches beside that. How far ahead a
//! worker is given tasks is bounded by [`Config::target_queue`](super::Config::target_queue), which
//! is all that such a task may wait on a busy worker while another is free.

use super::{
    SchedulerCore,
    placement::can_take,
    tasks::{State, TaskId},
};
use crate::{WorkerId, task::Priority};

/// What became of the dependents of one task.
enum Looked {
    /// No more of them can go ahead, as long as nothing changes.
    AtAll,
    /// The worker has no room for the next one now.
    Full,
}

impl SchedulerCore {
    /// The task has a new dependent, which may go ahead with it.
    pub(super) fn look_ahead_of(&mut self, id: TaskId) {
        let task = &self.tasks[id];
        let place = (task.priority, id);
        if let Some((worker, _)) = task.state.given_to()
            && let Some(worker) = self.workers.get_mut(worker)
        {
            worker.frontier.insert(place);
        }
    }

    /// Gives workers what can follow on what they have, the first tasks first.
    pub(super) fn place_ahead(&mut self) {
        let busy = self.workers.iter();
        let busy = busy.filter(|(_, worker)| !worker.frontier.is_empty());
        let busy: Vec<WorkerId> = busy.map(|(id, _)| id).collect();
        for worker in busy {
            while let Some(place) = self.first_of_frontier(worker) {
                match self.place_dependents(worker, place.1) {
                    Looked::AtAll => self.leave_frontier(worker, place),
                    Looked::Full => break,
                }
            }
        }
    }

    fn first_of_frontier(&self, worker: WorkerId) -> Option<(Priority, TaskId)> {
        self.workers.get(worker)?.frontier.first().copied()
    }

    fn leave_frontier(&mut self, worker: WorkerId, place: (Priority, TaskId)) {
        if let Some(worker) = self.workers.get_mut(worker) {
            worker.frontier.remove(&place);
        }
    }

    fn place_dependents(&mut self, worker: WorkerId, id: TaskId) -> Looked {
        // More could not go ahead in any case.
        let most = self.config.target_queue_tasks_max;
        let dependents: Vec<TaskId> = self.tasks[id].dependents.iter().take(most).collect();
        for dependent in dependents {
            if !self.may_go_ahead(dependent, worker) {
                continue;
            }
            let Some(class) = self.tasks[dependent].class else {
                continue;
            };
            let class = &self.classes[class];
            let there = self.workers.get(worker);
            if !there.is_some_and(|there| there.has_room_ahead(class, &self.config)) {
                return Looked::Full;
            }
            let estimate = self.estimate(class);
            self.assign_ahead(dependent, worker, estimate);
        }
        Looked::AtAll
    }

    /// Whether the task waits for one input only, and could run on the worker with all the others.
    fn may_go_ahead(&self, id: TaskId, worker: WorkerId) -> bool {
        let task = &self.tasks[id];
        let (State::Waiting { missing: 1 }, Some(class)) = (&*task.state, task.class) else {
            return false;
        };
        let class = &self.classes[class];
        // What it asks for would be taken from others while it still waits.
        let is_modest = class.definition.options.resources.is_empty() && class.mean().is_some();
        let Some(there) = self.workers.get(worker) else {
            return false;
        };
        let is_there = |id: &TaskId| match &*self.tasks[*id].state {
            State::Memory { holders, .. } => holders.contains(worker),
            state => state.given_to().is_some_and(|(at, _)| at == worker),
        };
        is_modest
            && can_take(there, class)
            && task.dependencies.iter().all(is_there)
            && self.inputs_nbytes(id) <= there.info.memory_limit
    }
}
