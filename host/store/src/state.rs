//! What is where, and what the disk has to do: the store's decisions, without any I/O.
//!
//! Objects in memory that may be spilled stand in `order` by when they were last used. Above the
//! memory limit the first of them are dropped, if they have a file already, or queued to be
//! written. An object that is being written stays in memory, outside of `order`, and counts as
//! memory that is about to be free.

use std::{
    collections::{BTreeMap, VecDeque},
    io, mem,
    time::Instant,
};

use bytes::Bytes;
use futures::channel::oneshot;
use wask_core::{Key, KeyMap};

use crate::{Config, Error, FileId};

/// How many objects in use one call passes over while it looks for one to spill.
const MAX_PASSED_OVER: usize = 64;

pub(crate) type Checksum = blake3::Hash;
pub(crate) type Waiter = oneshot::Sender<Result<Bytes, Error>>;

/// What a store holds, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Objects, wherever they are.
    pub objects: u64,
    /// Bytes of objects in memory.
    pub memory_bytes: u64,
    /// Bytes of objects that are on disk only.
    pub spilled_bytes: u64,
    /// Objects that were found missing or damaged on disk, since the start.
    pub gone: u64,
    /// Why the last write to disk failed, until one succeeds.
    pub spill_error: Option<String>,
}

/// The index of a store, and what its disk thread is to do.
pub(crate) struct State {
    config: Config,
    objects: KeyMap<Object>,
    order: BTreeMap<u64, Key>,
    /// Names moments and files; never repeats.
    clock: u64,
    stats: Stats,
    reads: VecDeque<(Key, FileId)>,
    writes: VecDeque<(Key, FileId)>,
    removals: Vec<FileId>,
    /// Bytes of objects that are being written, or queued for it.
    writing_bytes: u64,
    /// Until when a disk that failed is left alone.
    paused: Option<Instant>,
    relief: Vec<oneshot::Sender<()>>,
    spills: bool,
}

struct Object {
    nbytes: u64,
    /// When it was last used: its place in `order`, where it stands there.
    used: u64,
    place: Place,
}

enum Place {
    /// In memory; the disk may have a copy.
    Memory(Bytes, File),
    /// On disk only.
    Disk(Written),
    /// On disk only, and these wait for it.
    Reading(Written, Vec<Waiter>),
}

/// What the disk has of an object in memory.
enum File {
    None,
    Writing(FileId),
    Written(Written),
}

#[derive(Clone, Copy)]
pub(crate) struct Written {
    pub(crate) file: FileId,
    pub(crate) checksum: Checksum,
}

/// One thing for the disk thread to do.
pub(crate) enum Job {
    Read(Key, Written, u64),
    Write(Key, FileId, Bytes),
    Remove(FileId),
}

/// How a job ended. The bytes that a write was given are dropped by then.
pub(crate) enum Done {
    Read(Key, FileId, Result<Bytes, String>),
    Write(Key, FileId, io::Result<Checksum>),
    Removed,
}

/// What [`State::get`] found.
pub(crate) enum Lookup {
    Absent,
    Here(Bytes),
    Loading(oneshot::Receiver<Result<Bytes, Error>>),
}

impl State {
    /// An empty store. `spills` says whether there is a disk thread.
    pub(crate) fn new(config: Config, spills: bool) -> Self {
        Self {
            config,
            objects: KeyMap::default(),
            order: BTreeMap::new(),
            clock: 0,
            stats: Stats::default(),
            reads: VecDeque::new(),
            writes: VecDeque::new(),
            removals: Vec::new(),
            writing_bytes: 0,
            paused: None,
            relief: Vec::new(),
            spills,
        }
    }

    /// Takes an object in, if memory stays within the hard limit.
    pub(crate) fn put(&mut self, now: Instant, key: Key, bytes: Bytes) -> Result<(), Error> {
        let (nbytes, held) = (bytes.len() as u64, self.stats.memory_bytes);
        if held.saturating_add(nbytes) > self.config.hard_limit && !self.in_memory(&key) {
            return Err(Error::Full {
                needed: nbytes,
                held,
                limit: self.config.hard_limit,
                spill_error: self.stats.spill_error.clone(),
            });
        }
        self.put_required(now, key, bytes);
        Ok(())
    }

