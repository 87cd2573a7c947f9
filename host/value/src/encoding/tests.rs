//! The encoding byte by byte, and what is refused. That it holds for all types and values,
//! `tests/properties.rs` tells.

use super::*;
use crate::Value;

fn ty(text: &str) -> Type {
    text.parse().unwrap()
}

#[track_caller]
fn check(text: &str, value: &Value, bytes: &[u8]) {
    let ty = ty(text);
    assert_eq!(encode(&ty, value).unwrap(), bytes);
    assert_eq!(decode(&ty, bytes).unwrap(), *value);
    validate(&ty, bytes).unwrap();
}

#[track_caller]
fn refused(text: &str, bytes: &[u8], error: &str) {
    let ty = ty(text);
    assert_eq!(decode(&ty, bytes).unwrap_err().to_string(), error);
    assert!(validate(&ty, bytes).is_err());
}

#[test]
fn every_type_has_its_encoding() {
    check("bool", &Value::Bool(true), &[1]);
    check("s16", &Value::S16(-2), &[0xfe, 0xff]);
    check("u64", &Value::U64(1), &[1, 0, 0, 0, 0, 0, 0, 0]);
    check("f32", &Value::F32(1.0), &[0, 0, 0x80, 0x3f]);
    check(
        "f64",
        &Value::F64(-f64::NAN),
        &[0, 0, 0, 0, 0, 0, 0xf8, 0x7f],
    );
    check("char", &Value::Char('é'), &[0xe9, 0, 0, 0]);
    check("string", &"hé".into(), &[3, 0, 0, 0, b'h', 0xc3, 0xa9]);
    check("list<u8>", &Value::Bytes(vec![7, 8]), &[2, 0, 0, 0, 7, 8]);
    check(
        "list<u16>",
        &Value::List(vec![Value::U16(7)]),
        &[1, 0, 0, 0, 7, 0],
    );
    check("option<u8>", &Value::none(), &[0]);
    check("option<u8>", &Value::some(Value::U8(9)), &[1, 9]);
    check("tuple<>", &Value::unit(), &[]);
    check("enum { a, b }", &Value::Enum(1), &[1]);
    let record = Value::Record(vec![Value::U8(1), Value::Bool(false)]);
    check("record { x: u8, y: bool }", &record, &[1, 0]);
}

#[test]
fn ok_comes_first() {
    let text = "result<u8, string>";
    check(
        text,
        &Value::Result(Ok(Some(Box::new(Value::U8(5))))),
        &[0, 5],
    );
    check(
        text,
        &Value::Result(Err(Some(Box::new("".into())))),
        &[1, 0, 0, 0, 0],
    );
    check("result", &Value::Result(Err(None)), &[1]);
}

#[test]
fn case_numbers_grow_with_the_cases() {
    let names = |n: usize| Type::enumeration((0..n).map(|i| format!("c{i}")));
    assert_eq!(encode(&names(256), &Value::Enum(255)).unwrap(), [255]);
    assert_eq!(encode(&names(257), &Value::Enum(256)).unwrap(), [0, 1]);
    assert_eq!(
        encode(&names(65_537), &Value::Enum(65_536)).unwrap(),
        [0, 0, 1, 0]
    );
    assert_eq!(
        decode(&names(65_537), &[0, 0, 1, 0]).unwrap(),
        Value::Enum(65_536)
    );
}

#[test]
fn flags_fill_the_fewest_bytes() {
    let nine = Type::flags((0..9).map(|i| format!("f{i}")));
    let mut flags = vec![false; 9];
    (flags[1], flags[8]) = (true, true);
    assert_eq!(encode(&nine, &Value::Flags(flags)).unwrap(), [0b10, 1]);
    let error = decode(&nine, &[0, 0b10]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "bits are set beyond the last flag (at byte 1)"
    );
}

