use std::fs;

use wask_value::{Hole, Param, Segment, arguments_to_rope};

use super::*;
use crate::{exit::Exit, expression::Fill};

fn scope() -> Scope {
    let dataset = |ty: &str, len| Dataset {
        ty: ty.parse().unwrap(),
        len,
    };
    Scope {
        datasets: BTreeMap::from([
            ("one".to_owned(), dataset("u32", 1)),
            ("three".to_owned(), dataset("u32", 3)),
        ]),
        maps: true,
        ..Scope::default()
    }
}

/// Writes every place as a hole: futures by their index, items as 100, what is known as 200.
struct Numbered;

impl Fill for Numbered {
    fn known<S: serde::Serializer>(&self, _: &Encoded, to: S) -> Result<S::Ok, S::Error> {
        serde::Serialize::serialize(&Hole(200), to)
    }

    fn item<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        serde::Serialize::serialize(&Hole(100), to)
    }

    fn future<S: serde::Serializer>(&self, future: &FutureRef, to: S) -> Result<S::Ok, S::Error> {
        serde::Serialize::serialize(&Hole(future.index as u32), to)
    }
}

use Segment::{Bytes, Hole as At};

#[track_caller]
fn check(ty: &str, text: &str, segments: &[Segment<'_>]) {
    let ty: Type = ty.parse().unwrap();
    let tree = Tree::Tuple(vec![scope().value(&ty, text).unwrap()]);
    let rope = arguments_to_rope(&[Param::new("p", ty)], &tree.filled(&Numbered)).unwrap();
    assert_eq!(rope.segments().collect::<Vec<_>>(), segments);
}

#[track_caller]
fn fails(ty: &str, text: &str, message: &str) {
    let error = scope().value(&ty.parse().unwrap(), text).unwrap_err();
    assert_eq!(error.to_string(), message);
}

#[test]
fn values_without_references_are_encoded() {
    let ty: FunctionType = "func(a: list<u8>, b: string, c: tuple<>)".parse().unwrap();
    let template = scope()
        .arguments("f", &ty, &["[1, 2]", "\"a_@\"", "()"])
        .unwrap();
    let bytes = template.encode(&ty).unwrap().concat();
    assert_eq!(bytes, b"\x02\0\0\0\x01\x02\x03\0\0\0a_@");
    assert_eq!(template.item, None);
}

#[test]
fn futures_stand_anywhere() {
    check("u32", "@one", &[At(0)]);
    check("u32", "@three[2]", &[At(2)]);
    check(
        "list<u32>",
        "[7, @three[1], _]",
        &[Bytes(&[3, 0, 0, 0]), At(200), At(1), At(100)],
    );
    check(
        "record { a: option<u32>, b: tuple<u8, u32>, c: option<u8> }",
        "{b: (1, @one), a: some(@three[2])}",
        &[Bytes(&[1]), At(2), At(200), At(0), Bytes(&[0])],
    );
    check("option<u32>", "@one", &[Bytes(&[1]), At(0)]);
    check("result<u32, string>", "ok(@one)", &[Bytes(&[0]), At(0)]);
    check("result<string, u32>", "err(@one)", &[Bytes(&[1]), At(0)]);
    check(
        "variant { x, y-z(u32) }",
        "y-z(@one)",
        &[Bytes(&[1]), At(0)],
    );
}

#[test]
fn a_collection_is_a_list() {
    check(
        "list<u32>",
        "@three",
        &[Bytes(&[3, 0, 0, 0]), At(0), At(1), At(2)],
    );
    check("list<u32>", "@one", &[Bytes(&[1, 0, 0, 0]), At(0)]);
}

#[test]
fn what_does_not_fit_is_named() {
    fails(
        "u32",
        "@three",
        "expected one u32, but `@three` holds 3: write `@three[0]` for the first",
    );
    fails(
        "string",
        "@one",
        "expected string, got `@one`, a future of u32",
    );
    fails(
        "string",
        "@three",
        "expected string, got `@three`, which is 3 futures of u32",
    );
    fails(
        "u32",
        "@three[3]",
        "`@three[3]` does not exist: `@three` holds 3, counted from 0",
    );
    fails(
        "u32",
        "@thre",
        "the cluster has no `@thre`; did you mean `@three`?",
    );
    fails(
        "u32",
        "@x",
        "the cluster has no `@x`; `wask datasets` lists them",
    );
    fails(
        "tuple<u8, u16>",
        "(_, _)",
        "`_` stands for a u8 and here for a u16: it must be one thing",
    );
    fails(
        "record { a: u32 }",
        "{b: @one}",
        "field `b` is given twice or is none of record { a: u32 }",
    );
}

#[test]
fn calls_are_checked_against_the_signature() {
    let ty: FunctionType = "func(text: string, n: u32) -> u32".parse().unwrap();
    let error = |texts: &[&str]| scope().arguments("f", &ty, texts).unwrap_err().to_string();
    assert_eq!(
        error(&["1"]),
        "`f` takes 2 arguments, got 1: it is func(text: string, n: u32) -> u32"
    );
    assert!(error(&["1", "1"]).starts_with("`f`, parameter `text`: wave text, character 1: "));
    let template = scope().arguments("f", &ty, &["_", "@one"]).unwrap();
    assert_eq!(template.item, Some(Type::String));
    // Neither can be encoded without what goes there.
    assert!(template.encode(&ty).is_err());
}

#[test]
fn only_map_has_items() {
    let error = Scope::default().value(&Type::U8, "_").unwrap_err();
    assert_eq!(error.exit, Exit::Input);
    assert!(error.to_string().contains("only `wask map`"));
}

#[test]
fn files_are_text_or_bytes() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), b"hi\xff").unwrap();
    let text = format!("@file(\"{}\")", file.path().display());
    check("list<u8>", &text, &[Bytes(&[3, 0, 0, 0, b'h', b'i', 0xff])]);
    let error = |ty: Type| scope().value(&ty, &text).unwrap_err().to_string();
    assert!(error(Type::String).contains("is not UTF-8 (at byte 2)"));
    assert!(error(Type::U32).contains("a file is a `string` or a `list<u8>`"));
}
