//! Rust values to bytes and back, and what does not fit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::*;
use crate::{FunctionType, Segment, Value, check_arguments, decode, from_bytes};

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Sample {
    user_id: u64,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
enum Shape {
    Dot,
    Circle(f64),
    Line(u8, u8),
    Box { width: u8, height: u8 },
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Permissions {
    can_read: bool,
    can_write: bool,
}

fn ty(text: &str) -> Type {
    text.parse().unwrap()
}

#[track_caller]
fn round_trip<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(text: &str, value: T) {
    let ty = ty(text);
    let bytes = to_bytes(&ty, &value).unwrap();
    let dynamic = decode(&ty, &bytes).unwrap();
    assert_eq!(crate::encode(&ty, &dynamic).unwrap(), bytes);
    assert_eq!(from_bytes::<T>(&ty, &bytes).unwrap(), value);
}

#[track_caller]
fn refused<T: Serialize>(text: &str, value: T, error: &str) {
    assert_eq!(to_bytes(&ty(text), &value).unwrap_err().to_string(), error);
}

fn sample(note: Option<&str>) -> Sample {
    Sample {
        user_id: 7,
        name: "ann".into(),
        note: note.map(Into::into),
    }
}

#[test]
fn rust_types_go_there_and_back() {
    round_trip(
        "tuple<bool, s8, u64, f32, f64, char>",
        (true, -1i8, 2u64, 1.5f32, -2.5f64, 'x'),
    );
    round_trip("list<u8>", vec![1u8, 2, 3]);
    round_trip("list<u8>", [1u8, 2, 3]);
    round_trip(
        "list<tuple<string, u32>>",
        BTreeMap::from([("b".to_owned(), 1u32), ("a".into(), 2)]),
    );
    round_trip("option<option<u8>>", Some(None::<u8>));
    round_trip("result<u8, string>", Ok::<u8, String>(1));
    round_trip("result<_, string>", Ok::<(), String>(()));
    round_trip("list<result<u8>>", vec![Ok(1u8), Err(())]);
    round_trip("tuple<>", ());
    round_trip("list<tuple<>>", vec![(), ()]);
    round_trip(
        "record { user-id: u64, name: string, note: option<string> }",
        sample(Some("hi")),
    );
    let shapes = "list<variant { dot, circle(f64), line(tuple<u8, u8>), \
                  box(record { width: u8, height: u8 }) }>";
    let all = [
        Shape::Dot,
        Shape::Circle(1.0),
        Shape::Line(1, 2),
        Shape::Box {
            width: 1,
            height: 2,
        },
    ];
    round_trip(shapes, Vec::from(all));
    round_trip("enum { circle, dot }", Shape::Dot);
    round_trip(
        "flags { can-write, can-read }",
        Permissions {
            can_read: true,
            can_write: false,
        },
    );
    round_trip("flags { can-write, can-read }", vec!["can-read".to_owned()]);
    round_trip("string", std::borrow::Cow::Borrowed("x").into_owned());
}

#[test]
fn fields_are_put_in_the_types_order() {
    let shuffled = ty("record { note: option<string>, user-id: u64, name: string }");
    for note in [None, Some("x")] {
        let bytes = to_bytes(&shuffled, &sample(note)).unwrap();
        let note = note.map(|text| Box::new(Value::from(text)));
        let expected = vec![Value::Option(note), Value::U64(7), "ann".into()];
        assert_eq!(decode(&shuffled, &bytes).unwrap(), Value::Record(expected));
        let sample: Sample = from_bytes(&shuffled, &bytes).unwrap();
        assert_eq!(sample.name, "ann");
    }
}

#[test]
fn missing_unknown_and_double_fields_are_named() {
    refused(
        "record { name: string }",
        sample(None),
        "unknown field `user_id`, expected `name`",
    );
    let text = "list<record { user-id: u64, name: string, age: u8 }>";
    refused(text, [sample(None)], "[0]: missing field `age`");
    let twice = serde_json::from_str::<Twice>("{}").unwrap();
    refused(
        "record { user-id: u64 }",
        twice,
        "field `user-id` is given twice",
    );

    let (narrow, wide) = (
        ty("record { user-id: u64 }"),
        ty("record { user-id: u64, name: string }"),
    );
    let bytes = to_bytes(&narrow, &BTreeMap::from([("user_id", 1)])).unwrap();
    let error = from_bytes::<Sample>(&narrow, &bytes).unwrap_err();
    assert_eq!(error.to_string(), "missing field `name`");
    let bytes = to_bytes(&wide, &sample(None)).unwrap();
    let error = from_bytes::<Strict>(&wide, &bytes).unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown field `name`, expected `user_id`"
    );
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct Twice {
    user_id: u64,
    #[serde(rename = "userId")]
    other: u64,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
struct Strict {
    #[expect(dead_code, reason = "only its name matters")]
    user_id: u64,
}

#[test]
fn numbers_fit_by_their_value() {
    assert_eq!(to_bytes(&Type::U32, &5i64).unwrap(), [5, 0, 0, 0]);
    assert_eq!(to_bytes(&Type::S8, &-5i128).unwrap(), [0xfb]);
    refused("u8", 300, "expected u8, got 300");
    refused("u64", -1, "expected u64, got -1");
    refused("f64", 1, "expected f64, got an integer");
    assert_eq!(
        to_bytes(&Type::F32, &1.5f64).unwrap(),
        to_bytes(&Type::F32, &1.5f32).unwrap()
    );
    assert!(to_bytes(&Type::F32, &f64::NAN).is_ok());
    refused("f32", 0.1f64, "expected f32, got 0.1, which needs f64");
    assert_eq!(from_bytes::<u8>(&Type::U32, &[5, 0, 0, 0]).unwrap(), 5);
    let error = from_bytes::<u8>(&Type::U32, &[0, 1, 0, 0]).unwrap_err();
    assert_eq!(error.to_string(), "expected u8, got 256");
}

#[test]
fn errors_name_the_path() {
    let text = "tuple<u8, list<record { name: string, \
                shape: variant { box(record { width: u8, height: u8 }) } }>>";
    #[derive(Serialize)]
    struct Named<N> {
        name: N,
        shape: Shape,
    }
    let named = |name| Named {
        name,
        shape: Shape::Box {
            width: 1,
            height: 2,
        },
    };
    refused(
        text,
        (1, [named(1)]),
        ".1[0].name: expected string, got an integer",
    );
    let dot = Named {
        name: "a",
        shape: Shape::Dot,
    };
    refused(
        text,
        (1, [dot]),
        ".1[0].shape: unknown case `Dot`, expected `box`",
    );
    refused(
        "tuple<u8, u8>",
        (1, 2, 3),
        "expected tuple<u8, u8>, got a tuple of 3",
    );
    refused("list<u8>", "text", "expected list<u8>, got string");
    refused(
        "variant { circle(string) }",
        Shape::Circle(1.0),
        "circle: expected string, got f64",
    );
    refused(
        "u8",
        Hole(0),
        "a future cannot stand here, only in arguments",
    );

    let words = ty("list<option<string>>");
    let bytes = to_bytes(&words, &[Some("a")]).unwrap();
    let error = from_bytes::<Vec<Option<u32>>>(&words, &bytes).unwrap_err();
    assert_eq!(error.to_string(), "[0]: expected u32, got string");
    let error = from_bytes::<[Option<&str>; 2]>(&words, &bytes).unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid length 1, expected an array of length 2"
    );
    let error = from_bytes::<[Option<&str>; 0]>(&words, &bytes).unwrap_err();
    assert_eq!(error.to_string(), "expected 0 elements, got 1");
    let error = from_bytes::<Vec<String>>(&words, &bytes[..5]).unwrap_err();
    assert_eq!(error.to_string(), "[0]: expected a string, got an option");
}

#[test]
fn self_describing_types_see_maps_and_sequences() {
    let ty = ty("record { user-id: u64, shape: variant { dot, circle(f64) } }");
    let value = Value::Record(vec![
        Value::U64(1),
        Value::Variant(1, Some(Box::new(Value::F64(0.5)))),
    ]);
    let bytes = crate::encode(&ty, &value).unwrap();
    let json: serde_json::Value = from_bytes(&ty, &bytes).unwrap();
    assert_eq!(
        json,
        serde_json::json!({ "user_id": 1, "shape": { "circle": 0.5 } })
    );
}

#[test]
fn holes_stand_anywhere_in_arguments() {
    #[derive(Serialize)]
    struct Point {
        y: Hole,
        x: u8,
    }
    let text = "func(p: record { x: u8, y: list<u8> }, q: list<option<u8>>)";
    let function: FunctionType = text.parse().unwrap();
    let arguments = (Point { y: Hole(4), x: 1 }, [None, Some(Hole(9))]);
    let rope = arguments_to_rope(&function.params, &arguments).unwrap();
    let segments: Vec<_> = rope.segments().collect();
    let after = Segment::Bytes(&[2, 0, 0, 0, 0, 1]);
    assert_eq!(
        segments,
        [
            Segment::Bytes(&[1]),
            Segment::Hole(4),
            after,
            Segment::Hole(9)
        ]
    );
    assert_eq!(rope.holes().collect::<Vec<_>>(), [4, 9]);
    assert!(rope.clone().into_bytes().is_none());

    let types = |hole| Some(if hole == 4 { ty("list<u8>") } else { Type::U8 });
    let types: BTreeMap<u32, Type> = [4, 9].map(|hole| (hole, types(hole).unwrap())).into();
    check_arguments(&function.params, rope.segments(), |hole| types.get(&hole)).unwrap();
}

#[test]
fn holes_move_with_fields_that_are_put_in_order() {
    #[derive(Serialize)]
    struct Three {
        c: (u8, Hole),
        a: Hole,
        b: (Hole, u8),
    }
    let text = "func(t: record { a: u8, b: tuple<u8, u8>, c: tuple<u8, u8> })";
    let function: FunctionType = text.parse().unwrap();
    let value = Three {
        c: (3, Hole(33)),
        a: Hole(1),
        b: (Hole(2), 22),
    };
    let rope = arguments_to_rope(&function.params, &(value,)).unwrap();
    let (two, three) = (Segment::Bytes(&[22, 3]), Segment::Hole(33));
    let segments: Vec<_> = rope.segments().collect();
    assert_eq!(segments, [Segment::Hole(1), Segment::Hole(2), two, three]);
}

#[test]
fn arguments_are_counted_and_named() {
    let function: FunctionType = "func(a: u8, b: list<u8>)".parse().unwrap();
    let error = arguments_to_rope(&function.params, &(1, [1, 999])).unwrap_err();
    assert_eq!(error.to_string(), "args.1[1]: expected u8, got 999");
    let error = arguments_to_rope(&function.params, &(1,)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "args: expected tuple<u8, list<u8>>, got a tuple of 1"
    );
    let none = arguments_to_rope(&[], &()).unwrap();
    assert_eq!(none.into_bytes(), Some(vec![]));
}
