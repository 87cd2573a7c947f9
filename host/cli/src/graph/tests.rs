use std::collections::HashMap;

use proptest::prelude::*;
use serde_json::json;
use wask_value::Type;

use super::{plan, *};
use crate::{
    component::Signature,
    exit::Exit,
    expression::{Dataset, Scope, Tree},
};

/// What the graphs of these tests may call and refer to.
fn signatures() -> plan::Signatures {
    let functions = [
        ("double", "func(x: u32) -> u32"),
        ("total", "func(items: list<u32>) -> u32"),
        (
            "draw",
            "func(shapes: list<record { name: string, at: tuple<u32, option<u32>>, \
             kind: variant { dot, line(u32) } }>) -> string",
        ),
        ("text", "func(text: string) -> u32"),
    ];
    let signatures = functions.map(|(name, ty)| {
        let signature = Signature {
            name: name.into(),
            ty: ty.parse().unwrap(),
        };
        (("m".to_owned(), name.to_owned()), signature)
    });
    HashMap::from(signatures)
}

fn scope() -> Scope {
    let dataset = |ty: &str, len| Dataset {
        ty: ty.parse().unwrap(),
        len,
    };
    let datasets = [
        ("n".to_owned(), dataset("u32", 3)),
        ("one".into(), dataset("u32", 1)),
    ];
    Scope {
        datasets: datasets.into(),
        ..Scope::default()
    }
}

fn plan_of(text: &str) -> Result<plan::Checked> {
    let document = Document::parse(text.as_bytes())?;
    plan::planned(&document, Path::new(""), &signatures(), &scope())
}

/// The plan of a graph with these tasks, of which all are outputs.
fn tasks(tasks: serde_json::Value) -> Result<HashMap<String, (Tree, Type)>> {
    let names: Vec<&String> = tasks.as_object().unwrap().keys().collect();
    let graph = json!({"components": {"m": "m.wasm"}, "tasks": tasks, "outputs": names});
    let (planned, outputs) = plan_of(&graph.to_string())?;
    let types: HashMap<String, Type> = outputs.into_iter().collect();
    let all = planned.into_iter().map(|task| {
        let ty = types[&task.name].clone();
        (task.name, (task.arguments, ty))
    });
    Ok(all.collect())
}

#[track_caller]
fn refused(these: serde_json::Value, said: &str) {
    let failed = tasks(these).expect_err("it is wrong");
    assert_eq!(failed.exit, Exit::Input, "{failed}");
    assert!(failed.to_string().contains(said), "{failed}\nnot: {said}");
}

#[test]
fn references_stand_at_any_depth() {
    let planned = tasks(json!({
        "z": {"call": "m#double", "args": [4]},
        "a": {"call": "m#draw", "args": [[
            {"name": "p", "at": [{"$task": "z"}, {"$task": "z"}], "kind": {"line": {"$task": "z"}}},
            {"name": "q", "at": [1, null], "kind": "dot"},
        ]]},
        "t": {"call": "m#total", "args": [{"$dataset": "n"}]},
        "o": {"call": "m#total", "args": [[{"$dataset": "@n", "index": 2}, 7]]},
    }))
    .unwrap();
    let Tree::Tuple(arguments) = &planned["a"].0 else {
        panic!("{:?}", planned["a"]);
    };
    let Tree::List(shapes) = &arguments[0] else {
        panic!("{arguments:?}");
    };
    let z = || Tree::Task("z".into());
    let place = Tree::Tuple(vec![z(), Tree::Some(Box::new(z()))]);
    let Tree::Record(fields) = &shapes[0] else {
        panic!("{shapes:?}");
    };
    assert!(fields.contains(&("at".into(), place)), "{fields:?}");
    assert!(fields.contains(&("kind".into(), Tree::Case("line", Box::new(z())))));
    assert!(matches!(shapes[1], Tree::Known(_)));
    assert_eq!(planned["a"].1, Type::String);
}

#[test]
fn operators_learn_types_from_what_stands_beside() {
    let planned = tasks(json!({
        "a": {"call": "m#double", "args": [4]},
        "more": {"operator": "add", "args": [{"$task": "a"}, 1]},
        "sum": {"operator": "sum", "args": [[{"$task": "a"}, 1, {"$task": "more"}]]},
        "item": {"operator": "item", "args": [{"$dataset": "n"}, 0]},
        "one": {"operator": "sum", "args": [{"$dataset": "one"}]},
        "pair": {"operator": "field(1)",
                 "args": [{"$value": ["x", 2], "type": "tuple<string, u8>"}]},
        "not": {"operator": "not", "args": [true]},
    }))
    .unwrap();
    for (name, ty) in [
        ("more", Type::U32),
        ("sum", Type::U32),
        ("item", Type::U32),
        ("one", Type::U32),
        ("pair", Type::U8),
        ("not", Type::Bool),
    ] {
        assert_eq!(planned[name].1, ty, "{name}");
    }
    refused(
        json!({"a": {"operator": "sum", "args": [[1, 2]]}}),
        "task `a`: args[0]: of what type this is, nobody can tell: write {\"$value\"",
    );
    let string = json!({"$value": "x", "type": "string"});
    refused(
        json!({"a": {"operator": "sum", "args": [[string]]}}),
        "task `a`: sum: expected a list of numbers, got list<string>",
    );
    refused(
        json!({"a": {"operator": "summ", "args": []}}),
        "unknown operator `summ`",
    );
    refused(
        json!({"a": {"operator": "add", "args": [true]}}),
        "task `a`: add: expected 2",
    );
}

