//! Many into one: `collect`, `concat`, and `add` of strings.

use bytes::Bytes;
use wask_value::{Type, encoding::fixed_bytes};

use crate::{
    Fault, Limits, Operator,
    list::count_bytes,
    rope::{Rope, count},
};

/// `collect`: the pieces are the list already.
pub(crate) fn collect(mut list: Rope, limits: &Limits<'_>) -> Result<Bytes, Fault> {
    limits.check_output(list.len())?;
    Ok(list.rest())
}

/// `concat` and `flatten` of a list of `ty`, lists or strings: its inner counts are left out.
pub(crate) fn concat(
    operator: &Operator,
    ty: &Type,
    mut lists: Rope,
    limits: &Limits<'_>,
) -> Result<Bytes, Fault> {
    let outer = lists.count()?;
    // Malformed counts may claim more than there is.
    let bytes = 4 + lists.len().saturating_sub(outer.saturating_mul(4));
    let mut out = limits.room(bytes)?;
    out.extend_from_slice(&[0; 4]);
    let element = match ty {
        Type::List(element) => element,
        _ => &Type::U8,
    };
    let size = fixed_bytes(element);
    let mut total = 0;
    for i in 0..outer {
        limits.check_cancelled_at(i)?;
        match size {
            Some(size) => {
                let more = lists.count()?;
                lists.move_to(more.saturating_mul(size), &mut out)?;
                total += more;
            }
            None => {
                let list = lists.value(ty)?;
                total += count(&list)?;
                out.extend_from_slice(&list[4..]);
            }
        }
    }
    lists.end()?;
    out[..4].copy_from_slice(&count_bytes(operator, total)?);
    Ok(out.into())
}

/// `add` of strings.
pub(crate) fn add_strings(a: &Bytes, b: &Bytes, limits: &Limits<'_>) -> Result<Bytes, Fault> {
    let two = Bytes::from_static(&[2, 0, 0, 0]);
    let strings = Rope::new(&[two, a.clone(), b.clone()]);
    concat(&Operator::Add, &Type::String, strings, limits)
}
