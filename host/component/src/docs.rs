//! Documentation of functions, carried in custom sections.
//!
//! Components do not keep the doc comments of their WIT. The section `wask:docs` does: one or more
//! JSON objects, one after another, each from the name of a function, as in
//! [`Function::name`](crate::Function::name), to its text:
//!
//! ```json
//! {"count-words": "Counts the words of a text.\n\nWords are separated by white space."}
//! ```
//!
//! The section stands in the component itself, where [`append`] puts it, or in one of its core
//! modules, where a compiler puts what a program asks for by attributes. (A linker joins sections
//! of one name, hence several objects.) Where both describe a function, the component's own text
//! is taken, and of several objects the first. `package-docs`, the section in which WIT packages
//! keep their docs, is read as well where a component has it.
//!
//! Docs are never an error: what is malformed or beyond
//! [`Limits::max_docs_bytes`](crate::Limits::max_docs_bytes) is left out.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The name of the custom section.
pub const SECTION: &str = "wask:docs";

/// The custom section of WIT packages.
const PACKAGE_SECTION: &str = "package-docs";

/// The component with `docs` (function name to text) added at its end. Its digest changes.
///
/// ```
/// use std::collections::BTreeMap;
/// use wask_component::{Component, docs};
///
/// let binary = Component::load(b"(component)")?.bytes().to_vec();
/// let docs = BTreeMap::from([("add".to_owned(), "Adds.".to_owned())]);
/// let documented = docs::append(&binary, &docs);
/// assert!(documented.starts_with(&binary));
/// Component::load(&documented)?;
/// # Ok::<(), wask_component::Error>(())
/// ```
pub fn append(component: &[u8], docs: &BTreeMap<String, String>) -> Vec<u8> {
    let json = serde_json::json!(docs).to_string();
    let mut content = Vec::with_capacity(SECTION.len() + json.len() + 8);
    write_leb128(&mut content, SECTION.len());
    content.extend_from_slice(SECTION.as_bytes());
    content.extend_from_slice(json.as_bytes());

    let mut bytes = Vec::with_capacity(component.len() + content.len() + 8);
    bytes.extend_from_slice(component);
    bytes.push(0); // a custom section
    write_leb128(&mut bytes, content.len());
    bytes.extend_from_slice(&content);
    bytes
}

fn write_leb128(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// The docs found in one component.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Bytes of sections that may still be read.
    budget: usize,
    component: BTreeMap<String, String>,
    modules: BTreeMap<String, String>,
    package: BTreeMap<String, String>,
}

impl Found {
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self {
            budget: max_bytes,
            ..Self::default()
        }
    }

    /// Takes a custom section, if it is one for docs.
    pub(crate) fn read(&mut self, section: &str, data: &[u8], of_component: bool) {
        if !matches!(section, SECTION | PACKAGE_SECTION) || data.len() > self.budget {
            return;
        }
        self.budget -= data.len();
        match (section, of_component) {
            (SECTION, true) => read_objects(&mut self.component, data),
            (SECTION, false) => read_objects(&mut self.modules, data),
            (_, true) => self
                .package
                .extend(PackageDocs::parse(data).into_functions()),
            (_, false) => {}
        }
    }

    /// The docs of a function.
    pub(crate) fn of(&self, function: &str) -> Option<String> {
        let found = self
            .component
            .get(function)
            .or_else(|| self.modules.get(function));
        let found = found.or_else(|| self.package.get(package_name(function).as_str()));
        found
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    }
}

fn read_objects(docs: &mut BTreeMap<String, String>, data: &[u8]) {
    let objects = serde_json::Deserializer::from_slice(data);
    for object in objects
        .into_iter::<BTreeMap<String, String>>()
        .map_while(Result::ok)
    {
        for (name, text) in object {
            docs.entry(name).or_insert(text);
        }
    }
}

/// A function's name as it is within its package: `words#count` of `demo:text/words@1.0.0#count`.
fn package_name(function: &str) -> String {
    match function.split_once('#') {
        Some((interface, function)) => {
            let interface = interface.rsplit('/').next().unwrap_or(interface);
            let interface = interface.split('@').next().unwrap_or(interface);
            format!("{interface}#{function}")
        }
        None => function.into(),
    }
}

