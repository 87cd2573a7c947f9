//! What waits to be sent to one peer.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
};

use tokio::sync::Notify;
use wask_rpc::Limits;

/// A queue whose other end takes batches. It is filled without waiting; who fills it looks at
/// [`len`](Self::len).
pub(crate) struct Outbox<T> {
    items: RefCell<VecDeque<T>>,
    more: Notify,
    /// How many items have been taken since the start.
    taken: Cell<u64>,
    less: Notify,
    closed: Cell<bool>,
}

impl<T> Outbox<T> {
    pub(crate) fn new() -> Self {
        Self {
            items: RefCell::default(),
            more: Notify::new(),
            taken: Cell::new(0),
            less: Notify::new(),
            closed: Cell::new(false),
        }
    }

    pub(crate) fn push(&self, item: T) {
        self.items.borrow_mut().push_back(item);
        self.more.notify_one();
    }

    pub(crate) fn len(&self) -> usize {
        self.items.borrow().len()
    }

    /// Nothing more will be pushed; what is queued is still taken.
    pub(crate) fn close(&self) {
        self.closed.set(true);
        self.more.notify_one();
        self.less.notify_waiters();
    }

    /// Waits for items, then takes as many as fit one message; none when the outbox is closed and
    /// empty. `weight` is an item's size in bytes, where that matters.
    pub(crate) async fn batch(&self, limits: &Limits, weight: impl Fn(&T) -> usize) -> Vec<T> {
        while self.items.borrow().is_empty() {
            if self.closed.get() {
                return Vec::new();
            }
            self.more.notified().await;
        }
        let mut items = self.items.borrow_mut();
        let mut bytes = 0;
        let fitting = items.iter().take(limits.batch_items).take_while(|item| {
            let first = bytes == 0;
            bytes += weight(item);
            first || bytes <= limits.batch_bytes
        });
        let count = fitting.count().max(1);
        self.taken.set(self.taken.get() + count as u64);
        self.less.notify_waiters();
        items.drain(..count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn batches_are_bounded_by_items_and_bytes() {
        let limits = Limits {
            batch_items: 3,
            batch_bytes: 10,
            ..Limits::default()
        };
        let outbox = Outbox::new();
        for size in [1, 1, 1, 1, 20, 6, 6] {
            outbox.push(size);
        }
        outbox.close();
        let mut batches = Vec::new();
        loop {
            let batch = outbox.batch(&limits, |size| *size).await;
            if batch.is_empty() {
                break;
            }
            batches.push(batch);
        }
        assert_eq!(
            batches,
            [vec![1, 1, 1], vec![1], vec![20], vec![6], vec![6]]
        );
    }
}
