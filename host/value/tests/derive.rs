//! `#[derive(WitType)]` and serde agree: what one says, the other writes and reads.

use std::{collections::BTreeMap, fmt::Debug};

use proptest::prelude::*;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use wask_value::{WitType, decode, encode, from_bytes, to_bytes};

#[derive(WitType, Serialize, Deserialize, PartialEq, Clone, Debug)]
struct Record {
    user_id: u64,
    r#type: char,
    #[wit(rename = "flag-2")]
    flag_2: bool,
    #[serde(rename = "displayName")]
    name: String,
    #[serde(default, skip)]
    cache: Option<String>,
    note: Option<Option<Box<Wrapper>>>,
}

#[derive(WitType, Serialize, Deserialize, PartialEq, Clone, Debug)]
struct Wrapper(Vec<u8>);

#[derive(WitType, Serialize, Deserialize, PartialEq, Clone, Debug)]
#[serde(transparent)]
struct Named {
    inner: i16,
}

#[derive(WitType, Serialize, Deserialize, PartialEq, Clone, Debug)]
struct Pair<A, B>(A, B);

#[derive(WitType, Serialize, Deserialize, PartialEq, Clone, Debug)]
struct Unit;

#[derive(WitType, Serialize, Deserialize, PartialEq, Clone, Debug)]
struct Empty {}

#[derive(WitType, Serialize, Deserialize, PartialEq, Clone, Debug)]
enum Color {
    Red,
    DarkBlue,
    #[serde(rename = "off-white")]
    White,
}

#[derive(WitType, Serialize, Deserialize, PartialEq, Clone, Debug)]
enum Shape<T> {
    Dot,
    Nothing(()),
    NoFields {},
    Circle(T),
    Line(f32, T),
    Box { width: T, height: Color },
}

type All = (
    Record,
    Pair<Named, Unit>,
    Empty,
    Vec<Shape<Color>>,
    Result<(), Color>,
    BTreeMap<u8, i64>,
);

#[test]
fn types_are_what_they_look_like() {
    assert_eq!(
        Record::wit_type().to_string(),
        "record { user-id: u64, %type: char, flag-2: bool, display-name: string, \
         note: option<option<list<u8>>> }"
    );
    assert_eq!(
        Pair::<Named, Unit>::wit_type().to_string(),
        "tuple<s16, tuple<>>"
    );
    assert_eq!(Empty::wit_type().to_string(), "tuple<>");
    assert_eq!(
        Color::wit_type().to_string(),
        "enum { red, dark-blue, off-white }"
    );
    assert_eq!(
        Shape::<u8>::wit_type().to_string(),
        "variant { dot, nothing, no-fields, circle(u8), line(tuple<f32, u8>), \
         box(record { width: u8, height: enum { red, dark-blue, off-white } }) }"
    );
    All::wit_type().check().unwrap();
}

fn color() -> impl Strategy<Value = Color> {
    prop_oneof![Just(Color::Red), Just(Color::DarkBlue), Just(Color::White)]
}

fn shape() -> impl Strategy<Value = Shape<Color>> {
    prop_oneof![
        Just(Shape::Dot),
        Just(Shape::Nothing(())),
        Just(Shape::NoFields {}),
        color().prop_map(Shape::Circle),
        (-1f32..1.0, color()).prop_map(|(x, color)| Shape::Line(x, color)),
        (color(), color()).prop_map(|(width, height)| Shape::Box { width, height }),
    ]
}

prop_compose! {
    fn record()(
        user_id: u64,
        r#type: char,
        flag_2: bool,
        name: String,
        note: Option<Option<Vec<u8>>>,
    ) -> Record {
        let note = note.map(|note| note.map(|bytes| Box::new(Wrapper(bytes))));
        Record { user_id, r#type, flag_2, name, cache: None, note }
    }
}

prop_compose! {
    fn all()(
        record in record(),
        number: i16,
        shapes in proptest::collection::vec(shape(), 0..5),
        result in proptest::result::maybe_ok(Just(()), color()),
        map: BTreeMap<u8, i64>,
    ) -> All {
        (record, Pair(Named { inner: number }, Unit), Empty {}, shapes, result, map)
    }
}

fn check<T>(value: &T) -> Result<(), TestCaseError>
where
    T: WitType + Serialize + DeserializeOwned + PartialEq + Debug,
{
    let ty = T::wit_type();
    let bytes = to_bytes(&ty, value).unwrap();
    let dynamic = decode(&ty, &bytes).unwrap();
    prop_assert_eq!(&encode(&ty, &dynamic).unwrap(), &bytes);
    prop_assert_eq!(&from_bytes::<T>(&ty, &bytes).unwrap(), value);
    Ok(())
}

proptest! {
    #[test]
    fn serde_goes_there_and_back_by_the_derived_type(value in all()) {
        check(&value)?;
    }
}
