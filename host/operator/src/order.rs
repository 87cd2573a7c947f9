//! Which types are numbers, which have an order.

use wask_value::Type;

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
