//! Lazy partitioned datasets.
//!
//! [`Partitions`] are many parts of one list, each of which is a call that is not yet run, or a
//! future. Operations on them make new partitions, by one call for each part, or a
//! [`Delayed`](crate::Delayed) value, by a tree of calls. Nothing runs until it is computed or
//! persisted. Element types are checked as the graph is built.
//!
//! Invariants:
//! - Every part is of type `list<T>`, for one `T`.
//! - What an operation on elements gives does not depend on how they are partitioned, as far as it
//!   gives anything: partial sums must fit their type too, and those of floats are rounded.

mod elementwise;
mod make;
mod reduce;
mod reshape;

use std::{fmt, marker::PhantomData, sync::Arc};

use wask_operator::Operator;
use wask_value::{Type, WitType};

use crate::{
    Delayed, Dynamic, Error, Future, ListOf, Status,
    lazy::{Input, Returned, Root, lazy_sealed, tree},
};

pub use make::FileContent;

/// A lazy list in parts. `T` is the Rust type as which an element is read; [`Dynamic`] leaves it
/// open. Cheap to clone.
///
/// ```no_run
/// # use wask_client::*;
/// # async fn example(client: &Client, words: &Component) -> Result<(), Error> {
/// let (count, merge) = (words.function("count-words")?, words.function("merge")?);
/// let texts = Partitions::from_values(["to be", "or not", "to be"], 2)?;
/// let counts = client.persist(&texts.map(&count)?)?;   // runs in the background, stays there
/// let merged = counts.reduce(&merge, 16)?;             // lazy, on futures
/// let total: Future = client.compute(&merged)?;
/// # Ok(()) }
/// ```
pub struct Partitions<T = Dynamic> {
    /// Of an element.
    element: Type,
    parts: Arc<[Input]>,
    /// What people call each part, where it is not just a number.
    names: Option<Arc<[Arc<str>]>>,
    reads_as: PhantomData<fn() -> T>,
}

impl<T> Partitions<T> {
    /// Parts that are of type `list<element>`.
    pub(crate) fn new(element: Type, parts: Vec<Input>) -> Self {
        Self {
            element,
            parts: parts.into(),
            names: None,
            reads_as: PhantomData,
        }
    }

    /// With the names of others, which have as many parts.
    fn named(mut self, names: &Option<Arc<[Arc<str>]>>) -> Self {
        self.names.clone_from(names);
        self
    }

    /// What people call a part in errors: its number, and its file.
    fn part_name(&self, part: usize) -> String {
        match self.names.as_ref().and_then(|names| names.get(part)) {
            Some(name) => format!("{part} {name}"),
            None => part.to_string(),
        }
    }

    pub(crate) fn inputs(&self) -> &[Input] {
        &self.parts
    }

    /// The same elements in other parts.
    pub(crate) fn on(&self, parts: Vec<Input>) -> Self {
        Self::new(self.element.clone(), parts)
    }

    /// The same parts, by other means.
    pub(crate) fn on_futures(&self, parts: Vec<Input>) -> Self {
        self.on(parts).named(&self.names)
    }

    /// How many parts there are.
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether there are no parts.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The WIT type of an element.
    pub fn element_type(&self) -> &Type {
        &self.element
    }

    /// Where each part stands; none for one that is lazy.
    pub fn statuses(&self) -> Vec<Option<Status>> {
        let statuses = self.parts.iter().map(|part| match part {
            Input::Future(future) => Some(future.status()),
            Input::Lazy(_) => None,
        });
        statuses.collect()
    }

    /// The same elements, read as a Rust type of their WIT type.
    ///
    /// # Errors
    /// [`Error::Type`] where the elements are of another type.
    pub fn typed<S: WitType>(&self) -> Result<Partitions<S>, Error> {
        let wanted = S::wit_type();
        match self.element == wanted {
            true => Ok(Partitions::new(wanted, self.parts.to_vec()).named(&self.names)),
            false => Err(Error::Type {
                what: "an element of the partitions".into(),
                wanted,
                got: self.element.clone(),
            }),
        }
    }

    /// The same elements, leaving open as which Rust type they are read.
    pub fn dynamic(&self) -> Partitions {
        Partitions::new(self.element.clone(), self.parts.to_vec()).named(&self.names)
    }

    fn one_list(&self) -> Result<Input, Error> {
        tree(&Operator::Concat, self.parts.to_vec())
    }
}

impl<T: ListOf> Partitions<T> {
    /// The parts as delayed values, to do with them what a collection cannot.
    pub fn delayed(&self) -> Vec<Delayed<T::List>> {
        let parts = self.parts.iter();
        parts.map(|part| Delayed::new(Ok(part.clone()))).collect()
    }

    /// The parts as futures, where all are, as after
    /// [`Client::persist`](crate::Client::persist).
    pub fn futures(&self) -> Option<Vec<Future<T::List>>> {
        let futures = self.parts.iter().map(|part| match part {
            Input::Future(future) => Some(Future::new(future.clone())),
            Input::Lazy(_) => None,
        });
        futures.collect()
    }

    /// Computes all elements and brings them here, as one list: see [`compute`](crate::compute()).
    ///
    /// # Errors
    /// As [`compute`](crate::compute()).
    pub async fn compute(&self) -> Result<<T::List as Returned>::Value, Error>
    where
        T::List: Returned,
    {
        crate::compute(self.to_list()).await
    }

    /// All elements as one delayed list.
    pub fn to_list(&self) -> Delayed<T::List> {
        Delayed::new(self.one_list())
    }
}

impl<T: ListOf> lazy_sealed::Lazy for Partitions<T> {
    type Reads = T::List;

    fn root(&self) -> Result<Root, Error> {
        self.one_list().map(Root)
    }
}

impl<T> Clone for Partitions<T> {
    fn clone(&self) -> Self {
        Self {
            element: self.element.clone(),
            parts: self.parts.clone(),
            names: self.names.clone(),
            reads_as: PhantomData,
        }
    }
}

/// The parts, with the states of those that are futures: `Partitions<u32>(3: 2 finished, 1 lazy)`.
impl<T> fmt::Debug for Partitions<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut counts: Vec<(String, usize)> = Vec::new();
        for status in self.statuses() {
            let name = status.map_or_else(|| "lazy".into(), |status| status.to_string());
            match counts.iter_mut().find(|(known, _)| *known == name) {
                Some((_, count)) => *count += 1,
                None => counts.push((name, 1)),
            }
        }
        let counts: Vec<_> = counts
            .iter()
            .map(|(name, n)| format!("{n} {name}"))
            .collect();
        let (element, len) = (&self.element, self.len());
        write!(f, "Partitions<{element}>({len}: {})", counts.join(", "))
    }
}

#[cfg(test)]
mod tests;
