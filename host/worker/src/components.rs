//! Components that tasks here use: fetched from the scheduler, admitted, compiled, kept.

use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{
    FutureExt,
    future::{LocalBoxFuture, Shared, WeakShared},
};
use tokio::{sync::Semaphore, time::Instant};
use wask_component::{Component, Limits};
use wask_core::{Digest, Key, Limit, TaskKind, TaskSpec};
use wask_rpc::object_collector;
use wask_sandbox::{Cancel, Compiled, Sandbox};
use wask_schema::worker_capnp::membership;

use crate::offload::offload;

/// How long the failure to get a component is remembered at least, so that not each of its tasks
/// tries again.
const FAILED_FOR: Duration = Duration::from_secs(5);
/// How many times as long as it took a failure is remembered, so that a component that can not be
/// compiled takes a small part of the machine, however often it is tried.
const FAILED_TIMES: u32 = 10;

/// How many failures are remembered.
const FAILED_MAX: usize = 1024;
/// Components that are got at a time.
const AT_A_TIME: usize = 4;

/// Why a component cannot be had, in words.
pub(crate) type Failed = Arc<str>;

pub(crate) type Obtained = Result<Arc<Compiled>, Failed>;

/// With the time that it took, which is without that spent waiting for room.
type Getting = LocalBoxFuture<'static, (Obtained, Duration)>;

/// The components of one worker. Whoever asks for one that is being fetched waits with the others.
pub(crate) struct Components {
    /// Set when the scheduler has let the worker in; nobody asks for components before.
    membership: RefCell<Option<membership::Client>>,
    /// Keeps what is compiled.
    sandbox: Sandbox,
    entries: RefCell<Entries>,
    /// How many may be got at a time: the bytes of each are held meanwhile.
    room: Rc<Semaphore>,
}

#[derive(Default)]
struct Entries {
    by_name: HashMap<Name, Entry>,
}

/// A component, and whether its code counts fuel.
pub(crate) type Name = (Digest, bool);

enum Entry {
    /// Held by those who wait for it: when the last of them leaves, it ends.
    Coming(WeakShared<Getting>),
    /// Why it can not be had, until when it is not tried again.
    Failed(Failed, Instant),
}

impl Components {
    pub(crate) fn new(sandbox: Sandbox) -> Self {
        Self {
            membership: RefCell::default(),
            sandbox,
            entries: RefCell::default(),
            room: Rc::new(Semaphore::new(AT_A_TIME)),
        }
    }

    /// The last membership: where components come from.
    pub(crate) fn membership(&self) -> Option<membership::Client> {
        self.membership.borrow().clone()
    }

    /// Sets where components come from from now on.
    pub(crate) fn set_membership(&self, membership: membership::Client) {
        *self.membership.borrow_mut() = Some(membership);
    }

    /// The component that a task runs, as far as it is here.
    pub(crate) fn needed_by(&self, task: &TaskSpec) -> Needed {
        let TaskKind::Function { component, .. } = &task.definition.kind else {
            return Needed::Nothing;
        };
        let name = (
            *component,
            task.definition.options.limits.fuel != Limit::Unlimited,
        );
        match self.find(name) {
            Some(Found::Done(outcome)) => Needed::Known(name, outcome),
            _ => Needed::Wanted(name),
        }
    }

    /// A component, ready to run. Ready at once where it was used before.
    pub(crate) async fn get(&self, name: Name) -> Obtained {
        let coming = match self.find(name) {
            Some(Found::Done(outcome)) => return outcome,
            Some(Found::Coming(coming)) => coming,
            None => {
                let (membership, sandbox) = (self.membership(), self.sandbox.clone());
                let room = self.room.clone();
                let coming = async move {
                    // Never closed.
                    let _permit = room.acquire().await;
                    let started = Instant::now();
                    let obtained = obtain(membership, sandbox, name).await;
                    (obtained, started.elapsed())
                };
                let coming = coming.boxed_local().shared();
                self.entries.borrow_mut().expect(name, &coming);
                coming
            }
        };
        let (outcome, took) = coming.await;
        let mut entries = self.entries.borrow_mut();
        if let Some(Entry::Coming(_)) = entries.by_name.get(&name) {
            entries.end(name, outcome.as_ref().err(), took);
        }
        outcome
    }

    fn find(&self, name: Name) -> Option<Found> {
        let ready = self.sandbox.compiled(digest_of(name), name.1);
        match ready {
            Some(compiled) => Some(Found::Done(Ok(compiled))),
            None => self.entries.borrow().find(name),
        }
    }
}

