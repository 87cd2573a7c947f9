//! Arguments in which the results of other tasks are still to be spliced.

use std::{borrow::Cow, collections::HashMap, marker::PhantomData, ptr};

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
    params: &'t [Param],
    rope: impl IntoIterator<Item = Segment<'a>>,
    hole_type: impl Fn(u32) -> Option<&'t Type>,
) -> Result<(), Error> {
    Verdicts::default().check_arguments(params, rope, hole_type)
}

/// Which types were found to fit into the place of which others, so that each two are compared once,
/// however many arguments are checked and however many holes are in them: types may be wide.
///
/// Types are told apart by where they are, so they stay there for as long as this lives.
#[derive(Default)]
pub struct Verdicts<'t> {
    /// By the addresses of the type that is expected and the type of the hole. No type is the first
    /// part of another's memory, so an address means one type.
    known: HashMap<(*const Type, *const Type), Verdict>,
    types: PhantomData<&'t Type>,
}

/// Whether a hole may stand in a place.
#[derive(Clone, Copy)]
enum Verdict {
    Fits,
    /// It may still be meant for the first part of the value, or for what follows one that takes no
    /// bytes.
    MayFitLater,
    Misfit,
}

impl<'t> Verdicts<'t> {
    /// As [`check_arguments`] does.
    ///
    /// # Errors
    /// As [`check_arguments`] has.
    pub fn check_arguments<'a>(
        &mut self,
        params: &'t [Param],
        rope: impl IntoIterator<Item = Segment<'a>>,
        hole_type: impl Fn(u32) -> Option<&'t Type>,
    ) -> Result<(), Error> {
        let parts = join(rope);
        let mut rope = Rope {
            parts: &parts,
            hole_type,
            verdicts: self,
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

    /// How many times two types were compared.
    pub fn comparisons(&self) -> usize {
        self.known.len()
    }

    /// Of two types that live as long as this.
    fn of(&mut self, ty: &Type, hole: &Type) -> Verdict {
        let place = (ptr::from_ref(ty), ptr::from_ref(hole));
        *self.known.entry(place).or_insert_with(|| {
            if ty == hole {
                Verdict::Fits
            } else if leads_with(ty, hole) || min_bytes(ty) == 0 {
                Verdict::MayFitLater
            } else {
                Verdict::Misfit
            }
        })
    }
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
struct Rope<'a, 'v, 't, F> {
    parts: &'a [Part<'a>],
    hole_type: F,
    verdicts: &'v mut Verdicts<'t>,
}

impl<'a, F> Rope<'a, '_, '_, F> {
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

impl<'a, 't, F: Fn(u32) -> Option<&'t Type>> Holes<'a> for Rope<'a, '_, 't, F> {
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
        match self.verdicts.of(ty, hole) {
            Verdict::Fits => {
                self.parts = rest;
                self.advance(cursor);
                Ok(true)
            }
            Verdict::MayFitLater => Ok(false),
            Verdict::Misfit => Err(Error::mismatch(ty, format_args!("a future of {hole}"))),
        }
    }

    fn left(&self) -> usize {
        self.parts.len()
    }
}

/// Whether a value of type `wanted` may stand at the very start of a value of type `ty`.
fn leads_with(ty: &Type, wanted: &Type) -> bool {
    let parts: Box<dyn Iterator<Item = &Type>> = match ty {
        Type::Tuple(items) => Box::new(items.iter()),
        Type::Record(fields) => Box::new(fields.iter().map(|field| &field.ty)),
        _ => return false,
    };
    // All that come after parts without bytes, up to and with the first that has some.
    for part in parts {
        if part == wanted || leads_with(part, wanted) {
            return true;
        }
        if min_bytes(part) > 0 {
            return false;
        }
    }
    false
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

    fn list_of_holes(holes: u32) -> Vec<Segment<'static>> {
        // Two bytes, so that what is joined is not what came.
        let count = holes.to_le_bytes().to_vec().leak();
        let segments = [Bytes(&count[..2]), Bytes(&count[2..])].into_iter();
        segments.chain((0..holes).map(Hole)).collect()
    }

    fn wide(items: usize) -> Type {
        Type::tuple(vec![Type::U8; items])
    }

    #[test]
    fn two_types_are_compared_once_for_all_holes_and_all_arguments() {
        let params = [Param::new("p", Type::list(wide(1000)))];
        let (same, others) = (wide(1000), [wide(999), wide(1001)]);
        let mut verdicts = Verdicts::default();
        for _ in 0..10 {
            verdicts
                .check_arguments(&params, list_of_holes(3000), |_| Some(&same))
                .unwrap();
        }
        // The list itself, which takes a count first, is never compared.
        assert_eq!(verdicts.comparisons(), 1);
        for i in 0..10 {
            let other = &others[i % 2];
            let error = verdicts.check_arguments(&params, list_of_holes(3), |_| Some(other));
            let error = error.unwrap_err().to_string();
            assert!(error.starts_with("args.0[0]: expected tuple<u8, u8, "));
            assert!(error.len() < 5000, "{}", error.len());
        }
        assert_eq!(verdicts.comparisons(), 3);
    }

    #[test]
    fn elements_that_take_nothing_are_counted_and_not_walked() {
        let most = u32::try_from(crate::encoding::MAX_ZERO_SIZED).unwrap();
        let rope = |count: u32| [Bytes(count.to_le_bytes().to_vec().leak()), Hole(0)];
        // Each would be compared with the type of the hole behind them.
        let params = ["list<tuple<>>", "u8"].map(|ty| Param::new("p", ty.parse().unwrap()));
        let mut verdicts = Verdicts::default();
        let u8 = Type::U8;
        verdicts
            .check_arguments(&params, rope(most), |_| Some(&u8))
            .unwrap();
        let error = verdicts.check_arguments(&params, rope(most + 1), |_| Some(&u8));
        assert!(error.is_err());
        check(&["list<tuple<tuple<>, tuple<>>>"], &rope(most)[..1], &[]).unwrap_err();
        check(&["list<tuple<tuple<>>>"], &rope(most / 2)[..1], &[]).unwrap();
    }
}
