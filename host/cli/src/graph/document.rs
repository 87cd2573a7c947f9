//! A graph as it is written down: well formed, with names that exist and without cycles.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};
use wask_client::{Operator, Options};

use super::{
    json,
    order::order,
    reference::{Reference, references},
};
use crate::{
    args::units,
    exit::{Failed, Result},
    suggest,
};

/// Tasks of a graph.
const TASKS: usize = 100_000;
/// Characters of a name.
const NAME: usize = 200;

/// A graph.
#[derive(Debug)]
pub(crate) struct Document {
    /// What each component is called here, and the file or name that it is.
    pub(crate) components: BTreeMap<String, String>,
    /// Each after those that it refers to.
    pub(super) tasks: Vec<Task>,
    /// What is asked for.
    pub(crate) outputs: Vec<String>,
}

/// One task.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) name: String,
    pub(super) callee: Callee,
    pub(super) args: Vec<Json>,
}

/// What it calls.
#[derive(Debug)]
pub(super) enum Callee {
    Function {
        component: String,
        function: String,
        options: Box<Options>,
    },
    Operator(Operator),
}

impl Document {
    pub(crate) fn parse(text: &[u8]) -> Result<Self> {
        let json = json::parse(text)?;
        let graph = object("the graph", &json)?;
        check_keys("the graph", graph, &["components", "tasks", "outputs"])?;
        let components = match graph.get("components") {
            Some(json) => components(json)?,
            None => BTreeMap::new(),
        };
        let tasks = object("`tasks`", graph.get("tasks").unwrap_or(&Json::Null))?;
        if tasks.len() > TASKS {
            return Err(Failed::input(format!(
                "{} tasks, more than the {TASKS} that a graph may have",
                tasks.len()
            )));
        }
        let tasks = tasks.iter().map(|(name, json)| {
            let task = check_name(name).and_then(|()| task(name, json, &components));
            task.map_err(|failed| failed.context(place(name)))
        });
        let tasks = order(tasks.collect::<Result<_>>()?)?;
        let outputs = outputs(graph.get("outputs"), &tasks)?;
        Ok(Self {
            components,
            tasks,
            outputs,
        })
    }

    /// The names of the datasets that the graph refers to.
    pub(crate) fn datasets(&self) -> impl Iterator<Item = &str> {
        let mut found = Vec::new();
        for arg in self.tasks.iter().flat_map(|task| &task.args) {
            // They were read before, without an error.
            let _ = references(arg, &mut found);
        }
        found.into_iter().filter_map(|reference| match reference {
            Reference::Dataset { name, .. } => Some(name),
            _ => None,
        })
    }
}

/// How messages name a task.
pub(super) fn place(task: &str) -> String {
    format!("task `{task}`")
}

fn components(json: &Json) -> Result<BTreeMap<String, String>> {
    let components = object("`components`", json)?.iter().map(|(name, json)| {
        let what = format!("component `{name}`");
        check_name(name).map_err(|failed| failed.context(&what))?;
        let source = text(&what, json)?;
        match source.is_empty() || name.contains('#') {
            false => Ok((name.clone(), source.to_owned())),
            true => Err(Failed::input(format!(
                "{what}: give it a name without `#`, and a file or the name of a pushed one"
            ))),
        }
    });
    components.collect()
}

fn task(name: &str, json: &Json, components: &BTreeMap<String, String>) -> Result<Task> {
    let task = object("it", json)?;
    let is_call = match (task.get("call"), task.get("operator")) {
        (Some(_), None) => true,
        (None, Some(_)) => false,
        (Some(_), Some(_)) => return Err(Failed::input("`call` or `operator`, not both")),
        (None, None) => {
            check_keys("it", task, &["call", "operator", "args"])?;
            return Err(Failed::input(
                "a task has a `call`, \"COMPONENT#FUNCTION\", or an `operator`",
            ));
        }
    };
    let args = match task.get("args") {
        Some(Json::Array(args)) => args.clone(),
        None => Vec::new(),
        Some(_) => return Err(Failed::input("`args` wants an array, an item an argument")),
    };
    let callee = match is_call {
        true => {
            check_keys("it", task, &CALL_KEYS)?;
            call(
                text("`call`", &task["call"])?,
                options(name, task)?,
                components,
            )?
        }
        false => {
            check_keys("it", task, &["operator", "args"])?;
            operator(text("`operator`", &task["operator"])?)?
        }
    };
    Ok(Task {
        name: name.to_owned(),
        callee,
        args,
    })
}

const CALL_KEYS: [&str; 10] = [
    "call", "args", "label", "timeout", "memory", "output", "fuel", "priority", "retries", "impure",
];

