//! The [`macro@tasks`] attribute of `wask-guest`, which re-exports it. Use it from there.
//!
//! A module goes through four steps, each a file: `parse` reads functions and, through `types`, the
//! types that they use into the `model`; `wit` writes that as a WIT world; `expand` puts the module
//! back together with the bindings of that world, and `convert` goes between the module's types and
//! theirs. `names` knows how one name looks in Rust, in WIT and in the bindings.

use proc_macro::TokenStream;

mod convert;
mod docs;
mod expand;
mod model;
mod names;
mod parse;
mod types;
mod wit;

/// Makes each `pub fn` of a module a task function.
///
/// The module stays as it is, so its functions can be called and tested like any others. Beside it
/// a WIT world is generated with one export per public function, and the crate, built as a `cdylib`
/// for a Wasm target, becomes a component with these functions.
///
/// - `count_words` in Rust is `count-words` to the rest of the world.
/// - Functions take and return `bool`, the integers but for `usize`, `isize`, `u128` and `i128`,
///   `f32`, `f64`, `char`, `String`, `Vec`, `Option`, `Result`, tuples, and the structs and enums
///   of the same module; they take `&str` and slices as well.
/// - A struct is a record, an enum a WIT enum, or a variant where cases carry a value.
/// - Returning `Err` makes the task fail with that value as its error.
/// - Doc comments go along, so `wask inspect` shows them.
/// - Functions that are not `pub` stay helpers.
#[proc_macro_attribute]
pub fn tasks(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand::tasks(attribute.into(), item.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
