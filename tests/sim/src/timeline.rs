//! Virtual time, and links that keep their messages in order.

use std::collections::BTreeMap;

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use wask_core::{Time, WorkerId};

/// One end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Node {
    Scheduler,
    Worker(WorkerId),
    /// Where a worker takes in clients' values: beside the order of everything else.
    Staging(WorkerId),
    Client(usize),
}

/// A place in the order of things: when, and which of those that happen at the same time.
pub(crate) type Moment = (u64, u64);

/// What is going to happen, in order.
#[derive(Debug)]
pub(crate) struct Timeline<T> {
    now: u64,
    count: u64,
    to_come: BTreeMap<Moment, T>,
    /// When the last message on a link arrives.
    links: BTreeMap<(Node, Node), u64>,
}

impl<T> Timeline<T> {
    pub(crate) fn new() -> Self {
        Self {
            now: 0,
            count: 0,
            to_come: BTreeMap::new(),
            links: BTreeMap::new(),
        }
    }

    pub(crate) fn now(&self) -> Time {
        Time::from_nanos(self.now)
    }

    pub(crate) fn nanos(&self) -> u64 {
        self.now
    }

    pub(crate) fn after(&mut self, delay: u64, what: T) -> Moment {
        self.count += 1;
        let moment = (self.now + delay, self.count);
        self.to_come.insert(moment, what);
        moment
    }

    /// Sends a message. It takes some time, now and then much, but overtakes none on its link.
    pub(crate) fn send(&mut self, rng: &mut ChaCha8Rng, from: Node, to: Node, what: T) {
        let slow = rng.random_bool(0.05);
        let delay = rng.random_range(10_000..if slow { 4_000_000 } else { 200_000 });
        let earliest = self.links.entry((from, to)).or_default();
        let at = (self.now + delay).max(*earliest);
        *earliest = at;
        self.after(at - self.now, what);
    }

    /// The next thing, at its time.
    pub(crate) fn next(&mut self) -> Option<(Moment, T)> {
        let (moment, what) = self.to_come.pop_first()?;
        self.now = moment.0;
        Some((moment, what))
    }

    /// Puts off what was next, without changing its order among what is put off with it.
    pub(crate) fn put_off(&mut self, moment: Moment, until: u64, what: T) {
        self.to_come.insert((until, moment.1), what);
    }

    /// Nothing happens for so long: what was to happen meanwhile happens then, in its order.
    pub(crate) fn sleep(&mut self, pause: u64) {
        let until = self.now + pause;
        let later = self.to_come.split_off(&(until, 0));
        let meanwhile = std::mem::replace(&mut self.to_come, later);
        for ((_, count), what) in meanwhile {
            self.to_come.insert((until, count), what);
        }
        for at in self.links.values_mut() {
            *at = (*at).max(until);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.to_come.values()
    }
}