#[test]
fn what_does_not_fit_is_told_with_task_and_path() {
    let double = json!({"call": "m#double", "args": [1]});
    for (args, said) in [
        (
            json!(["x"]),
            "task `a`: args[0]: expected u32, got a string",
        ),
        (json!([]), "task `a`: `double` takes 1 argument, got 0"),
        (
            json!([{"$dataset": "n"}]),
            "task `a`: args[0]: expected one u32, but `@n` holds 3",
        ),
        (
            json!([{"$dataset": "m"}]),
            "task `a`: args[0]: the cluster has no `@m`;",
        ),
        (
            json!([{"$file": "/no/such"}]),
            "task `a`: args[0]: cannot read /no/such",
        ),
        (
            json!([{"$value": 1, "type": "u8"}]),
            "task `a`: args[0]: expected u32, got a value that is said to be u8",
        ),
    ] {
        refused(json!({"a": {"call": "m#double", "args": args}}), said);
    }
    let shape = |kind: serde_json::Value| {
        json!([[{"name": "p", "at": [1, null], "kind": "dot"},
                {"name": {"$task": "d"}, "at": [1, null], "kind": kind}]])
    };
    refused(
        json!({"d": double, "a": {"call": "m#draw", "args": shape(json!("dot"))}}),
        "task `a`: args[0][1].name: expected string, got what task `d` gives, u32",
    );
    let kinds = json!([[{"name": "", "at": [1, null], "kind": {"lin": {"$task": "d"}}}]]);
    refused(
        json!({"d": double, "a": {"call": "m#draw", "args": kinds}}),
        "args[0][0].kind: unknown case `lin`, expected one of `dot`, `line`",
    );
}

#[test]
fn cycles_are_named() {
    let on = |task: &str| json!({"call": "m#double", "args": [{"$task": task}]});
    refused(
        json!({"a": on("b"), "b": on("a"), "c": on("a")}),
        "in a cycle: a -> b -> a",
    );
    refused(json!({"x": on("a"), "a": on("a")}), "in a cycle: a -> a");
    let ring = (0..50).map(|n| (format!("t{n:02}"), on(&format!("t{:02}", (n + 1) % 50))));
    refused(
        serde_json::Value::Object(ring.collect()),
        "t18 -> t19 -> .. (30 more) .. -> t00",
    );
}

#[test]
fn a_deep_chain_is_no_cycle() {
    let chain = (0..20_000).map(|n| {
        let arg = match n {
            0 => json!(1),
            n => json!({"$task": format!("t{}", n - 1)}),
        };
        (format!("t{n}"), json!({"call": "m#double", "args": [arg]}))
    });
    assert_eq!(
        tasks(serde_json::Value::Object(chain.collect()))
            .unwrap()
            .len(),
        20_000
    );
}

