//! What a client core may do at a time.

/// The limits of messages, and whether a session outlives its connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Tasks and keys in one message.
    pub batch_items: usize,
    /// Bytes of one message. A task that takes more goes alone.
    pub batch_bytes: usize,
    /// Bytes of what was sent and not acknowledged that are kept, to be said again over another
    /// connection. None where a session ends with its connection: then nothing is kept.
    pub resend_bytes: Option<usize>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            batch_items: 2_000,
            batch_bytes: 1 << 20,
            resend_bytes: None,
        }
    }
}
