//! Doc comments, and the custom section that carries those of functions.

use std::collections::BTreeMap;

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

use crate::model::Tasks;

/// The lines of an item's doc comment.
pub(crate) fn lines(attributes: &[Attribute]) -> Vec<String> {
    let texts = attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
                Expr::Lit(ExprLit {
                    lit: Lit::Str(text),
                    ..
                }) => Some(text.value()),
                _ => None,
            },
            _ => None,
        });
    texts.flat_map(|text| dedented(&text)).collect()
}

/// The lines of one comment: without the space that follows `///`, and in a block without the
/// indentation that all its lines share.
fn dedented(text: &str) -> Vec<String> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let filled = |line: &&str| !line.trim().is_empty();
    let shared = text
        .lines()
        .skip(1)
        .filter(filled)
        .map(indent)
        .min()
        .unwrap_or_default();
    let lines = text.split('\n').enumerate().map(|(i, line)| match i {
        0 => line.strip_prefix(' ').unwrap_or(line),
        _ => line.get(shared..).unwrap_or_default(),
    });
    lines.map(|line| line.trim_end().to_owned()).collect()
}

/// The content of the section `wask:docs`: a JSON object from the name of a function to its text.
/// None where no function is documented.
pub(crate) fn section(tasks: &Tasks) -> Option<String> {
    let documented: BTreeMap<&str, String> = tasks
        .functions
        .iter()
        .filter(|function| !function.docs.is_empty())
        .map(|function| (function.name.kebab.as_str(), function.docs.join("\n")))
        .collect();
    (!documented.is_empty()).then(|| serde_json::json!(documented).to_string())
}