#[test]
fn what_is_not_canonical_is_refused() {
    refused("bool", &[2], "expected a bool (0 or 1), got 2 (at byte 0)");
    refused(
        "f32",
        &[1, 0, 0xc0, 0x7f],
        "expected the canonical NaN, got another (at byte 0)",
    );
    refused(
        "f64",
        &[0, 0, 0, 0, 0, 0, 0xf8, 0xff],
        "expected the canonical NaN, got another (at byte 0)",
    );
    refused(
        "char",
        &[0, 0xd8, 0, 0],
        "expected a char, got 0xd800 (at byte 0)",
    );
    refused(
        "string",
        &[2, 0, 0, 0, b'a', 0xff],
        "expected a string, got bytes that are not UTF-8 (at byte 5)",
    );
    refused(
        "enum { a }",
        &[1],
        "expected the number of a case, below 1, got 1 (at byte 0)",
    );
    refused("u8", &[1, 2], "1 bytes too many (at byte 1)");
    refused(
        "u16",
        &[1],
        "the bytes end here, 1 more are needed (at byte 0)",
    );
    refused(
        "list<u64>",
        &[0xff; 4],
        "the bytes end here, 34359738360 more are needed (at byte 4)",
    );
}

#[test]
fn faults_name_their_path() {
    let text = "list<record { name: string, on: option<bool> }>";
    let bytes = [1, 0, 0, 0, 0, 0, 0, 0, 1, 9];
    refused(
        text,
        &bytes,
        "[0].on: expected a bool (0 or 1), got 9 (at byte 9)",
    );
    let error = validate(&ty(text), &bytes).unwrap_err();
    assert_eq!(error, decode(&ty(text), &bytes).unwrap_err());
    let error = validate(
        &ty("tuple<u8, list<f32>>"),
        &[1, 1, 0, 0, 0, 1, 0, 0xc0, 0x7f],
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        ".1[0]: expected the canonical NaN, got another (at byte 5)"
    );
}

#[test]
fn blocks_are_checked_like_their_elements() {
    let nan_32 = (f32::NAN.to_bits() | 1).to_le_bytes();
    let nan_64 = (f64::NAN.to_bits() | 1).to_le_bytes();
    for (element, good, bad) in [
        ("f32", &1f32.to_le_bytes()[..], &nan_32[..]),
        ("f64", &1f64.to_le_bytes(), &nan_64),
        ("bool", &[1], &[2]),
        (
            "tuple<u8, f32>",
            &[2, 0, 0, 0, 0],
            &[&[2], &nan_32[..]].concat(),
        ),
    ] {
        let list = ty(&format!("list<{element}>"));
        let bytes = [&[3, 0, 0, 0], good, bad, good].concat();
        let error = validate(&list, &bytes).unwrap_err();
        assert_eq!(error, decode(&list, &bytes).unwrap_err());
        assert!(error.to_string().starts_with("[1]"), "{error}");
        validate(&list, &[&[3, 0, 0, 0], good, good, good].concat()).unwrap();
    }
}

#[test]
fn values_without_bytes_are_limited_in_all() {
    let units = ty("list<list<tuple<>>>");
    let half = (MAX_ZERO_SIZED as u32 / 2).to_le_bytes();
    let bytes = |lists: u8| [&[lists, 0, 0, 0][..], &half.repeat(lists.into())].concat();
    decode(&units, &bytes(2)).unwrap();
    validate(&units, &bytes(2)).unwrap();
    let error = validate(&units, &bytes(3)).unwrap_err().to_string();
    assert!(
        error.starts_with("[2][0]: more than 1048576 values that take no bytes"),
        "{error}"
    );
    assert!(decode(&units, &bytes(3)).is_err());
    assert!(decode(&ty("list<tuple<>>"), &[0xff; 4]).is_err());

    let too_many = Value::List(vec![Value::unit(); MAX_ZERO_SIZED + 1]);
    assert!(encode(&ty("list<tuple<>>"), &too_many).is_err());
}

#[test]
fn values_of_another_type_are_refused_with_the_path() {
    let pairs = ty("list<tuple<string, u32>>");
    let pair = |second: Value| Value::List(vec![Value::Tuple(vec!["a".into(), second])]);
    let error = encode(&pairs, &pair(Value::U8(1))).unwrap_err();
    assert_eq!(error.to_string(), "[0].1: expected u32, got u8");
    let error = encode(&pairs, &Value::List(vec![Value::unit()])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "[0]: expected tuple<string, u32>, got a tuple of 0"
    );
    let error = encode(&ty("list<u8>"), &Value::List(vec![])).unwrap_err();
    assert_eq!(error.to_string(), "expected list<u8>, got list");
    let error = encode(&ty("variant { a, b(u8) }"), &Value::Variant(1, None)).unwrap_err();
    assert_eq!(error.to_string(), "b: expected u8, got no payload");
}