fn call(text: &str, options: Options, components: &BTreeMap<String, String>) -> Result<Callee> {
    let Some((component, function)) = text.split_once('#') else {
        return Err(Failed::input(format!(
            "`call` is \"COMPONENT#FUNCTION\", got `{text}`"
        )));
    };
    if !components.contains_key(component) {
        let known = components.keys().map(String::as_str);
        return Err(no_such("component", component, known));
    }
    Ok(Callee::Function {
        component: component.to_owned(),
        function: function.to_owned(),
        options: Box::new(options),
    })
}

fn operator(text: &str) -> Result<Callee> {
    let operator = text
        .parse()
        .map_err(|error: wask_client::OperatorError| Failed::input(error))?;
    Ok(Callee::Operator(operator))
}

/// How a call is to be run. People know it by its label, else by its name in the graph.
fn options(name: &str, task: &Map<String, Json>) -> Result<Options> {
    let label = match task.get("label") {
        Some(json) => text("`label`", json)?,
        None => name,
    };
    let mut options = Options::new().label(label);
    if let Some(json) = task.get("timeout") {
        let timeout = units::duration(text("`timeout`", json)?);
        options = options.timeout(timeout.map_err(|why| wrong("timeout", why))?);
    }
    if let Some(json) = task.get("memory") {
        options = options.memory_limit(size("memory", json)?);
    }
    if let Some(json) = task.get("output") {
        options = options.output_limit(size("output", json)?);
    }
    if let Some(json) = task.get("fuel") {
        options = match json {
            Json::String(text) if text == "unlimited" => options.unlimited_fuel(),
            number_of_units => options.fuel(number("fuel", number_of_units)?),
        };
    }
    if let Some(json) = task.get("priority") {
        options = options.priority(number("priority", json)?);
    }
    if let Some(json) = task.get("retries") {
        options = options.retries(number("retries", json)?);
    }
    match task.get("impure") {
        None | Some(Json::Bool(false)) => Ok(options),
        Some(Json::Bool(true)) => Ok(options.impure()),
        Some(_) => Err(wrong("impure", "true or false")),
    }
}

fn wrong(key: &str, why: impl std::fmt::Display) -> Failed {
    Failed::input(format!("`{key}`: {why}"))
}

fn size(key: &str, json: &Json) -> Result<u64> {
    let size = match json {
        Json::String(text) => units::size(text),
        _ => units::size(&json.to_string()),
    };
    size.map_err(|why| wrong(key, why))
}

fn number<T: TryFrom<i64>>(key: &str, json: &Json) -> Result<T> {
    let number = json.as_i64().and_then(|number| T::try_from(number).ok());
    number.ok_or_else(|| wrong(key, "a whole number in its range"))
}

fn outputs(json: Option<&Json>, tasks: &[Task]) -> Result<Vec<String>> {
    const WANTED: &str = "`outputs` wants the name of a task, or an array of names";
    let names: Option<Vec<&str>> = match json {
        Some(Json::String(name)) => Some(vec![name.as_str()]),
        Some(Json::Array(names)) => names.iter().map(Json::as_str).collect(),
        _ => None,
    };
    let names = names.filter(|names| !names.is_empty());
    let names = names.ok_or_else(|| Failed::input(WANTED))?;
    let known = || tasks.iter().map(|task| task.name.as_str());
    let all: std::collections::HashSet<&str> = known().collect();
    if let Some(name) = names.iter().find(|name| !all.contains(*name)) {
        return Err(no_such("task", name, known()).context("`outputs`"));
    }
    Ok(names.into_iter().map(str::to_owned).collect())
}

/// A name that nothing has.
pub(super) fn no_such<'a>(
    what: &str,
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Failed {
    Failed::input(match suggest::closest(name, known) {
        Some(known) => format!("there is no {what} `{name}`; did you mean `{known}`?"),
        None => format!("there is no {what} `{name}` in the graph"),
    })
}

fn check_name(name: &str) -> Result {
    let length = name.chars().count();
    match (1..=NAME).contains(&length) && !name.contains(char::is_control) {
        true => Ok(()),
        false => Err(Failed::input(format!(
            "a name has 1 to {NAME} characters, all of them printable"
        ))),
    }
}

fn check_keys(what: &str, object: &Map<String, Json>, known: &[&str]) -> Result {
    let Some(key) = object.keys().find(|key| !known.contains(&key.as_str())) else {
        return Ok(());
    };
    let advice = match suggest::closest(key, known.iter().copied()) {
        Some(known) => format!("did you mean `{known}`?"),
        None => format!("there are {}", known.join(", ")),
    };
    Err(Failed::input(format!(
        "{what} has no key `{key}`; {advice}"
    )))
}

fn object<'j>(what: &str, json: &'j Json) -> Result<&'j Map<String, Json>> {
    let object = json.as_object();
    object.ok_or_else(|| Failed::input(format!("{what} must be an object, {{..}}")))
}

fn text<'j>(what: &str, json: &'j Json) -> Result<&'j str> {
    let text = json.as_str();
    text.ok_or_else(|| Failed::input(format!("{what} must be a string")))
}
