//! Texts, values, components.

use std::{fs, path::Path};

use anyhow::Context;
use wask_component::Component;
use wask_value::{Type, json, wave};

use crate::Seeds;

const ADDRESSES: [&str; 7] = [
    "tcp://10.0.0.7:41033",
    "localhost",
    "host.example:1",
    "tcp://[::1]:5",
    "[fe80::1]",
    "unix:///run/w.sock",
    "inproc://a/b",
];

const OPERATORS: [(&str, &str, &str, &[u8]); 8] = [
    ("add", "u32", "u32", b"\x01\0\0\0\x02\0\0\0"),
    ("sum", "list<f64>", "", b"\x01\0\0\0\0\0\0\0\0\0\xf8\x3f"),
    (
        "field(a)",
        "record { a: string, b: u8 }",
        "",
        b"\x01\0\0\0x\x07",
    ),
    (
        "item",
        "list<string>",
        "u64",
        b"\x01\0\0\0\x01\0\0\0y\0\0\0\0\0\0\0\0",
    ),
    (
        "sort",
        "list<tuple<s8, char>>",
        "",
        b"\x02\0\0\0\x02a\0\0\0\x01b\0\0\0",
    ),
    (
        "concat",
        "list<list<u8>>",
        "",
        b"\x02\0\0\0\x01\0\0\0\x09\0\0\0\0",
    ),
    (
        "zip",
        "list<u8>",
        "list<bool>",
        b"\x01\0\0\0\x05\x01\0\0\0\x01",
    ),
    (
        "distinct",
        "list<option<u8>>",
        "",
        b"\x03\0\0\0\0\x01\x02\x01\x02",
    ),
];

const FUNCTIONS: [&str; 3] = [
    "func(text: string) -> list<tuple<string, u32>>",
    "func()",
    "func(a: borrow<x>, %list: list<u8, 4>) -> result<_, string>",
];

const EXPRESSIONS: [(&str, &str); 9] = [
    ("u32", "@n[2]"),
    ("list<u32>", "[7, @n[1], _]"),
    ("list<u32>", "@n"),
    (
        "record { a: option<u32>, b: tuple<u8, u32>, c: option<u8> }",
        "{b: (1, @one), a: some(@n[2])}",
    ),
    ("result<u32, string>", "ok(@one) // comment"),
    ("variant { n(f64), m(u32), none }", "%m(_)"),
    ("list<string>", "[\"a_@\", '@', \"\"\"\n  long\n  \"\"\"]"),
    ("option<list<list<string>>>", "[@lists, []]"),
    ("flags { r, w }", "{r}"),
];

const GRAPH: &str = r#"{"components": {"m": "m.wasm"}, "tasks": {
    "z": {"call": "m#b", "args": [4], "timeout": "3s", "memory": "64MiB", "fuel": "unlimited"},
    "a": {"call": "m#s", "args": [[
        {"name": "p", "at": [{"$task": "z"}, {"some": {"$task": "z"}}], "kind": {"line": {"$task": "z"}}},
        {"name": "q", "at": [1, null], "kind": "dot"}], {"err": {"$bytes": "AAEC"}}]},
    "t": {"call": "m#i", "args": [{"$dataset": "n"}], "label": "total", "priority": -3, "retries": 2},
    "o": {"call": "m#i", "args": [[{"$dataset": "@n", "index": 2}, 7]], "impure": true},
    "pair": {"operator": "field(1)", "args": [{"$value": ["x", 2], "type": "tuple<string, u8>"}]},
    "more": {"operator": "add", "args": [{"$task": "z"}, 1]},
    "words": {"call": "m#0"}
}, "outputs": ["a", "t", "o", "pair", "more", "words"]}"#;

pub(super) fn write(seeds: &Seeds, repository: &Path) -> anyhow::Result<()> {
    seeds.add_all("address", ADDRESSES)?;
    let with_type = |(ty, text)| format!("{ty}\0{text}");
    seeds.add_all("expression", EXPRESSIONS.map(with_type))?;
    let operators = OPERATORS.map(|(operator, first, second, bytes)| {
        let texts = format!("{operator}\0{first}\0{second}\0");
        [texts.as_bytes(), bytes].concat()
    });
    seeds.add_all("operator", operators)?;
    golden(seeds, repository)?;
    let value: &[u8] = b"\x0e\0\0\0to be or not to";
    seeds.add_all(
        "spill_file",
        [value, &value[..9], b"\x0e\0\0\0to be or not tp"],
    )?;
    seeds.add("graph", "all", GRAPH)?;
    for name in ["odd-squares", "queries", "squares", "total"] {
        let file = repository.join(format!("host/client/docs/{name}.json"));
        seeds.add("graph", name, fs::read(file)?)?;
    }
    for name in [
        "bytes",
        "counter",
        "heavy",
        "imports_missing",
        "nop",
        "tasks",
    ] {
        let wat = fs::read(repository.join(format!("tests/guests/wat/{name}.wat")))?;
        // One of them lacks what it imports: it is no component, and its bytes are no seed.
        if let Ok(component) = Component::load(&wat) {
            seeds.add("component", name, component.bytes())?;
        }
    }
    let arith = fs::read(repository.join("target/guests/arith.wasm"));
    seeds.add(
        "component",
        "arith",
        arith.context("build the guests first")?,
    )
}

/// The golden vectors of the encoding, in every form.
fn golden(seeds: &Seeds, repository: &Path) -> anyhow::Result<()> {
    let golden = fs::read_to_string(repository.join("host/value/tests/golden.txt"))?;
    let mut types = Vec::from(FUNCTIONS.map(String::from));
    let mut calls = vec![
        "f".to_owned(),
        "f([n(nan), m(-3), text(\"a\\u{e9}\"), c('x'), pair((1, true)), none], {r: err(\"x\")})"
            .into(),
        "demo:a/b#c({bytes: [1, 2], r: ok}, ({r, %true}, x1-2b, ok(1.5e3)))".into(),
    ];
    let (mut values, mut jsons) = (Vec::new(), Vec::new());
    for line in golden.lines() {
        let parts: Vec<&str> = line.split(" | ").collect();
        let [text, value, hex] = parts[..] else {
            anyhow::bail!("`{line}` is no golden vector");
        };
        let ty: Type = text.parse()?;
        let digits: Vec<char> = hex.chars().collect();
        let bytes = digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(&String::from_iter(pair), 16));
        let bytes: Vec<u8> = bytes.collect::<Result<_, _>>()?;
        values.push([text.as_bytes(), b"\0", &bytes].concat());
        let json = json::to_json(&ty, &wave::parse(&ty, value)?)?;
        jsons.push(format!("{text}\0{json}"));
        calls.push(format!("f({value})"));
        types.push(text.to_owned());
    }
    seeds.add_all("value", values)?;
    seeds.add_all("json", jsons)?;
    seeds.add_all("wave", calls)?;
    seeds.add_all("type_text", types)
}
