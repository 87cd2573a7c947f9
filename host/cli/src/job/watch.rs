//! What becomes of a job.

use std::{
    collections::{BTreeMap, VecDeque},
    thread,
};

use futures::{FutureExt, StreamExt, stream::SelectAll};
use tokio::sync::{mpsc, oneshot};
use wask_client::{AsCompleted, Client, Dynamic, Error, Future, Status};
use wask_core::KeyMap;

use super::{Failure, Job, Manner, Sink, Submitted, report::Report, submit};
use crate::{
    exit::{Exit, Failed, OrExit, Result},
    failure,
    progress::{Progress, Summary},
    reduce,
};

/// What is left of a job: the futures that are kept, and what it was.
pub(crate) struct Done {
    pub(crate) kept: Vec<Future>,
    /// Of items without a result, where the rest was to go on.
    pub(crate) failures: BTreeMap<usize, Failure>,
    pub(crate) summary: Summary,
}

/// Runs a job. Whatever fails ends it, unless it is to keep going; dropping this or closing the
/// client cancels it.
pub(crate) async fn run(job: Job, sink: Sink<'_>, manner: Manner, quiet: bool) -> Result<Done> {
    let items = job.items.len() as u64;
    let reductions = job
        .reduce
        .as_ref()
        .map_or(0, |reduce| reduce::combinations(items, reduce.fan_in));
    let mut watch = Watch {
        client: job.client.clone(),
        progress: Progress::new(items + reductions, quiet),
        pending: SelectAll::new(),
        indices: KeyMap::default(),
        mapped: 0,
        were_there: 0,
        is_reduced: job.reduce.is_some(),
        kept: Vec::new(),
        report: Report {
            sink,
            manner,
            names: job.items.names(),
            waiting: VecDeque::new(),
            failures: BTreeMap::new(),
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
            Some(future) = watch.pending.next(), if watch.waits() => {
                watch.completed(&future).await?;
                // All that is there is told together.
                while let Some(Some(future)) = watch.pending.next().now_or_never() {
                    watch.completed(&future).await?;
                }
                watch.tell(false).await?;
            }
            else => break,
        }
        if watch.report.is_unread() {
            break;
        }
    }
    let (last, bytes) = ended.unwrap_or_default();
    watch.report.waiting.extend(last.map(|last| (0, last)));
    if !watch.report.is_unread() {
        // A result that was there may be gone with its worker, and is computed again.
        watch.tell(true).await?;
    }
    let kept = watch.take_kept();
    let failures = watch.report.failures;
    let summary = Summary {
        items,
        reductions,
        failed: failures.len() as u64,
        were_there: watch.were_there,
        bytes,
        time: watch.progress.finish(),
    };
    Ok(Done {
        kept,
        failures,
        summary,
    })
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
    progress: Progress,
    pending: SelectAll<AsCompleted<Dynamic>>,
    /// Which items a task is for: equal ones have one task.
    indices: KeyMap<VecDeque<usize>>,
    mapped: usize,
    /// How many tasks have results that were there before.
    were_there: u64,
    is_reduced: bool,
    /// Of the map, in order, where they are kept.
    kept: Vec<Future>,
    report: Report<'a>,
}

impl Watch<'_> {
    fn waits(&self) -> bool {
        !matches!(self.report.sink, Sink::Leave)
    }

    fn is_written(&self) -> bool {
        matches!(self.report.sink, Sink::Write(_))
    }

    fn add(&mut self, batch: Submitted) {
        for future in &batch.mapped {
            let items = self.indices.entry(future.key()).or_default();
            items.push_back(self.mapped);
            if !self.is_reduced && self.is_written() && !self.report.manner.unordered {
                self.report.waiting.push_back((self.mapped, future.clone()));
            }
            self.mapped += 1;
        }
        if self.waits() {
            let futures = batch.mapped.iter().chain(&batch.reduced);
            self.pending.push(self.client.as_completed(futures));
        }
        if !self.is_reduced && !self.is_written() {
            self.kept.extend(batch.mapped);
        }
    }

    async fn completed(&mut self, future: &Future) -> Result {
        let mut failed = None;
        if future.status() != Status::Finished {
            // It may be pending again by now: then this waits, and may find it well.
            failed = match future.exception().await {
                Ok(None) => None,
                Ok(Some(error)) => Some(error.into()),
                Err(error) => Some(error),
            };
        }
        self.progress.add();
        self.were_there += u64::from(future.was_there());
        let Report { manner, .. } = self.report;
        if let Some(error) = &failed
            && !manner.keep_going
        {
            return Err(self.failed(error.clone()));
        }
        let Some(index) = self
            .indices
            .get_mut(&future.key())
            .and_then(VecDeque::pop_front)
        else {
            return Ok(());
        };
        if let Some(error) = failed {
            self.report.failures.insert(index, Failure::of(error)?);
        }
        if manner.unordered && self.is_written() && !self.is_reduced {
            self.report.waiting.push_back((index, future.clone()));
        }
        Ok(())
    }

    /// The futures that are kept: of the reduction, or of the map.
    fn take_kept(&mut self) -> Vec<Future> {
        match (&self.report.sink, self.is_reduced) {
            (Sink::Write(_), _) => Vec::new(),
            (Sink::Keep | Sink::Leave, true) => {
                let last = self.report.waiting.drain(..);
                last.map(|(_, future)| future).collect()
            }
            (Sink::Keep | Sink::Leave, false) => std::mem::take(&mut self.kept),
        }
    }

    async fn tell(&mut self, all: bool) -> Result {
        let progress = &self.progress;
        let aside = |write: &mut dyn FnMut() -> Result| progress.aside(write);
        self.report.write_ready(&self.client, all, aside).await
    }

    fn failed(&self, error: Error) -> Failed {
        let items = match &error {
            Error::Task(error) => self.indices.get(&error.failure().origin),
            _ => None,
        };
        let failed = failure::explain(error);
        match items.and_then(VecDeque::front) {
            Some(index) => failed.context(self.report.names.get(*index)),
            None => failed,
        }
    }
}
