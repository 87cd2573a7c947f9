//! From items to tasks, on a thread of its own.

use std::collections::BTreeMap;

use futures::executor::block_on;
use serde::{Serialize, Serializer};
use tokio::sync::mpsc;
use wask_client::{Client, Dataset, Future, each};

use super::{Job, Places, Step, Submitted};
use crate::{exit::Result, expression::Tree, reduce::Reduction};

/// Items that are submitted together.
const BATCH_ITEMS: usize = 1_000;
/// Bytes of items that are submitted together, about.
const BATCH_BYTES: u64 = 1 << 20;

/// Submits everything. `submitted` is told of each batch. Returns the last future of the
/// reduction, if there is one, and the bytes of all items.
pub(super) fn all(
    job: Job,
    submitted: &mpsc::UnboundedSender<Submitted>,
) -> Result<(Option<Future>, u64)> {
    let Job {
        client,
        datasets,
        map,
        items,
        reduce,
    } = job;
    let mut reducing = reduce.map(|reduce| Reducing {
        client: &client,
        datasets: &datasets,
        step: reduce.step,
        reduction: Reduction::new(reduce.fan_in),
        fresh: Vec::new(),
    });
    let mut bytes = 0;
    let mut items = items.into_iter().peekable();
    while items.peek().is_some() {
        let mut batch = Batch::default();
        while !batch.is_full() {
            let Some(item) = items.next() else { break };
            let (tree, len) = item?;
            bytes += len;
            batch.push(&client, tree)?;
        }
        let mapped = batch.submit(&client, &datasets, &map)?;
        let reduced = match &mut reducing {
            Some(reducing) => reducing.take(&mapped)?,
            None => Vec::new(),
        };
        // Nobody listens any more where the job was given up.
        let _ = submitted.send(Submitted { mapped, reduced });
    }
    let Some(reducing) = reducing else {
        return Ok((None, bytes));
    };
    let (last, reduced) = reducing.finish()?;
    let mapped = Vec::new();
    let _ = submitted.send(Submitted { mapped, reduced });
    Ok((last, bytes))
}

/// A reduction that goes on while the map is submitted.
struct Reducing<'a> {
    client: &'a Client,
    datasets: &'a BTreeMap<String, Dataset>,
    step: Step,
    reduction: Reduction<Future>,
    /// What was submitted and not told yet.
    fresh: Vec<Future>,
}

impl Reducing<'_> {
    /// Takes results of the map, and returns what was submitted to combine them.
    fn take(&mut self, mapped: &[Future]) -> Result<Vec<Future>> {
        let Self {
            client,
            datasets,
            step,
            reduction,
            fresh,
        } = self;
        let mut combine = |parts: Vec<Future>| combine(client, datasets, step, &parts, fresh);
        for future in mapped {
            reduction.push(future.clone(), &mut combine)?;
        }
        Ok(std::mem::take(fresh))
    }

    /// The last future, and what was submitted for it.
    fn finish(mut self) -> Result<(Option<Future>, Vec<Future>)> {
        let fresh = &mut self.fresh;
        let mut combine =
            |parts: Vec<Future>| combine(self.client, self.datasets, &self.step, &parts, fresh);
        let last = self.reduction.finish(&mut combine)?;
        Ok((last, self.fresh))
    }
}

fn combine(
    client: &Client,
    datasets: &BTreeMap<String, Dataset>,
    step: &Step,
    parts: &[Future],
    fresh: &mut Vec<Future>,
) -> Result<Future> {
    let places = Places {
        datasets,
        item: parts,
    };
    let arguments = step.template.arguments.filled(&places);
    let future = client.submit(&step.function, arguments)?;
    fresh.push(future.clone());
    Ok(future)
}

/// Items on their way.
#[derive(Default)]
struct Batch {
    items: Vec<Item>,
    bytes: u64,
}

enum Item {
    Tree(Tree),
    /// Too large for a message, so it is on a worker already.
    Scattered(Future),
}

impl Batch {
    fn is_full(&self) -> bool {
        self.items.len() >= BATCH_ITEMS || self.bytes >= BATCH_BYTES
    }

    fn push(&mut self, client: &Client, tree: Tree) -> Result {
        let bytes = tree.known_bytes();
        self.items.push(match tree.large()? {
            Some(value) => {
                drop(tree);
                let futures = block_on(client.scatter_encoded([value]))?;
                let Some(future) = futures.into_iter().next() else {
                    return Ok(());
                };
                Item::Scattered(future)
            }
            None => {
                self.bytes += bytes;
                Item::Tree(tree)
            }
        });
        Ok(())
    }

    fn submit(
        &self,
        client: &Client,
        datasets: &BTreeMap<String, Dataset>,
        step: &Step,
    ) -> Result<Vec<Future>> {
        let items = self.items.iter().map(|item| ItemOf { item, datasets });
        let places = Places {
            datasets,
            item: each(items),
        };
        let arguments = step.template.arguments.filled(&places);
        Ok(client.map(&step.function, arguments)?)
    }
}

/// An item as an argument.
struct ItemOf<'a> {
    item: &'a Item,
    datasets: &'a BTreeMap<String, Dataset>,
}

impl Serialize for ItemOf<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.item {
            Item::Scattered(future) => future.serialize(serializer),
            Item::Tree(tree) => {
                let datasets = self.datasets;
                // An item holds no item.
                tree.filled(&Places { datasets, item: () })
                    .serialize(serializer)
            }
        }
    }
}
