//! Cores that keep what they were told in a file, and the file as it is read again.
//!
//! A thread of its own writes, with a buffer that it flushes whenever it has nothing to do: so a
//! process that is killed leaves all but the last of its record. Where the disk is slower than the
//! core, the core waits for it; where it is full, recording ends with a warning.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, BufWriter, Write},
    ops::Deref,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::mpsc::{self, TryRecvError},
    thread::{self, JoinHandle},
};

use capnp::{
    message::{Builder, ReaderOptions},
    serialize,
};
use wask_core::Time;
use wask_schema::record_capnp::{entry, header};

use crate::{
    Error,
    wire::{self, Core, Outcome, Setup},
};

/// Notes that may wait for the thread that writes.
const WAITING_MAX: usize = 4096;

/// A core that keeps what it was told in a file, if it is given one.
pub struct Recorded<C: Core> {
    core: C,
    recorder: Option<Recorder<C>>,
    /// When the core was last asked to decide, and what came out so far.
    deciding: Option<(Time, Vec<C::Action>)>,
}

/// What a core was told, or was asked.
enum Note<C: Core> {
    Event(Time, C::Event),
    Scheduled(Time, Vec<C::Action>),
}

/// The thread that writes. Its end is waited for when this drops.
struct Recorder<C: Core> {
    /// Taken at the end.
    sender: Option<mpsc::SyncSender<Note<C>>>,
    thread: Option<JoinHandle<()>>,
}

impl<C: Core> Recorded<C> {
    /// A core that was made just now, of `setup`, and the file for its record.
    ///
    /// # Errors
    ///
    /// Where the file cannot be made.
    pub fn new(core: C, setup: &Setup, file: Option<&Path>) -> Result<Self, Error> {
        let recorder = file.map(|path| Recorder::start(path, setup)).transpose()?;
        Ok(Self {
            core,
            recorder,
            deciding: None,
        })
    }

    /// Tells the core.
    pub fn handle(&mut self, now: Time, event: C::Event) {
        if self.recorder.is_some() {
            self.note(Note::Event(now, event.clone()));
        }
        self.core.handle(now, event);
    }

    /// Has the core decide. All actions are to be polled before it is told anything more.
    pub fn schedule(&mut self, now: Time) {
        self.core.schedule(now);
        self.deciding = self.recorder.is_some().then(|| (now, Vec::new()));
    }

    /// The next thing to be done.
    pub fn poll_action(&mut self) -> Option<C::Action> {
        let action = self.core.poll_action();
        match (&mut self.deciding, &action) {
            (None, _) => {}
            (Some((_, actions)), Some(action)) => actions.push(action.clone()),
            (Some(_), None) => {
                if let Some((now, actions)) = self.deciding.take() {
                    self.note(Note::Scheduled(now, actions));
                }
            }
        }
        action
    }

    /// Ends the record, and waits until it is written.
    pub fn end(&mut self) {
        self.recorder = None;
    }

    fn note(&mut self, note: Note<C>) {
        let kept = self.recorder.as_ref().is_none_or(|recorder| {
            let sender = recorder.sender.as_ref();
            sender.is_some_and(|sender| sender.send(note).is_ok())
        });
        if !kept {
            // The thread has ended, and has said why.
            self.recorder = None;
        }
    }
}

impl<C: Core> Deref for Recorded<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.core
    }
}

impl<C: Core> Recorder<C> {
    fn start(path: &Path, setup: &Setup) -> Result<Self, Error> {
        let failed = |source| Error::Record {
            path: path.display().to_string(),
            source,
        };
        let mut file = BufWriter::new(create(path).map_err(failed)?);
        let mut message = Builder::new_default();
        wire::write_setup(message.init_root::<header::Builder<'_>>(), setup);
        serialize::write_message(&mut file, &message)?;
        file.flush().map_err(failed)?;
        let (sender, notes) = mpsc::sync_channel(WAITING_MAX);
        let path = path.display().to_string();
        let write = move || {
            if let Err(error) = write_notes::<C>(file, &notes) {
                tracing::warn!("the record {path} ends here: {error}");
            }
        };
        let thread = thread::Builder::new().name("wask-record".to_owned());
        Ok(Self {
            sender: Some(sender),
            thread: Some(thread.spawn(write).map_err(failed)?),
        })
    }
}

impl<C: Core> Drop for Recorder<C> {
    fn drop(&mut self) {
        self.sender.take();
        if let Some(thread) = self.thread.take() {
            // There is nobody left to hand a panic to.
            let _ = thread.join();
        }
    }
}

/// A file for its owner only: it holds what clients sent.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(true);
    options.mode(0o600).open(path)
}