fn digest_of((digest, _): Name) -> wask_component::Digest {
    wask_component::Digest::from_bytes(digest.0)
}

/// What a task runs.
pub(crate) enum Needed {
    /// No component.
    Nothing,
    /// A component that is here, or is known not to be had.
    Known(Name, Obtained),
    /// One that has to be got first.
    Wanted(Name),
}

enum Found {
    Done(Obtained),
    Coming(Shared<Getting>),
}

impl Entries {
    fn find(&self, name: Name) -> Option<Found> {
        match self.by_name.get(&name)? {
            Entry::Coming(coming) => coming.upgrade().map(Found::Coming),
            Entry::Failed(failed, until) => {
                let fresh = Instant::now() < *until;
                fresh.then(|| Found::Done(Err(failed.clone())))
            }
        }
    }

    /// Lets others find what is being got, and forgets what nobody waits for and what may be tried
    /// again.
    fn expect(&mut self, name: Name, coming: &Shared<Getting>) {
        let now = Instant::now();
        self.by_name.retain(|_, entry| match entry {
            Entry::Coming(coming) => coming.upgrade().is_some(),
            Entry::Failed(_, until) => now < *until,
        });
        // It is there, since nobody has waited for it yet.
        if let Some(coming) = coming.downgrade() {
            self.by_name.insert(name, Entry::Coming(coming));
        }
    }

    /// What was being got is there, or is not to be had for a while.
    fn end(&mut self, name: Name, failed: Option<&Failed>, took: Duration) {
        self.by_name.remove(&name);
        if let Some(failed) = failed {
            let pause = FAILED_FOR.max(took.saturating_mul(FAILED_TIMES));
            let failed = Entry::Failed(failed.clone(), Instant::now() + pause);
            self.by_name.insert(name, failed);
            self.forget_failures();
        }
    }

    /// Of very many failures those are forgotten that would be first.
    fn forget_failures(&mut self) {
        while self.by_name.len() > FAILED_MAX {
            let failed = self.by_name.iter().filter_map(|(name, entry)| match entry {
                Entry::Failed(_, until) => Some((*until, *name)),
                Entry::Coming(_) => None,
            });
            let Some((_, first)) = failed.min() else {
                return;
            };
            self.by_name.remove(&first);
        }
    }
}

/// Somebody waits for a component. Compiling it ends when this drops.
struct Wanted(Cancel);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// Gets a component's bytes, and compiles them.
async fn obtain(
    membership: Option<membership::Client>,
    sandbox: Sandbox,
    (digest, metered): Name,
) -> Obtained {
    let membership = membership.ok_or("the worker is not a member of a cluster yet")?;
    let started = Instant::now();
    let bytes = download(&membership, digest).await?;
    let wanted = Wanted(Cancel::new());
    let cancel = wanted.0.clone();
    let compiled = offload("wask-compile", move || {
        compile(&sandbox, bytes, digest, metered, &cancel)
    });
    let compiled = compiled.await??;
    tracing::info!(%digest, metered, seconds = started.elapsed().as_secs_f32(), "component ready");
    Ok(compiled)
}

async fn download(membership: &membership::Client, digest: Digest) -> Result<Bytes, String> {
    let key = Key(digest.0);
    let (sink, collected) = object_collector([(key, Limits::default().max_bytes as u64)]);
    let mut request = membership.component_request();
    request.get().set_digest(&digest.0);
    request.get().set_sink(sink);
    let answer = request.send().promise.await;
    let found = answer
        .and_then(|answer| Ok(answer.get()?.get_found()))
        .map_err(|error| format!("component {digest} did not arrive: {error}"))?;
    let objects = collected
        .take()
        .map_err(|refusal| format!("component {digest} did not arrive: {refusal}"))?;
    match objects.into_iter().find(|(arrived, _)| *arrived == key) {
        Some((_, bytes)) => Ok(bytes),
        None if found => Err(format!("component {digest} did not arrive whole")),
        None => Err(format!("the scheduler does not have component {digest}")),
    }
}

/// Admits a component as the scheduler did, since its bytes came over a wire, and compiles it.
fn compile(
    sandbox: &Sandbox,
    bytes: Bytes,
    digest: Digest,
    metered: bool,
    cancel: &Cancel,
) -> Result<Arc<Compiled>, String> {
    let component =
        Component::from_binary(bytes, &Limits::default()).map_err(|error| error.to_string())?;
    if *component.digest().as_bytes() != digest.0 {
        return Err(format!("component {digest} has the wrong bytes"));
    }
    let compiled = sandbox.compile_until(&component, metered, cancel);
    compiled.map_err(|error| error.to_string())
}
