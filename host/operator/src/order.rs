//! Which types are numbers, which have an order; and that order, on encoded values.
//!
//! It is the one that Rust derives: tuples, records and lists by their first difference, shorter
//! lists first; `none` before `some`, `ok` before `err`, cases as they are declared. `false` comes
//! before `true`; chars and strings go by code points, numbers by value, floats by IEEE's total
//! order, in which -0 comes before 0 and the canonical NaN last. So values are equal in this order
//! when their encodings are equal.

use std::cmp::Ordering;

use wask_value::{
    Type,
    encoding::{discriminant_bytes, fixed_bytes},
};

use crate::{
    Fault, Limits,
    number::{Number, only, with_number},
    rope::{count, truncated},
};

pub(crate) fn is_number(ty: &Type) -> bool {
    ty.is_integer() || matches!(ty, Type::F32 | Type::F64)
}

pub(crate) fn is_signed(ty: &Type) -> bool {
    use Type::{F32, F64, S8, S16, S32, S64};
    matches!(ty, S8 | S16 | S32 | S64 | F32 | F64)
}

/// Whether values of the type have an order: all but flags, which are sets, and what holds them.
pub(crate) fn has_order(ty: &Type) -> bool {
    match ty {
        Type::Flags(_) => false,
        Type::List(inner) | Type::Option(inner) => has_order(inner),
        Type::Result(result) => result.ok.iter().chain(&result.err).all(has_order),
        Type::Tuple(items) => items.iter().all(has_order),
        Type::Record(fields) => fields.iter().all(|field| has_order(&field.ty)),
        Type::Variant(cases) => cases
            .iter()
            .filter_map(|case| case.ty.as_ref())
            .all(has_order),
        _ => true,
    }
}

/// The type of numbers whose values have the same bytes in the same order, if there is one; else
/// the type itself.
pub(crate) fn as_number(ty: &Type) -> &Type {
    match ty {
        Type::Bool => &Type::U8,
        Type::Char => &Type::U32,
        Type::Enum(names) => match discriminant_bytes(names.len()) {
            1 => &Type::U8,
            2 => &Type::U16,
            _ => &Type::U32,
        },
        other => other,
    }
}

/// The order of two encoded values of the type.
pub(crate) fn compare(
    ty: &Type,
    a: &[u8],
    b: &[u8],
    limits: &Limits<'_>,
) -> Result<Ordering, Fault> {
    Pair { a, b, limits }.value(ty)
}

/// What is left of two encoded values that are equal up to here.
struct Pair<'a> {
    a: &'a [u8],
    b: &'a [u8],
    limits: &'a Limits<'a>,
}

impl<'a> Pair<'a> {
    fn value(&mut self, ty: &Type) -> Result<Ordering, Fault> {
        with_number!(as_number(ty), N => {
            let (a, b) = self.take(N::BYTES)?;
            Ok(only::<N>(a).order(only(b)))
        }, else => self.other(ty))
    }

    fn other(&mut self, ty: &Type) -> Result<Ordering, Fault> {
        match ty {
            // In UTF-8 the order of the bytes is that of the code points.
            Type::String => self.bytes(),
            Type::List(_) if ty.is_bytes() => self.bytes(),
            Type::List(inner) => self.list(inner),
            Type::Option(inner) => self.cases(2, |case| (case == 1).then_some(&**inner)),
            Type::Result(result) => self.cases(2, |case| match case {
                0 => result.ok.as_ref(),
                _ => result.err.as_ref(),
            }),
            Type::Variant(cases) => {
                self.cases(cases.len(), |case| cases.get(case as usize)?.ty.as_ref())
            }
            Type::Tuple(items) => self.all(items.iter()),
            Type::Record(fields) => self.all(fields.iter().map(|field| &field.ty)),
            // Numbers have been compared, and flags have no order.
            _ => {
                let (a, b) = self.take(fixed_bytes(ty).unwrap_or_default())?;
                Ok(a.cmp(b))
            }
        }
    }

    fn all<'t>(&mut self, types: impl Iterator<Item = &'t Type>) -> Result<Ordering, Fault> {
        let mut orders = types.map(|ty| self.value(ty));
        let differing = orders.find(|order| !matches!(order, Ok(Ordering::Equal)));
        differing.unwrap_or(Ok(Ordering::Equal))
    }

    fn list(&mut self, inner: &Type) -> Result<Ordering, Fault> {
        let (a, b) = self.take(4)?;
        let (a, b) = (count(a)?, count(b)?);
        // Elements without bytes are all equal, and a few bytes may claim many.
        let shared = match fixed_bytes(inner) {
            Some(0) => 0,
            _ => a.min(b),
        };
        for i in 0..shared {
            self.limits.check_cancelled_at(i)?;
            match self.value(inner)? {
                Ordering::Equal => {}
                order => return Ok(order),
            }
        }
        Ok(a.cmp(&b))
    }

    /// Counts and as many bytes.
    fn bytes(&mut self) -> Result<Ordering, Fault> {
        let (a, b) = self.take(4)?;
        let a = take(&mut self.a, count(a)?)?;
        let b = take(&mut self.b, count(b)?)?;
        Ok(a.cmp(b))
    }

    /// The number of a case of so many, then its payload.
    fn cases<'t>(
        &mut self,
        cases: usize,
        payload: impl Fn(u32) -> Option<&'t Type>,
    ) -> Result<Ordering, Fault> {
        let (a, b) = self.take(discriminant_bytes(cases))?;
        let number = |bytes: &[u8]| {
            let bytes = bytes.iter().rev();
            bytes.fold(0, |number, byte| number << 8 | u32::from(*byte))
        };
        match (number(a).cmp(&number(b)), payload(number(a))) {
            (Ordering::Equal, Some(ty)) => self.value(ty),
            (order, _) => Ok(order),
        }
    }

    /// The next `n` bytes of both.
    fn take(&mut self, n: usize) -> Result<(&'a [u8], &'a [u8]), Fault> {
        Ok((take(&mut self.a, n)?, take(&mut self.b, n)?))
    }
}

fn take<'a>(bytes: &mut &'a [u8], n: usize) -> Result<&'a [u8], Fault> {
    let wanted = n.saturating_sub(bytes.len());
    bytes.split_off(..n).ok_or_else(|| truncated(wanted))
}
