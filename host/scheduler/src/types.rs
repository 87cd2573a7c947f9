//! WIT types by small numbers, as the core carries them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use wask_core::TypeId;
use wask_rpc::{Refusal, RefusalCode};
use wask_value::Type;

/// Bytes of text of one type that count besides its own.
const OVERHEAD: usize = 64;

/// The types that results have. Those that no result has any more are forgotten when there is
/// much of them; no number is ever given to another type.
pub(crate) struct Types {
    types: HashMap<TypeId, Type>,
    ids: BTreeMap<String, TypeId>,
    last: u32,
    /// Of all texts, with what comes with each.
    bytes: usize,
    bytes_max: usize,
    /// At how many bytes to look for types that are not used any more.
    sweep_at: usize,
}

impl Types {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            types: HashMap::new(),
            ids: BTreeMap::new(),
            last: 0,
            bytes: 0,
            bytes_max,
            sweep_at: bytes_max / 2,
        }
    }

    /// The number of a type.
    pub(crate) fn id(&mut self, ty: &Type) -> Result<TypeId, Refusal> {
        let text = ty.to_string();
        if let Some(id) = self.ids.get(&text) {
            return Ok(*id);
        }
        let bytes = self.bytes + text.len() + OVERHEAD;
        let next = self.last.checked_add(1);
        let Some(next) = next.filter(|_| bytes <= self.bytes_max) else {
            // Some may not be used any more by the time that the next message comes.
            self.sweep_at = 0;
            let message = format!(
                "the results that are known here have so many types that their texts take {} \
                 bytes, as much as this scheduler keeps; release some results",
                self.bytes
            );
            return Err(Refusal::new(RefusalCode::Unavailable, message));
        };
        (self.bytes, self.last) = (bytes, next);
        self.types.insert(TypeId(next), ty.clone());
        self.ids.insert(text, TypeId(next));
        Ok(TypeId(next))
    }

    /// The type with a number.
    pub(crate) fn get(&self, id: TypeId) -> Option<&Type> {
        self.types.get(&id)
    }

    /// Forgets the types that are not used, where there may be many. To be called before a message
    /// is taken in, which may bring new ones.
    pub(crate) fn make_room(&mut self, used: impl FnOnce() -> BTreeSet<TypeId>) {
        if self.bytes < self.sweep_at {
            return;
        }
        let used = used();
        self.ids.retain(|_, id| used.contains(id));
        self.types.retain(|id, _| used.contains(id));
        self.bytes = self.ids.keys().map(|text| text.len() + OVERHEAD).sum();
        // Twice what is used, so that looking at all of them costs little for each new one.
        self.sweep_at = (2 * self.bytes).clamp(self.bytes_max / 2, self.bytes_max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_types_have_one_number() {
        let mut types = Types::new(1 << 10);
        let list = types.id(&Type::list(Type::U8)).unwrap();
        let text = types.id(&Type::String).unwrap();
        assert_ne!(list, text);
        assert_eq!(types.id(&Type::list(Type::U8)), Ok(list));
        assert_eq!(types.get(text), Some(&Type::String));
        assert_eq!(types.get(TypeId(9)), None);
    }

    #[test]
    fn who_finds_no_room_has_types_looked_at_again() {
        let mut types = Types::new(1 << 10);
        let nth = |n: usize| Type::flags([format!("f{n}")]);
        let ids: Vec<_> = (0..100).map_while(|n| types.id(&nth(n)).ok()).collect();
        // All are used at first.
        types.make_room(|| ids.iter().copied().collect());
        assert!(types.id(&nth(100)).is_err());
        types.make_room(BTreeSet::new);
        assert!(types.id(&nth(100)).is_ok());
    }

    #[test]
    fn types_that_nothing_has_make_room() {
        let mut types = Types::new(1 << 10);
        let nth = |n: usize| Type::flags([format!("f{n}")]);
        let ids: Vec<_> = (0..100).map_while(|n| types.id(&nth(n)).ok()).collect();
        assert!(ids.len() < 20, "{}", ids.len());
        types.make_room(|| [ids[3]].into());
        assert_eq!(types.get(ids[3]), Some(&nth(3)));
        assert_eq!(types.get(ids[2]), None);
        let new = types.id(&nth(100)).unwrap();
        assert!(!ids.contains(&new), "a number has one meaning");
        assert_eq!(types.id(&nth(3)), Ok(ids[3]));
    }
}
