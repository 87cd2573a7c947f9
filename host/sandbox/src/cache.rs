//! Compiled code on disk, so that a component is compiled once per machine.
//!
//! Loading compiled code is running it: nothing but what this user wrote may ever be loaded. So the
//! folder must belong to this user and be closed to all others, files are made with mode 0600, and
//! a checksum turns a damaged file into a recompilation. Compiled code is accepted from nobody else.
#![expect(
    unsafe_code,
    reason = "wasmtime can not verify compiled code that it deserializes"
)]

use std::{
    collections::hash_map::DefaultHasher,
    ffi::OsStr,
    fs::{self, DirBuilder, File, OpenOptions},
    hash::{Hash, Hasher},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

use wask_component::Digest;
use wasmtime::{Engine, component::Component};

use crate::Error;

/// First bytes of a file. The number is the format of the file, not of the code within.
const MAGIC: &[u8; 16] = b"wask code v1\0\0\0\0";
/// Magic and checksum.
const HEADER: usize = MAGIC.len() + blake3::OUT_LEN;
/// The wasmtime that this crate is built with. Its code is fit for no other.
const WASMTIME: &str = "48.0.8";

/// The ending of the names of compiled code.
const ENDING: &str = "cwasm";
/// The beginning of the names of files that are not finished, and the time after which nobody
/// finishes them any more.
const UNFINISHED: (&str, Duration) = (".unfinished-", Duration::from_secs(24 * 3600));

/// A folder of compiled components.
pub(crate) struct CodeCache {
    dir: PathBuf,
    /// Bytes that all files may have together.
    limit: u64,
    /// Makes the names of unfinished files unique within this process.
    unfinished: AtomicU64,
}

impl CodeCache {
    /// Opens the folder, and makes it where it is missing.
    ///
    /// # Errors
    /// [`Error::Cache`] where others could write to the folder, or this user can not.
    pub(crate) fn open(dir: &Path, limit: u64) -> Result<Self, Error> {
        Self::open_private(dir, limit).map_err(|error| Error::Cache {
            path: dir.to_owned(),
            message: error.to_string(),
        })
    }

    fn open_private(dir: &Path, limit: u64) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let cache = Self {
            dir: dir.to_owned(),
            limit,
            unfinished: AtomicU64::new(0),
        };
        let folder = fs::metadata(dir)?;
        if folder.mode() & 0o077 != 0 {
            return Err(io::Error::other(
                "others have access to it (want mode 0700)",
            ));
        }
        // A file that we make belongs to us: this also finds a folder that can not be written.
        let (probe, path) = cache.new_file()?;
        let ours = probe.metadata().map(|file| file.uid());
        fs::remove_file(path)?;
        if ours? != folder.uid() {
            return Err(io::Error::other("it belongs to another user"));
        }
        Ok(cache)
    }

    /// The compiled code of a component, if it is here and whole.
    pub(crate) fn load(&self, engine: &Engine, digest: Digest) -> Option<Component> {
        let path = self.path(engine, digest);
        let content = match fs::read(&path) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "failed to read compiled code");
                return None;
            }
        };
        let Some(code) = checked(&content) else {
            tracing::warn!(path = %path.display(), "compiled code is damaged, compiling again");
            return None;
        };
        touch(&path);
        // SAFETY: the bytes are what `Component::serialize` gave for this engine's settings, this
        // wasmtime and this kind of CPU (all are in the file's name): the checksum says that they
        // are unchanged since `store` wrote them, and `open` made sure that only this user, who
        // could as well change this program, can write files here.
        let component = unsafe { Component::deserialize(engine, code) };
        component
            .inspect_err(|error| {
                tracing::warn!(path = %path.display(), %error, "compiled code does not load");
            })
            .ok()
    }

    /// Keeps the compiled code of a component. Failing is not an error: it costs a compilation.
    pub(crate) fn store(&self, engine: &Engine, digest: Digest, component: &Component) {
        match component.serialize() {
            Ok(code) => self.store_code(engine, digest, &code),
            Err(error) => tracing::warn!(%digest, %error, "failed to keep compiled code"),
        }
    }

    /// The same for code as it was serialized.
    pub(crate) fn store_code(&self, engine: &Engine, digest: Digest, code: &[u8]) {
        let path = self.path(engine, digest);
        if let Err(error) = self.write(&path, code) {
            tracing::warn!(path = %path.display(), %error, "failed to keep compiled code");
        }
    }

    fn write(&self, path: &Path, code: &[u8]) -> io::Result<()> {
        let size = (HEADER + code.len()) as u64;
        if size > self.limit {
            let message = format!("it takes more than the {} bytes of all code", self.limit);
            return Err(io::Error::other(message));
        }
        self.make_room(size)?;
        let (mut file, unfinished) = self.new_file()?;
        let written = file
            .write_all(MAGIC)
            .and_then(|()| file.write_all(blake3::hash(code).as_bytes()))
            .and_then(|()| file.write_all(code))
            // Readers see the whole file or none.
            .and_then(|()| fs::rename(&unfinished, path));
        if written.is_err() {
            // The first error is the one to tell.
            fs::remove_file(&unfinished).ok();
        }
        written
    }

    /// Removes what was not used for the longest time, so that so many bytes more are within the
    /// limit. Other processes may do the same meanwhile: who loads a file that is gone compiles.
    fn make_room(&self, bytes: u64) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let path = entry?.path();
            let Ok(file) = fs::symlink_metadata(&path) else {
                continue;
            };
            let used = file.modified()?;
            if path.extension().is_some_and(|ending| ending == ENDING) {
                files.push((used, file.len(), path));
            } else if is_left_over(&path, used) {
                remove(&path);
            }
        }
        files.sort_unstable();
        let mut kept: u64 = files.iter().map(|(_, size, _)| size).sum();
        for (_, size, path) in files {
            if kept.saturating_add(bytes) <= self.limit {
                break;
            }
            remove(&path);
            kept -= size;
        }
        Ok(())
    }

    fn new_file(&self) -> io::Result<(File, PathBuf)> {
        let number = self.unfinished.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}{}-{number}", UNFINISHED.0, process::id());
        let path = self.dir.join(name);
        // Left by a process that had our id and died.
        fs::remove_file(&path).ok();
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        Ok((file, path))
    }

    /// All that compiled code depends on is in its name.
    fn path(&self, engine: &Engine, digest: Digest) -> PathBuf {
        let mut settings = DefaultHasher::new();
        // Compiler settings, wasm features, and the CPU features that were found.
        engine.precompile_compatibility_hash().hash(&mut settings);
        let mut key = blake3::Hasher::new();
        key.update(digest.as_bytes());
        key.update(&settings.finish().to_le_bytes());
        key.update(WASMTIME.as_bytes());
        key.update(std::env::consts::ARCH.as_bytes());
        self.dir
            .join(format!("{}.{ENDING}", key.finalize().to_hex()))
    }
}

