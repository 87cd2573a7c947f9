//! WIT types and values: their encoding, text forms, type checks and serde.
//!
//! A [`Type`] describes a value as WIT does, by structure. A value of that type exists in three
//! forms: *encoded bytes* (on the wire, in stores, in keys; see [`encoding`]), *Rust values* (any
//! serde type, [`to_bytes`] and [`from_bytes`]) and, where nothing but the type is known, a dynamic
//! [`Value`], which can be read and written as text ([`wave`], [`json`]).
//!
//! Invariants:
//! - Equal values have equal bytes, and bytes that are not the one encoding of a value are refused.
//! - Nothing here panics or allocates without bound, whatever bytes or text it is given.
//! - Every error names the path to the fault: `args.1[3].name: expected u32, got string`.

// Lets `#[derive(WitType)]`, which names this crate, be used inside of it.
extern crate self as wask_value;

mod applied;
mod arguments;
mod de;
pub mod encoding;
mod error;
mod function;
pub mod json;
mod names;
mod path;
mod ser;
mod text;
mod types;
mod value;
pub mod wave;
mod wit_type;

pub use arguments::{Segment, Verdicts, check_arguments};
pub use de::from_bytes;
pub use encoding::{decode, encode, validate};
pub use error::{Error, Fault};
pub use function::{FunctionType, Param};
pub use path::{Path, Step};
pub use ser::{Hole, Rope, arguments_to_rope, to_bytes};
pub use types::{Case, Field, ResultType, Type};
pub use value::Value;
pub use wask_value_derive::WitType;
#[doc(hidden)]
pub use wask_value_derive::WitTypeOfWask;
pub use wit_type::WitType;