#[test]
fn parts_can_be_located() {
    let words = ty("list<string>");
    let bytes = encode(&words, &Value::List(vec!["ab".into(), "c".into()])).unwrap();
    let (part, range) = locate(&words, &bytes, 1).unwrap();
    assert_eq!(decode(part, &bytes[range]).unwrap(), "c".into());
    let error = locate(&words, &bytes, 2).unwrap_err();
    assert_eq!(error.to_string(), "there is no item 2, only 2");

    let record = ty("record { a: u8, b: list<u8> }");
    assert_eq!(
        locate(&record, &[1, 1, 0, 0, 0, 9], 1).unwrap(),
        (&Type::bytes(), 1..6)
    );
    assert_eq!(
        locate(&ty("list<u32>"), &[2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0], 1)
            .unwrap()
            .1,
        8..12
    );
    assert!(locate(&Type::U8, &[1], 0).is_err());
}

#[test]
fn some_types_have_one_size() {
    for (text, size) in [
        ("bool", Some(1)),
        ("char", Some(4)),
        ("tuple<>", Some(0)),
        ("record { a: u8, b: f64 }", Some(9)),
        ("enum { a }", Some(1)),
        ("flags { a, b }", Some(1)),
        ("option<tuple<>>", Some(1)),
        ("result", Some(1)),
        ("result<u32, f32>", Some(5)),
        ("variant { a(u16), b(s16) }", Some(3)),
        ("result<u32>", None),
        ("option<u8>", None),
        ("variant { a(u16), b }", None),
        ("variant { a(string), b(string) }", None),
        ("tuple<u8, string>", None),
        ("list<u8>", None),
    ] {
        assert_eq!(fixed_bytes(&ty(text)), size, "{text}");
    }
}

#[test]
fn the_first_value_is_measured() {
    assert_eq!(measure(&Type::String, &[1, 0, 0, 0, b'a', 0xff]), Ok(5));
    assert!(measure(&Type::String, &[1, 0, 0, 0, 0xff]).is_err());
    assert!(measure(&Type::U16, &[1]).is_err());
}

#[test]
fn runs_of_elements_are_located() {
    let words = Value::List(vec!["ab".into(), "".into(), "c".into()]);
    let words = encode(&ty("list<string>"), &words).unwrap();
    assert_eq!(locate_run(&Type::String, &words, 1..3), Ok(10..19));
    assert_eq!(locate_run(&Type::String, &words, 3..3), Ok(19..19));
    let error = locate_run(&Type::String, &words, 1..4).unwrap_err();
    assert_eq!(error.to_string(), "there are no items 1 to 4, only 3");
    // Only fixed sizes are not looked at: 7 is no bool.
    assert_eq!(
        locate_run(&Type::Bool, &[3, 0, 0, 0, 1, 7, 0], 1..2),
        Ok(5..6)
    );
    assert!(locate_run(&Type::Bool, &[3, 0, 0, 0, 1], 0..1).is_err());
}

#[test]
fn elements_are_given_one_by_one() {
    let words = [2, 0, 0, 0, 1, 0, 0, 0, b'a', 1, 0, 0, 0, 0xff];
    let mut found = elements(&Type::String, &words).unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found.next(), Some(Ok(&words[4..9])));
    let error = found.next().unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "[1]: expected a string, got bytes that are not UTF-8 (at byte 13)"
    );
    assert!(found.next().is_none());

    let unit = Type::unit();
    let units = elements(&unit, &[3, 0, 0, 0]).unwrap();
    assert_eq!(units.map(Result::unwrap).collect::<Vec<_>>(), [b""; 3]);
    assert!(elements(&Type::U32, &[0xff; 8]).is_err());
}
