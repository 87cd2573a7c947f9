//! Lists to lists and to their elements: what leaves the elements as they are.

use std::ops::Range;

use bytes::Bytes;
use wask_value::{
    Type,
    encoding::{elements, locate_run},
};

use crate::{Fault, Limits, Operator, number::only, rope::count};

/// The count of a list of so many elements.
pub(crate) fn count_bytes(operator: &Operator, count: usize) -> Result<[u8; 4], Fault> {
    match u32::try_from(count) {
        Ok(count) => Ok(count.to_le_bytes()),
        Err(_) => Err(Fault::Undefined(format!(
            "{operator}: {count} elements or bytes are more than a list or string can have"
        ))),
    }
}

/// `slice`, `take` and `part`: the elements from `range` on, in a list of their own.
pub(crate) fn run_of(
    operator: &Operator,
    element: &Type,
    list: &Bytes,
    range: Range<usize>,
    limits: &Limits<'_>,
) -> Result<Bytes, Fault> {
    if range == (0..count(list)?) {
        return Ok(list.clone());
    }
    let count = count_bytes(operator, range.len())?;
    let run = &list[locate_run(element, list, range)?];
    let mut out = limits.room(count.len() + run.len())?;
    out.extend_from_slice(&count);
    out.extend_from_slice(run);
    Ok(out.into())
}

/// What `slice` takes of `count` elements.
pub(crate) fn slice_range(start: &[u8], end: &[u8], count: usize) -> Range<usize> {
    let end = clamped(only(end), count);
    clamped(only(start), end)..end
}

/// What `part` takes of `count` elements.
pub(crate) fn part_range(index: &[u8], of: &[u8], count: usize) -> Result<Range<usize>, Fault> {
    let (index, of): (u64, u64) = (only(index), only(of));
    if index >= of {
        return Err(Fault::Undefined(format!(
            "part: there is no part {index} of {of}, counted from 0"
        )));
    }
    let bound = |index: u128| (count as u128 * index / u128::from(of)) as usize;
    Ok(bound(index.into())..bound(u128::from(index) + 1))
}

/// A number of elements, at most `most`.
pub(crate) fn clamped(n: u64, most: usize) -> usize {
    usize::try_from(n).map_or(most, |n| n.min(most))
}

/// `item`
pub(crate) fn item(
    element: &Type,
    list: &[u8],
    index: &[u8],
    limits: &Limits<'_>,
) -> Result<Bytes, Fault> {
    let (index, count): (u64, _) = (only(index), count(list)?);
    if index >= count as u64 {
        return Err(Fault::Undefined(format!(
            "item: there is no item {index}, counted from 0, in a list of {count}"
        )));
    }
    let index = clamped(index, count);
    let item = &list[locate_run(element, list, index..index + 1)?];
    limits.check_output(item.len())?;
    // A slice would keep the whole list in memory.
    Ok(Bytes::copy_from_slice(item))
}

/// `zip`
pub(crate) fn zip(
    [a_type, b_type]: [&Type; 2],
    [a, b]: [&[u8]; 2],
    limits: &Limits<'_>,
) -> Result<Bytes, Fault> {
    let (a_count, b_count) = (count(a)?, count(b)?);
    if a_count != b_count {
        return Err(Fault::Undefined(format!(
            "zip: the lists have {a_count} and {b_count} elements, not equally many"
        )));
    }
    let mut out = limits.room(a.len() + b.len() - 4)?;
    out.extend_from_slice(&a[..4]);
    let pairs = elements(a_type, a)?.zip(elements(b_type, b)?);
    for (i, (a, b)) in pairs.enumerate() {
        limits.check_cancelled_at(i)?;
        out.extend_from_slice(a?);
        out.extend_from_slice(b?);
    }
    Ok(out.into())
}
