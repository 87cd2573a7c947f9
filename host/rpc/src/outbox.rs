//! What waits to be sent over one stream: the one place in which it is decided what goes into one
//! message.
//!
//! An item that is too large for one message is divided as it is pushed, where it can be (a list of
//! keys), or sent in parts (a task: see [`streams`](crate::push_commands)).

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
};

use tokio::sync::Notify;
use wask_core::{Key, scheduler::Action, worker::ToScheduler};

use crate::{
    Limits,
    wire::{KeyNews, missing_input_bytes},
};

/// What goes over a stream, many in one message.
pub trait Parcel: Sized {
    /// Gives itself to `each`: in several pieces, if it can be divided and takes more than so many
    /// bytes.
    fn divide(self, bytes: usize, each: impl FnMut(Self)) {
        let mut each = each;
        let _ = bytes;
        each(self);
    }
}

impl Parcel for (Key, KeyNews) {}

impl Parcel for Action {
    fn divide(self, bytes: usize, mut each: impl FnMut(Self)) {
        let most = (bytes / size_of::<Key>()).max(1);
        match self {
            Self::FreeKeys { worker, keys } if keys.len() > most => {
                for keys in keys.chunks(most) {
                    let keys = keys.to_vec();
                    each(Self::FreeKeys { worker, keys });
                }
            }
            other => each(other),
        }
    }
}

impl Parcel for ToScheduler {
    /// Of the inputs that could not be got only so many are told as fit: the scheduler learns of
    /// the others when the task is tried again.
    fn divide(mut self, bytes: usize, mut each: impl FnMut(Self)) {
        if let Self::InputsMissing { missing, .. } = &mut self {
            missing.truncate((bytes / missing_input_bytes()).max(1));
        }
        each(self);
    }
}

/// A queue whose other end takes batches. It is filled without waiting; who fills it looks at
/// [`len`](Self::len).
pub struct Outbox<T> {
    items: RefCell<VecDeque<T>>,
    more: Notify,
    /// How many items have been taken since the start.
    taken: Cell<u64>,
    less: Notify,
    closed: Cell<bool>,
    items_max: usize,
    bytes_max: usize,
}

/// What goes into one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch<T> {
    /// At least one.
    pub items: Vec<T>,
    /// What they take. More than [`Limits::batch_bytes`] only if there is just one.
    pub bytes: usize,
}

impl<T: Parcel> Outbox<T> {
    /// An empty one, whose batches are within these limits.
    pub fn new(limits: &Limits) -> Self {
        Self {
            items: RefCell::default(),
            more: Notify::new(),
            taken: Cell::new(0),
            less: Notify::new(),
            closed: Cell::new(false),
            items_max: limits.batch_items,
            bytes_max: limits.batch_bytes,
        }
    }

    /// Adds an item.
    pub fn push(&self, item: T) {
        let mut items = self.items.borrow_mut();
        item.divide(self.bytes_max, |item| items.push_back(item));
        self.more.notify_one();
    }

    /// How many items wait.
    pub fn len(&self) -> usize {
        self.items.borrow().len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.items.borrow().is_empty()
    }

    /// Nothing more will be pushed; what is queued is still taken.
    pub fn close(&self) {
        self.closed.set(true);
        self.more.notify_one();
        self.less.notify_waiters();
    }

    /// Waits until all that is queued now has been taken, or the outbox is closed. Whoever takes
    /// items sends them without waiting in between: what is sent next comes after them.
    pub async fn passed(&self) {
        let last = self.taken.get() + self.len() as u64;
        while self.taken.get() < last && !self.closed.get() {
            self.less.notified().await;
        }
    }

