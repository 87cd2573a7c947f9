//! Inputs: which are fetched from which peer, in which batch.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
};

use super::{
    Action, ToScheduler, WorkerCore,
    entry::{Entry, State},
};
use crate::{
    Key, KeySet, WorkerId,
    probe::{self, Bug},
    scheduler::Input,
    task::Priority,
    worker::transition::CurrentState,
};
/// Another worker, while there is something to get from it.
#[derive(Debug, Default)]
pub(super) struct Peer {
    /// All and only keys in `Fetch` that it is said to hold.
    pub(super) queue: BTreeSet<(Priority, Key)>,
    /// What it was asked for: all and only keys in `Flight` from it, and perhaps some that came
    /// another way meanwhile. Empty if no fetch is under way.
    pub(super) flight: Vec<Key>,
}

type Peers = BTreeMap<WorkerId, Peer>;

impl Entry {
    /// A task of this priority waits for the key, and the scheduler told where it is.
    pub(super) fn want_from(
        &mut self,
        here: WorkerId,
        input: &Input,
        priority: Priority,
        peers: &mut Peers,
    ) {
        let key = input.key;
        let is_queued = matches!(*self.state, State::Fetch);
        if is_queued {
            self.leave_queues(key, peers);
        }
        self.doubt_flight(&input.holders);
        self.nbytes = input.nbytes;
        self.priority = Some(self.priority.map_or(priority, |best| best.min(priority)));
        for holder in &input.holders {
            let list = if *holder == here {
                &mut self.tried
            } else {
                &mut self.holders
            };
            if !list.contains(holder) && !is_asking(&self.state, *holder) {
                list.push(*holder);
            }
        }
        let tried = &self.tried;
        self.holders.retain(|holder| !tried.contains(holder));
        if is_queued {
            self.join_queues(key, peers);
        }
    }

    pub(super) fn join_queues(&self, key: Key, peers: &mut Peers) {
        for holder in &self.holders {
            let peer = peers.entry(*holder).or_default();
            peer.queue
                .extend(self.priority.map(|priority| (priority, key)));
        }
    }

    pub(super) fn leave_queues(&self, key: Key, peers: &mut Peers) {
        for holder in &self.holders {
            let Some(peer) = peers.get_mut(holder) else {
                continue;
            };
            if let Some(priority) = self.priority {
                peer.queue.remove(&(priority, key));
            }
            if peer.queue.is_empty() && peer.flight.is_empty() {
                peers.remove(holder);
            }
        }
    }
}

/// Whether the key is being fetched from this very peer.
fn is_asking(state: &CurrentState, holder: WorkerId) -> bool {
    matches!(**state, State::Flight { peer, .. } if peer == holder)
}

impl WorkerCore {
    /// Asks idle peers, the one with the most urgent key first, for as much as goes into one fetch.
    pub(super) fn start_fetches(&mut self) {
        let busy = |peer: &&Peer| !peer.flight.is_empty();
        let mut under_way = self.peers.values().filter(busy).count();
        while under_way < self.config.fetches_max.max(1) {
            let idle = self.peers.iter().filter(|(_, peer)| peer.flight.is_empty());
            let heads = idle.filter_map(|(id, peer)| Some((*peer.queue.first()?, *id)));
            let Some((_, peer)) = heads.min() else {
                return;
            };
            self.start_fetch(peer);
            under_way += 1;
        }
    }

