//! What the simulator looks at and breaks: which transitions happen, and bugs that are planted to see
//! whether it finds them. Without the feature `probe` none of it is there.

#![cfg_attr(
    not(feature = "probe"),
    expect(dead_code, unreachable_pub, reason = "it is for the simulator only")
)]

/// A bug that can be planted, one at a time, on one thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bug {
    /// The scheduler takes an older attempt's news for the current one's.
    StaleAttempt,
    /// The scheduler does not fail what depends on a failed task.
    FailureStays,
    /// The scheduler lets dependents of a lost result go on.
    LossForgotten,
    /// The scheduler counts on a client's value before the worker has kept it.
    AnnouncedEarly,
    /// The scheduler does not part with a worker that is silent.
    SilenceIgnored,
    /// The scheduler takes any result that a worker comes back with.
    AnythingFound,
    /// The scheduler does not have a result dropped that nobody wants.
    ResultLeaks,
    /// The scheduler does not recall what was given ahead of a task that is tried again.
    AheadForgotten,
    /// The worker keeps the result of a cancelled execution.
    CancelledKept,
    /// The worker does not ask again for what a peer left out.
    LeftOutForgotten,
    /// The worker does not say that it has kept a client's value.
    KeptUnsaid,
    /// The worker gives a task back to nobody when its input cannot be had.
    MissingUnsaid,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::StaleAttempt,
        Self::FailureStays,
        Self::LossForgotten,
        Self::AnnouncedEarly,
        Self::SilenceIgnored,
        Self::AnythingFound,
        Self::ResultLeaks,
        Self::AheadForgotten,
        Self::CancelledKept,
        Self::LeftOutForgotten,
        Self::KeptUnsaid,
        Self::MissingUnsaid,
    ];
}

/// A machine, and the names of two of its states.
pub type Transition = (&'static str, &'static str, &'static str);

#[cfg(feature = "probe")]
mod on {
    use std::{
        cell::{Cell, RefCell},
        collections::BTreeMap,
    };

    use super::{Bug, Transition};

    thread_local! {
        static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
        static SEEN: RefCell<Option<BTreeMap<Transition, u64>>> = const { RefCell::new(None) };
    }

    /// Plants a bug in all machines of this thread, instead of the one before.
    pub fn plant(bug: Option<Bug>) {
        PLANTED.set(bug);
    }

    /// Counts the transitions of all machines of this thread from now on.
    pub fn watch() {
        SEEN.set(Some(BTreeMap::new()));
    }

    /// How often each happened since [`watch`] was called.
    pub fn seen() -> BTreeMap<Transition, u64> {
        SEEN.take().unwrap_or_default()
    }

    pub(crate) fn has(bug: Bug) -> bool {
        PLANTED.get() == Some(bug)
    }

    /// Counts one.
    pub fn note(transition: Transition) {
        SEEN.with_borrow_mut(|seen| {
            if let Some(seen) = seen {
                *seen.entry(transition).or_default() += 1;
            }
        });
    }
}

#[cfg(not(feature = "probe"))]
mod off {
    use super::{Bug, Transition};

    pub(crate) const fn has(_: Bug) -> bool {
        false
    }

    pub(crate) const fn note(_: Transition) {}
}

#[cfg(not(feature = "probe"))]
pub(crate) use off::{has, note};
#[cfg(feature = "probe")]
pub(crate) use on::has;
#[cfg(feature = "probe")]
pub use on::{note, plant, seen, watch};
