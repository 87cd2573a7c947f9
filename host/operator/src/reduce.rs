//! A list of numbers to one: sums, products and means; and the least and greatest of any list.

use std::cmp::Ordering;

use bytes::Bytes;
use wask_value::{
    Type,
    encoding::{elements, locate_run},
};

use crate::{Fault, Limits, Operator, limits::BATCH, number::Number, order::compare, rope::count};

/// An encoded list of numbers.
pub(crate) struct Numbers<'a> {
    operator: &'a Operator,
    encoded: &'a [u8],
    count: usize,
    limits: &'a Limits<'a>,
}

impl<'a> Numbers<'a> {
    pub(crate) fn new(
        operator: &'a Operator,
        element: &Type,
        list: &'a [u8],
        limits: &'a Limits<'a>,
    ) -> Result<Self, Fault> {
        let count = count(list)?;
        let encoded = &list[locate_run(element, list, 0..count)?];
        Ok(Self {
            operator,
            encoded,
            count,
            limits,
        })
    }

    /// A batch of the encoded numbers after another, as long as the run is not cancelled.
    fn batches<N: Number>(&self) -> impl Iterator<Item = Result<&'a [u8], Fault>> {
        let batches = self.encoded.chunks(BATCH * N::BYTES);
        batches.map(|batch| self.limits.check_cancelled().map(|()| batch))
    }

    /// All of them.
    pub(crate) fn read<N: Number>(&self) -> Result<Vec<N>, Fault> {
        let mut numbers = Vec::with_capacity(self.count);
        for batch in self.batches::<N>() {
            numbers.extend(N::read(batch?));
        }
        Ok(numbers)
    }

    fn too_large<N: Number>(&self, result: &str) -> Fault {
        let Self {
            operator, count, ..
        } = self;
        Fault::Undefined(format!(
            "{operator}: {result}, of {count} numbers, does not fit {}",
            N::TYPE
        ))
    }
}

/// Whole numbers, which are summed up exactly.
trait Whole: Number + TryFrom<i128> + Into<i128> {
    /// The sum of at most a [`BATCH`] of numbers.
    fn batch_sum(batch: &[u8]) -> i128;

    fn exact_sum(numbers: &Numbers<'_>) -> Result<i128, Fault> {
        // No overflow: there are less than 2^32 numbers.
        numbers
            .batches::<Self>()
            .map(|batch| batch.map(Self::batch_sum))
            .sum()
    }
}

macro_rules! whole {
    // `$wide` holds the sum of any batch.
    ($($number:ty, $wide:ty);*) => {$(
        impl Whole for $number {
            fn batch_sum(batch: &[u8]) -> i128 {
                Self::read(batch).map(<$wide>::from).sum::<$wide>().into()
            }
        }
    )*};
}

whole! {
    i8, i64; u8, i64; i16, i64; u16, i64; i32, i64; u32, i64; i64, i128; u64, i128
}

