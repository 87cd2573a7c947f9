//! Where objects go that memory has no room for.

use std::io;

/// Names a file of one backend. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u64);

/// Keeps bytes outside of memory. All calls come from one thread; none needs to be fast, and each
/// may fail. The store keeps checksums itself, so a backend need not notice damage.
pub trait SpillBackend: Send {
    /// Writes a file whole, or fails and leaves none.
    fn write(&mut self, file: FileId, bytes: &[u8]) -> io::Result<()>;

    /// Reads a file, which was written with `nbytes` bytes.
    fn read(&mut self, file: FileId, nbytes: u64) -> io::Result<Vec<u8>>;

    /// Removes a file.
    fn remove(&mut self, file: FileId) -> io::Result<()>;
}
