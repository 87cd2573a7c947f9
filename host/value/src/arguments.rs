//! Arguments in which the results of other tasks are still to be spliced.

use std::borrow::Cow;

use crate::{
    Error, Param, Step, Type,
    encoding::{Cursor, Holes, Validator, min_bytes},
};

/// A piece of encoded arguments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Segment<'a> {
    /// Encoded bytes. Where they are cut into segments means nothing.
    Bytes(&'a [u8]),
    /// In the place of one whole value: the result of the task with this number.
    Hole(u32),
}

/// Whether `rope` are arguments for `params`, holes included.
///
/// A hole stands in the place of one value, whose type must equal `hole_type` of the hole's number.
/// Where several values begin at the same place (a tuple, its first item, the first item of that),
/// the outermost of a type that fits is meant. Between the holes the checks are those of
/// [`validate`](crate::validate).
///
/// # Errors
/// The first fault with its path: `args.0[1]: expected u32, got a future of string`.
pub fn check_arguments<'a, 't>(
    params: &[Param],
    rope: impl IntoIterator<Item = Segment<'a>>,
    hole_type: impl Fn(u32) -> Option<&'t Type>,
) -> Result<(), Error> {
    let parts = join(rope);
    let mut rope = Rope {
        parts: &parts,
        hole_type,
    };
    let mut cursor = Cursor::new(&[]);
    rope.advance(&mut cursor);
    let mut validator = Validator {
        cursor,
        holes: rope,
    };
    for (i, param) in params.iter().enumerate() {
        let result = validator.value(&param.ty);
        result.map_err(|error| {
            error
                .within(Step::Item(i))
                .within(Step::Name("args".into()))
        })?;
    }
    validator
        .cursor
        .end()
        .and_then(|()| validator.holes.end())
        .map_err(|error| match params.len() {
            0 => Error::invalid("the function takes no arguments, but there are some"),
            n => error.within(Step::Name(format!("args after the last of {n}").into())),
        })
}

/// Bytes between holes are joined, so that no value is cut by anything but a hole. Mostly nothing
/// is copied.
enum Part<'a> {
    Bytes(Cow<'a, [u8]>),
    Hole(u32),
}

fn join<'a>(rope: impl IntoIterator<Item = Segment<'a>>) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    for segment in rope {
        match segment {
            Segment::Bytes([]) => {}
            Segment::Bytes(bytes) => match parts.last_mut() {
                Some(Part::Bytes(before)) => before.to_mut().extend_from_slice(bytes),
                _ => parts.push(Part::Bytes(bytes.into())),
            },
            Segment::Hole(number) => parts.push(Part::Hole(number)),
        }
    }
    parts
}

/// What follows the bytes that the cursor is in.
struct Rope<'a, F> {
    parts: &'a [Part<'a>],
    hole_type: F,
}

impl<'a, F> Rope<'a, F> {
    /// Lets the cursor go on with the next bytes, if bytes are what comes next.
    fn advance(&mut self, cursor: &mut Cursor<'a>) {
        let bytes: &[u8] = match self.parts {
            [Part::Bytes(bytes), rest @ ..] => {
                self.parts = rest;
                bytes
            }
            _ => &[],
        };
        cursor.continue_with(bytes);
    }

    fn end(&self) -> Result<(), Error> {
        match self.parts {
            [] => Ok(()),
            _ => Err(Error::mismatch("no more", "a future")),
        }
    }
}

impl<'a, 't, F: Fn(u32) -> Option<&'t Type>> Holes<'a> for Rope<'a, F> {
    fn fill(&mut self, cursor: &mut Cursor<'a>, ty: &Type) -> Result<bool, Error> {
        let [Part::Hole(number), rest @ ..] = self.parts else {
            return Ok(false);
        };
        if cursor.remaining() > 0 {
            return Ok(false);
        }
        let Some(hole) = (self.hole_type)(*number) else {
            return Err(Error::invalid(format!(
                "there is no future of number {number}"
            )));
        };
        if ty == hole {
            self.parts = rest;
            self.advance(cursor);
            return Ok(true);
        }
        // It may still be meant for the first part of this value, or for what follows one that
        // takes no bytes.
        if leads_with(ty, hole) || min_bytes(ty) == 0 {
            return Ok(false);
        }
        Err(Error::mismatch(ty, format_args!("a future of {hole}")))
    }
}

