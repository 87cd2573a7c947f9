//! Finds parts of encoded values without decoding them.

use std::ops::Range;

use super::{
    discriminant_bytes, element, item, min_bytes,
    validate::{NoHoles, Validator},
};
use crate::{Error, Type};

/// How many bytes a value of the type takes, if that is the same for all of them.
pub fn fixed_bytes(ty: &Type) -> Option<usize> {
    let all = |types: &mut dyn Iterator<Item = &Type>| types.map(fixed_bytes).sum();
    match ty {
        Type::String | Type::List(_) => None,
        Type::Option(inner) => (fixed_bytes(inner)? == 0).then_some(1),
        Type::Result(result) => one_size(1, [result.ok.as_ref(), result.err.as_ref()]),
        Type::Tuple(items) => all(&mut items.iter()),
        Type::Record(fields) => all(&mut fields.iter().map(|field| &field.ty)),
        Type::Variant(cases) => {
            let payloads = cases.iter().map(|case| case.ty.as_ref());
            one_size(discriminant_bytes(cases.len()), payloads)
        }
        _ => Some(min_bytes(ty)),
    }
}

/// The size of a variant whose payloads are all of one size.
fn one_size<'t>(
    discriminant: usize,
    payloads: impl IntoIterator<Item = Option<&'t Type>>,
) -> Option<usize> {
    let mut sizes = payloads
        .into_iter()
        .map(|ty| ty.map_or(Some(0), fixed_bytes));
    let first = sizes.next()??;
    sizes
        .all(|size| size == Some(first))
        .then_some(discriminant + first)
}

/// How many bytes at the start of `bytes` are a value of the type. They are checked as
/// [`validate`](super::validate) does, what follows them is not.
///
/// # Errors
/// Where the bytes do not start with a value of the type.
pub fn measure(ty: &Type, bytes: &[u8]) -> Result<usize, Error> {
    let mut validator = Validator::new(bytes);
    validator.value(ty)?;
    Ok(validator.cursor.offset())
}

/// Finds one element of a list, item of a tuple or field of a record in an encoded value: its type
/// and where its own encoding lies. Only the bytes up to its end are checked.
///
/// # Errors
/// Where the type has no parts to be counted, there are not as many, or the bytes are no encoding.
pub fn locate<'t>(
    ty: &'t Type,
    bytes: &[u8],
    index: usize,
) -> Result<(&'t Type, Range<usize>), Error> {
    let mut validator = Validator::new(bytes);
    let (count, part): (usize, &dyn Fn(usize) -> &'t Type) = match ty {
        Type::List(inner) => (validator.cursor.count_of(inner)?, &|_| inner),
        Type::Tuple(items) => (items.len(), &|i| &items[i]),
        Type::Record(fields) => (fields.len(), &|i| &fields[i].ty),
        _ => return Err(Error::mismatch("a list, tuple or record", ty)),
    };
    if index >= count {
        return Err(Error::invalid(format!(
            "there is no item {index}, only {count}"
        )));
    }
    if let Type::List(inner) = ty {
        validator.elements(inner, index)?;
    } else {
        (0..index).try_for_each(|i| validator.value(part(i)).map_err(item(i)))?;
    }
    let start = validator.cursor.offset();
    validator.value(part(index)).map_err(element(index))?;
    Ok((part(index), start..validator.cursor.offset()))
}

/// Finds a run of elements, counted from 0, in an encoded list: where their encodings lie. Elements
/// of a fixed size are counted off without a look at them; others are checked, up to the last of
/// the run.
///
/// # Errors
/// Where there are not as many elements, or the bytes are no encoding.
pub fn locate_run(
    element: &Type,
    list: &[u8],
    elements: Range<usize>,
) -> Result<Range<usize>, Error> {
    let mut validator = Validator::new(list);
    let count = validator.cursor.count_of(element)?;
    let Range { start, end } = elements;
    if start > end || end > count {
        return Err(Error::invalid(format!(
            "there are no items {start} to {end}, only {count}"
        )));
    }
    let mut skip = |n: usize| {
        match fixed_bytes(element) {
            // No overflow: for `count` of them there are enough bytes.
            Some(size) => validator.cursor.take(n * size).map(drop)?,
            None => validator.elements(element, n)?,
        }
        Ok(validator.cursor.offset())
    };
    Ok(skip(start)?..skip(end - start)?)
}

/// The encoded elements of an encoded list, one after another; see [`Elements`].
///
/// # Errors
/// Where there are too few bytes for as many elements as the list says it has.
pub fn elements<'t, 'a>(element: &'t Type, list: &'a [u8]) -> Result<Elements<'t, 'a>, Error> {
    let mut validator = Validator::new(list);
    let left = validator.cursor.count_of(element)?;
    Ok(Elements {
        element,
        fixed: fixed_bytes(element),
        list,
        validator,
        index: 0,
        left,
    })
}

/// Iterates over the encodings of a list's elements. Those of a fixed size are counted off without
/// a look at them; others are checked, and the first that is wrong is the end.
pub struct Elements<'t, 'a> {
    element: &'t Type,
    fixed: Option<usize>,
    list: &'a [u8],
    validator: Validator<'a, NoHoles>,
    index: usize,
    left: usize,
}

impl<'a> Iterator for Elements<'_, 'a> {
    type Item = Result<&'a [u8], Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let start = self.validator.cursor.offset();
        let passed = match self.fixed {
            Some(size) => self.validator.cursor.take(size).map(drop),
            None => self.validator.value(self.element),
        };
        if let Err(error) = passed {
            self.left = 0;
            return Some(Err(element(self.index)(error)));
        }
        self.index += 1;
        Some(Ok(&self.list[start..self.validator.cursor.offset()]))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Elements<'_, '_> {}
