//! The named limits of the scheduler core.

use std::time::Duration;

/// Every number that the scheduler core decides by.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// How often a worker says that it is alive.
    pub heartbeat_interval: Duration,
    /// How many heartbeats in a row a worker may miss before it counts as lost.
    pub heartbeats_missed_max: u32,
    /// How long a worker that was lost may take to come back with what only it held and nobody can
    /// compute again, before that counts as lost too.
    pub return_time: Duration,
    /// Root tasks are held back to this share of a worker's slots, rounded up, so that the tasks
    /// that depend on them run first and data does not pile up.
    pub saturation: f64,
    /// Tasks that are more than so many times the slots of the cluster, and run the same function
    /// on no more than `shared_inputs_max` inputs together, are held back as root tasks are.
    pub shared_tasks_factor: u64,
    /// How few inputs that are.
    pub shared_inputs_max: usize,
    /// How long a worker's slots shall be busy with root tasks sent ahead, where these are so
    /// short that slots × saturation would leave it waiting for the next message.
    pub target_queue: Duration,
    /// How many tasks may be sent ahead to one worker for `target_queue`.
    pub target_queue_tasks_max: usize,
    /// How long a task is thought to run before one of its kind has.
    pub unknown_duration: Duration,
    /// How many past runs a mean duration speaks for: each new run weighs one part in so many.
    pub duration_memory: u32,
    /// How many kinds of task are remembered, with their durations, while none is known.
    pub idle_classes_max: usize,
    /// Bytes a second that one worker gets from another.
    pub bandwidth: u64,
    /// How long it takes until the first byte comes from another worker.
    pub transfer_latency: Duration,
    /// A task that was running on so many workers when they were lost errs.
    pub losses_max: u32,
    /// A task that workers gave back so many times, as its inputs could not be got, errs.
    pub returns_max: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            heartbeat_interval: Duration::from_millis(500),
            heartbeats_missed_max: 3,
            return_time: Duration::from_secs(60),
            saturation: 1.1,
            shared_tasks_factor: 2,
            shared_inputs_max: 4,
            target_queue: Duration::from_millis(5),
            target_queue_tasks_max: 1024,
            unknown_duration: Duration::from_millis(500),
            duration_memory: 8,
            idle_classes_max: 1024,
            bandwidth: 1 << 30,
            transfer_latency: Duration::from_micros(500),
            losses_max: 3,
            returns_max: 100,
        }
    }
}