/// Whether a value of type `wanted` may stand at the very start of a value of type `ty`.
fn leads_with(ty: &Type, wanted: &Type) -> bool {
    let mut parts: Box<dyn Iterator<Item = &Type>> = match ty {
        Type::Tuple(items) => Box::new(items.iter()),
        Type::Record(fields) => Box::new(fields.iter().map(|field| &field.ty)),
        _ => return false,
    };
    // All that come after parts without bytes, up to and with the first that has some.
    let mut at_start = true;
    parts.any(|part| {
        let here = at_start;
        at_start &= min_bytes(part) == 0;
        here && (part == wanted || leads_with(part, wanted))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(params: &[&str], rope: &[Segment<'_>], holes: &[&str]) -> Result<(), String> {
        let params: Vec<_> = params
            .iter()
            .map(|ty| Param::new("p", ty.parse().unwrap()))
            .collect();
        let holes: Vec<Type> = holes.iter().map(|ty| ty.parse().unwrap()).collect();
        check_arguments(&params, rope.iter().copied(), |i| holes.get(i as usize))
            .map_err(|error| error.to_string())
    }

    use Segment::{Bytes, Hole};

    #[test]
    fn holes_stand_for_whole_values() {
        let three_with_hole = [
            Bytes(&[3, 0, 0, 0, 1, 0, 0, 0]),
            Hole(0),
            Bytes(&[3, 0, 0, 0]),
        ];
        check(&["list<u32>"], &three_with_hole, &["u32"]).unwrap();
        let error = check(&["list<u32>"], &three_with_hole, &["string"]).unwrap_err();
        assert_eq!(error, "args.0[1]: expected u32, got a future of string");

        check(&["u8", "string"], &[Bytes(&[7]), Hole(0)], &["string"]).unwrap();
        check(&["option<u8>"], &[Bytes(&[1]), Hole(0)], &["u8"]).unwrap();
        check(&["option<u8>"], &[Hole(0)], &["option<u8>"]).unwrap();
    }

    #[test]
    fn the_outermost_type_that_fits_is_meant() {
        let nested = ["tuple<tuple<u8, u8>, u8>"];
        check(&nested, &[Hole(0)], &["tuple<tuple<u8, u8>, u8>"]).unwrap();
        check(&nested, &[Hole(0), Bytes(&[1])], &["tuple<u8, u8>"]).unwrap();
        check(&nested, &[Hole(0), Bytes(&[1, 2])], &["u8"]).unwrap();
        let error = check(&nested, &[Hole(0), Bytes(&[1])], &["u16"]).unwrap_err();
        assert_eq!(
            error,
            "args.0: expected tuple<tuple<u8, u8>, u8>, got a future of u16"
        );
    }

    #[test]
    fn values_without_bytes_let_holes_pass() {
        check(&["tuple<tuple<>, u8>"], &[Hole(0)], &["u8"]).unwrap();
        check(&["tuple<>", "u8"], &[Hole(0)], &["u8"]).unwrap();
        check(&["tuple<>", "u8"], &[Hole(0), Hole(1)], &["tuple<>", "u8"]).unwrap();
        check(
            &["list<tuple<>>"],
            &[Bytes(&[2, 0, 0, 0]), Hole(0)],
            &["tuple<>"],
        )
        .unwrap();
    }

    #[test]
    fn segments_may_be_cut_anywhere() {
        let cut = [
            Bytes(&[2, 0]),
            Bytes(&[]),
            Bytes(&[0, 0, b'h']),
            Bytes(b"i"),
            Hole(0),
        ];
        check(&["string", "u8"], &cut, &["u8"]).unwrap();
    }

    #[test]
    fn holes_do_not_stand_inside_of_numbers() {
        let error = check(&["u32"], &[Bytes(&[1, 0]), Hole(0)], &["u16"]).unwrap_err();
        assert_eq!(
            error,
            "args.0: the bytes end here, 2 more are needed (at byte 0)"
        );
    }

    #[test]
    fn too_many_and_too_few_are_refused() {
        let error = check(&[], &[Hole(0)], &["u8"]).unwrap_err();
        assert_eq!(error, "the function takes no arguments, but there are some");
        let error = check(&["u8"], &[Hole(0), Hole(0)], &["u8"]).unwrap_err();
        assert_eq!(
            error,
            "args after the last of 1: expected no more, got a future"
        );
        let error = check(&["u8"], &[Bytes(&[1, 2])], &[]).unwrap_err();
        assert_eq!(
            error,
            "args after the last of 1: 1 bytes too many (at byte 1)"
        );
        let error = check(&["u8", "u16"], &[Hole(0)], &["u8"]).unwrap_err();
        assert_eq!(
            error,
            "args.1: the bytes end here, 2 more are needed (at byte 0)"
        );
        let error = check(&["u8"], &[Hole(5)], &["u8"]).unwrap_err();
        assert_eq!(error, "args.0: there is no future of number 5");
    }
}