/// Numbers that are summed up and multiplied, each kind in its way.
pub(crate) trait Reduce: Number {
    /// The sum, if it is a number of this type: of whole numbers the exact one, whatever the sums
    /// on the way; of floats from 0 on, in order.
    fn sum(numbers: &Numbers<'_>) -> Result<Self, Fault>;
    /// Likewise the product, from 1 on.
    fn product(numbers: &Numbers<'_>) -> Result<Self, Fault>;
    /// The sum as an f64: of whole numbers the exact one, rounded; of floats added up as f64s.
    fn total(numbers: &Numbers<'_>) -> Result<f64, Fault>;
}

macro_rules! reduce_whole {
    ($($number:ty)*) => {$(
        impl Reduce for $number {
            fn sum(numbers: &Numbers<'_>) -> Result<Self, Fault> {
                let sum = Self::exact_sum(numbers)?;
                let fitting = Self::try_from(sum);
                fitting.map_err(|_| numbers.too_large::<Self>(&sum.to_string()))
            }

            fn product(numbers: &Numbers<'_>) -> Result<Self, Fault> {
                exact_product(numbers)
            }

            fn total(numbers: &Numbers<'_>) -> Result<f64, Fault> {
                Ok(Self::exact_sum(numbers)? as f64)
            }
        }
    )*};
}

reduce_whole! { i8 u8 i16 u16 i32 u32 i64 u64 }

macro_rules! reduce_floats {
    ($($number:ty)*) => {$(
        impl Reduce for $number {
            fn sum(numbers: &Numbers<'_>) -> Result<Self, Fault> {
                let mut batches = numbers.batches::<Self>();
                batches.try_fold(0.0, |sum, batch| {
                    Ok(Self::read(batch?).fold(sum, |sum, number| sum + number))
                })
            }

            fn product(numbers: &Numbers<'_>) -> Result<Self, Fault> {
                let mut batches = numbers.batches::<Self>();
                batches.try_fold(1.0, |product, batch| {
                    Ok(Self::read(batch?).fold(product, |product, number| product * number))
                })
            }

            fn total(numbers: &Numbers<'_>) -> Result<f64, Fault> {
                let mut batches = numbers.batches::<Self>();
                batches.try_fold(0.0, |sum, batch| {
                    Ok(Self::read(batch?).fold(sum, |sum, number| sum + f64::from(number)))
                })
            }
        }
    )*};
}

reduce_floats! { f32 f64 }

fn exact_product<N: Whole>(numbers: &Numbers<'_>) -> Result<N, Fault> {
    // None: beyond all types, from where only a zero leads back.
    let mut product = Some(1_i128);
    for batch in numbers.batches::<N>() {
        for number in N::read(batch?) {
            if number == N::ZERO {
                return Ok(N::ZERO);
            }
            product = product.and_then(|product| product.checked_mul(number.into()));
        }
    }
    let fitting = product.and_then(|product| N::try_from(product).ok());
    fitting.ok_or_else(|| {
        let exact = product.map(|product| product.to_string());
        numbers.too_large::<N>(exact.as_deref().unwrap_or("beyond ±2^127"))
    })
}

/// `sum`
pub(crate) fn sum<N: Reduce>(numbers: &Numbers<'_>) -> Result<Bytes, Fault> {
    N::sum(numbers)?.encoded()
}

/// `product`
pub(crate) fn product<N: Reduce>(numbers: &Numbers<'_>) -> Result<Bytes, Fault> {
    N::product(numbers)?.encoded()
}

/// `mean`
pub(crate) fn mean<N: Reduce>(numbers: &Numbers<'_>) -> Result<Bytes, Fault> {
    match numbers.count {
        0 => Err(empty(numbers.operator)),
        count => (N::total(numbers)? / count as f64).encoded(),
    }
}

/// `min` or `max` of numbers, or of what is encoded like them: by `order` the first.
pub(crate) fn first_number<N: Number>(
    numbers: &Numbers<'_>,
    order: Ordering,
) -> Result<Bytes, Fault> {
    let better = |a: N, b: N| if b.order(a) == order { b } else { a };
    let mut first = None;
    for batch in numbers.batches::<N>() {
        first = N::read(batch?).chain(first).reduce(better);
    }
    let first: N = first.ok_or_else(|| empty(numbers.operator))?;
    let mut out = Vec::with_capacity(N::BYTES);
    first.put(&mut out);
    Ok(out.into())
}

/// `min` or `max` of other values, by `order` the first.
pub(crate) fn first_value(
    operator: &Operator,
    element: &Type,
    list: &[u8],
    order: Ordering,
    limits: &Limits<'_>,
) -> Result<Bytes, Fault> {
    let mut first = None;
    for (i, next) in elements(element, list)?.enumerate() {
        limits.check_cancelled_at(i)?;
        let next = next?;
        let better = match first {
            Some(first) => compare(element, next, first, limits)? == order,
            None => true,
        };
        if better {
            first = Some(next);
        }
    }
    let first = first.ok_or_else(|| empty(operator))?;
    limits.check_output(first.len())?;
    Ok(Bytes::copy_from_slice(first))
}

fn empty(operator: &Operator) -> Fault {
    Fault::Undefined(format!("{operator}: the list is empty"))
}
