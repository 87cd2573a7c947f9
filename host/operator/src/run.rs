//! Running an operator on encoded arguments.

use std::cmp::Ordering;

use bytes::Bytes;
use wask_value::{Type, encoding::fixed_bytes, validate};

use crate::{
    Fault, Limits, Operator, join, list,
    number::{self, with_number},
    order::{as_number, compare},
    reduce::{self, Numbers},
    rope::{Rope, count},
    sort,
};

impl Operator {
    /// Computes the encoded result.
    ///
    /// `types` stand for the type parameters, as [`infer`](Self::infer) gave them. `arguments` are
    /// the encoded parameters one after another, cut into pieces anywhere; they are taken to fit
    /// the [`signature`](Self::signature). Where they do not, the run ends with
    /// [`Fault::Malformed`] or gives some result, but does not panic.
    ///
    /// ```
    /// # use bytes::Bytes;
    /// # use wask_operator::{Limits, Operator};
    /// # use wask_value::{Type, from_bytes, to_bytes};
    /// let count = Bytes::from(vec![2, 0, 0, 0]);
    /// let items = [3_u16, 4].map(|n| Bytes::from(to_bytes(&Type::U16, &n).unwrap()));
    /// let limits = Limits { max_output: 1024, is_cancelled: &|| false };
    ///
    /// let [a, b] = items;
    /// let sum = Operator::Sum.run(&[Type::U16], &[count, a, b], &limits)?;
    /// assert_eq!(from_bytes::<u16>(&Type::U16, &sum), Ok(7));
    /// # Ok::<(), wask_operator::Fault>(())
    /// ```
    ///
    /// # Errors
    /// [`Fault`] says why there is no result.
    pub fn run(
        &self,
        types: &[Type],
        arguments: &[Bytes],
        limits: &Limits<'_>,
    ) -> Result<Bytes, Fault> {
        limits.check_cancelled()?;
        let unfit = |error: crate::Error| Fault::Undefined(error.to_string());
        let signature = self.signature(types).map_err(unfit)?;
        let mut rope = Rope::new(arguments);
        let result = match (self, types) {
            (Self::Collect, _) => join::collect(rope, limits),
            (Self::Concat | Self::Flatten, [ty]) => join::concat(self, ty, rope, limits),
            (Self::Count, _) => number::Number::encoded(rope.count()? as u64),
            (Self::Field(_), [of]) => {
                let (position, _) = self.field_of(of).map_err(unfit)?;
                field(of, position, rope, limits)
            }
            _ => {
                let params: Vec<_> = signature.params.iter().map(|param| &param.ty).collect();
                self.run_on(types, &rope.split(&params)?, limits)
            }
        }?;
        limits.check_output(result.len())?;
        if let Some(ty) = signature.result.filter(holds_units) {
            // Each argument holds few enough of them, but all together may not.
            validate(&ty, &result)?;
        }
        Ok(result)
    }

    /// Runs on whole arguments.
    fn run_on(
        &self,
        types: &[Type],
        arguments: &[Bytes],
        limits: &Limits<'_>,
    ) -> Result<Bytes, Fault> {
        match (self, types, arguments) {
            (Self::Not, [], [a]) => Ok(bool(!is_true(a))),
            (Self::And, [], [a, b]) => Ok(bool(is_true(a) && is_true(b))),
            (Self::Or, [], [a, b]) => Ok(bool(is_true(a) || is_true(b))),
            (Self::Neg, [ty], [a]) => {
                with_number!(ty, N => number::negated::<N>(self, a), else => Err(self.unfit()))
            }
            (Self::Add, [Type::String], [a, b]) => join::add_strings(a, b, limits),
            (Self::Eq, [_], [a, b]) => Ok(bool(a == b)),
            (Self::Ne, [_], [a, b]) => Ok(bool(a != b)),
            (Self::Lt, [ty], [a, b]) => Ok(bool(compare(ty, a, b, limits)?.is_lt())),
            (Self::Le, [ty], [a, b]) => Ok(bool(compare(ty, a, b, limits)?.is_le())),
            (Self::Gt, [ty], [a, b]) => Ok(bool(compare(ty, a, b, limits)?.is_gt())),
            (Self::Ge, [ty], [a, b]) => Ok(bool(compare(ty, a, b, limits)?.is_ge())),
            (Self::Zip, [a_type, b_type], [a, b]) => list::zip([a_type, b_type], [a, b], limits),
            (_, [ty], [a, b]) if self.is_arithmetic() => {
                with_number!(ty, N => number::binary::<N>(self, a, b), else => Err(self.unfit()))
            }
            (_, [element], [items, more @ ..]) => self.run_on_list(element, items, more, limits),
            _ => Err(self.unfit()),
        }
    }