    /// Waits for items, then takes as many as fit one message; none when the outbox is closed and
    /// empty. `room` tells how many more bytes the message takes with an item; it is asked for one
    /// after another, in order.
    pub async fn batch(&self, mut room: impl FnMut(&T) -> usize) -> Option<Batch<T>> {
        while self.is_empty() {
            if self.closed.get() {
                return None;
            }
            self.more.notified().await;
        }
        let mut items = self.items.borrow_mut();
        let mut bytes = 0;
        let mut count = 0;
        for item in items.iter().take(self.items_max) {
            let with_it = bytes + room(item);
            if count > 0 && with_it > self.bytes_max {
                break;
            }
            bytes = with_it;
            count += 1;
        }
        self.taken.set(self.taken.get() + count as u64);
        self.less.notify_waiters();
        let items = items.drain(..count).collect();
        Some(Batch { items, bytes })
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use wask_core::{Attempt, WorkerId};

    use super::*;

    impl Parcel for usize {}

    fn limits(batch_items: usize, batch_bytes: usize) -> Limits {
        Limits {
            batch_items,
            batch_bytes,
            ..Limits::default()
        }
    }

    /// All that is queued, in batches.
    fn batches<T: Parcel>(outbox: &Outbox<T>, room: impl Fn(&T) -> usize) -> Vec<Batch<T>> {
        outbox.close();
        std::iter::from_fn(|| outbox.batch(&room).now_or_never().flatten()).collect()
    }

    #[test]
    fn batches_are_bounded_by_items_and_bytes() {
        let outbox = Outbox::new(&limits(3, 10));
        for size in [1, 1, 1, 1, 20, 6, 6, 4] {
            outbox.push(size);
        }
        let batches = batches(&outbox, |size| *size);
        let items: Vec<_> = batches.iter().map(|batch| batch.items.clone()).collect();
        assert_eq!(
            items,
            [vec![1, 1, 1], vec![1], vec![20], vec![6], vec![6, 4]]
        );
        let bytes: Vec<_> = batches.iter().map(|batch| batch.bytes).collect();
        assert_eq!(bytes, [3, 1, 20, 6, 10]);
    }

    #[test]
    fn what_was_queued_before_passes_whatever_comes_after() {
        let outbox = Outbox::new(&limits(1, 10));
        assert!(outbox.passed().now_or_never().is_some());
        outbox.push(1);
        let mut passed = Box::pin(outbox.passed());
        assert!((&mut passed).now_or_never().is_none());
        outbox.push(2);
        let batch = outbox.batch(|_| 1).now_or_never().flatten();
        assert_eq!(batch.map(|batch| batch.items), Some(vec![1]));
        assert!(passed.now_or_never().is_some());
        let mut passed = Box::pin(outbox.passed());
        assert!((&mut passed).now_or_never().is_none());
        outbox.close();
        assert!(passed.now_or_never().is_some());
    }

    fn keys(count: u32) -> Vec<Key> {
        let key = |n: u32| Key::of_data("", "", &n.to_le_bytes());
        (0..count).map(key).collect()
    }

    #[test]
    fn orders_to_drop_many_keys_are_divided() {
        let outbox = Outbox::new(&limits(100, 3200));
        let worker = WorkerId(1);
        let keys = keys(250);
        outbox.push(Action::FreeKeys {
            worker,
            keys: keys.clone(),
        });
        let mut told = Vec::new();
        let mut room = crate::wire::CommandRoom::new(|_| None);
        outbox.close();
        while let Some(Some(batch)) = outbox.batch(|action| room.add(action)).now_or_never() {
            for action in batch.items {
                let Action::FreeKeys { keys, .. } = action else {
                    panic!("{action:?}");
                };
                assert!(keys.len() <= 100);
                told.extend(keys);
            }
        }
        assert_eq!(told, keys);
    }

    #[test]
    fn of_many_missing_inputs_some_are_told() {
        let outbox = Outbox::new(&limits(100, 480));
        let missing: Vec<_> = keys(11).into_iter().map(|key| (key, WorkerId(1))).collect();
        outbox.push(ToScheduler::InputsMissing {
            key: Key([1; 32]),
            attempt: Attempt(1),
            missing: missing.clone(),
        });
        let batches = batches(&outbox, crate::wire::worker_event_bytes);
        let [ToScheduler::InputsMissing { missing: told, .. }] = &batches[0].items[..] else {
            panic!("{batches:?}");
        };
        assert_eq!(**told, missing[..10]);
    }
}
