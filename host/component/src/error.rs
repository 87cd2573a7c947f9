//! Why a component is not admitted, or a function not found.

use std::{io, path::PathBuf};

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file that could not be read.
    #[error("cannot read component {}: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },

    /// More bytes than [`Limits::max_bytes`](crate::Limits::max_bytes).
    #[error("component of {size} bytes is too large: the limit is {limit} bytes")]
    TooLarge {
        /// In bytes, as far as it was read.
        size: u64,
        /// In bytes.
        limit: usize,
    },

    /// Neither binary nor text.
    #[error("not a Wasm binary or WAT text: {seen}")]
    NotWasm {
        /// What stands there instead.
        seen: String,
    },

    /// Text that is not WAT. The message shows the line.
    #[error("invalid WAT text: {message}")]
    Text {
        /// The parser's message, with the line and a pointer to the fault.
        message: String,
    },

    /// A core module without component-type metadata.
    #[error("this is a core Wasm module that does not say which WIT world it implements: {advice}")]
    NoComponentType {
        /// What to do, in the language that made it.
        advice: &'static str,
    },

    /// A component where only a binary component is taken, as over the wire.
    #[error("not a binary component: {seen}")]
    NotBinaryComponent {
        /// What it is instead.
        seen: &'static str,
    },

    /// A core module that could not be turned into a component.
    #[error("cannot turn the core module into a component: {reason}")]
    Encode {
        /// What is missing or does not match its WIT world.
        reason: String,
    },

    /// Bytes that are not a valid component.
    #[error("invalid component: {message} (at byte {offset})")]
    Invalid {
        /// The validator's message.
        message: String,
        /// Where in the component.
        offset: usize,
    },

    /// A valid component of a kind that workers do not run.
    #[error(
        "component uses {feature}, which wask does not run: {message} (at byte {offset}); \
         rebuild it without"
    )]
    Feature {
        /// The Wasm proposal.
        feature: String,
        /// The validator's message.
        message: String,
        /// Where in the component.
        offset: usize,
    },

    /// More of something than [`Limits`](crate::Limits) has it.
    #[error("component has too many {what}: the limit is {limit}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },

    /// Imports that nothing provides.
    #[error("{}", missing_imports(.missing))]
    MissingImports {
        /// All of them, in the component's order.
        missing: Vec<MissingImport>,
    },

    /// A name that no function has.
    #[error("no function `{name}`{}", unknown_function(.suggestion.as_deref(), .functions))]
    UnknownFunction {
        /// What was asked for.
        name: String,
        /// The function that was probably meant.
        suggestion: Option<String>,
        /// All that there are.
        functions: Vec<String>,
    },

    /// A short name that several functions have.
    #[error("function name `{name}` is ambiguous: it could be {}", quoted(.candidates))]
    AmbiguousFunction {
        /// What was asked for.
        name: String,
        /// The functions that it may mean, by their full names.
        candidates: Vec<String>,
    },

    /// An exported function that no task can call.
    #[error("function `{name}` cannot be a task: it {reason}")]
    RefusedFunction {
        /// Its full name.
        name: String,
        /// Why, as in [`Refused::reason`](crate::Refused::reason).
        reason: String,
    },

    /// A component whose world cannot be written as WIT.
    #[error("the component's world cannot be written as WIT: {reason}")]
    World {
        /// Why.
        reason: String,
    },

    /// Text that is not a component's digest.
    #[error("`{text}` is not a digest: expected `blake3:` and 64 hexadecimal digits")]
    Digest {
        /// What stands there.
        text: String,
    },
}

/// An import that wask does not provide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingImport {
    /// `wasi:http/types@0.2.0`, or `wasi:cli/exit@0.2.0#exit-with-code` for one function of it.
    pub name: String,
    /// Why it is missing, where there is more to say.
    pub hint: Option<&'static str>,
}

fn missing_imports(missing: &[MissingImport]) -> String {
    const SHOWN: usize = 30;
    let mut list: Vec<String> = missing
        .iter()
        .take(SHOWN)
        .map(|import| match import.hint {
            Some(hint) => format!("`{}` ({hint})", import.name),
            None => format!("`{}`", import.name),
        })
        .collect();
    if missing.len() > SHOWN {
        list.push(format!("and {} more", missing.len() - SHOWN));
    }
    format!(
        "component imports what wask does not provide: {}; tasks get WASI 0.2 (cli, clocks, \
         filesystem, io, random, sockets), all else has to be built or composed into the component",
        list.join(", ")
    )
}

fn unknown_function(suggestion: Option<&str>, functions: &[String]) -> String {
    const SHOWN: usize = 10;
    match (suggestion, functions) {
        (Some(suggestion), _) => format!("; did you mean `{suggestion}`?"),
        (None, []) => ": the component exports no function that a task can call".into(),
        (None, all) if all.len() > SHOWN => format!(
            "; the component exports {} and {} more",
            quoted(&all[..SHOWN]),
            all.len() - SHOWN
        ),
        (None, all) => format!("; the component exports {}", quoted(all)),
    }
}

fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
