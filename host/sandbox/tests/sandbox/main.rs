//! Tasks in sandboxes, as a worker runs them.

mod applied;
mod code;
mod compiler;
mod executor;
mod guests;
mod hostile;
mod operators;
mod outcomes;
mod support;
