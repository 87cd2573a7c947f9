//! What may stand for a value in a graph: objects whose keys begin with `$`, which no WIT name does.

use serde_json::{Map, Value as Json};
use wask_value::{Path, Type};

use crate::suggest;

/// The key that marks bytes in wask's JSON: a value, not a reference.
const BYTES: &str = "$bytes";
/// The keys that mark references.
const MARKS: [&str; 4] = ["$task", "$dataset", "$file", "$value"];

/// One reference.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reference<'j> {
    /// `{"$task": "a"}`, what a task gives.
    Task(&'j str),
    /// `{"$dataset": "name"}`, or with `"index": 3` one of its results.
    Dataset { name: &'j str, index: Option<usize> },
    /// `{"$file": "path"}`, what is in a file.
    File(&'j str),
    /// `{"$value": 1, "type": "u32"}`, a value whose type nothing else tells.
    Value { json: &'j Json, ty: Type },
}

impl<'j> Reference<'j> {
    /// The reference that this is; `None` where it is a value.
    pub(super) fn parse(json: &'j Json) -> Result<Option<Self>, wask_value::Error> {
        let Some((object, mark)) = marked(json) else {
            return Ok(None);
        };
        let allowed = match mark {
            "$dataset" => "index",
            "$value" => "type",
            _ => "",
        };
        let others = object.keys().filter(|key| *key != mark);
        if let Some(key) = others.into_iter().find(|key| *key != allowed) {
            return Err(invalid(match allowed {
                "" => format!("`{key}` stands beside `{mark}`, which stands alone"),
                _ => format!("`{key}` stands beside `{mark}`, where only `{allowed}` may"),
            }));
        }
        let text = || match &object[mark] {
            Json::String(text) if !text.is_empty() => Ok(text.as_str()),
            _ => Err(invalid(format!("`{mark}` wants a name in quotes"))),
        };
        let reference = match mark {
            "$task" => Self::Task(text()?),
            "$file" => Self::File(text()?),
            "$dataset" => {
                let name = text()?;
                let name = name.strip_prefix('@').unwrap_or(name);
                Self::Dataset {
                    name,
                    index: object.get("index").map(index).transpose()?,
                }
            }
            "$value" => Self::Value {
                json: &object[mark],
                ty: type_of(object.get("type"))?,
            },
            _ => return Err(unknown(mark)),
        };
        Ok(Some(reference))
    }
}

/// The object and its key that begins with `$`, if it is one of references.
fn marked(json: &Json) -> Option<(&Map<String, Json>, &str)> {
    let object = json.as_object()?;
    let mut marks = object.keys().filter(|key| key.starts_with('$'));
    let mark = marks.find(|key| *key != BYTES)?;
    Some((object, mark))
}

fn index(json: &Json) -> Result<usize, wask_value::Error> {
    let number = json
        .as_u64()
        .and_then(|number| usize::try_from(number).ok());
    number.ok_or_else(|| invalid("`index` wants a whole number, counted from 0".into()))
}

fn type_of(json: Option<&Json>) -> Result<Type, wask_value::Error> {
    match json {
        Some(Json::String(text)) => text.parse(),
        _ => Err(invalid(
            "`$value` wants its WIT type beside it: {\"$value\": 1, \"type\": \"u32\"}".into(),
        )),
    }
}

fn unknown(mark: &str) -> wask_value::Error {
    let advice = match suggest::closest(mark, MARKS) {
        Some(known) => format!("did you mean `{known}`?"),
        None => format!("there are {}", MARKS.join(", ")),
    };
    invalid(format!("`{mark}` is no reference; {advice}"))
}

/// Something wrong that is neither a type nor a name of one.
pub(super) fn invalid(message: String) -> wask_value::Error {
    wask_value::Error::Invalid {
        path: Path::default(),
        message,
    }
}

/// All references within a JSON value.
pub(super) fn references<'j>(
    json: &'j Json,
    found: &mut Vec<Reference<'j>>,
) -> Result<(), wask_value::Error> {
    match Reference::parse(json)? {
        Some(Reference::Value { json, .. }) => return references(json, found),
        Some(reference) => {
            found.push(reference);
            return Ok(());
        }
        None => {}
    }
    match json {
        Json::Array(items) => items.iter().try_for_each(|item| references(item, found)),
        Json::Object(object) => object.values().try_for_each(|item| references(item, found)),
        _ => Ok(()),
    }
}

/// Whether there is a reference somewhere in it.
pub(super) fn has_reference(json: &Json) -> bool {
    marked(json).is_some()
        || match json {
            Json::Array(items) => items.iter().any(has_reference),
            Json::Object(object) => object.values().any(has_reference),
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_told_from_values() {
        for value in [
            json!(1),
            json!("$task"),
            json!({"task": "a"}),
            json!({"$bytes": "aGk="}),
            json!([{"$task": "a"}]),
        ] {
            assert_eq!(Reference::parse(&value).unwrap(), None, "{value}");
        }
        assert_eq!(
            Reference::parse(&json!({"$task": "a"})).unwrap(),
            Some(Reference::Task("a"))
        );
        let dataset = json!({"$dataset": "@counts", "index": 3});
        let parsed = Reference::parse(&dataset).unwrap();
        let (name, index) = ("counts", Some(3));
        assert_eq!(parsed, Some(Reference::Dataset { name, index }));
    }

    #[test]
    fn others_are_refused_with_advice() {
        for (json, said) in [
            (
                json!({"$tsk": "a"}),
                "`$tsk` is no reference; did you mean `$task`?",
            ),
            (
                json!({"$x": "a"}),
                "there are $task, $dataset, $file, $value",
            ),
            (json!({"$task": 1}), "`$task` wants a name in quotes"),
            (
                json!({"$task": "a", "index": 1}),
                "`index` stands beside `$task`",
            ),
            (json!({"$dataset": "a", "idx": 1}), "where only `index` may"),
            (
                json!({"$dataset": "a", "index": -1}),
                "`index` wants a whole number",
            ),
            (json!({"$value": 1}), "\"type\": \"u32\""),
            (json!({"$value": 1, "type": "u33"}), "type text"),
        ] {
            let error = Reference::parse(&json).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn references_are_found_at_any_depth() {
        let json = json!([{"a": [{"$task": "x"}]}, {"$value": [{"$file": "f"}], "type": "u8"}]);
        let mut found = Vec::new();
        references(&json, &mut found).unwrap();
        assert_eq!(found, [Reference::Task("x"), Reference::File("f")]);
        assert!(has_reference(&json));
        assert!(!has_reference(&json!([{"$bytes": ""}, {"a": 1}])));
    }
}
