//! WAVE both ways, and what is refused where.

use super::*;

fn ty(text: &str) -> Type {
    text.parse().unwrap()
}

#[track_caller]
fn round_trip(type_text: &str, text: &str) {
    let ty = ty(type_text);
    let value = parse(&ty, text).unwrap();
    assert_eq!(to_string(&ty, &value).unwrap(), text);
    encode(&ty, &value).unwrap();
}

#[track_caller]
fn refused(type_text: &str, text: &str, error: &str) {
    assert_eq!(parse(&ty(type_text), text).unwrap_err().to_string(), error);
}

#[test]
fn every_type_has_its_text() {
    round_trip("list<tuple<string, u32>>", r#"[("be", 2), ("or", 1)]"#);
    round_trip("list<u8>", "[1, 255]");
    round_trip("tuple<bool, char, f64, f32>", "(true, 'é', -inf, nan)");
    round_trip("record { a: u8, b: option<u8> }", "{a: 1}");
    round_trip("record { b: option<u8> }", "{:}");
    round_trip(
        "list<variant { dot, circle(f64), some }>",
        "[dot, circle(1.5), %some]",
    );
    round_trip("flags { r, w }", "{w}");
    round_trip("list<result<u8, string>>", r#"[ok(1), err("no")]"#);
    round_trip("option<option<u8>>", "some(none)");
    round_trip("string", r#""tab\t, \"quote\", \u{7f}""#);
    round_trip("tuple<>", "()");
    assert_eq!(parse(&Type::unit(), " ( ) ").unwrap(), Value::unit());
}

#[test]
fn a_text_without_quotes_is_told_to_have_them() {
    for (ty, text, end) in [
        (
            "string",
            "hello",
            "expected string, got hello; write it in double quotes, \"x\"",
        ),
        (
            "string",
            "to be",
            "expected string, got to be; write it in double quotes, \"x\"",
        ),
        (
            "string",
            "1",
            "expected string, got 1; write it in double quotes, \"x\"",
        ),
        (
            "char",
            "x",
            "expected char, got x; write it in single quotes, 'x'",
        ),
    ] {
        let error = parse(&self::ty(ty), text).unwrap_err().to_string();
        assert!(error.ends_with(end), "{error}");
    }
}

#[test]
fn floats_have_their_shortest_form() {
    for text in [
        "1e300",
        "-2.5e-7",
        "5e-324",
        "1.7976931348623157e308",
        "0.1",
        "-0",
        "123456.5",
    ] {
        round_trip("list<f64>", &format!("[{text}]"));
    }
    round_trip("f32", "3.4028235e38");
    round_trip("f32", "1e-45");
    for (ty, text) in [("f64", "1e400"), ("f64", "-1e400"), ("f32", "1e39")] {
        let problem = format!("{text} is too great for an {ty}; write `inf` for what is infinite");
        refused(ty, text, &format!("wave text, character 1: {problem}"));
    }
    assert_eq!(
        parse(&ty("f64"), "-inf").unwrap(),
        Value::F64(f64::NEG_INFINITY)
    );
}

#[test]
fn a_case_that_is_called_like_a_word_of_wave_is_told_how_to_write() {
    refused(
        "enum { none, some }",
        "none",
        "wave text, character 1: expected enum { none, some }, got none; write `%none` for the \
         case of this name",
    );
    let error = parse(&ty("variant { ok(u8), x }"), "ok(1)")
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with("write `%ok` for the case of this name"),
        "{error}"
    );
    round_trip("enum { none, some }", "%none");
}

#[test]
fn some_and_ok_may_be_left_out() {
    assert_eq!(
        parse(&ty("option<u8>"), "1").unwrap(),
        Value::some(Value::U8(1))
    );
    let ok = Value::Result(Ok(Some(Box::new(Value::U8(1)))));
    assert_eq!(parse(&ty("result<u8>"), "1").unwrap(), ok);
    refused(
        "option<option<u8>>",
        "1",
        "wave text, character 1: expected option<option<u8>>, got 1",
    );
}

#[test]
fn errors_name_place_and_path() {
    let pairs = "list<tuple<string, u32>>";
    refused(
        pairs,
        r#"[("a", 1), ("b", "c")]"#,
        r#"[1].1: expected u32, got "c" (wave text, character 18)"#,
    );
    refused(
        pairs,
        "[",
        "wave text, character 2: unexpected end of input",
    );
    refused("u8", "256", "wave text, character 1: expected u8, got 256");
    refused(
        "u8",
        "1 2",
        "wave text, character 3: trailing characters after value",
    );
    refused(
        "enum { a, b }",
        "c",
        "wave text, character 1: unknown case `c`, expected one of `a`, `b`",
    );
    refused(
        "record { a: u8 }",
        "{a: 1, b: 2}",
        "wave text, character 1: unknown field `b`, expected `a`",
    );
    refused(
        "record { a: u8, b: u8 }",
        "{a: 1}",
        "wave text, character 1: missing field `b`",
    );
    refused(
        "variant { a(u8) }",
        "a",
        "wave text, character 1: expected a(u8), got a",
    );
    refused(
        "tuple<u8>",
        "(1, 2)",
        "wave text, character 1: expected tuple<u8>, got (1, 2)",
    );
    refused(
        "list<tuple<>>",
        "[()]",
        "wave text, character 2: empty tuple",
    );
}

#[test]
fn limits_hold() {
    let deep = "[".repeat(10_000);
    assert!(
        parse(&Type::U8, &deep)
            .unwrap_err()
            .to_string()
            .contains("nest")
    );
    let long = " ".repeat(MAX_TEXT_BYTES + 1);
    assert!(
        parse(&Type::U8, &long)
            .unwrap_err()
            .to_string()
            .contains("longer than")
    );
    let error = to_string(&Type::U8, &Value::U16(1)).unwrap_err();
    assert_eq!(error.to_string(), "expected u8, got u16");
}
