//! Every limit of the connections between processes, by name.

use std::time::Duration;

use capnp::message::ReaderOptions;

/// What a peer may ask of this process, and how much this process sends at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one incoming message, and of what its reader visits, which may be the same several
    /// times. Its header alone makes the reader allocate that much. A sender keeps to
    /// [`whole_bytes`](Self::whole_bytes).
    pub message_bytes: usize,
    /// How long a message may take from its first byte to its last.
    pub message_time: Duration,
    /// Bytes of a message that comes in parts: a task of very many inputs.
    pub large_bytes: usize,
    /// Depth of pointers in one message.
    pub message_nesting: i32,
    /// Bytes on their way in one stream, before its sender waits.
    pub stream_window: usize,
    /// Bytes of objects in one message of a stream. Larger chunks fall out of the caches.
    pub chunk_bytes: usize,
    /// Results up to this size, in bytes, ride on the message that announces them.
    pub inline_bytes: usize,
    /// Tasks, commands or events in one message.
    pub batch_items: usize,
    /// Bytes of one message of tasks, commands or events, and of a part of a large one. A single
    /// item may take more.
    pub batch_bytes: usize,
    /// Bytes of the values that stand in one task's arguments.
    pub argument_bytes: usize,
    /// Time to connect.
    pub connect: Duration,
    /// Time after connecting within which a peer must have been let in.
    pub admission: Duration,
    /// Connections that a listener serves at a time.
    pub connections: usize,
    /// Of them, those that have not been let in yet; one more pushes out the oldest.
    pub strangers: usize,
    /// Bytes that a peer may send before it is let in, each message with what it costs to keep.
    pub stranger_bytes: usize,
    /// Messages that a peer may send before it is let in.
    pub stranger_messages: usize,
    /// Answers that wait to be sent to a peer that is not let in yet, because it does not read.
    pub stranger_answers: usize,
    /// Lines that strangers have written into the log, all together, in
    /// [`stranger_lines_every`](Self::stranger_lines_every).
    pub stranger_lines: usize,
    /// How long [`stranger_lines`](Self::stranger_lines) lines are enough.
    pub stranger_lines_every: Duration,
    /// Capabilities that come with one message.
    pub capabilities: usize,
    /// How long a peer may leave a question unanswered, where it has to answer at once.
    pub answer_time: Duration,
    /// How long a client that stores values may send none of their bytes.
    pub transfer_idle: Duration,
    /// Questions of a peer that are not both answered and done with.
    pub questions: usize,
    /// Questions that a peer gave up before they were answered; each takes some room for as long as
    /// the connection lives.
    pub given_up: usize,
    /// Bytes of a peer's messages whose questions are not answered. A stream has a window of them.
    pub question_bytes: usize,
    /// Bytes of answers that wait to be sent, because the peer does not read.
    pub answer_bytes: usize,
    /// Bytes of all that waits to be sent to a peer: of each stream to it a window.
    pub queued_bytes: usize,
    /// How often peers send a sign of life.
    pub heartbeat: Duration,
}

impl Limits {
    /// How often a reader may visit what is in a message: ours visit nothing more than twice.
    pub const VISITS: usize = 4;

    /// Bytes of the largest message that is sent whole: the reader has room for its visits.
    pub fn whole_bytes(&self) -> usize {
        self.message_bytes / Self::VISITS
    }

    /// How incoming messages are read.
    pub fn reader_options(&self) -> ReaderOptions {
        let mut options = ReaderOptions::new();
        options.traversal_limit_in_words(Some(self.message_bytes / 8));
        options.nesting_limit(self.message_nesting);
        options
    }

    /// How long a peer may be silent before it is taken for dead: three heartbeats.
    pub fn silence(&self) -> Duration {
        self.heartbeat * 3
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 16 << 20,
            message_time: Duration::from_secs(60),
            large_bytes: 128 << 20,
            message_nesting: 64,
            stream_window: 4 << 20,
            chunk_bytes: 512 << 10,
            inline_bytes: 4 << 10,
            batch_items: 2_000,
            batch_bytes: 1 << 20,
            argument_bytes: 4 << 20,
            connect: Duration::from_secs(5),
            admission: Duration::from_secs(10),
            connections: 10_000,
            strangers: 500,
            stranger_bytes: 64 << 10,
            stranger_messages: 64,
            stranger_answers: 16,
            stranger_lines: 10,
            stranger_lines_every: Duration::from_secs(10),
            capabilities: 64,
            answer_time: Duration::from_secs(30),
            transfer_idle: Duration::from_secs(60),
            questions: 100_000,
            given_up: 500_000,
            question_bytes: 512 << 20,
            answer_bytes: 64 << 20,
            queued_bytes: 2 << 30,
            heartbeat: Duration::from_secs(2),
        }
    }
}
