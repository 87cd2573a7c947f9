//! Values as JSON, in and out with `--json`.
//!
//! | type | JSON | also read |
//! |---|---|---|
//! | `bool`, `string` | the same | |
//! | `u8` … `s32` | a number | |
//! | `u64`, `s64` | a number up to ±2⁵³, beyond it a string: `"18446744073709551615"` | either |
//! | `f32`, `f64` | a number, or `"nan"`, `"inf"`, `"-inf"` | |
//! | `char` | a string of one character | |
//! | `list<u8>` | `{"$bytes": "<base64>"}`, with padding | an array of numbers |
//! | `list<T>`, `tuple` | an array | |
//! | `record` | an object; an `option` that is `none` is `null` | such a field left out |
//! | `variant` | `"case"`, or `{"case": payload}` | `{"case": null}` without payload |
//! | `enum` | `"case"` | |
//! | `flags` | an array of the names that are set | |
//! | `option<T>` | `null` or the value; where `T` is an option too, `{"some": value}` | |
//! | `result<T, E>` | `{"ok": value}` or `{"err": value}`, `null` where there is no payload | |
//!
//! What is written is read back as the same value.

mod read;
mod write;

pub use read::from_json;
pub use write::to_json;

/// The key that marks bytes, which no record can have: `$` is not of a WIT name.
const BYTES: &str = "$bytes";

/// Whole numbers up to this, and down to its negative, are exact in every JSON reader.
const EXACT_MAX: u64 = 1 << 53;

#[cfg(test)]
mod tests;
