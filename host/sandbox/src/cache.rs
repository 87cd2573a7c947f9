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
    fs::{self, DirBuilder, File, OpenOptions},
    hash::{Hash, Hasher},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
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

/// A folder of compiled components.
pub(crate) struct CodeCache {
    dir: PathBuf,
    /// Makes the names of unfinished files unique within this process.
    unfinished: AtomicU64,
}

impl CodeCache {
    /// Opens the folder, and makes it where it is missing.
    ///
    /// # Errors
    /// [`Error::Cache`] where others could write to the folder, or this user can not.
    pub(crate) fn open(dir: &Path) -> Result<Self, Error> {
        Self::open_private(dir).map_err(|error| Error::Cache {
            path: dir.to_owned(),
            message: error.to_string(),
        })
    }

    fn open_private(dir: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let cache = Self {
            dir: dir.to_owned(),
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

    fn new_file(&self) -> io::Result<(File, PathBuf)> {
        let number = self.unfinished.fetch_add(1, Ordering::Relaxed);
        let name = format!(".unfinished-{}-{number}", process::id());
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
        self.dir.join(format!("{}.cwasm", key.finalize().to_hex()))
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
        let cache = CodeCache::open(&dir.path().join("new/cache")).unwrap();
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
    fn a_damaged_file_is_not_loaded() {
        let dir = tempfile::tempdir().unwrap();
        let cache = CodeCache::open(&dir.path().join("cache")).unwrap();
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
        let cache = CodeCache::open(&dir.path().join("cache")).unwrap();
        let plain = engine();
        cache.store(&plain, DIGEST, &component(&plain));
        let metered = crate::engine::new(1, true).unwrap();
        assert!(cache.load(&metered, DIGEST).is_none());
    }

    #[test]
    fn a_folder_that_others_can_write_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o770)).unwrap();
        let error = CodeCache::open(dir.path()).err().unwrap().to_string();
        assert!(error.contains("others have access"), "{error}");
    }

    #[test]
    fn the_wasmtime_in_the_key_is_the_one_in_use() {
        let manifest = include_str!("../../../Cargo.toml");
        assert!(manifest.contains(&format!("wasmtime = {{ version = \"={WASMTIME}\"")));
    }
}
