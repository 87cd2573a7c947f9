//! How results are told: which, in which order, and with what beside them.

use std::{
    collections::{BTreeMap, VecDeque},
    path::Path,
    sync::Arc,
};

use wask_client::{Client, Encoded, Future, Status};

use super::{Done, Names};
use crate::{
    exit::{Exit, Failed, Result},
    output::Output,
    table::count,
    terminal,
};

/// Results that are brought here in one call.
const GATHER: usize = 1_000;

/// What is done with the results.
pub(crate) enum Sink<'a> {
    /// Written, as they come.
    Write(&'a mut Output),
    /// Kept on the cluster.
    Keep,
    /// Kept, without waiting for them.
    Leave,
}

/// How they are told.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Manner {
    /// With the name of the item.
    pub(crate) tag: bool,
    /// As they finish, and not in the order of the items.
    pub(crate) unordered: bool,
    /// Whether what fails is told as a result is, and the rest goes on.
    pub(crate) keep_going: bool,
}

/// Why an item has no result.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// In one word or two: `trap`, `deadline`.
    pub(crate) kind: Arc<str>,
    pub(crate) message: Arc<str>,
}

/// The results of a map, on their way to whoever wants them.
pub(super) struct Report<'a> {
    pub(super) sink: Sink<'a>,
    pub(super) manner: Manner,
    pub(super) names: Names,
    /// What is to be told next: items in order, or as they finished.
    pub(super) waiting: VecDeque<(usize, Future)>,
    pub(super) failures: BTreeMap<usize, Failure>,
}

impl Report<'_> {
    /// Whether nobody reads any more what is written.
    pub(super) fn is_unread(&self) -> bool {
        matches!(&self.sink, Sink::Write(output) if output.is_closed())
    }

    /// Writes what is known of the items that are next, or all of them: then what is computed again
    /// is waited for. `aside` is given what writes.
    pub(super) async fn write_ready(
        &mut self,
        client: &Client,
        all: bool,
        aside: impl Fn(&mut dyn FnMut() -> Result) -> Result,
    ) -> Result {
        if !matches!(self.sink, Sink::Write(_)) {
            return Ok(());
        }
        loop {
            let front = self.waiting.iter().take(GATHER);
            let ready = front.take_while(|(index, future)| {
                all || future.status() == Status::Finished || self.failures.contains_key(index)
            });
            let ready = ready.count();
            if ready == 0 {
                return Ok(());
            }
            let ready: Vec<(usize, Future)> = self.waiting.drain(..ready).collect();
            let values = self.gather(client, &ready).await?;
            let Self {
                sink,
                manner,
                names,
                failures,
                ..
            } = self;
            let Sink::Write(output) = sink else {
                return Ok(());
            };
            aside(&mut || {
                for ((index, _), value) in ready.iter().zip(&values) {
                    let name = manner.tag.then(|| names.tag(*index));
                    match (value, failures.get(index)) {
                        (Some(value), _) if manner.keep_going => {
                            output.outcome(name.as_deref(), value.ty(), value.bytes())?;
                        }
                        (Some(value), _) => match &name {
                            Some(name) => output.tagged(name, value.ty(), value.bytes())?,
                            None => output.value(value.ty(), value.bytes())?,
                        },
                        (None, Some(failure)) => {
                            output.failure(&names.tag(*index), &failure.kind, &failure.message)?;
                        }
                        (None, None) => {}
                    }
                }
                output.flush()
            })?;
        }
    }

    /// The values of those that have one. Where they are told beside failures, one that is lost
    /// meanwhile is a failure too.
    async fn gather(
        &mut self,
        client: &Client,
        ready: &[(usize, Future)],
    ) -> Result<Vec<Option<Encoded>>> {
        let well = |index: &usize| !self.failures.contains_key(index);
        let futures = ready.iter().filter(|(index, _)| well(index));
        let futures: Vec<Future> = futures.map(|(_, future)| future.clone()).collect();
        match client.gather_encoded(&futures).await {
            Ok(values) => {
                let mut values = values.into_iter();
                let value =
                    |(index, _): &(usize, Future)| well(index).then(|| values.next()).flatten();
                return Ok(ready.iter().map(value).collect());
            }
            Err(error) if !self.manner.keep_going => return Err(crate::failure::explain(error)),
            Err(_) => {}
        }
        let mut values = Vec::with_capacity(ready.len());
        for (index, future) in ready {
            if self.failures.contains_key(index) {
                values.push(None);
                continue;
            }
            match client.gather_encoded([future]).await {
                Ok(mut value) => values.push(value.pop()),
                Err(error) => {
                    self.failures.insert(*index, Failure::of(error)?);
                    values.push(None);
                }
            }
        }
        Ok(values)
    }
}

impl Failure {
    /// What befell one task; an error where it befell all of them.
    pub(super) fn of(error: wask_client::Error) -> Result<Self> {
        let kind = match &error {
            wask_client::Error::Task(task) => task.failure().kind.as_str(),
            wask_client::Error::Cancelled { .. } => "cancelled",
            wask_client::Error::Lost(_) => "lost",
            _ => return Err(error.into()),
        };
        Ok(Self {
            kind: kind.into(),
            message: error.to_string().into(),
        })
    }
}

/// That some of the items have no result.
pub(crate) fn some_failed(
    done: &Done,
    failed: usize,
    errors: Option<&Path>,
    null_data: bool,
) -> Failed {
    let items = count(done.summary.items, "item");
    let told = match (errors, done.failures.values().next()) {
        (Some(path), _) if null_data => {
            let path = terminal::path(path);
            format!("; they are in {path}, with null bytes between them: read it with -0")
        }
        (Some(path), _) => format!("; they are in {}", terminal::path(path)),
        (None, Some(first)) => format!("; the first: {}", first.message),
        (None, None) => String::new(),
    };
    Failed::message(Exit::Task, format_args!("{failed} of {items} failed{told}"))
}
