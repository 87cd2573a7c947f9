//! Where tasks are found by their state: what follows from it, and is only kept for speed.

use super::{
    SchedulerCore,
    tasks::{State, TaskId},
};

impl SchedulerCore {
    /// Puts the task where tasks of this state are found.
    pub(super) fn index(&mut self, id: TaskId, state: &State) {
        let task = &self.tasks[id];
        match (state, task.class) {
            (State::NoWorker, Some(class)) => {
                self.classes[class].no_worker.insert((task.priority, id));
            }
            (State::Queued, Some(class)) => self.classes.enqueue(class, task.priority, id),
            (State::Away { until, .. }, _) => {
                self.away.insert((*until, id));
            }
            (
                State::Ahead {
                    worker, estimate, ..
                }
                | State::Processing {
                    worker, estimate, ..
                },
                Some(class),
            ) => {
                let definition = &self.classes[class].definition;
                let place = (task.priority, id);
                let leads_on = !task.dependents.is_empty();
                self.workers
                    .add_processing(*worker, place, *estimate, definition);
                if leads_on && let Some(worker) = self.workers.get_mut(*worker) {
                    worker.frontier.insert(place);
                }
            }
            (State::Memory { holders, nbytes }, _) => {
                for holder in holders.iter() {
                    if let Some(worker) = self.workers.get_mut(holder) {
                        worker.holding.insert(id);
                        worker.nbytes += nbytes;
                    }
                }
            }
            _ => {}
        }
    }

    /// Takes it from there. Workers that were lost need no more care.
    pub(super) fn unindex(&mut self, id: TaskId, state: &State) {
        let task = &self.tasks[id];
        match (state, task.class) {
            (State::NoWorker, Some(class)) => {
                self.classes[class].no_worker.remove(&(task.priority, id));
            }
            (State::Queued, Some(class)) => self.classes.dequeue(class, task.priority, id),
            (State::Away { until, .. }, _) => {
                self.away.remove(&(*until, id));
            }
            (
                State::Ahead {
                    worker, estimate, ..
                }
                | State::Processing {
                    worker, estimate, ..
                },
                Some(class),
            ) => {
                let definition = &self.classes[class].definition;
                let place = (task.priority, id);
                if let Some(worker) = self.workers.get_mut(*worker) {
                    worker.frontier.remove(&place);
                }
                self.workers
                    .remove_processing(*worker, place, *estimate, definition);
            }
            (State::Memory { holders, nbytes }, _) => {
                for holder in holders.iter() {
                    if let Some(worker) = self.workers.get_mut(holder) {
                        worker.holding.remove(&id);
                        worker.nbytes -= nbytes;
                    }
                }
            }
            _ => {}
        }
    }
}
