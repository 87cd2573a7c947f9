//! A set that mostly has no element or one.

use std::collections::BTreeSet;

/// An ordered set that allocates only from its second element on. Most tasks have one dependent,
/// one session and one worker each, and there may be millions of them.
#[expect(
    clippy::box_collection,
    reason = "the box makes the whole set two words"
)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum SmallSet<T> {
    #[default]
    Empty,
    One(T),
    /// Never empty.
    Many(Box<BTreeSet<T>>),
}

impl<T: Copy + Ord> SmallSet<T> {
    /// Whether the element was not there before.
    pub(crate) fn insert(&mut self, element: T) -> bool {
        match self {
            Self::Empty => *self = Self::One(element),
            Self::One(present) if *present == element => return false,
            Self::One(present) => *self = Self::Many(Box::new([*present, element].into())),
            Self::Many(set) => return set.insert(element),
        }
        true
    }

    /// Whether the element was there.
    pub(crate) fn remove(&mut self, element: T) -> bool {
        match self {
            Self::One(present) if *present == element => *self = Self::Empty,
            Self::Many(set) => {
                let removed = set.remove(&element);
                if set.is_empty() {
                    *self = Self::Empty;
                }
                return removed;
            }
            Self::Empty | Self::One(_) => return false,
        }
        true
    }

    pub(crate) fn contains(&self, element: T) -> bool {
        match self {
            Self::Empty => false,
            Self::One(present) => *present == element,
            Self::Many(set) => set.contains(&element),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// In ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = T> + '_ {
        let (one, many) = match self {
            Self::Empty => (None, None),
            Self::One(element) => (Some(element), None),
            Self::Many(set) => (None, Some(set.iter())),
        };
        one.into_iter().chain(many.into_iter().flatten()).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_an_ordered_set_at_every_size() {
        let mut set = SmallSet::default();
        let mut model = BTreeSet::new();
        for step in [3, 3, -3, -3, 5, 1, 4, 1, -5, -4, -1, -1, 2] {
            let (element, insert): (i32, bool) = (i32::abs(step), step > 0);
            if insert {
                assert_eq!(set.insert(element), model.insert(element));
            } else {
                assert_eq!(set.remove(element), model.remove(&element));
            }
            assert!(set.iter().eq(model.iter().copied()));
            assert_eq!(set.is_empty(), model.is_empty());
            assert_eq!(set.contains(element), insert);
        }
    }
}
