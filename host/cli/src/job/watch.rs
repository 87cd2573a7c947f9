//! What becomes of a job.

use std::thread;

use futures::{StreamExt, stream::SelectAll};
use tokio::sync::{mpsc, oneshot};
use wask_client::{AsCompleted, Client, Dynamic, Error, Future, Status};
use wask_core::KeyMap;

use super::{Job, Names, Submitted, submit};
use crate::{
    exit::{Exit, Failed, OrExit, Result},
    failure,
    output::Output,
    progress::{Progress, Summary},
    reduce,
};

/// Results that are brought here in one call.
const GATHER: usize = 1_000;

/// What is done with the results.
pub(crate) enum Sink<'a> {
    /// Written, in order, as they come.
    Write(&'a mut Output),
    /// Kept on the cluster.
    Keep,
    /// Kept, without waiting for them.
    Leave,
}

/// What is left of a job: the futures that are kept, and what it was.
pub(crate) struct Done {
    pub(crate) kept: Vec<Future>,
    pub(crate) summary: Summary,
}

/// Runs a job. Whatever fails ends it; dropping this or closing the client cancels it.
pub(crate) async fn run(job: Job, sink: Sink<'_>, quiet: bool) -> Result<Done> {
    let items = job.items.len() as u64;
    let reductions = job
        .reduce
        .as_ref()
        .map_or(0, |reduce| reduce::combinations(items, reduce.fan_in));
    let mut watch = Watch {
        client: job.client.clone(),
        names: job.items.names(),
        progress: Progress::new(items + reductions, quiet),
        pending: SelectAll::new(),
        indices: KeyMap::default(),
        mapped: 0,
        results: Results {
            sink,
            is_reduced: job.reduce.is_some(),
            waiting: Vec::new().into(),
        },
    };
    let (told, mut batches) = mpsc::unbounded_channel();
    let mut submitting = start(job, told)?;
    let mut ended = None;
    loop {
        tokio::select! {
            Some(batch) = batches.recv() => watch.add(batch),
            outcome = &mut submitting, if ended.is_none() => {
                ended = Some(outcome.or_exit(Exit::Machine, || "the submitting thread ended")??);
            }
            Some(future) = watch.pending.next(), if watch.waits() => watch.completed(&future).await?,
            else => break,
        }
    }
    let (last, bytes) = ended.unwrap_or_default();
    let kept = watch.results.finish(&watch.client, last).await?;
    let summary = Summary {
        items,
        reductions,
        bytes,
        time: watch.progress.finish(),
    };
    Ok(Done { kept, summary })
}

type Outcome = Result<(Option<Future>, u64)>;

fn start(job: Job, told: mpsc::UnboundedSender<Submitted>) -> Result<oneshot::Receiver<Outcome>> {
    let (done, is_done) = oneshot::channel();
    let submit = move || {
        // Nobody waits for it where the job was given up.
        let _ = done.send(submit::all(job, &told));
    };
    let thread = thread::Builder::new()
        .name("wask-submit".into())
        .spawn(submit);
    thread.or_exit(Exit::Machine, || "cannot start a thread")?;
    Ok(is_done)
}

struct Watch<'a> {
    client: Client,
    names: Names,
    progress: Progress,
    pending: SelectAll<AsCompleted<Dynamic>>,
    /// Which item a task is for, to name it where it fails.
    indices: KeyMap<usize>,
    mapped: usize,
    results: Results<'a>,
}

impl Watch<'_> {
    fn waits(&self) -> bool {
        !matches!(self.results.sink, Sink::Leave)
    }

    fn add(&mut self, batch: Submitted) {
        for future in &batch.mapped {
            self.indices.entry(future.key()).or_insert(self.mapped);
            self.mapped += 1;
        }
        if self.waits() {
            let futures = batch.mapped.iter().chain(&batch.reduced);
            self.pending.push(self.client.as_completed(futures));
        }
        if !self.results.is_reduced {
            self.results.waiting.extend(batch.mapped);
        }
    }

    async fn completed(&mut self, future: &Future) -> Result {
        if future.status() != Status::Finished {
            // It may be pending again by now: then this waits, and may find it well.
            match future.exception().await {
                Ok(None) => {}
                Ok(Some(error)) => return Err(self.failed(error.into())),
                Err(error) => return Err(self.failed(error)),
            }
        }
        self.progress.add();
        let progress = &self.progress;
        self.results.write_ready(&self.client, progress).await
    }

    fn failed(&self, error: Error) -> Failed {
        let index = match &error {
            Error::Task(error) => self.indices.get(&error.failure().origin),
            _ => None,
        };
        let failed = failure::explain(error);
        match index {
            Some(index) => failed.context(self.names.get(*index)),
            None => failed,
        }
    }
}

struct Results<'a> {
    sink: Sink<'a>,
    is_reduced: bool,
    /// In order, not yet written.
    waiting: std::collections::VecDeque<Future>,
}

impl Results<'_> {
    /// Writes the results at the front that are finished, once there are many.
    async fn write_ready(&mut self, client: &Client, progress: &Progress) -> Result {
        let Sink::Write(output) = &mut self.sink else {
            return Ok(());
        };
        let front = self.waiting.iter().take(GATHER);
        let ready = front.take_while(|future| future.is_done()).count();
        if ready < GATHER {
            return Ok(());
        }
        let ready: Vec<Future> = self.waiting.drain(..ready).collect();
        let values = client.gather_encoded(&ready).await?;
        progress.aside(|| {
            values
                .iter()
                .try_for_each(|value| output.value(value.ty(), value.bytes()))?;
            output.flush()
        })
    }

    /// Writes the rest, or gives back what is kept.
    async fn finish(mut self, client: &Client, last: Option<Future>) -> Result<Vec<Future>> {
        self.waiting.extend(last);
        let Sink::Write(output) = &mut self.sink else {
            return Ok(self.waiting.into());
        };
        while !self.waiting.is_empty() {
            let count = self.waiting.len().min(GATHER);
            let some: Vec<Future> = self.waiting.drain(..count).collect();
            for value in client.gather_encoded(&some).await? {
                output.value(value.ty(), value.bytes())?;
            }
        }
        Ok(Vec::new())
    }
}
