//! What keeps a cluster of `wask up` alive: a process in the background that starts the scheduler
//! and the workers, starts again what died, and ends them all.
//!
//! `wask up` starts it and speaks with it in lines of JSON: a [`Plan`] goes in and what comes of it
//! comes out ([`Told`]), until all workers have joined. Should `wask up` be gone by then, the
//! supervisor ends what it has started and itself: nothing is left over. From then on it is told
//! to stop by a signal, as `wask down` sends it.
//!
//! | file | what it does |
//! |---|---|
//! | `plan` | what is to run, and what is told of it |
//! | `child` | one process: started, ended, started again |
//! | `watch` | all of them together |
//! | `log` | what they print, in files of bounded size |

mod child;
mod log;
mod plan;
mod watch;

pub(crate) use plan::{Plan, Program, Told};
pub(crate) use watch::watch;
