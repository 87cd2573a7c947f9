//! Settings of a sandbox, and limits of a task.

use std::{path::PathBuf, thread, time::Duration};

use wask_core::{ResultLimits, TASK_MEMORY_MAX};

use crate::Compiler;

/// Settings of a [`Sandbox`](crate::Sandbox): how many tasks at once, and what is kept.
#[derive(Clone, Debug)]
pub struct Config {
    /// How many tasks may run at once.
    pub slots: usize,
    /// The most bytes of linear memory that a task may ask for; [`Sandbox::task_memory_max`] tells
    /// what of it there is.
    ///
    /// [`Sandbox::task_memory_max`]: crate::Sandbox::task_memory_max
    pub task_memory_max: u64,
    /// How many bytes of a task's stdout and stderr are kept: the last ones.
    pub max_log: usize,
    /// How many compiled components stay in memory. Beyond that, the least recently used goes.
    pub max_components: usize,
    /// Where compiled code is kept between processes. `None`: nowhere.
    pub cache_dir: Option<PathBuf>,
    /// Bytes of compiled code that are kept there, of all processes that use the folder together.
    /// Beyond that, what was not used for the longest time is removed.
    pub cache_bytes: u64,
    /// How components are compiled in processes of their own. `None`: in this one, which nothing
    /// bounds and nothing stops: for components that are trusted as far.
    pub compiler: Option<Compiler>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            slots: thread::available_parallelism().map_or(1, Into::into),
            task_memory_max: TASK_MEMORY_MAX,
            max_log: 64 << 10,
            max_components: 64,
            cache_dir: None,
            cache_bytes: 4 << 30,
            compiler: None,
        }
    }
}

/// What one task may use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TaskLimits {
    /// Bytes of linear memory, all memories of the instance together.
    pub memory: u64,
    /// Wall time, instantiation included. `None`: no limit.
    pub timeout: Option<Duration>,
    /// Fuel, about one unit an instruction: the same on every machine. Needs a component from
    /// [`Sandbox::compile_metered`](crate::Sandbox::compile_metered). `None`: not counted.
    pub fuel: Option<u64>,
    /// Bytes of the encoded result.
    pub max_output: u64,
}

/// The built-in defaults, without a timeout.
impl Default for TaskLimits {
    fn default() -> Self {
        ResultLimits::default().into()
    }
}
