//! What a component exports and imports.

use wask_value::FunctionType;

/// A function that tasks can call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// `count-words`, or `demo:text/words#count` for one in an interface.
    pub name: String,
    /// What it takes and returns.
    pub ty: FunctionType,
    /// Its documentation, where the component carries it (see [`docs`](crate::docs)).
    pub docs: Option<String>,
}

/// An export that cannot be called by a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Named as a [`Function`] is.
    pub name: String,
    /// Why, as a phrase that follows the name: "takes a resource handle ...".
    pub reason: String,
}

/// What a component exports and imports, in the component's own order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// The functions that tasks can call.
    pub functions: Vec<Function>,
    /// The exports that they cannot. Types are not exports in this sense, nor is what a toolchain
    /// adds for itself.
    pub refused: Vec<Refused>,
    /// The names of the imports: `wasi:cli/environment@0.2.6`.
    pub imports: Vec<String>,
}
