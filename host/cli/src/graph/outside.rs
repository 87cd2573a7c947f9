//! Graphs without a cluster or components, for tests.

use std::path::Path;

use super::{
    document::{Callee, Document},
    plan::{Signatures, planned},
    reference::{Reference, references},
};
use crate::{
    component::Signature,
    exit::{Failed, Result},
    expression::Scope,
};

/// Reads and checks a graph as if each component that it names had the functions that it calls. One
/// that refers to files is read, and not checked.
pub(crate) fn read(text: &[u8], scope: &Scope) -> Result {
    let document = Document::parse(text)?;
    let _ = document.datasets().count();
    let mut found = Vec::new();
    for arg in document.tasks.iter().flat_map(|task| &task.args) {
        references(arg, &mut found)?;
    }
    if found.iter().any(|one| matches!(one, Reference::File(_))) {
        return Err(Failed::input("it is not for tests to read files"));
    }
    planned(&document, Path::new(""), &signatures(&document)?, scope)?;
    Ok(())
}

/// What each function takes and gives is told by the last character of its name.
fn signatures(document: &Document) -> Result<Signatures> {
    let mut signatures = Signatures::new();
    for task in &document.tasks {
        let Callee::Function {
            component,
            function,
            ..
        } = &task.callee
        else {
            continue;
        };
        let ty = match function.chars().next_back() {
            Some('0'..='9') => "func() -> list<string>",
            Some('a'..='h') => "func(x: u32) -> u32",
            Some('i'..='p') => "func(items: list<u32>) -> option<u32>",
            Some('q'..='z') => {
                "func(shapes: list<record { name: string, at: tuple<u32, option<option<u32>>>, \
                 kind: variant { dot, line(u32) } }>, r: result<u32, list<u8>>) -> string"
            }
            _ => "func(a: f64, b: option<char>, c: flags { r, w }, d: enum { up, down }) -> bool",
        };
        let signature = Signature {
            name: function.as_str().into(),
            ty: ty.parse().map_err(Failed::from)?,
        };
        signatures.insert((component.clone(), function.clone()), signature);
    }
    Ok(signatures)
}