    fn run_on_list(
        &self,
        element: &Type,
        items: &Bytes,
        more: &[Bytes],
        limits: &Limits<'_>,
    ) -> Result<Bytes, Fault> {
        match (self, more) {
            (Self::Sum | Self::Product | Self::Mean, []) => self.reduce(element, items, limits),
            (Self::Min, []) => self.first(element, items, Ordering::Less, limits),
            (Self::Max, []) => self.first(element, items, Ordering::Greater, limits),
            (Self::Least | Self::Greatest, []) => self.at_most_one(element, items, limits),
            (Self::Sort, []) => sort::sort(element, items, limits),
            (Self::Distinct, []) => sort::distinct(element, items, limits),
            (Self::Item, [index]) => list::item(element, items, index, limits),
            (Self::Slice, [start, end]) => {
                let range = list::slice_range(start, end, count(items)?);
                list::run_of(self, element, items, range, limits)
            }
            (Self::Take, [n]) => {
                let range = 0..list::clamped(number::only(n), count(items)?);
                list::run_of(self, element, items, range, limits)
            }
            (Self::Part, [index, of]) => {
                let range = list::part_range(index, of, count(items)?)?;
                list::run_of(self, element, items, range, limits)
            }
            _ => Err(self.unfit()),
        }
    }

    fn reduce(&self, element: &Type, items: &[u8], limits: &Limits<'_>) -> Result<Bytes, Fault> {
        let numbers = Numbers::new(self, element, items, limits);
        with_number!(element, N => match self {
            Self::Sum => reduce::sum::<N>(&numbers?),
            Self::Product => reduce::product::<N>(&numbers?),
            _ => reduce::mean::<N>(&numbers?),
        }, else => Err(self.unfit()))
    }

    fn first(
        &self,
        element: &Type,
        items: &[u8],
        order: Ordering,
        limits: &Limits<'_>,
    ) -> Result<Bytes, Fault> {
        with_number!(
            as_number(element),
            N => reduce::first_number::<N>(&Numbers::new(self, element, items, limits)?, order),
            else => reduce::first_value(self, element, items, order, limits)
        )
    }

    /// The first by its order as a list of one; an empty list of an empty one.
    fn at_most_one(
        &self,
        element: &Type,
        items: &Bytes,
        limits: &Limits<'_>,
    ) -> Result<Bytes, Fault> {
        if count(items)? == 0 {
            return Ok(items.clone());
        }
        let order = match self {
            Self::Least => Ordering::Less,
            _ => Ordering::Greater,
        };
        let first = self.first(element, items, order, limits)?;
        Ok([&1u32.to_le_bytes(), &first[..]].concat().into())
    }

    /// What the signature has ruled out.
    fn unfit(&self) -> Fault {
        Fault::Undefined(format!("{self}: is not for such arguments"))
    }
}

/// `field`: the encoding of a record is that of its fields one after another.
fn field(of: &Type, position: usize, rope: Rope, limits: &Limits<'_>) -> Result<Bytes, Fault> {
    let parts: Vec<&Type> = match of {
        Type::Record(fields) => fields.iter().map(|field| &field.ty).collect(),
        Type::Tuple(items) => items.iter().collect(),
        _ => vec![],
    };
    let parts = rope.split(&parts)?;
    let part = parts.get(position).map_or(&[][..], |part| part);
    limits.check_output(part.len())?;
    // A slice would keep the whole record in memory.
    Ok(Bytes::copy_from_slice(part))
}

fn is_true(encoded: &[u8]) -> bool {
    encoded == [1]
}

fn bool(value: bool) -> Bytes {
    Bytes::from_static(if value { &[1] } else { &[0] })
}

/// Whether values of the type may hold others that take no bytes.
fn holds_units(ty: &Type) -> bool {
    fixed_bytes(ty) == Some(0)
        || match ty {
            Type::List(inner) | Type::Option(inner) => holds_units(inner),
            Type::Result(result) => result.ok.iter().chain(&result.err).any(holds_units),
            Type::Tuple(items) => items.iter().any(holds_units),
            Type::Record(fields) => fields.iter().any(|field| holds_units(&field.ty)),
            Type::Variant(cases) => {
                let payloads = cases.iter().filter_map(|case| case.ty.as_ref());
                payloads.into_iter().any(holds_units)
            }
            _ => false,
        }
}

#[cfg(test)]
mod tests;
