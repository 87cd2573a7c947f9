//! Components that a cluster knows, and their functions.

use std::{fmt, marker::PhantomData, path::PathBuf, sync::Arc};

use bytes::Bytes;
use wask_component::Interface;
use wask_core::{Digest, TaskKind};
use wask_rpc::wire::ComponentInfo;
use wask_value::{FunctionType, WitType};

use crate::{Dynamic, Error, Options, blueprint::Blueprint, handle::Description};

/// A component: a library of task functions. Cheap to clone.
///
/// From [`Client::upload`](crate::Client::upload), [`Client::component`](crate::Client::component)
/// or, without a cluster, [`load`](Self::load).
#[derive(Clone)]
pub struct Component(Arc<Inner>);

struct Inner {
    digest: Digest,
    name: Option<String>,
    file: Option<String>,
    size: u64,
    interface: Interface,
    /// Where this process has it.
    code: Option<wask_component::Component>,
}

impl Component {
    /// Reads a component from a file or from bytes, without a cluster. Its functions can be
    /// delayed and [computed](crate::compute) here; the first graph of them that a client computes
    /// takes the component along to the cluster.
    ///
    /// ```no_run
    /// use wask_client::Component;
    ///
    /// # fn main() -> Result<(), wask_client::Error> {
    /// let words = Component::load("target/guests/word_count.wasm")?;
    /// let count = words.function("count-words")?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Component`] where it cannot be read or is none that wask runs.
    pub fn load(source: impl Into<Source>) -> Result<Self, Error> {
        let code = source.into().load()?;
        Ok(Self(Arc::new(Inner {
            digest: Digest(*code.digest().as_bytes()),
            name: None,
            file: code.file().map(str::to_owned),
            size: code.bytes().len() as u64,
            interface: code.interface().clone(),
            code: Some(code),
        })))
    }

    pub(crate) fn new(
        info: ComponentInfo,
        code: Option<wask_component::Component>,
    ) -> Result<Self, Error> {
        let functions = info.functions.into_iter().map(|function| {
            let ty = function.ty.parse().map_err(|source| Error::Value {
                what: format!("the type of function {}", function.name).into(),
                source: Box::new(source),
            })?;
            Ok(wask_component::Function {
                name: function.name,
                ty,
                docs: function.docs,
            })
        });
        let interface = Interface {
            functions: functions.collect::<Result<_, Error>>()?,
            ..Interface::default()
        };
        Ok(Self(Arc::new(Inner {
            digest: info.digest,
            name: info.name,
            file: info.file,
            size: info.size,
            interface,
            code,
        })))
    }

    /// The component itself, where this process has it.
    pub(crate) fn code(&self) -> Option<&wask_component::Component> {
        self.0.code.as_ref()
    }

    /// What names the component: the BLAKE3 digest of its bytes.
    pub fn digest(&self) -> Digest {
        self.0.digest
    }

    /// The name that it was given, if any.
    pub fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// The name of the file that it was first read from, as the client said that gave it to the
    /// cluster: for people.
    pub fn file(&self) -> Option<&str> {
        self.0.file.as_deref()
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        self.0.size
    }

    /// Its functions, in the component's order.
    ///
    /// ```no_run
    /// # fn example(component: wask_client::Component) {
    /// for function in component.functions() {
    ///     // count-words: func(text: string) -> list<tuple<string, u32>>
    ///     println!("{}: {}", function.name(), function.ty());
    /// }
    /// # }
    /// ```
    pub fn functions(&self) -> impl ExactSizeIterator<Item = Function> + '_ {
        let functions = self.0.interface.functions.iter();
        functions.map(|function| self.make(function))
    }

    /// The function called `name`: by its full name (`demo:text/words#count`), with underscores
    /// for hyphens, or by the end of its name where only one has it (`count`).
    ///
    /// ```no_run
    /// # fn example(component: wask_client::Component) -> Result<(), wask_client::Error> {
    /// let count = component.function("count-words")?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Component`] where there is none, with what was probably meant.
    pub fn function(&self, name: &str) -> Result<Function, Error> {
        Ok(self.make(self.0.interface.function(name)?))
    }

    fn make(&self, function: &wask_component::Function) -> Function {
        let name: Arc<str> = function.name.as_str().into();
        let kind = TaskKind::function(self.0.digest, name.clone());
        let options = Options::default();
        Function {
            component: self.clone(),
            signature: Arc::new(Signature {
                name,
                ty: function.ty.clone(),
                docs: function.docs.clone(),
            }),
            description: describe(&function.name, &function.ty, &options),
            blueprint: Blueprint::new(kind, options),
            returns: PhantomData,
        }
    }
}

