//! `sort` and `distinct`.

use std::{cmp::Ordering, collections::HashSet};

use bytes::Bytes;
use wask_value::{Type, encoding::elements, validate};

use crate::{
    Fault, Limits, Operator,
    limits::BATCH,
    list::count_bytes,
    number::{Number, with_number},
    order::{as_number, compare},
    reduce::Numbers,
};

/// `sort`
pub(crate) fn sort(element: &Type, list: &[u8], limits: &Limits<'_>) -> Result<Bytes, Fault> {
    with_number!(as_number(element), N => {
        let numbers = Numbers::new(&Operator::Sort, element, list, limits)?;
        let numbers = sorted(numbers.read::<N>()?, |a, b| a.order(*b), limits)?;
        written(list, numbers, limits, N::put)
    }, else => {
        // So that nothing is found to be malformed in the midst of sorting.
        validate(&Type::list(element.clone()), list)?;
        let values: Vec<_> = elements(element, list)?.collect::<Result<_, _>>()?;
        let never = Limits { is_cancelled: &|| false, ..*limits };
        let order = |a: &&[u8], b: &&[u8]| {
            // Values that are valid compare.
            compare(element, a, b, &never).unwrap_or(Ordering::Equal)
        };
        let values = sorted(values, order, limits)?;
        written(list, values, limits, |value, out| out.extend_from_slice(value))
    })
}

/// An encoded list with as many elements as `list`.
fn written<T>(
    list: &[u8],
    elements: Vec<T>,
    limits: &Limits<'_>,
    write: impl Fn(T, &mut Vec<u8>),
) -> Result<Bytes, Fault> {
    let mut out = limits.room(list.len())?;
    out.extend_from_slice(&list[..4]);
    for element in elements {
        write(element, &mut out);
    }
    Ok(out.into())
}

/// The items in order. A merge sort, since one of std's cannot be cancelled.
fn sorted<T: Copy>(
    mut items: Vec<T>,
    order: impl Fn(&T, &T) -> Ordering,
    limits: &Limits<'_>,
) -> Result<Vec<T>, Fault> {
    for run in items.chunks_mut(BATCH) {
        limits.check_cancelled()?;
        // Unstable: equal items have equal bytes.
        run.sort_unstable_by(&order);
    }
    let mut run = BATCH;
    while run < items.len() {
        let mut merged = Vec::with_capacity(items.len());
        for two in items.chunks(run * 2) {
            let (mut a, mut b) = two.split_at(run.min(two.len()));
            while let ([first_a, rest_a @ ..], [first_b, rest_b @ ..]) = (a, b) {
                limits.check_cancelled_at(merged.len())?;
                if order(first_a, first_b).is_le() {
                    merged.push(*first_a);
                    a = rest_a;
                } else {
                    merged.push(*first_b);
                    b = rest_b;
                }
            }
            merged.extend_from_slice(a);
            merged.extend_from_slice(b);
        }
        items = merged;
        run *= 2;
    }
    Ok(items)
}

/// `distinct`: values are equal when their encodings are.
pub(crate) fn distinct(element: &Type, list: &[u8], limits: &Limits<'_>) -> Result<Bytes, Fault> {
    let mut seen = HashSet::new();
    let mut out = vec![0; 4];
    for (i, value) in elements(element, list)?.enumerate() {
        limits.check_cancelled_at(i)?;
        let value = value?;
        if seen.insert(value) {
            limits.check_output(out.len() + value.len())?;
            out.extend_from_slice(value);
        }
    }
    out[..4].copy_from_slice(&count_bytes(&Operator::Distinct, seen.len())?);
    Ok(out.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits<'_> = Limits {
        max_output: u64::MAX,
        is_cancelled: &|| false,
    };

    /// Runs of equal and of unequal length are merged.
    #[test]
    fn long_lists_are_merged() {
        for len in [0, 1, BATCH, BATCH + 1, BATCH * 4, BATCH * 5 + 7] {
            let numbers: Vec<u32> = (0..len as u32)
                .map(|i| i.wrapping_mul(0x9e37_79b9))
                .collect();
            let mut expected = numbers.clone();
            expected.sort_unstable();
            assert_eq!(sorted(numbers, u32::cmp, &LIMITS).unwrap(), expected);
        }
    }

    #[test]
    fn sorting_is_cancelled_in_the_midst_of_merging() {
        let asked = std::cell::Cell::new(0);
        let is_cancelled = || {
            asked.set(asked.get() + 1);
            asked.get() > 5
        };
        let limits = Limits {
            is_cancelled: &is_cancelled,
            ..LIMITS
        };
        let numbers: Vec<u32> = (0..BATCH as u32 * 4).rev().collect();
        assert_eq!(sorted(numbers, u32::cmp, &limits), Err(Fault::Cancelled));
    }
}
