//! All that reads bytes from outside, as functions of bytes.
//!
//! A target takes any bytes and must come back: it does not panic, and what it asserts holds for
//! all of them, mostly that what was read is written as bytes that mean the same. The fuzzers of
//! `tests/fuzz` call these functions, and so does an ordinary test, with the bytes in `corpus` and
//! some thousand mutations of them.
//!
//! Where a target wants several texts, a zero byte ends each but the last.

mod files;
mod gateway;
mod messages;
pub mod mutate;
mod texts;
mod values;

pub use files::{component, record, spill_file};
pub use gateway::gateway;
pub use messages::{from_client, from_scheduler, from_worker};
pub use texts::{address, expression, graph};
pub use values::{json, operator, type_text, value, wave};

/// A function that reads bytes from outside.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, which is also that of its corpus and of its fuzzer.
    pub name: &'static str,
    /// Reads.
    pub read: fn(&[u8]),
}

/// Every target.
pub const TARGETS: &[Target] = &[
    target("address", address),
    target("component", component),
    target("expression", expression),
    target("from_client", from_client),
    target("from_scheduler", from_scheduler),
    target("from_worker", from_worker),
    target("gateway", gateway),
    target("graph", graph),
    target("json", json),
    target("operator", operator),
    target("record", record),
    target("spill_file", spill_file),
    target("type_text", type_text),
    target("value", value),
    target("wave", wave),
];

const fn target(name: &'static str, read: fn(&[u8])) -> Target {
    Target { name, read }
}

/// Two texts, or a text and bytes.
fn split(input: &[u8]) -> Option<(&str, &[u8])> {
    let zero = input.iter().position(|byte| *byte == 0)?;
    let text = std::str::from_utf8(&input[..zero]).ok()?;
    Some((text, &input[zero + 1..]))
}