    fn start_fetch(&mut self, id: WorkerId) {
        let mut keys = Vec::new();
        let mut total = 0;
        for (_, key) in self.peers.get(&id).into_iter().flat_map(|peer| &peer.queue) {
            let nbytes = self.entries.get(key).map_or(0, |entry| entry.nbytes);
            total += nbytes;
            let is_over = total > self.config.fetch_nbytes_max;
            if !keys.is_empty() && (is_over || keys.len() >= self.config.fetch_keys_max) {
                break;
            }
            keys.push((*key, nbytes));
        }
        // Before the keys leave its queue: a peer is known while there is anything to get.
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.flight = keys.iter().map(|(key, _)| *key).collect();
        }
        for (key, _) in &keys {
            self.fly(*key, id);
        }
        self.actions.push_back(Action::Fetch { peer: id, keys });
    }

    /// What neither came nor is missing is asked for again; but if nothing came of a fetch at all,
    /// the peer counts as having nothing.
    pub(super) fn fetch_done(&mut self, peer: WorkerId, arrived: &[(Key, u64)], missing: &[Key]) {
        let missing: KeySet = missing.iter().copied().collect();
        let is_in_vain = arrived.is_empty() && missing.is_empty();
        self.end_fetch(peer, arrived, |key| is_in_vain || missing.contains(&key));
    }

    pub(super) fn fetch_failed(&mut self, peer: WorkerId, arrived: &[(Key, u64)]) {
        self.end_fetch(peer, arrived, |_| true);
    }

    fn end_fetch(
        &mut self,
        id: WorkerId,
        arrived: &[(Key, u64)],
        is_missing: impl Fn(Key) -> bool,
    ) {
        let Some(peer) = self.peers.get_mut(&id) else {
            // It was asked for by an earlier membership.
            return self.drop_unasked(arrived);
        };
        let flight = mem::take(&mut peer.flight);
        if peer.queue.is_empty() {
            self.peers.remove(&id);
        }
        for (key, nbytes) in arrived {
            if self.is_in_flight(*key, id) {
                self.arrive(*key, *nbytes);
            } else {
                self.drop_unasked(&[(*key, *nbytes)]);
            }
        }
        for key in flight {
            if self.is_in_flight(key, id) {
                let entry = self.entry(key);
                let is_missing = is_missing(key);
                let list = if is_missing {
                    &mut entry.tried
                } else {
                    &mut entry.holders
                };
                if is_missing || !probe::has(Bug::LeftOutForgotten) {
                    list.push(id);
                    self.land(key);
                }
            }
        }
    }

    /// What has come though it is not waited for any more, and is no result of this worker: it came
    /// another way meanwhile, and is dropped by now, for instance.
    fn drop_unasked(&mut self, arrived: &[(Key, u64)]) {
        for (key, _) in arrived {
            let state = self.entries.get(key).map(|entry| &*entry.state);
            if !matches!(state, Some(State::Memory { .. })) {
                self.actions.push_back(Action::Drop { key: *key });
            }
        }
    }

    fn is_in_flight(&self, key: Key, from: WorkerId) -> bool {
        let entry = self.entries.get(&key);
        entry.is_some_and(|entry| is_asking(&entry.state, from))
    }

    /// What the scheduler meanwhile wants run, or has somewhere else, is nowhere that counts: this
    /// copy is dropped.
    fn arrive(&mut self, key: Key, nbytes: u64) {
        let entry = self.entry(key);
        let is_stale = matches!(*entry.state, State::Flight { stale: true, .. });
        if entry.run.is_none() && !entry.waiting.is_empty() && !is_stale {
            self.send(ToScheduler::ReplicaAdded { key });
            self.keep(key, nbytes);
        } else {
            self.actions.push_back(Action::Drop { key });
            self.land(key);
        }
    }

    /// No holder is left to ask: the tasks that wait for the key go back to the scheduler.
    pub(super) fn give_back_waiting(&mut self, key: Key) {
        let entry = self.entry(key);
        let waiting = entry.waiting.clone();
        let mut tried = entry.tried.clone();
        if tried.is_empty() {
            tried.push(self.id);
        }
        let missing: Vec<_> = tried.into_iter().map(|holder| (key, holder)).collect();
        for task in waiting.iter() {
            if let Some(run) = self.withdraw(task)
                && !probe::has(Bug::MissingUnsaid)
            {
                self.send(ToScheduler::InputsMissing {
                    key: task,
                    attempt: run.attempt,
                    missing: missing.clone(),
                });
            }
        }
    }

    pub(super) fn free_keys(&mut self, keys: &[Key]) {
        for key in keys {
            self.free(*key);
        }
    }

    /// A result went bad, or a peer asked for one that is not here: the scheduler may think that it
    /// is, and believes only what a worker says of itself. It need not hear of one that it wanted
    /// dropped.
    pub(super) fn data_gone(&mut self, key: Key) {
        let freed = match self.entries.get(&key).map(|entry| &*entry.state) {
            Some(State::Memory { freed }) => Some(*freed),
            _ => None,
        };
        if freed != Some(true) {
            self.send(ToScheduler::ReplicaMissing { key });
        }
        if freed.is_some() {
            self.lose(key);
        }
    }
}
