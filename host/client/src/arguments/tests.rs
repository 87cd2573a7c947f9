use serde::Serialize;
use wask_value::Value;

use super::*;
use crate::{
    Function, Future,
    testing::{description, session, task},
};

struct Fixture {
    session: Arc<Session>,
}

impl Fixture {
    fn new() -> Self {
        Self { session: session() }
    }

    fn future(&self, number: u8, ty: &str) -> Future {
        let tasks = vec![(task(number, 1), description(ty))];
        let handles = Handle::submit(&self.session, tasks).unwrap();
        Future::new(handles[0].clone())
    }

    fn encode<A: Serialize>(&self, ty: &str, arguments: A) -> Result<EncodedArguments, String> {
        let f: Function = crate::testing::function(ty);
        let encoded = encode(f.shared_name(), f.ty(), &arguments);
        encoded.map_err(|error| error.to_string())
    }

    fn rows<A: Serialize>(&self, ty: &str, arguments: A) -> Result<Vec<Vec<u8>>, String> {
        let f = crate::testing::function(ty);
        let rows = Rows {
            name: f.shared_name(),
            ty: f.ty(),
            arguments: &arguments,
        };
        rows.map(|row| row.map(|row| row.arguments.bytes.to_vec()))
            .collect::<Result<_, _>>()
            .map_err(|error| error.to_string())
    }
}

fn hole(offset: u32, dependency: u32) -> Hole {
    Hole { offset, dependency }
}

#[test]
fn plain_values_need_no_holes() {
    let encoded = Fixture::new()
        .encode("func(a: u8, b: string)", (7, "x"))
        .unwrap();
    assert_eq!(*encoded.arguments.bytes, [7, 1, 0, 0, 0, b'x']);
    assert!(encoded.arguments.holes.is_empty() && encoded.inputs.is_empty());
}

#[test]
fn futures_stand_anywhere() {
    #[derive(Serialize)]
    struct Point {
        // Not in the record's order.
        y: Future,
        x: u8,
    }

    let f = Fixture::new();
    let [a, b] = [f.future(1, "u8"), f.future(2, "u8")];
    let ty = "func(l: list<u8>, p: record { x: u8, y: u8 }, o: option<u8>, t: tuple<u8, u8>)";
    let point = Point { y: b.clone(), x: 9 };
    let arguments = (vec![&a, &b], point, Some(&a), (5, a.clone()));
    let encoded = f.encode(ty, arguments).unwrap();
    assert_eq!(*encoded.arguments.bytes, [2, 0, 0, 0, 9, 1, 5]);
    let holes = [hole(4, 0), hole(4, 1), hole(5, 1), hole(6, 0), hole(7, 0)];
    assert_eq!(*encoded.arguments.holes, holes);
    let dependencies = encoded.dependencies(&f.session).unwrap();
    assert_eq!(*dependencies, [a.key(), b.key()]);
}

#[test]
fn types_of_futures_are_checked() {
    let f = Fixture::new();
    let text = f.future(1, "string");
    let error = f.encode("func(n: list<u32>)", (vec![&text],)).unwrap_err();
    assert_eq!(
        error,
        "f: args.0[0]: expected u32, got a future of string; it is func(n: list<u32>)"
    );
    let error = f.encode("func(n: u32)", (1, 2)).unwrap_err();
    assert!(error.starts_with("f: args: expected tuple<u32>"), "{error}");
}

#[test]
fn futures_of_other_clients_are_refused() {
    let (f, other) = (Fixture::new(), Fixture::new());
    let encoded = f.encode("func(n: u8)", (other.future(1, "u8"),)).unwrap();
    let error = encoded.dependencies(&f.session).unwrap_err().to_string();
    assert!(error.contains("another client"), "{error}");
}

#[test]
fn a_future_is_no_value_elsewhere() {
    let f = Fixture::new();
    let error = wask_value::to_bytes(&Type::U8, &f.future(1, "u8")).unwrap_err();
    assert!(
        error.to_string().contains("only in the arguments"),
        "{error}"
    );
}

#[test]
fn encoded_values_are_put_in_their_places() {
    let f = Fixture::new();
    let value = |ty: &str, value| Encoded::from_value(ty.parse().unwrap(), &value).unwrap();
    let text = value("string", Value::String("hi".into()));
    let future = f.future(1, "u8");
    let ty = "func(n: u8, pair: tuple<string, u8>)";
    let encoded = f.encode(ty, (1, (&text, &future))).unwrap();
    assert_eq!(*encoded.arguments.bytes, [1, 2, 0, 0, 0, b'h', b'i']);
    assert_eq!(*encoded.arguments.holes, [hole(7, 0)]);

    let error = f
        .encode(ty, (text, (value("string", "x".into()), 2)))
        .unwrap_err();
    assert!(
        error.starts_with("f: args.0: expected u8, got a future of string"),
        "{error}"
    );
}

#[test]
fn map_takes_one_item_a_task() {
    let f = Fixture::new();
    let ty = "func(a: u8, b: u8)";
    assert_eq!(
        f.rows(ty, (each([1, 2, 3]), 9)),
        Ok(vec![vec![1, 9], vec![2, 9], vec![3, 9]])
    );
    // The shortest decides.
    assert_eq!(
        f.rows(ty, (each(1..), each([8, 9]))),
        Ok(vec![vec![1, 8], vec![2, 9]])
    );
    assert_eq!(f.rows(ty, (each([0u8; 0]), 9)), Ok(vec![]));
}

#[test]
fn a_sequence_stands_for_one_item_wherever_it_is() {
    let f = Fixture::new();
    let items = each([1, 2]);
    let rows = f.rows("func(a: u8, b: list<u8>)", (&items, [&items]));
    assert_eq!(
        rows,
        Ok(vec![vec![1, 1, 0, 0, 0, 1], vec![2, 1, 0, 0, 0, 2]])
    );
}

#[test]
fn map_wants_something_to_map_over() {
    let f = Fixture::new();
    let error = f.rows("func(a: u8)", (1,)).unwrap_err();
    assert!(error.contains("each(..)"), "{error}");
    let error = f.encode("func(a: u8)", (each([1]),)).unwrap_err();
    assert!(error.contains("only in the arguments of map"), "{error}");
    let error = f.rows("func(a: u8)", (each([1, 300]),)).unwrap_err();
    assert!(error.starts_with("f: args.0: "), "{error}");
}
