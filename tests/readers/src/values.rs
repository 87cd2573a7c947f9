//! Types, values in all of their forms, and operators on them.

use std::sync::LazyLock;

use serde::de::IgnoredAny;
use wask_operator::{Limits, Operator};
use wask_value::{
    FunctionType, Param, Segment, Type, check_arguments, decode, encode, from_bytes,
    json as values, validate, wave as text,
};

use crate::split;

/// The text of a type, and bytes: decoding agrees with validating in each of its forms, and accepts
/// only what encoding makes.
pub fn value(input: &[u8]) {
    let Some((ty, bytes)) = split(input) else {
        return;
    };
    let Ok(ty) = ty.parse::<Type>() else {
        return;
    };
    let decoded = decode(&ty, bytes);
    assert_eq!(decoded.is_ok(), validate(&ty, bytes).is_ok());
    let skipped = from_bytes::<IgnoredAny>(&ty, bytes);
    assert_eq!(decoded.is_ok(), skipped.is_ok());
    let (left, right) = bytes.split_at(bytes.len() / 2);
    let rope = [Segment::Bytes(left), Segment::Bytes(right)];
    let param = [Param::new("p", ty.clone())];
    let checked = check_arguments(&param, rope, |_| None);
    assert_eq!(decoded.is_ok(), checked.is_ok());
    if let Ok(value) = decoded {
        let again = encode(&ty, &value).expect("a decoded value is of its type");
        assert_eq!(again, bytes);
    }
}

/// Text as a type and as a function: what is parsed is written as text that means the same.
pub fn type_text(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    if let Ok(ty) = text.parse::<Type>() {
        assert_eq!(ty.to_string().parse::<Type>().as_ref(), Ok(&ty));
    }
    if let Ok(function) = text.parse::<FunctionType>() {
        let again = function.to_string().parse::<FunctionType>();
        assert_eq!(again.as_ref(), Ok(&function));
    }
}

/// Text as a call: each argument, read as WAVE of types that have everything in them, is refused or
/// written as WAVE that means the same.
pub fn wave(input: &[u8]) {
    static TYPES: LazyLock<Vec<Type>> = LazyLock::new(|| {
        let texts = [
            "list<variant { n(f64), m(s64), text(string), c(char), pair(tuple<u8, bool>), none }>",
            "record { a: option<option<u32>>, bytes: list<u8>, r: result<_, string> }",
            "tuple<flags { r, w, true }, enum { ok, x1-2b }, result<f32>>",
        ];
        texts.map(|text| text.parse().expect("a type")).into()
    });
    let call = std::str::from_utf8(input).map(text::split_call);
    let Ok(Ok(call)) = call else {
        return;
    };
    for argument in call.arguments.into_iter().flatten() {
        for ty in TYPES.iter() {
            let Ok(value) = text::parse(ty, argument) else {
                continue;
            };
            let text = text::to_string(ty, &value).expect("a parsed value is of its type");
            assert_eq!(text::parse(ty, &text), Ok(value));
        }
    }
}

/// The text of a type, and JSON: what is read is written as JSON that means the same.
pub fn json(input: &[u8]) {
    let Some((ty, json)) = split(input) else {
        return;
    };
    let (Ok(ty), Ok(json)) = (ty.parse::<Type>(), serde_json::from_slice(json)) else {
        return;
    };
    if let Ok(value) = values::from_json(&ty, &json) {
        let bytes = encode(&ty, &value).expect("a value that was read is of its type");
        let again = values::to_json(&ty, &value).expect("a value that was read is of its type");
        let again = values::from_json(&ty, &again).expect("what was written can be read");
        // By their bytes: a NaN does not equal itself.
        assert_eq!(encode(&ty, &again), Ok(bytes));
    }
}

/// An operator, the types of two arguments (the second may be empty), and the arguments' bytes: it
/// keeps to its output limit, and what it gives is a value of the type that its signature says.
pub fn operator(input: &[u8]) {
    const MAX_OUTPUT: u64 = 1 << 16;
    let Some((operator, rest)) = split(input) else {
        return;
    };
    let Some((first, rest)) = split(rest) else {
        return;
    };
    let Some((second, bytes)) = split(rest) else {
        return;
    };
    let Ok(operator) = operator.parse::<Operator>() else {
        return;
    };
    let arguments = [first, second].into_iter().filter(|text| !text.is_empty());
    let Ok(arguments) = arguments.map(str::parse).collect::<Result<Vec<Type>, _>>() else {
        return;
    };
    let Ok(types) = operator.infer(&arguments) else {
        return;
    };
    let signature = operator
        .signature(&types)
        .expect("types that were inferred");
    let limits = Limits {
        max_output: MAX_OUTPUT,
        is_cancelled: &|| false,
    };
    let (left, right) = bytes.split_at(bytes.len() / 2);
    let rope = [left, right].map(bytes::Bytes::copy_from_slice);
    if let Ok(value) = operator.run(&types, &rope, &limits) {
        assert!(value.len() as u64 <= MAX_OUTPUT);
        if validate(&signature.arguments_type(), bytes).is_ok() {
            assert!(validate(&signature.value_type(), &value).is_ok());
        }
    }
}