    /// Takes an object in. One that is here already stays, since equal keys have equal values.
    pub(crate) fn put_required(&mut self, now: Instant, key: Key, bytes: Bytes) {
        if self.in_memory(&key) {
            self.touch(&key);
            return;
        }
        // What was on disk only is replaced: these bytes cannot have been damaged.
        self.remove(&key);
        let nbytes = bytes.len() as u64;
        self.stats.objects += 1;
        self.stats.memory_bytes += nbytes;
        let object = Object {
            nbytes,
            used: 0,
            place: Place::Memory(bytes, File::None),
        };
        self.objects.insert(key, object);
        self.touch(&key);
        self.shrink(now);
    }

    /// Has an object under another key from now on; whether it was here.
    pub(crate) fn rename(&mut self, now: Instant, from: &Key, to: Key) -> bool {
        if self.in_memory(&to) {
            self.touch(&to);
            return self.remove(from);
        }
        match self.objects.get(from).map(|object| &object.place) {
            None => return false,
            // A job of the disk thread may name the old key.
            Some(Place::Memory(bytes, _)) => {
                let bytes = bytes.clone();
                self.remove(from);
                self.put_required(now, to, bytes);
            }
            Some(Place::Disk(_) | Place::Reading(..)) => {
                self.remove(&to);
                if let Some(object) = self.objects.remove(from) {
                    self.order.remove(&object.used);
                    self.objects.insert(to, object);
                    self.touch(&to);
                }
            }
        }
        true
    }

    /// The bytes of an object, at once or when they have been read.
    pub(crate) fn get(&mut self, key: &Key) -> Lookup {
        self.touch(key);
        let Some(object) = self.objects.get_mut(key) else {
            return Lookup::Absent;
        };
        let (waiter, receiver) = oneshot::channel();
        match &mut object.place {
            Place::Memory(bytes, _) => return Lookup::Here(bytes.clone()),
            Place::Reading(_, waiters) => waiters.push(waiter),
            Place::Disk(written) => {
                self.reads.push_back((*key, written.file));
                object.place = Place::Reading(*written, vec![waiter]);
            }
        }
        Lookup::Loading(receiver)
    }

    /// Forgets an object; whether it was here. Who waits for it is told that it is gone.
    pub(crate) fn remove(&mut self, key: &Key) -> bool {
        let Some(object) = self.objects.remove(key) else {
            return false;
        };
        self.order.remove(&object.used);
        self.stats.objects -= 1;
        match object.place {
            Place::Memory(_, file) => {
                self.stats.memory_bytes -= object.nbytes;
                match file {
                    File::None => {}
                    File::Writing(_) => self.writing_bytes -= object.nbytes,
                    File::Written(written) => self.removals.push(written.file),
                }
            }
            Place::Disk(written) | Place::Reading(written, _) => {
                self.stats.spilled_bytes -= object.nbytes;
                self.removals.push(written.file);
            }
        }
        self.settle_relief();
        true
    }

    pub(crate) fn nbytes(&self, key: &Key) -> Option<u64> {
        self.objects.get(key).map(|object| object.nbytes)
    }

    pub(crate) fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Where there is more in memory than should be and the disk is at work: a signal for when
    /// that has changed.
    pub(crate) fn pressure(&mut self) -> Option<oneshot::Receiver<()>> {
        self.is_pressed().then(|| {
            let (sender, receiver) = oneshot::channel();
            self.relief.push(sender);
            receiver
        })
    }

    /// The next thing for the disk. Whoever reads is waited for, so reads come first.
    pub(crate) fn next_job(&mut self) -> Option<Job> {
        while let Some((key, file)) = self.reads.pop_front() {
            if let Some(object) = self.objects.get(&key)
                && let Place::Reading(written, _) = object.place
                && written.file == file
            {
                return Some(Job::Read(key, written, object.nbytes));
            }
        }
        if let Some(file) = self.removals.pop() {
            return Some(Job::Remove(file));
        }
        while let Some((key, file)) = self.writes.pop_front() {
            if let Some(object) = self.objects.get(&key)
                && let Place::Memory(bytes, File::Writing(current)) = &object.place
                && *current == file
            {
                return Some(Job::Write(key, file, bytes.clone()));
            }
        }
        None
    }

    /// Whether [`next_job`](Self::next_job) may have something.
    pub(crate) fn has_jobs(&self) -> bool {
        !(self.reads.is_empty() && self.removals.is_empty() && self.writes.is_empty())
    }

    /// A job has come to its end.
    pub(crate) fn finish(&mut self, now: Instant, done: Done) {
        match done {
            Done::Read(key, file, read) => self.finish_read(key, file, read),
            Done::Write(key, file, written) => self.finish_write(now, key, file, &written),
            Done::Removed => {}
        }
        self.shrink(now);
        self.settle_relief();
    }

