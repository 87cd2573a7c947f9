//! A job: one function mapped over many items, and the tree that reduces the results.
//!
//! A thread encodes and submits ([`submit`]), in batches, so that only a few items are in memory
//! between being read and being sent. Meanwhile results are watched, written or kept ([`watch`]).
//! An intermediate result is let go of as soon as what depends on it is submitted and it is
//! finished; the cluster drops it when it was used.

mod places;
mod submit;
mod watch;

use std::{collections::BTreeMap, sync::Arc};

use wask_client::{Client, Dataset, Function, Future};

pub(crate) use places::{Places, scatter_large};
pub(crate) use watch::{Sink, run};

use crate::{
    exit::Result,
    expression::{Template, Tree},
    files::Checked,
};

/// What is to be done.
pub(crate) struct Job {
    pub(crate) client: Client,
    /// What the templates refer to.
    pub(crate) datasets: BTreeMap<String, Dataset>,
    pub(crate) map: Step,
    pub(crate) items: Items,
    pub(crate) reduce: Option<Reduce>,
}

/// A function and its arguments.
pub(crate) struct Step {
    pub(crate) function: Function,
    pub(crate) template: Template,
}

/// How results are combined.
pub(crate) struct Reduce {
    pub(crate) step: Step,
    /// How many at a time.
    pub(crate) fan_in: usize,
}

/// What is mapped over.
#[derive(Debug)]
pub(crate) enum Items {
    Files(Vec<Checked>),
    Values(Vec<Tree>),
}

impl Items {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Files(files) => files.len(),
            Self::Values(values) => values.len(),
        }
    }

    /// How people call each.
    fn names(&self) -> Names {
        Names(match self {
            Self::Files(files) => {
                let names = files.iter().map(|file| file.path.display().to_string());
                Some(names.collect())
            }
            Self::Values(_) => None,
        })
    }

    fn into_iter(self) -> Box<dyn Iterator<Item = Result<(Tree, u64)>> + Send> {
        match self {
            Self::Files(files) => Box::new(files.into_iter().map(|file| {
                let len = file.len;
                Ok((file.into_tree()?, len))
            })),
            Self::Values(values) => Box::new(values.into_iter().map(|tree| {
                let len = tree.known_bytes();
                Ok((tree, len))
            })),
        }
    }
}

/// How people call the items.
#[derive(Clone)]
pub(crate) struct Names(Option<Arc<[String]>>);

impl Names {
    fn get(&self, index: usize) -> String {
        match &self.0 {
            Some(names) => names[index].clone(),
            None => format!("item {} (counted from 0)", index),
        }
    }
}

/// A batch of tasks that were submitted.
pub(crate) struct Submitted {
    /// Of the map, in order.
    pub(crate) mapped: Vec<Future>,
    /// Of the reduction.
    pub(crate) reduced: Vec<Future>,
}
