//! What reads text from outside, as functions, for the tests of hostile bytes. Not an interface for
//! anybody else.

use wask_value::Type;

use crate::{
    exit::Failed,
    expression::{Dataset, Scope, dataset_names, has_item},
    graph,
};

/// Reads a graph, and checks its types as if a cluster had some datasets and the functions that are
/// called; whether it is fine.
///
/// # Errors
/// What is wrong with it.
pub fn graph(text: &[u8]) -> Result<(), String> {
    graph::read(text, &scope(false)).map_err(told)
}

/// Reads an argument of a call as it is typed, where a value of this type is wanted. Those that
/// refer to files or to stdin are left alone.
///
/// # Errors
/// What is wrong with it.
pub fn expression(ty: &Type, text: &str) -> Result<(), String> {
    let _ = (dataset_names(text), has_item(text));
    if text.contains("@file") || text.contains("@stdin") {
        return Err("it is not for tests to read".into());
    }
    let tree = scope(true).value(ty, text).map_err(told)?;
    tree.futures(&mut Vec::new());
    // Refused where there are places in it.
    let _ = tree.encode(ty);
    Ok(())
}

fn told(failed: Failed) -> String {
    failed.to_string()
}

fn scope(maps: bool) -> Scope {
    let dataset = |ty, len| Dataset { ty, len };
    let datasets = [
        ("n".to_owned(), dataset(Type::U32, 3)),
        ("one".to_owned(), dataset(Type::U32, 1)),
        ("lists".to_owned(), dataset(Type::list(Type::String), 2)),
    ];
    Scope {
        datasets: datasets.into(),
        maps,
        ..Scope::default()
    }
}