/// Notes that a file was used just now. Where that fails, it counts as older than it is.
fn touch(path: &Path) {
    let file = File::open(path);
    let touched = file.and_then(|file| file.set_modified(SystemTime::now()));
    if let Err(error) = touched {
        tracing::debug!(path = %path.display(), %error, "failed to note the use of code");
    }
}

fn is_left_over(path: &Path, used: SystemTime) -> bool {
    let (beginning, time) = UNFINISHED;
    let name = path.file_name().and_then(OsStr::to_str);
    let is_old = used.elapsed().is_ok_and(|age| age > time);
    is_old && name.is_some_and(|name| name.starts_with(beginning))
}

fn remove(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(path = %path.display(), %error, "failed to remove compiled code");
        }
        _ => {}
    }
}

/// The component that code is which a compiler in a process of its own has just made.
pub(crate) fn load_compiled(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes are what `Engine::precompile_component` gave in a process that this one has
    // started, of a program that whoever runs this one has named, over a pipe that no other has.
    // wasmtime refuses code of another version, for other settings or another kind of CPU.
    unsafe { Component::deserialize(engine, code) }
}

/// The code in a file, if the checksum is right.
fn checked(content: &[u8]) -> Option<&[u8]> {
    let (header, code) = content.split_at_checked(HEADER)?;
    let checksum = header.strip_prefix(MAGIC)?;
    (blake3::hash(code).as_bytes() == checksum).then_some(code)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const LIMIT: u64 = 1 << 30;
    const DIGEST: Digest = Digest::from_bytes([5; 32]);

    fn engine() -> Engine {
        crate::engine::new(1, false).unwrap()
    }

    fn component(engine: &Engine) -> Component {
        Component::new(engine, wat::parse_str("(component)").unwrap()).unwrap()
    }

    #[test]
    fn what_was_stored_loads_and_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let cache = CodeCache::open(&dir.path().join("new/cache"), LIMIT).unwrap();
        let engine = engine();
        assert!(cache.load(&engine, DIGEST).is_none());
        cache.store(&engine, DIGEST, &component(&engine));
        assert!(cache.load(&engine, DIGEST).is_some());
        assert!(cache.load(&engine, Digest::from_bytes([6; 32])).is_none());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&cache.dir), 0o700);
        assert_eq!(mode(&cache.path(&engine, DIGEST)), 0o600);
        assert_eq!(fs::read_dir(&cache.dir).unwrap().count(), 1);
    }

    #[test]
    fn what_was_not_used_for_the_longest_time_makes_room() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("cache");
        let engine = engine();
        let code = component(&engine).serialize().unwrap();
        let limit = 3 * (HEADER + code.len()) as u64;
        let cache = CodeCache::open(&folder, limit).unwrap();
        let digest = |n| Digest::from_bytes([n; 32]);
        let age = |n: u8, seconds| {
            let file = File::open(cache.path(&engine, digest(n))).unwrap();
            let then = SystemTime::now() - Duration::from_secs(seconds);
            file.set_modified(then).unwrap();
        };
        for n in 0..3 {
            cache.store_code(&engine, digest(n), &code);
            age(n, 300 - u64::from(n));
        }
        let left_over = folder.join(".unfinished-1-1");
        let file = File::create(&left_over).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        // The oldest, but it is used.
        assert!(cache.load(&engine, digest(0)).is_some());
        cache.store_code(&engine, digest(3), &code);
        let is_there = [0, 1, 2, 3].map(|n| cache.path(&engine, digest(n)).exists());
        assert_eq!(is_there, [true, false, true, true]);
        assert!(!left_over.exists());
        // More than all files may have: nothing makes room for it.
        cache.store_code(&engine, digest(4), &vec![0; 1 << 20]);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 3);
    }

    #[test]
    fn a_damaged_file_is_not_loaded() {
        let dir = tempfile::tempdir().unwrap();
        let cache = CodeCache::open(&dir.path().join("cache"), LIMIT).unwrap();
        let engine = engine();
        cache.store(&engine, DIGEST, &component(&engine));
        let path = cache.path(&engine, DIGEST);
        let whole = fs::read(&path).unwrap();
        for damage in [0, MAGIC.len(), HEADER, whole.len() / 2, whole.len() - 1] {
            let mut content = whole.clone();
            content[damage] ^= 1;
            fs::write(&path, content).unwrap();
            assert!(cache.load(&engine, DIGEST).is_none(), "byte {damage}");
        }
        for length in [0, HEADER - 1, HEADER, whole.len() - 1] {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(cache.load(&engine, DIGEST).is_none(), "{length} bytes");
        }
        cache.store(&engine, DIGEST, &component(&engine));
        assert!(cache.load(&engine, DIGEST).is_some());
    }

    #[test]
    fn code_with_and_without_fuel_is_kept_apart() {
        let dir = tempfile::tempdir().unwrap();
        let cache = CodeCache::open(&dir.path().join("cache"), LIMIT).unwrap();
        let plain = engine();
        cache.store(&plain, DIGEST, &component(&plain));
        let metered = crate::engine::new(1, true).unwrap();
        assert!(cache.load(&metered, DIGEST).is_none());
    }

    #[test]
    fn a_folder_that_others_can_write_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o770)).unwrap();
        let error = CodeCache::open(dir.path(), LIMIT)
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains("others have access"), "{error}");
    }

    #[test]
    fn the_wasmtime_in_the_key_is_the_one_in_use() {
        let manifest = include_str!("../../../Cargo.toml");
        assert!(manifest.contains(&format!("wasmtime = {{ version = \"={WASMTIME}\"")));
    }
}
