//! Hands values of every WIT type back as they came.

#![expect(
    clippy::too_many_arguments,
    reason = "more than fit registers are what is tested"
)]

use exports::test::shapes::more::{Guest as MoreGuest, Point};

wit_bindgen::generate!({ path: "wit", world: "shapes" });

struct Component;

/// Defines functions that return their only argument.
macro_rules! identities {
    ($($name:ident: $type:ty,)*) => {
        $(fn $name(x: $type) -> $type { x })*
    };
}

impl Guest for Component {
    identities! {
        id_bool: bool, id_u8: u8, id_s8: i8,
        id_u16: u16, id_s16: i16, id_u32: u32, id_s32: i32, id_u64: u64, id_s64: i64,
        id_f32: f32, id_f64: f64, id_char: char, id_string: String,
        id_bytes: Vec<u8>,
        id_bools: Vec<bool>,
        id_u16s: Vec<u16>,
        id_u32s: Vec<u32>,
        id_s64s: Vec<i64>,
        id_f64s: Vec<f64>,
        id_chars: Vec<char>,
        id_strings: Vec<String>,
        id_chunks: Vec<Vec<u8>>,
        id_counts: Vec<(String, u32)>,
        id_people: Vec<Person>,
        id_shapes: Vec<Shape>,
        id_option: Option<u32>,
        id_nested_option: Option<Option<String>>,
        id_optional_list: Option<Vec<Option<u8>>>,
        id_results: Vec<Result<u32, String>>,
        id_empty_results: Vec<Result<(), ()>>,
        id_outcome: Result<u32, String>,
        id_no_value: Result<(), String>,
        id_no_error: Result<u32, ()>,
        id_nested_outcome: Result<Result<u8, u16>, Option<String>>,
        id_tuple: (u8, i64, String, f32),
        id_person: Person,
        id_shape: Shape,
        id_color: Color,
        id_access: Access,
        id_days: Days,
        id_bits: Bits,
    }

    fn nothing() {}

    fn answer() -> u32 {
        42
    }

    fn swallow(_x: String) {}

    fn two(a: String, b: Vec<u32>) -> (String, Vec<u32>) {
        (a, b)
    }

    fn many(
        a: u8,
        b: i16,
        c: u32,
        d: i64,
        e: f32,
        f: f64,
        g: char,
        h: String,
        i: Vec<u8>,
        j: bool,
        k: Option<u64>,
        l: (u8, u8),
        m: Color,
        n: Access,
        o: u8,
        p: u8,
        q: String,
    ) -> String {
        format!("{a} {b} {c} {d} {e} {f} {g} {h} {i:?} {j} {k:?} {l:?} {m:?} {n:?} {o} {p} {q}")
    }
}

impl MoreGuest for Component {
    fn concat(parts: Vec<String>, separator: String) -> String {
        parts.join(&separator)
    }

    fn move_by(point: Point, dx: f64, dy: f64) -> Point {
        Point {
            x: point.x + dx,
            y: point.y + dy,
            ..point
        }
    }

    fn id_u8(x: u8) -> u8 {
        x
    }
}

export!(Component);
