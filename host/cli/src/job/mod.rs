//! A job: one function mapped over many items, and the tree that reduces the results.
//!
//! A thread encodes and submits ([`submit`]), in batches, so that only a few items are in memory
//! between being read and being sent. Meanwhile results are watched, written or kept ([`watch`]).
//! An intermediate result is let go of as soon as what depends on it is submitted and it is
//! finished; the cluster drops it when it was used.

mod places;
mod report;
mod submit;
mod watch;

use std::{collections::BTreeMap, os::unix::ffi::OsStrExt, sync::Arc};

use wask_client::{Client, Dataset, Function, Future};

pub(crate) use places::{Places, scatter_large};
use report::Failure;
pub(crate) use report::{Manner, Sink, some_failed};
pub(crate) use watch::{Done, run};

use crate::{
    exit::Result,
    expression::{Template, Tree},
    files::Checked,
    terminal,
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
    Values(Values),
}

/// Items that were read already.
#[derive(Debug, Default)]
pub(crate) struct Values {
    pub(crate) trees: Vec<Tree>,
    /// What each was read from.
    pub(crate) texts: Vec<Box<[u8]>>,
}

impl Values {
    pub(crate) fn push(&mut self, tree: Tree, text: &[u8]) {
        self.trees.push(tree);
        self.texts.push(text.into());
    }
}

impl Items {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Files(files) => files.len(),
            Self::Values(values) => values.trees.len(),
        }
    }

    /// How people call each.
    pub(crate) fn names(&self) -> Names {
        match self {
            Self::Files(files) => {
                let names = files
                    .iter()
                    .map(|file| file.path.as_os_str().as_bytes().into());
                Names {
                    texts: names.collect(),
                    are_files: true,
                }
            }
            Self::Values(values) => Names {
                texts: values.texts.clone().into(),
                are_files: false,
            },
        }
    }

    /// Each, with its bytes, read when it is needed.
    pub(crate) fn into_iter(self) -> Box<dyn Iterator<Item = Result<(Tree, u64)>> + Send> {
        match self {
            Self::Files(files) => Box::new(files.into_iter().map(|file| {
                let len = file.len;
                Ok((file.into_tree()?, len))
            })),
            Self::Values(values) => Box::new(values.trees.into_iter().map(|tree| {
                let len = tree.known_bytes();
                Ok((tree, len))
            })),
        }
    }
}

/// How people call the items: their files, or what they were read from.
#[derive(Clone)]
pub(crate) struct Names {
    texts: Arc<[Box<[u8]>]>,
    pub(crate) are_files: bool,
}

impl Names {
    /// For a message.
    fn get(&self, index: usize) -> String {
        match self.are_files {
            true => self.tag(index),
            false => format!("item {index} (counted from 0)"),
        }
    }

    /// What it is, on one line.
    fn tag(&self, index: usize) -> String {
        terminal::line(self.bytes(index))
    }

    /// What it was read from.
    pub(crate) fn bytes(&self, index: usize) -> &[u8] {
        self.texts.get(index).map_or(&[], |text| text)
    }
}

/// A batch of tasks that were submitted.
pub(crate) struct Submitted {
    /// Of the map, in order.
    pub(crate) mapped: Vec<Future>,
    /// Of the reduction.
    pub(crate) reduced: Vec<Future>,
}
