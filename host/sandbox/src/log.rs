//! What a task wrote to stdout and stderr.
//!
//! The stream never refuses and never fails: a guest that prints too much keeps running, and the
//! last bytes are kept, since a panic's message comes last.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use wasmtime_wasi::{
    async_trait,
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamError, StreamResult},
};

use wask_core::bytes_text;

/// Bytes that a guest may hand over in one call.
const CHUNK: usize = 64 << 10;

/// The end of a task's output.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Log {
    /// The last bytes of stdout and stderr, in the order in which they were written.
    pub bytes: Vec<u8>,
    /// How many bytes came before.
    pub dropped: u64,
}

impl fmt::Display for Log {
    /// What was kept, and how much came before.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.dropped > 0 {
            writeln!(f, "… {} before this", bytes_text(self.dropped))?;
        }
        f.write_str(&String::from_utf8_lossy(&self.bytes))
    }
}

/// Output as it comes.
pub(crate) struct LogBuffer {
    log: Log,
    limit: usize,
}

impl LogBuffer {
    /// One that keeps the last `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            log: Log::default(),
            limit,
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.log.bytes.extend_from_slice(bytes);
        // Moving bytes to the front only when as many have been added makes it cheap.
        if self.log.bytes.len() > 2 * self.limit {
            self.drop_beyond_limit();
        }
    }

    /// What came after all that is here.
    pub(crate) fn append(&mut self, later: &Log) {
        if later.dropped > 0 {
            self.log.dropped += self.log.bytes.len() as u64 + later.dropped;
            self.log.bytes.clear();
        }
        self.push(&later.bytes);
    }

    /// What was kept. Leaves the buffer empty.
    pub(crate) fn take(&mut self) -> Log {
        self.drop_beyond_limit();
        std::mem::take(&mut self.log)
    }

    fn drop_beyond_limit(&mut self) {
        let beyond = self.log.bytes.len().saturating_sub(self.limit);
        self.log.bytes.drain(..beyond);
        self.log.dropped += beyond as u64;
    }
}

/// Both output streams of a guest.
#[derive(Clone)]
pub(crate) struct LogStream(Arc<Mutex<LogBuffer>>);

impl LogStream {
    /// A stream that keeps the last `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self(Arc::new(Mutex::new(LogBuffer::new(limit))))
    }

    /// What was kept. Leaves the stream empty.
    pub(crate) fn take(&self) -> Log {
        self.lock().take()
    }

    /// Nothing that can panic runs under the lock.
    fn lock(&self) -> MutexGuard<'_, LogBuffer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IsTerminal for LogStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogStream {
    /// Asked for by WASI 0.3 alone, which is not linked.
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for LogStream {
    async fn ready(&mut self) {}
}

#[async_trait]
impl OutputStream for LogStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if bytes.len() > CHUNK {
            let message = "the guest wrote more bytes than `check-write` allows";
            return Err(StreamError::trap(message));
        }
        self.lock().push(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(CHUNK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_bytes_are_kept_and_the_rest_counted() {
        let mut stream = LogStream::new(4);
        for word in ["one ", "two ", "three"] {
            stream.write(Bytes::from_static(word.as_bytes())).unwrap();
        }
        let log = stream.take();
        assert_eq!(log.bytes, b"hree");
        assert_eq!(log.dropped, 9);
        assert_eq!(stream.take(), Log::default());
    }

    #[test]
    fn a_buffer_joins_logs() {
        let log = |bytes: &[u8], dropped| Log {
            bytes: bytes.to_vec(),
            dropped,
        };
        let mut buffer = LogBuffer::new(4);
        for later in [log(b"ab", 0), log(b"", 0), log(b"cde", 0)] {
            buffer.append(&later);
        }
        assert_eq!(buffer.take(), log(b"bcde", 1));
        buffer.append(&log(b"ab", 0));
        buffer.append(&log(b"cd", 10));
        assert_eq!(buffer.take(), log(b"cd", 12));
    }

    #[test]
    fn nothing_is_dropped_below_the_limit() {
        let mut stream = LogStream::new(100);
        stream.write(Bytes::from_static(b"a\nb\n")).unwrap();
        assert_eq!(
            stream.take(),
            Log {
                bytes: b"a\nb\n".to_vec(),
                dropped: 0
            }
        );
    }
}