/// The part of `package-docs` that tells of exported functions.
#[derive(Default, Deserialize)]
struct PackageDocs {
    #[serde(default)]
    worlds: BTreeMap<String, Scope>,
    #[serde(default)]
    interfaces: BTreeMap<String, Scope>,
}

#[derive(Deserialize)]
struct Scope {
    #[serde(default)]
    funcs: BTreeMap<String, FunctionDocs>,
    #[serde(default)]
    func_exports: BTreeMap<String, FunctionDocs>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum FunctionDocs {
    Text(String),
    Object { docs: Option<String> },
}

impl PackageDocs {
    /// A version byte, then JSON.
    fn parse(data: &[u8]) -> Self {
        match data {
            [0 | 1, json @ ..] => serde_json::from_slice(json).unwrap_or_default(),
            _ => Self::default(),
        }
    }

    fn into_functions(self) -> impl Iterator<Item = (String, String)> {
        let of_worlds = self
            .worlds
            .into_values()
            .map(|scope| (String::new(), scope));
        let of_interfaces = self
            .interfaces
            .into_iter()
            .map(|(name, scope)| (format!("{name}#"), scope));
        of_worlds.chain(of_interfaces).flat_map(|(prefix, scope)| {
            scope
                .funcs
                .into_iter()
                .chain(scope.func_exports)
                .filter_map(move |(name, docs)| {
                    let text = match docs {
                        FunctionDocs::Text(text) => Some(text),
                        FunctionDocs::Object { docs } => docs,
                    };
                    text.map(|text| (format!("{prefix}{name}"), text))
                })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sections: &[(&str, &[u8], bool)]) -> Found {
        let mut found = Found::new(1000);
        for (name, data, of_component) in sections {
            found.read(name, data, *of_component);
        }
        found
    }

    #[test]
    fn the_component_speaks_before_its_modules() {
        let docs = found(&[
            (
                SECTION,
                br#"{"a": "module's a", "b": " module's b\n"}"#,
                false,
            ),
            (SECTION, br#"{"a": "own a"}"#, true),
            ("other", br#"{"c": "not docs"}"#, true),
        ]);
        assert_eq!(docs.of("a").as_deref(), Some("own a"));
        assert_eq!(docs.of("b").as_deref(), Some("module's b"));
        assert_eq!(docs.of("c"), None);
    }

    #[test]
    fn joined_objects_are_read_up_to_the_first_fault() {
        let docs = found(&[(
            SECTION,
            br#"{"a": "1"}{"a": "2", "b": "3"} {"c": 4} {"d": "5"}"#,
            true,
        )]);
        assert_eq!(docs.of("a").as_deref(), Some("1"));
        assert_eq!(docs.of("b").as_deref(), Some("3"));
        assert_eq!(docs.of("d"), None);
    }

    #[test]
    fn package_docs_are_found_by_interface_and_function() {
        let json = br#"{"worlds": {"w": {"func_exports": {"f": {"docs": "of f"}}}},
            "interfaces": {"words": {"docs": "-", "funcs": {"count": "counts", "x": {}}}}}"#;
        let data: Vec<u8> = [1].iter().chain(json).copied().collect();
        let docs = found(&[(PACKAGE_SECTION, &data, true)]);
        assert_eq!(docs.of("f").as_deref(), Some("of f"));
        assert_eq!(
            docs.of("demo:text/words@1.0.0#count").as_deref(),
            Some("counts")
        );
        assert_eq!(docs.of("demo:text/words@1.0.0#x"), None);
    }

    #[test]
    fn what_exceeds_the_budget_is_left_out() {
        let large = format!(r#"{{"a": "{}"}}"#, "x".repeat(2000));
        let docs = found(&[
            (SECTION, large.as_bytes(), true),
            (SECTION, br#"{"b": "y"}"#, true),
        ]);
        assert_eq!(docs.of("a"), None);
        assert_eq!(docs.of("b").as_deref(), Some("y"));
    }
}