impl fmt::Debug for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Component")
            .field("digest", &self.0.digest)
            .field("name", &self.0.name)
            .finish_non_exhaustive()
    }
}

/// A function of a component, and how it is to be run. Cheap to clone.
///
/// `R` is the Rust type as which its results are read: [`Dynamic`] leaves that open until a
/// result is asked for, [`returning`](Self::returning) settles it.
pub struct Function<R = Dynamic> {
    signature: Arc<Signature>,
    pub(crate) description: Arc<Description>,
    pub(crate) blueprint: Arc<Blueprint>,
    component: Component,
    returns: PhantomData<fn() -> R>,
}

struct Signature {
    name: Arc<str>,
    ty: FunctionType,
    docs: Option<String>,
}

impl<R> Function<R> {
    /// Its full name: `count-words`, or `demo:text/words#count` in an interface.
    pub fn name(&self) -> &str {
        &self.signature.name
    }

    /// What it takes and returns.
    pub fn ty(&self) -> &FunctionType {
        &self.signature.ty
    }

    /// Its documentation, where the component carries it.
    pub fn docs(&self) -> Option<&str> {
        self.signature.docs.as_deref()
    }

    /// The same function, run with other options.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # fn example(client: &Client, count: &Function) -> Result<(), Error> {
    /// use wask_client::Options;
    ///
    /// let urgent = count.with(Options::new().priority(10));
    /// let future = client.submit(&urgent, ("to be or not to be",))?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn with(&self, options: Options) -> Self {
        let Signature { name, ty, .. } = &*self.signature;
        let kind = self.blueprint.kind.clone();
        Self {
            description: describe(name, ty, &options),
            blueprint: Blueprint::new(kind, options),
            ..self.clone()
        }
    }

    /// The same function, with the Rust type that its results are read as: futures of it are
    /// [`Future<T>`](crate::Future), which can be awaited for a `T`.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # async fn example(client: &Client, words: &Component) -> Result<(), Error> {
    /// let count = words.function("count-words")?.returning::<Vec<(String, u32)>>()?;
    /// let counts = client.submit(&count, ("to be or not to be",))?.await?;
    /// assert_eq!(counts[0], ("be".into(), 2));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Type`] where the function returns another type.
    pub fn returning<T: WitType>(&self) -> Result<Function<T>, Error> {
        let (got, wanted) = (&self.description.ty, T::wit_type());
        if *got != wanted {
            return Err(Error::Type {
                what: format!("the result of {}", self.name()).into(),
                wanted,
                got: got.clone(),
            });
        }
        Ok(Function {
            signature: self.signature.clone(),
            description: self.description.clone(),
            blueprint: self.blueprint.clone(),
            component: self.component.clone(),
            returns: PhantomData,
        })
    }

    /// The component whose function this is.
    pub fn component(&self) -> &Component {
        &self.component
    }

    pub(crate) fn shared_name(&self) -> &Arc<str> {
        &self.signature.name
    }
}

fn describe(name: &str, ty: &FunctionType, options: &Options) -> Arc<Description> {
    Arc::new(Description {
        label: options.task.label.clone().unwrap_or_else(|| name.into()),
        ty: ty.value_type(),
    })
}

impl<R> Clone for Function<R> {
    fn clone(&self) -> Self {
        Self {
            signature: self.signature.clone(),
            description: self.description.clone(),
            blueprint: self.blueprint.clone(),
            component: self.component.clone(),
            returns: PhantomData,
        }
    }
}

impl<R> fmt::Debug for Function<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name(), self.ty())
    }
}

/// Where a component comes from: a file, by its path, or bytes. Binary components, WAT text, and
/// core modules that carry component-type metadata.
#[derive(Clone, Debug)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// What a file would hold.
    Bytes(Bytes),
    /// What was admitted already.
    Admitted(wask_component::Component),
}

macro_rules! sources {
    ($($from:ty => $case:ident),* $(,)?) => {$(
        impl From<$from> for Source {
            fn from(from: $from) -> Self {
                Self::$case(from.into())
            }
        }
    )*};
}

sources! {
    &str => File, String => File, &String => File, PathBuf => File, &std::path::Path => File, &PathBuf => File,
    Vec<u8> => Bytes, Bytes => Bytes, &'static [u8] => Bytes, wask_component::Component => Admitted,
}

impl Source {
    /// Admits the component: a mistake in it is told before anything is sent.
    pub(crate) fn load(self) -> Result<wask_component::Component, Error> {
        Ok(match self {
            Self::File(path) => wask_component::Component::from_file(path)?,
            Self::Bytes(bytes) => wask_component::Component::load(&bytes)?,
            Self::Admitted(component) => component,
        })
    }
}