    /// Hands what was read to who waits for it, unless the object was removed meanwhile. A waiter
    /// that has gone away is nobody's loss.
    fn finish_read(&mut self, key: Key, file: FileId, read: Result<Bytes, String>) {
        let Some(object) = self.objects.get_mut(&key) else {
            return;
        };
        let Place::Reading(written, waiters) = &mut object.place else {
            return;
        };
        if written.file != file {
            return;
        }
        let (written, waiters) = (*written, mem::take(waiters));
        match read {
            Ok(bytes) => {
                for waiter in waiters {
                    let _ = waiter.send(Ok(bytes.clone()));
                }
                object.place = Place::Memory(bytes, File::Written(written));
                self.order.insert(object.used, key);
                self.stats.spilled_bytes -= object.nbytes;
                self.stats.memory_bytes += object.nbytes;
            }
            Err(reason) => {
                self.remove(&key);
                self.stats.gone += 1;
                for waiter in waiters {
                    let reason = reason.clone();
                    let _ = waiter.send(Err(Error::Gone { key, reason }));
                }
            }
        }
    }

    fn finish_write(&mut self, now: Instant, key: Key, id: FileId, result: &io::Result<Checksum>) {
        self.note(now, result);
        if let Some(object) = self.objects.get_mut(&key)
            && let Place::Memory(_, file) = &mut object.place
            && matches!(file, File::Writing(current) if *current == id)
        {
            *file = match result {
                Ok(checksum) => File::Written(Written {
                    file: id,
                    checksum: *checksum,
                }),
                Err(_) => File::None,
            };
            self.order.insert(object.used, key);
            self.writing_bytes -= object.nbytes;
        } else if result.is_ok() {
            // Removed while it was being written.
            self.removals.push(id);
        }
    }

    /// Frees memory, now or when something has been written, until what is left is within the
    /// limit or cannot be spilled.
    fn shrink(&mut self, now: Instant) {
        if !self.spills {
            return;
        }
        if self.paused.is_some_and(|until| until <= now) {
            self.paused = None;
        }
        let mut passed_over = 0;
        while self.stats.memory_bytes - self.writing_bytes > self.config.memory_limit
            && passed_over < MAX_PASSED_OVER
            && let Some((used, key)) = self.order.pop_first()
        {
            let Some(object) = self.objects.get_mut(&key) else {
                continue;
            };
            let Place::Memory(bytes, file) = &mut object.place else {
                continue;
            };
            match file {
                _ if !bytes.is_unique() => {
                    passed_over += 1;
                    self.touch(&key);
                }
                File::Written(written) => {
                    object.place = Place::Disk(*written);
                    self.stats.memory_bytes -= object.nbytes;
                    self.stats.spilled_bytes += object.nbytes;
                }
                File::None if self.paused.is_none() => {
                    self.clock += 1;
                    let id = FileId(self.clock);
                    *file = File::Writing(id);
                    self.writing_bytes += object.nbytes;
                    self.writes.push_back((key, id));
                }
                File::None | File::Writing(_) => {
                    self.order.insert(used, key);
                    return;
                }
            }
        }
    }

    /// Notes that an object has just been used.
    fn touch(&mut self, key: &Key) {
        let Some(object) = self.objects.get_mut(key) else {
            return;
        };
        self.order.remove(&object.used);
        self.clock += 1;
        object.used = self.clock;
        let spillable = object.nbytes >= self.config.spill_min;
        if let Place::Memory(_, File::None | File::Written(_)) = object.place
            && spillable
        {
            self.order.insert(object.used, *key);
        }
    }

    /// Keeps the outcome of a write, and leaves a disk that fails alone for a while.
    fn note(&mut self, now: Instant, written: &io::Result<Checksum>) {
        let Err(error) = written else {
            self.paused = None;
            self.stats.spill_error = None;
            return;
        };
        if self.stats.spill_error.is_none() {
            tracing::warn!(%error, "failed to spill to disk; results stay in memory");
        }
        self.stats.spill_error = Some(error.to_string());
        self.paused = Some(now + self.config.retry_after);
    }

    fn in_memory(&self, key: &Key) -> bool {
        let place = self.objects.get(key).map(|object| &object.place);
        matches!(place, Some(Place::Memory(..)))
    }

    fn is_pressed(&self) -> bool {
        self.writing_bytes > 0 && self.stats.memory_bytes > self.config.memory_limit
    }

    fn settle_relief(&mut self) {
        if !self.is_pressed() {
            self.relief.drain(..).for_each(|waiter| {
                let _ = waiter.send(());
            });
        }
    }
}

#[cfg(test)]
mod tests;
