//! Structures of futures, whose results are gathered at once.
//!
//! A structure is walked twice by the same code: first nothing is there, which tells what futures
//! it has; then their results are, and it builds itself with these in their places.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher, Hash},
    sync::Arc,
};

use bytes::Bytes;
use wask_core::{KeyMap, KeySet};

use crate::{Error, Future, ReadAs, handle::Handle, results};

/// A structure of futures that becomes an `R` with results in their places:
/// [`Client::gather_nested`](crate::Client::gather_nested).
///
/// Lists, arrays, options, tuples, maps by their values, and futures, async or
/// [`blocking`](crate::blocking), in any nesting; and what a program makes one:
///
/// ```
/// use wask_client::{Future, Gather, Results};
///
/// struct Report<F> {
///     total: F,
///     parts: Vec<F>,
/// }
///
/// impl Gather<Report<u64>> for Report<Future> {
///     fn build(&self, results: &mut Results) -> Option<Report<u64>> {
///         let (total, parts) = (self.total.build(results), self.parts.build(results));
///         Some(Report { total: total?, parts: parts? })
///     }
/// }
/// ```
pub trait Gather<R> {
    /// Builds the structure of results. `None` where a failure leaves nothing to build: lists and
    /// maps do without their failed items and an option becomes `None`; all else passes it on.
    ///
    /// Builds all parts before it looks at any: it is called once before there are results, and
    /// the futures that are met then are those that are gathered.
    fn build(&self, results: &mut Results) -> Option<R>;
}

/// The results of a structure's futures: what [`Gather::build`] takes from.
pub struct Results {
    stage: Stage,
    failed: Vec<(Future, Error)>,
}

enum Stage {
    /// Nothing is there yet: one handle for each key, in the order in which they are met.
    Listing(KeySet, Vec<Arc<Handle>>),
    Here(KeyMap<Result<Bytes, Error>>),
}

impl Results {
    /// One handle for each key in a structure, in order.
    pub(crate) fn wanted<R>(structure: &(impl Gather<R> + ?Sized)) -> Vec<Arc<Handle>> {
        let mut results = Self {
            stage: Stage::Listing(KeySet::default(), Vec::new()),
            failed: Vec::new(),
        };
        // Lists and the like are built without items, all else is not.
        let _ = structure.build(&mut results);
        match results.stage {
            Stage::Listing(_, handles) => handles,
            Stage::Here(_) => Vec::new(),
        }
    }

    pub(crate) fn new(
        handles: &[Arc<Handle>],
        outcomes: impl IntoIterator<Item = Result<Bytes, Error>>,
    ) -> Self {
        let keys = handles.iter().map(|handle| handle.key);
        Self {
            stage: Stage::Here(keys.zip(outcomes).collect()),
            failed: Vec::new(),
        }
    }

    /// The result of a future; `None` where it is not there yet, failed, or is not of this type.
    pub fn read<T: ReadAs<R>, R>(&mut self, future: &Future<T>) -> Option<R> {
        let handle = &future.handle;
        let outcomes = match &mut self.stage {
            Stage::Here(outcomes) => outcomes,
            Stage::Listing(keys, handles) => {
                if keys.insert(handle.key) {
                    handles.push(handle.clone());
                }
                return None;
            }
        };
        let result = match outcomes.get(&handle.key) {
            Some(Ok(bytes)) => results::read::<T, R>(handle, bytes),
            Some(Err(error)) => Err(error.clone()),
            None => Err(Error::Usage(
                "Gather::build must build all parts before it looks at any, and the same parts \
                 each time",
            )),
        };
        result
            .map_err(|error| self.failed.push((future.dynamic(), error)))
            .ok()
    }

    /// The futures whose results were wanted in vain, and why, in the order of the structure.
    pub(crate) fn into_failed(self) -> Vec<(Future, Error)> {
        self.failed
    }
}

impl<T: ReadAs<R>, R> Gather<R> for Future<T> {
    fn build(&self, results: &mut Results) -> Option<R> {
        results.read(self)
    }
}

impl<T: ReadAs<R>, R> Gather<R> for crate::blocking::Future<T> {
    fn build(&self, results: &mut Results) -> Option<R> {
        results.read(self.inner())
    }
}

impl<F: Gather<R> + ?Sized, R> Gather<R> for &F {
    fn build(&self, results: &mut Results) -> Option<R> {
        (**self).build(results)
    }
}

impl<F: Gather<R>, R> Gather<Vec<R>> for [F] {
    fn build(&self, results: &mut Results) -> Option<Vec<R>> {
        let items = self.iter().filter_map(|item| item.build(results));
        Some(items.collect())
    }
}

impl<F: Gather<R>, R> Gather<Vec<R>> for Vec<F> {
    fn build(&self, results: &mut Results) -> Option<Vec<R>> {
        self.as_slice().build(results)
    }
}

/// Where an array stays one it keeps its length, so it fails with any of its items.
impl<F: Gather<R>, R, const N: usize> Gather<[R; N]> for [F; N] {
    fn build(&self, results: &mut Results) -> Option<[R; N]> {
        let items: Vec<R> = self.as_slice().build(results)?;
        items.try_into().ok()
    }
}

/// Where an array becomes a list, it does without its failed items.
impl<F: Gather<R>, R, const N: usize> Gather<Vec<R>> for [F; N] {
    fn build(&self, results: &mut Results) -> Option<Vec<R>> {
        self.as_slice().build(results)
    }
}

impl<F: Gather<R>, R> Gather<Option<R>> for Option<F> {
    fn build(&self, results: &mut Results) -> Option<Option<R>> {
        Some(self.as_ref().and_then(|item| item.build(results)))
    }
}

impl<K: Clone + Ord, F: Gather<R>, R> Gather<BTreeMap<K, R>> for BTreeMap<K, F> {
    fn build(&self, results: &mut Results) -> Option<BTreeMap<K, R>> {
        let entry = |(key, item): (&K, &F)| item.build(results).map(|result| (key.clone(), result));
        Some(self.iter().filter_map(entry).collect())
    }
}

impl<K, F, R, S> Gather<HashMap<K, R, S>> for HashMap<K, F, S>
where
    K: Clone + Eq + Hash,
    F: Gather<R>,
    S: BuildHasher + Default,
{
    fn build(&self, results: &mut Results) -> Option<HashMap<K, R, S>> {
        let entry = |(key, item): (&K, &F)| item.build(results).map(|result| (key.clone(), result));
        Some(self.iter().filter_map(entry).collect())
    }
}

macro_rules! tuple {
    ($($name:ident: $result:ident),+) => {
        impl<$($name: Gather<$result>, $result),+> Gather<($($result,)+)> for ($($name,)+) {
            #[expect(non_snake_case, reason = "a part goes by the name of its type")]
            fn build(&self, results: &mut Results) -> Option<($($result,)+)> {
                let ($($name,)+) = self;
                let ($($name,)+) = ($($name.build(results),)+);
                Some(($($name?,)+))
            }
        }
    };
}

tuple!(A: RA);
tuple!(A: RA, B: RB);
tuple!(A: RA, B: RB, C: RC);
tuple!(A: RA, B: RB, C: RC, D: RD);
tuple!(A: RA, B: RB, C: RC, D: RD, E: RE);
tuple!(A: RA, B: RB, C: RC, D: RD, E: RE, F: RF);
tuple!(A: RA, B: RB, C: RC, D: RD, E: RE, F: RF, G: RG);
tuple!(A: RA, B: RB, C: RC, D: RD, E: RE, F: RF, G: RG, H: RH);

#[cfg(test)]
mod tests;
