//! The table of the module's documentation, row by row, and what is refused.

use super::*;
use crate::{Type, Value};

fn ty(text: &str) -> Type {
    text.parse().unwrap()
}

/// Reads `json` and writes it as the same.
#[track_caller]
fn round_trip(type_text: &str, json: &str) {
    check(type_text, json, json);
}

#[track_caller]
fn check(type_text: &str, read: &str, written: &str) {
    let ty = ty(type_text);
    let value = from_json(&ty, &serde_json::from_str(read).unwrap()).unwrap();
    assert_eq!(to_json(&ty, &value).unwrap().to_string(), written);
}

#[track_caller]
fn refused(type_text: &str, json: &str, error: &str) {
    let json = serde_json::from_str(json).unwrap();
    assert_eq!(
        from_json(&ty(type_text), &json).unwrap_err().to_string(),
        error
    );
}

#[test]
fn every_type_has_its_json() {
    round_trip("tuple<bool, string, char, s8>", r#"[true,"x","é",-1]"#);
    round_trip(
        "list<u64>",
        r#"[9007199254740992,"9007199254740993","18446744073709551615"]"#,
    );
    round_trip("list<s64>", r#"[-9007199254740992,"-9007199254740993"]"#);
    round_trip("list<f64>", r#"[0.1,-0.0,1e+300,"nan","inf","-inf"]"#);
    round_trip("list<f32>", r#"[0.1,3.4028235e+38,"-inf"]"#);
    round_trip("list<u8>", r#"{"$bytes":"aGk="}"#);
    round_trip("record { a: u8, b: option<u8> }", r#"{"a":1,"b":null}"#);
    round_trip(
        "list<variant { dot, circle(f64) }>",
        r#"["dot",{"circle":1.5}]"#,
    );
    round_trip("enum { red, dark-blue }", r#""dark-blue""#);
    round_trip("flags { r, w }", r#"["w"]"#);
    round_trip("list<option<u8>>", "[null,1]");
    round_trip(
        "list<option<option<u8>>>",
        r#"[null,{"some":null},{"some":1}]"#,
    );
    round_trip("list<result<u8>>", r#"[{"ok":1},{"err":null}]"#);
    round_trip("tuple<>", "[]");
}

#[test]
fn other_spellings_are_read() {
    check("list<u8>", "[104, 105]", r#"{"$bytes":"aGk="}"#);
    check("u64", r#""7""#, "7");
    check("u64", "18446744073709551615", r#""18446744073709551615""#);
    check("f64", "1", "1.0");
    check(
        "record { a: u8, b: option<u8> }",
        r#"{"a": 1}"#,
        r#"{"a":1,"b":null}"#,
    );
    check("variant { dot }", r#"{"dot": null}"#, r#""dot""#);
}

#[test]
fn errors_name_the_path() {
    let text = "list<record { name: string, shape: variant { dot, circle(f64) } }>";
    refused(
        text,
        r#"[{"name": 1, "shape": "dot"}]"#,
        "[0].name: expected string, got 1",
    );
    refused(text, r#"[{"name": "a"}]"#, "[0]: missing field `shape`");
    refused(
        text,
        r#"[{"nam": "a"}]"#,
        "[0]: unknown field `nam`, expected one of `name`, `shape`",
    );
    let error = "[0].shape.circle: expected f64, got a string";
    refused(text, r#"[{"name": "a", "shape": {"circle": "x"}}]"#, error);
    let error = "[0].shape: unknown case `box`, expected one of `dot`, `circle`";
    refused(text, r#"[{"name": "a", "shape": "box"}]"#, error);
    refused("list<u8>", "[1, 256]", "[1]: expected u8, got 256");
    refused("u8", "1.0", "expected u8, got 1.0");
    refused("u8", r#""1""#, "expected u8, got a string");
    refused("f32", "1e300", "expected f32, got 1e+300");
    refused("char", r#""ab""#, "expected char, got a string");
    refused("flags { a }", r#"["a", "a"]"#, "flag `a` is given twice");
    let error = "expected result as an object of one entry, got an object of 2 entries";
    refused("result", r#"{"ok": null, "err": null}"#, error);
    let bad = from_json(&Type::bytes(), &serde_json::json!({ "$bytes": "?" })).unwrap_err();
    assert!(
        bad.to_string().starts_with("`$bytes` is not base64"),
        "{bad}"
    );
}

#[test]
fn values_of_another_type_are_refused() {
    let error = to_json(&ty("list<u16>"), &Value::List(vec![Value::U8(1)])).unwrap_err();
    assert_eq!(error.to_string(), "[0]: expected u16, got u8");
}
