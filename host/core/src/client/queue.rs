//! What the scheduler has yet to be told, in order, and how it is put into messages.

use std::collections::{BTreeSet, VecDeque};

use super::{Batch, Config, Submission};
use crate::{Definition, Digest, Key, KeyMap};

/// Bytes of a key in a message.
const KEY_BYTES: usize = size_of::<Key>();

/// One step of the ordered stream to the scheduler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Give the cluster a component, before the tasks that come next.
    Upload {
        digest: Digest,
        bytes: usize,
    },
    Submit(Submission),
    /// Hold a key that the scheduler knows.
    Want(Key),
    /// Compute a key even if the session ends.
    Detach(Key),
    Release(Key),
    Cancel {
        key: Key,
        /// Whether the scheduler will say that it is cancelled.
        is_answered: bool,
    },
    /// Tell when all that came before has been taken in.
    Sync(u64),
}

impl Command {
    /// When a batch's receiver looks at it: the fields of a batch have an order.
    fn phase(&self) -> u8 {
        match self {
            Self::Submit(_) | Self::Upload { .. } => 0,
            Self::Want(_) => 1,
            Self::Detach(_) => 2,
            Self::Release(_) => 3,
            Self::Cancel { .. } => 4,
            Self::Sync(_) => 5,
        }
    }

    fn key(&self) -> Option<&Key> {
        match self {
            Self::Submit(submission) => Some(&submission.task.key),
            Self::Want(key) | Self::Detach(key) | Self::Release(key) | Self::Cancel { key, .. } => {
                Some(key)
            }
            Self::Sync(_) | Self::Upload { .. } => None,
        }
    }

    fn is_release(&self) -> bool {
        matches!(self, Self::Release(_))
    }

    /// Bytes that it takes in a message, beside the definition of a task.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Submit(submission) => submission.bytes,
            Self::Upload { bytes, .. } => *bytes,
            _ => KEY_BYTES,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    commands: VecDeque<Command>,
    bytes: usize,
    /// How many of the commands let go of a key.
    releases: usize,
}

impl Queue {
    pub(super) fn push_back(&mut self, command: Command) {
        self.count(&command);
        self.commands.push_back(command);
    }

    pub(super) fn push_front(&mut self, command: Command) {
        self.count(&command);
        self.commands.push_front(command);
    }

    pub(super) fn pop_front(&mut self) -> Option<Command> {
        let command = self.commands.pop_front()?;
        self.bytes -= command.bytes();
        self.releases -= usize::from(command.is_release());
        Some(command)
    }

    fn count(&mut self, command: &Command) {
        self.bytes += command.bytes();
        self.releases += usize::from(command.is_release());
    }

    /// Whether nothing but releases is to be said.
    pub(super) fn only_releases(&self) -> bool {
        self.releases == self.commands.len()
    }

    pub(super) fn front(&self) -> Option<&Command> {
        self.commands.front()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// All commands, to be put back in another way.
    pub(super) fn take_all(&mut self) -> VecDeque<Command> {
        std::mem::take(self).commands
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Command> {
        self.commands.iter()
    }

    /// Takes out as much as fits one message, at least one command. `taken` gets each command that
    /// went in. There must be one in front that goes into messages.
    pub(super) fn batch(&mut self, config: &Config, mut taken: impl FnMut(&Command)) -> Batch {
        let mut packing = Packing::default();
        while let Some(command) = self.commands.front() {
            let Some(size) = packing.room_for(command, config) else {
                break;
            };
            let Some(command) = self.pop_front() else {
                break;
            };
            taken(&command);
            packing.add(command, size);
        }
        packing.batch
    }
}

/// A message that is being put together.
#[derive(Default)]
struct Packing {
    batch: Batch,
    items: usize,
    bytes: usize,
    /// The phases of the keys that are in it, but for tasks, which come first anyway.
    phases: KeyMap<u8>,
    /// Where the tasks are that nobody detached, of the first `indexed`: most messages that bring
    /// tasks say nothing else of them.
    submitted: KeyMap<usize>,
    indexed: usize,
    definitions: BTreeSet<*const Definition>,
    last_definition: Option<*const Definition>,
}

impl Packing {
    /// How many bytes the message takes more with this command; none if it is not to go in.
    fn room_for(&self, command: &Command, config: &Config) -> Option<usize> {
        let size = match command {
            Command::Sync(_) | Command::Upload { .. } => return None,
            Command::Submit(submission) if !self.has_definition(submission) => {
                submission.bytes + submission.definition_bytes
            }
            _ => command.bytes(),
        };
        let is_full = self.items >= config.batch_items || self.bytes + size > config.batch_bytes;
        let earlier = command.key().and_then(|key| self.phases.get(key));
        // What the receiver would look at before something that was said earlier waits.
        let is_early = earlier.is_some_and(|phase| command.phase() < *phase);
        (self.items == 0 || !(is_full || is_early)).then_some(size)
    }

    fn has_definition(&self, submission: &Submission) -> bool {
        let definition = std::sync::Arc::as_ptr(&submission.task.definition);
        self.last_definition == Some(definition) || self.definitions.contains(&definition)
    }

    fn add(&mut self, command: Command, size: usize) {
        self.items += 1;
        self.bytes += size;
        if let (Some(key), 1..) = (command.key(), command.phase()) {
            self.phases.insert(*key, command.phase());
        }
        match command {
            Command::Submit(Submission { task, .. }) => {
                let definition = std::sync::Arc::as_ptr(&task.definition);
                if self.last_definition.replace(definition) != Some(definition) {
                    self.definitions.insert(definition);
                }
                self.batch.tasks.push((task, true));
            }
            Command::Want(key) => self.batch.wanted.push(key),
            Command::Detach(key) => {
                self.submitted().remove(&key);
                self.batch.detached.push(key);
            }
            Command::Release(key) => {
                // Nobody is told of what nobody has come to hold.
                if let Some(place) = self.submitted().get(&key).copied() {
                    self.batch.tasks[place].1 = false;
                }
                self.batch.released.push(key);
            }
            Command::Cancel { key, .. } => self.batch.cancelled.push(key),
            // They are in no message: see `room_for`.
            Command::Upload { .. } | Command::Sync(_) => {}
        }
    }

    /// Where the tasks are that nobody detached.
    fn submitted(&mut self) -> &mut KeyMap<usize> {
        let new = self.batch.tasks.iter().enumerate().skip(self.indexed);
        self.submitted
            .extend(new.map(|(place, (task, _))| (task.key, place)));
        self.indexed = self.batch.tasks.len();
        &mut self.submitted
    }
}
