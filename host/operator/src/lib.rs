//! The built-in task functions: pure operators on encoded WIT values.

mod error;
mod operator;
mod order;
mod run;
mod signature;

pub use error::{Error, Fault};
pub use operator::Operator;
pub use run::Limits;