#[test]
fn unknown_names_are_guessed() {
    let double = |arg: serde_json::Value| json!({"call": "m#double", "args": [arg]});
    refused(
        json!({"count": double(json!(1)), "b": double(json!({"$task": "cuont"}))}),
        "task `b`: there is no task `cuont`; did you mean `count`?",
    );
    refused(
        json!({"a": {"call": "mm#double", "args": [1]}}),
        "task `a`: there is no component `mm`; did you mean `m`?",
    );
    refused(
        json!({"a": {"call": "m#double", "arg": [1]}}),
        "task `a`: it has no key `arg`; did you mean `args`?",
    );
    refused(json!({"a": {"calls": "m#double"}}), "did you mean `call`?");
    refused(
        json!({"a": double(json!({"$tsk": "b"}))}),
        "did you mean `$task`?",
    );
    let error = plan_of(r#"{"tasks": {}, "outputs": "a"}"#)
        .unwrap_err()
        .to_string();
    assert_eq!(error, "`outputs`: there is no task `a` in the graph");
}

#[test]
fn options_are_read_and_refused() {
    let with = |key: &str, value: serde_json::Value| {
        let mut task = json!({"call": "m#double", "args": [1]});
        task[key] = value;
        json!({ "a": task })
    };
    for (key, value) in [
        ("label", json!("night")),
        ("timeout", json!("10s")),
        ("memory", json!("64MiB")),
        ("memory", json!(65536)),
        ("output", json!("1MiB")),
        ("fuel", json!(1000)),
        ("fuel", json!("unlimited")),
        ("priority", json!(-3)),
        ("retries", json!(2)),
        ("impure", json!(true)),
    ] {
        assert!(tasks(with(key, value)).is_ok(), "{key}");
    }
    refused(with("timeout", json!("10")), "task `a`: `timeout`: ");
    refused(with("timeout", json!(10)), "`timeout` must be a string");
    refused(with("fuel", json!("much")), "`fuel`: ");
    refused(with("memory", json!("big")), "`memory`: ");
    refused(with("priority", json!(1.5)), "`priority`: a whole number");
    refused(with("retries", json!(-1)), "`retries`: a whole number");
    refused(with("impure", json!("yes")), "`impure`: true or false");
    refused(
        json!({"a": {"operator": "not", "args": [true], "label": "x"}}),
        "no key `label`",
    );
}

#[test]
fn what_is_no_graph_is_refused() {
    for (text, said) in [
        ("[]", "the graph must be an object"),
        ("{}", "`tasks` must be an object"),
        (r#"{"tasks": {}}"#, "`outputs` wants the name of a task"),
        (r#"{"tasks": {}, "outputs": []}"#, "`outputs` wants"),
        (r#"{"task": {}, "outputs": "a"}"#, "did you mean `tasks`?"),
        (
            r#"{"tasks": {"": 1}, "outputs": "a"}"#,
            "a name has 1 to 200",
        ),
        (
            r#"{"tasks": {"a": 1}, "outputs": "a"}"#,
            "task `a`: it must be an object",
        ),
        (
            r#"{"tasks": {"a": {}, "a": {}}, "outputs": "a"}"#,
            "`a` is given twice",
        ),
        (
            r#"{"tasks": {"a": {"call": "x", "operator": "sum"}}, "outputs": "a"}"#,
            "not both",
        ),
        (
            r#"{"tasks": {"a": {"call": "x"}}, "outputs": "a"}"#,
            "`call` is \"COMPONENT#FUNCTION\"",
        ),
        (
            r#"{"components": {"m": 1}, "tasks": {}, "outputs": "a"}"#,
            "component `m` must be a string",
        ),
    ] {
        let failed = plan_of(text).unwrap_err();
        assert_eq!(failed.exit, Exit::Input);
        assert!(failed.to_string().contains(said), "{text}: {failed}");
    }
}

#[test]
fn a_file_is_named_and_limited() {
    let error = Source::read(Path::new("/no/such.json"))
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("cannot read /no/such.json: "), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.json");
    File::create(&path).unwrap().set_len(BYTES + 1).unwrap();
    let error = Source::read(&path).unwrap_err().to_string();
    assert!(error.contains("more than 64 MiB"), "{error}");
}

/// JSON in the shape of graphs, more or less.
fn any_graph() -> impl Strategy<Value = serde_json::Value> {
    let name = || prop::sample::select(vec!["a", "b", "c", "n", "$task", "x"]);
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|b| json!(b)),
        any::<i64>().prop_map(|n| json!(n)),
        any::<f64>().prop_map(|n| json!(n)),
        ".{0,4}".prop_map(|s| json!(s)),
        name().prop_map(|n| json!({ "$task": n })),
        name().prop_map(|n| json!({"$dataset": n, "index": 1})),
        name().prop_map(|n| json!({ "$dataset": n })),
        Just(json!({"$value": [1], "type": "list<u32>"})),
        Just(json!({"$file": "no/such"})),
    ];
    let value = leaf.prop_recursive(4, 24, 4, move |inner| {
        let keys = prop::sample::select(vec!["name", "at", "kind", "line", "$x", "$value"]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| json!(items)),
            prop::collection::hash_map(keys.prop_map(str::to_owned), inner, 0..4)
                .prop_map(|fields| json!(fields)),
        ]
    });
    let callee = prop::sample::select(vec![
        ("call", "m#double"),
        ("call", "m#draw"),
        ("call", "m#total"),
        ("call", "m#none"),
        ("operator", "sum"),
        ("operator", "add"),
        ("operator", "item"),
        ("operator", "collect"),
        ("operator", "field(0)"),
        ("operator", "zip"),
    ]);
    let args = prop::collection::vec(value, 0..3);
    let task = (callee, args).prop_map(|((key, callee), args)| json!({key: callee, "args": args}));
    let tasks = prop::collection::hash_map(name().prop_map(str::to_owned), task, 0..6);
    (tasks, name()).prop_map(|(tasks, output)| {
        json!({"components": {"m": "m.wasm"}, "tasks": tasks, "outputs": [output]})
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_graph_panics(graph in any_graph()) {
        // Whether it fits is not the question.
        let _ = plan_of(&graph.to_string());
    }

    #[test]
    fn no_text_panics(graph in any_graph(), cut in any::<prop::sample::Index>(), byte: u8) {
        let mut text = graph.to_string().into_bytes();
        let at = cut.index(text.len());
        text[at] = byte;
        let _ = Document::parse(&text);
        let _ = Document::parse(&text[..at]);
    }
}
