//! Feeds the record of a real scheduler or worker to a fresh core: the same must come of it.
//!
//! The cores are pure, so whatever happened in a process can be seen again from what it was told
//! and when. A crate of its own, so that the simulator's build stays free of Cap'n Proto.

use std::{fmt, io::BufRead};

use wask_core::{SchedulerCore, Time, WorkerCore};
use wask_rpc::{
    Entry, Error, Record,
    wire::{Core, Outcome, Setup},
};

/// What a core was fed, all of which came to what the record says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// How many events.
    pub events: u64,
    /// How often it decided.
    pub decisions: u64,
    /// How many actions came out.
    pub actions: u64,
    /// Whether the record ends in the middle of an entry.
    pub is_torn: bool,
}

impl fmt::Display for Replayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            events,
            decisions,
            actions,
            is_torn,
        } = self;
        write!(
            f,
            "same actions: {events} events, {decisions} decisions, {actions} actions"
        )?;
        match is_torn {
            true => f.write_str("; the record breaks off in the middle of an entry"),
            false => Ok(()),
        }
    }
}

/// Why a record was not replayed to its end.
#[derive(Debug)]
pub enum Trouble {
    /// The record cannot be read.
    Unreadable {
        /// At which entry, counted from 1; 0 is the header.
        entry: u64,
        /// Why.
        error: Error,
    },
    /// Something else came of it.
    Different {
        /// At which entry, counted from 1.
        entry: u64,
        /// When.
        time: Time,
        /// How many actions the record says.
        recorded: u32,
        /// What came out, an action a text.
        replayed: Vec<String>,
    },
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { entry, error } => write!(f, "entry {entry}: {error}"),
            Self::Different {
                entry,
                time,
                recorded,
                replayed,
            } => {
                let seconds = (*time - Time::ZERO).as_secs_f64();
                write!(
                    f,
                    "entry {entry}, at {seconds:.6} s: recorded {recorded} actions, replayed {} \
                     that are not the same:",
                    replayed.len()
                )?;
                replayed
                    .iter()
                    .try_for_each(|action| write!(f, "\n  {action}"))
            }
        }
    }
}

impl std::error::Error for Trouble {}

/// Feeds a record to a fresh core. `tell` hears of each event and each action, as text.
///
/// # Errors
///
/// Where the record cannot be read, or something else comes of it: the first such entry.
pub fn replay(input: impl BufRead, tell: impl FnMut(Told<'_>)) -> Result<Replayed, Trouble> {
    let unreadable = |error| Trouble::Unreadable { entry: 0, error };
    let record = Record::read(input).map_err(unreadable)?;
    match record.setup().clone() {
        Setup::Scheduler(config) => feed(record, SchedulerCore::new(config), tell),
        Setup::Worker(id, config) => feed(record, WorkerCore::new(id, config), tell),
    }
}

/// Something that happens in a replay.
#[derive(Clone, Copy)]
pub enum Told<'a> {
    /// The core is told this.
    Event(Time, &'a dyn fmt::Debug),
    /// It wants this done.
    Action(Time, &'a dyn fmt::Debug),
}

fn feed<C: Core>(
    mut record: Record<impl BufRead>,
    mut core: C,
    mut tell: impl FnMut(Told<'_>),
) -> Result<Replayed, Trouble> {
    let mut replayed = Replayed::default();
    for entry in 1.. {
        let read = record.next_entry::<C>();
        let read = read.map_err(|error| Trouble::Unreadable { entry, error })?;
        match read {
            None => break,
            Some(Entry::Event(now, event)) => {
                tell(Told::Event(now, &event));
                core.handle(now, event);
                replayed.events += 1;
            }
            Some(Entry::Scheduled(now, recorded)) => {
                core.schedule(now);
                let actions: Vec<_> = std::iter::from_fn(|| core.poll_action()).collect();
                for action in &actions {
                    tell(Told::Action(now, action));
                }
                if Outcome::of(&actions) != recorded {
                    return Err(Trouble::Different {
                        entry,
                        time: now,
                        recorded: recorded.actions,
                        replayed: actions.iter().map(|it| format!("{it:?}")).collect(),
                    });
                }
                replayed.decisions += 1;
                replayed.actions += u64::from(recorded.actions);
            }
        }
    }
    replayed.is_torn = record.is_torn();
    Ok(replayed)
}
