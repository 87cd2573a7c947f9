//! WIT types by small numbers, as the core carries them.

use std::collections::BTreeMap;

use wask_core::TypeId;
use wask_value::Type;

/// Every type that some result has. A type once met stays.
#[derive(Default)]
pub(crate) struct Types {
    types: Vec<Type>,
    ids: BTreeMap<String, TypeId>,
}

impl Types {
    /// The number of a type.
    pub(crate) fn id(&mut self, ty: &Type) -> TypeId {
        let next = TypeId(u32::try_from(self.types.len()).unwrap_or(u32::MAX));
        *self.ids.entry(ty.to_string()).or_insert_with(|| {
            self.types.push(ty.clone());
            next
        })
    }

    /// The type with a number.
    pub(crate) fn get(&self, id: TypeId) -> Option<&Type> {
        self.types.get(id.0 as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_types_have_one_number() {
        let mut types = Types::default();
        let list = types.id(&Type::list(Type::U8));
        let text = types.id(&Type::String);
        assert_ne!(list, text);
        assert_eq!(types.id(&Type::list(Type::U8)), list);
        assert_eq!(types.get(text), Some(&Type::String));
        assert_eq!(types.get(TypeId(9)), None);
    }
}
