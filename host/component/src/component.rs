//! A component that was admitted.

use std::{fs::File, io::Read, path::Path, sync::Arc};

use bytes::Bytes;

use crate::{
    Digest, Error, Function, Interface, Limits, MissingImport, imports, inspect, source, validate,
    world,
};

/// A component that was admitted: valid, within limits, and with nothing missing that it imports.
/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Component {
    bytes: Bytes,
    digest: Digest,
    interface: Arc<Interface>,
    file: Option<Arc<str>>,
}

impl Component {
    /// Admits a component from a binary component, WAT text, or a core module with component-type
    /// metadata, with the default [`Limits`].
    ///
    /// # Errors
    /// Says what the bytes are if they are none of these, what is invalid, which imports are
    /// missing, or which limit is exceeded.
    pub fn load(source: &[u8]) -> Result<Self, Error> {
        Self::load_with(source, &Limits::default())
    }

    /// [`load`](Self::load) with other limits.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_with(source: &[u8], limits: &Limits) -> Result<Self, Error> {
        let component = source::to_component(source, limits)?.into_owned();
        Self::admit(component.into(), limits)
    }

    /// [`load`](Self::load)s a file, of which no more is read than the default limit.
    ///
    /// # Errors
    /// [`Error::Read`], and as [`load`](Self::load).
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::from_file_with(path, &Limits::default())
    }

    /// [`from_file`](Self::from_file) with other limits.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file).
    pub fn from_file_with(path: impl AsRef<Path>, limits: &Limits) -> Result<Self, Error> {
        let path = path.as_ref();
        let source = read(path, limits).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        let file = path.file_name().map(|name| name.to_string_lossy().into());
        let component = Self::load_with(&source, limits)?;
        Ok(Self { file, ..component })
    }

    /// Admits a binary component and nothing else, without copying it: for bytes that others sent,
    /// whose digest was computed by them.
    ///
    /// # Errors
    /// [`Error::NotBinaryComponent`], and as [`load`](Self::load).
    pub fn from_binary(bytes: impl Into<Bytes>, limits: &Limits) -> Result<Self, Error> {
        let bytes = bytes.into();
        source::check_binary_component(&bytes, limits)?;
        Self::admit(bytes, limits)
    }

    /// What there is in a file that may not be admitted because imports are missing: its interface,
    /// and these.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file), but for [`Error::MissingImports`].
    pub fn look_at(path: impl AsRef<Path>) -> Result<(Interface, Vec<MissingImport>), Error> {
        let (path, limits) = (path.as_ref(), Limits::default());
        let source = read(path, &limits).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        let component = source::to_component(&source, &limits)?;
        let validated = validate::validate(&component, &limits)?;
        let missing = match imports::check(&component, &validated) {
            Ok(()) => Vec::new(),
            Err(Error::MissingImports { missing }) => missing,
            Err(error) => return Err(error),
        };
        Ok((inspect::interface(validated, &limits)?, missing))
    }

    fn admit(bytes: Bytes, limits: &Limits) -> Result<Self, Error> {
        let validated = validate::validate(&bytes, limits)?;
        imports::check(&bytes, &validated)?;
        let interface = Arc::new(inspect::interface(validated, limits)?);
        let digest = Digest::of(&bytes);
        Ok(Self {
            bytes,
            digest,
            interface,
            file: None,
        })
    }

    /// The name of the file that it was read from, if it was; what is no UTF-8 in it is replaced.
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// The binary component.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The digest of [`bytes`](Self::bytes), which names the component.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// What the component exports and imports.
    pub fn interface(&self) -> &Interface {
        &self.interface
    }

    /// The world that the component implements, as WIT text: for people, and for tools that make
    /// glue of it.
    ///
    /// # Errors
    /// [`Error::World`]
    pub fn wit(&self) -> Result<String, Error> {
        world::of(&self.bytes)
    }

    /// The functions that tasks can call, in the component's order.
    pub fn functions(&self) -> &[Function] {
        &self.interface.functions
    }

    /// The function called `name`, see [`Interface::function`].
    ///
    /// # Errors
    /// As [`Interface::function`].
    pub fn function(&self, name: &str) -> Result<&Function, Error> {
        self.interface.function(name)
    }
}

/// Reads at most one byte more than the limit, so that a file, or a pipe without end, that is too
/// large is noticed and not read.
fn read(path: &Path, limits: &Limits) -> std::io::Result<Vec<u8>> {
    let mut source = Vec::new();
    let bound = (limits.max_bytes as u64).saturating_add(1);
    File::open(path)?.take(bound).read_to_end(&mut source)?;
    Ok(source)
}

#[cfg(test)]
mod tests;
