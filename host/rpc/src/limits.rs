//! Every limit of the connections between processes, by name.

use std::time::Duration;

use capnp::message::ReaderOptions;

/// What a peer may ask of this process, and how much this process sends at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one incoming message. Its header alone makes the reader allocate that much.
    pub message_bytes: usize,
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
    /// Bytes of arguments in one message of tasks; one task's own may be larger, up to what a
    /// message holds.
    pub batch_bytes: usize,
    /// Time to connect.
    pub connect: Duration,
    /// Time after connecting within which a peer must have been let in.
    pub admission: Duration,
    /// Connections that a listener serves at a time.
    pub connections: usize,
    /// Of them, those that have not been let in yet.
    pub strangers: usize,
    /// How often peers send a sign of life.
    pub heartbeat: Duration,
}

impl Limits {
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
            message_bytes: 8 << 20,
            message_nesting: 64,
            stream_window: 4 << 20,
            chunk_bytes: 512 << 10,
            inline_bytes: 4 << 10,
            batch_items: 2_000,
            batch_bytes: 1 << 20,
            connect: Duration::from_secs(5),
            admission: Duration::from_secs(10),
            connections: 10_000,
            strangers: 100,
            heartbeat: Duration::from_secs(2),
        }
    }
}