/// Writes until there is nobody who notes anything.
fn write_notes<C: Core>(
    mut file: BufWriter<File>,
    notes: &mpsc::Receiver<Note<C>>,
) -> Result<(), Error> {
    loop {
        let note = match notes.try_recv() {
            Ok(note) => note,
            Err(TryRecvError::Disconnected) => break,
            Err(TryRecvError::Empty) => {
                file.flush().map_err(capnp::Error::from)?;
                match notes.recv() {
                    Ok(note) => note,
                    Err(mpsc::RecvError) => break,
                }
            }
        };
        let mut message = Builder::new_default();
        let mut out = message.init_root::<entry::Builder<'_>>();
        match note {
            Note::Event(now, event) => {
                out.set_nanos(now.as_nanos());
                C::write_event(out, &event);
            }
            Note::Scheduled(now, actions) => {
                out.set_nanos(now.as_nanos());
                wire::write_outcome(out.init_scheduled(), &Outcome::of(&actions));
            }
        }
        serialize::write_message(&mut file, &message)?;
    }
    file.flush().map_err(capnp::Error::from)?;
    Ok(())
}

/// A record that is read again.
pub struct Record<R> {
    setup: Setup,
    input: R,
    is_torn: bool,
}

/// One entry of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry<E> {
    /// The core was told this.
    Event(Time, E),
    /// The core was asked to decide, and this came out.
    Scheduled(Time, Outcome),
}

/// An event may be as large as the largest message that comes in parts, and is visited several
/// times; a file that claims more is none.
const LARGE: ReaderOptions = ReaderOptions {
    traversal_limit_in_words: Some((512 << 20) / 8),
    nesting_limit: 64,
};

impl Record<BufReader<File>> {
    /// Opens a file.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, or is no record of this version.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(|source| Error::Record {
            path: path.display().to_string(),
            source,
        })?;
        Self::read(BufReader::new(file))
    }
}

impl<R: BufRead> Record<R> {
    /// Reads the beginning of a record.
    ///
    /// # Errors
    ///
    /// Where it is no record of this version.
    pub fn read(mut input: R) -> Result<Self, Error> {
        let message = serialize::read_message(&mut input, LARGE)?;
        Ok(Self {
            setup: wire::read_setup(message.get_root()?)?,
            input,
            is_torn: false,
        })
    }

    /// Which core it is of.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Whether it ends in the middle of an entry, as that of a process that was killed may.
    pub fn is_torn(&self) -> bool {
        self.is_torn
    }

    /// The next entry; none at the end. The core must be of the kind that [`setup`](Self::setup)
    /// says.
    ///
    /// # Errors
    ///
    /// Where the entry makes no sense.
    pub fn next_entry<C: Core>(&mut self) -> Result<Option<Entry<C::Event>>, Error> {
        let message = match serialize::try_read_message(&mut self.input, LARGE) {
            Ok(Some(message)) => message,
            Ok(None) => return Ok(None),
            // What fails with nothing left to read has not come to its end.
            Err(error) => match self.input.fill_buf() {
                Ok([]) => {
                    self.is_torn = true;
                    return Ok(None);
                }
                _ => return Err(error.into()),
            },
        };
        let entry: entry::Reader<'_> = message.get_root()?;
        let time = Time::from_nanos(entry.get_nanos());
        Ok(Some(match entry.which()? {
            entry::Scheduled(scheduled) => Entry::Scheduled(time, wire::read_outcome(scheduled?)?),
            _ => Entry::Event(time, C::read_event(entry)?),
        }))
    }
}
