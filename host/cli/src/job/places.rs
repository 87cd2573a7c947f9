//! What stands in the places of a template, as the client takes it.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use wask_client::{Client, Dataset, Encoded, Type};

use crate::{
    exit::Result,
    expression::{Fill, FutureRef, Tree},
};

/// Values above this go to a worker first and are passed as futures, since arguments travel through
/// the scheduler, in messages of limited size.
const LARGE: u64 = 1 << 20;
/// The dataset of such values. Nobody can type this name.
const SCATTERED: &str = "0";

/// Datasets, and what an item is.
pub(crate) struct Places<'a, I> {
    pub(crate) datasets: &'a BTreeMap<String, Dataset>,
    pub(crate) item: I,
}

impl<I: Serialize> Fill for Places<'_, I> {
    fn known<S: Serializer>(&self, value: &Encoded, to: S) -> Result<S::Ok, S::Error> {
        value.serialize(to)
    }

    fn item<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.item.serialize(to)
    }

    fn future<S: Serializer>(&self, future: &FutureRef, to: S) -> Result<S::Ok, S::Error> {
        let dataset = self.datasets.get(&*future.dataset);
        match dataset.and_then(|dataset| dataset.futures.get(future.index)) {
            Some(future) => future.serialize(to),
            None => Err(serde::ser::Error::custom(format!(
                "there is no `@{}[{}]` any more",
                future.dataset, future.index
            ))),
        }
    }
}

impl Tree {
    /// How many bytes the parts without references have, about.
    pub(crate) fn known_bytes(&self) -> u64 {
        match self {
            Self::Known(value) => value.bytes().len() as u64,
            Self::Text(text) => text.len() as u64,
            Self::Data(bytes) => bytes.len() as u64,
            Self::List(trees) | Self::Tuple(trees) => trees.iter().map(Self::known_bytes).sum(),
            Self::Record(fields) => fields.iter().map(|(_, tree)| tree.known_bytes()).sum(),
            Self::Some(tree) | Self::Case(_, tree) => tree.known_bytes(),
            Self::Item | Self::Future(_) | Self::Task(_) => 0,
        }
    }

    /// The value, where it is a large one without references.
    pub(super) fn large(&self) -> Result<Option<Encoded>> {
        if self.known_bytes() <= LARGE {
            return Ok(None);
        }
        Ok(match self {
            Self::Known(value) => Some(value.clone()),
            Self::Text(_) => Some(self.encode(&Type::String)?),
            Self::Data(_) => Some(self.encode(&Type::list(Type::U8))?),
            _ => None,
        })
    }

    /// Moves large values out, and leaves futures of them.
    fn take_large(&mut self, first: usize, taken: &mut Vec<Encoded>) -> Result {
        if let Some(value) = self.large()? {
            *self = Self::Future(FutureRef {
                dataset: SCATTERED.into(),
                index: first + taken.len(),
            });
            taken.push(value);
            return Ok(());
        }
        match self {
            Self::List(trees) | Self::Tuple(trees) => trees
                .iter_mut()
                .try_for_each(|tree| tree.take_large(first, taken)),
            Self::Record(fields) => fields
                .iter_mut()
                .try_for_each(|(_, tree)| tree.take_large(first, taken)),
            Self::Some(tree) | Self::Case(_, tree) => tree.take_large(first, taken),
            _ => Ok(()),
        }
    }
}

/// Sends large values in arguments ahead, so that what is left fits a message.
pub(crate) async fn scatter_large(
    client: &Client,
    arguments: &mut Tree,
    datasets: &mut BTreeMap<String, Dataset>,
) -> Result {
    let first = datasets
        .get(SCATTERED)
        .map_or(0, |dataset| dataset.futures.len());
    let mut taken = Vec::new();
    arguments.take_large(first, &mut taken)?;
    if taken.is_empty() {
        return Ok(());
    }
    let futures = client.scatter_encoded(taken).await?;
    let scattered = datasets.entry(SCATTERED.into()).or_insert_with(|| Dataset {
        name: SCATTERED.into(),
        // Of no meaning: each future has its own.
        ty: Type::unit(),
        futures: Vec::new(),
    });
    scattered.futures.extend(futures);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_large_values_are_moved_out() {
        let large = Tree::Text("x".repeat(LARGE as usize + 1));
        let small = Tree::Data(vec![0; 10]);
        let mut tree = Tree::Tuple(vec![small.clone(), Tree::List(vec![large]), Tree::Item]);
        let mut taken = Vec::new();
        tree.take_large(3, &mut taken).unwrap();
        let moved = FutureRef {
            dataset: SCATTERED.into(),
            index: 3,
        };
        assert_eq!(
            tree,
            Tree::Tuple(vec![
                small,
                Tree::List(vec![Tree::Future(moved)]),
                Tree::Item
            ])
        );
        assert_eq!(taken.len(), 1);
        assert_eq!(*taken[0].ty(), Type::String);
        assert!(!crate::expression::is_name(SCATTERED));
    }
}
