//! What processes print, in files of bounded size.

use std::{
    io::{self, PipeWriter, Read, Write},
    path::Path,
    thread,
};

use file_rotate::{ContentLimit, FileRotate, compression::Compression, suffix::AppendCount};

/// Bytes of a log before it becomes the old one, and a new one begins.
const LOG_BYTES: usize = 16 << 20;
/// Old logs that are kept.
const OLD_LOGS: usize = 1;

/// A pipe into a log. The log ends when the last process that writes to the pipe does.
pub(super) fn pipe_into(path: &Path) -> io::Result<PipeWriter> {
    let (mut reader, writer) = io::pipe()?;
    let mut log = FileRotate::new(
        path,
        AppendCount::new(OLD_LOGS),
        ContentLimit::BytesSurpassed(LOG_BYTES),
        Compression::None,
        None,
    );
    thread::Builder::new()
        .name("wask-log".into())
        .spawn(move || {
            let mut buffer = vec![0; 64 << 10];
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                // A disk that is full costs the log, not the process that writes it.
                let _ = log.write_all(&buffer[..length]);
            }
        })?;
    Ok(writer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_has_a_bounded_size_and_keeps_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("worker.log");
        let mut writer = pipe_into(&path).unwrap();
        let line = [b'x'; 1 << 20];
        for _ in 0..3 * (LOG_BYTES >> 20) {
            writer.write_all(&line).unwrap();
        }
        writer.write_all(b"the end").unwrap();
        drop(writer);
        let read_back = || std::fs::read(&path).unwrap_or_default();
        while !read_back().ends_with(b"the end") {
            thread::yield_now();
        }
        let files: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().metadata().unwrap().len())
            .collect();
        assert!(files.len() <= 1 + OLD_LOGS, "{files:?}");
        let total: u64 = files.iter().sum();
        let most = (LOG_BYTES + (1 << 20)) * (1 + OLD_LOGS);
        assert!(total <= most as u64, "{total} bytes");
    }
}
