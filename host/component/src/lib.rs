//! What a component exports and imports, without running it.
//!
//! [`Component::load`] admits a component: it takes a binary component, a component in the text
//! format (WAT), or a core module that carries component-type metadata, and hands back a validated
//! binary component with the list of its functions, their WIT types and docs. No engine is involved
//! and nothing is compiled, so a client can tell a mistake before anything is sent, and a
//! scheduler, which trusts nobody, can check again ([`Component::from_binary`]).
//!
//! ```
//! use wask_component::Component;
//!
//! let component = Component::load(
//!     br#"(component
//!         (core module $m (func (export "add") (param i32 i32) (result i32)
//!             (i32.add (local.get 0) (local.get 1))))
//!         (core instance $i (instantiate $m))
//!         (func (export "add") (param "a" s32) (param "b" s32) (result s32)
//!             (canon lift (core func $i "add"))))"#,
//! )?;
//! assert_eq!(component.function("add")?.ty.to_string(), "func(a: s32, b: s32) -> s32");
//! # Ok::<(), wask_component::Error>(())
//! ```
//!
//! What holds for every [`Component`]:
//! - its bytes are a valid binary component within [`Limits`], using only what [`features`] names;
//! - all that it imports is what wask links: WASI 0.2 as in [`wasi`], and interfaces of types only;
//! - each of its [`functions`](Component::functions) has a signature made of values alone. Exported
//!   functions that cannot be tasks are kept apart, each with the reason ([`Interface::refused`]).

mod component;
mod digest;
pub mod docs;
mod encode;
mod error;
mod imports;
mod inspect;
mod interface;
mod language;
mod limits;
mod lookup;
mod signature;
mod source;
#[cfg(test)]
mod testing;
mod text;
mod toolchain;
mod validate;
pub mod wasi;
mod world;

pub use component::Component;
pub use digest::Digest;
pub use error::{Error, MissingImport};
pub use interface::{Function, Interface, Refused};
pub use limits::Limits;
pub use validate::features;
