//! One process's sandbox: the engine, what it links, and the components it knows.

use std::{
    iter,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use wask_component::{Component, Digest};
use wasmtime::{Engine, component::Linker};

use crate::{
    Compiled, Config, Error,
    cache::CodeCache,
    engine,
    gate::Gate,
    guest::{self, Guest},
    library::{Key, Library},
    text::{self, MESSAGE_MAX},
};

/// Compiles components and runs their functions, each call in a fresh instance.
///
/// There is one per process, since its memory pool reserves much address space. Clones are the
/// same sandbox.
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

struct Inner {
    config: Config,
    gate: Arc<Gate>,
    plain: Profile,
    /// For tasks that count fuel. Made for the first of them.
    metered: OnceLock<Result<Profile, Error>>,
    library: Library,
    cache: Option<CodeCache>,
    compiled: AtomicU64,
    loaded: AtomicU64,
}

/// An engine and all that components may import from it.
struct Profile {
    engine: Engine,
    linker: Linker<Guest>,
}

/// Where compiled code has come from so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CodeStats {
    /// Components that were compiled.
    pub compiled: u64,
    /// Components whose code was on disk.
    pub loaded: u64,
}

impl Sandbox {
    /// Sets up the engine and opens the cache.
    ///
    /// # Errors
    /// [`Error::Engine`] where there is no room for the slots, [`Error::Cache`] where the folder is
    /// not private or can not be written, [`Error::Thread`].
    pub fn new(config: Config) -> Result<Self, Error> {
        let cache = match &config.cache_dir {
            Some(dir) => Some(CodeCache::open(dir)?),
            None => None,
        };
        let plain = Profile::new(config.slots, false)?;
        let gate = Gate::new(config.slots)?;
        gate.add(&plain.engine);
        Ok(Self(Arc::new(Inner {
            library: Library::new(config.max_components),
            config,
            gate,
            plain,
            metered: OnceLock::new(),
            cache,
            compiled: AtomicU64::new(0),
            loaded: AtomicU64::new(0),
        })))
    }

    /// The settings it was made with.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The most bytes of linear memory that a task can have here: what its memories in the pool
    /// hold, and no more than it was set up for. A task that asks for more is refused.
    pub fn task_memory_max(&self) -> u64 {
        self.0.config.task_memory_max.min(engine::TASK_MEMORY)
    }

    /// The component, ready to run. Compiled at most once as long as it is in memory or on disk.
    ///
    /// # Errors
    /// [`Error::Compile`] or [`Error::Link`] where the component is not fit for sandboxes.
    pub fn compile(&self, component: &Component) -> Result<Arc<Compiled>, Error> {
        self.get_or_compile(component, false)
    }

    /// The same for tasks with a limit on fuel, which other code is compiled for.
    ///
    /// # Errors
    /// As [`compile`](Self::compile).
    pub fn compile_metered(&self, component: &Component) -> Result<Arc<Compiled>, Error> {
        self.get_or_compile(component, true)
    }

    /// How often components were compiled, and how often their code was on disk.
    pub fn code_stats(&self) -> CodeStats {
        CodeStats {
            compiled: self.0.compiled.load(Ordering::Relaxed),
            loaded: self.0.loaded.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn gate(&self) -> &Gate {
        &self.0.gate
    }

    fn get_or_compile(&self, component: &Component, metered: bool) -> Result<Arc<Compiled>, Error> {
        let digest = component.digest();
        let key = Key { digest, metered };
        self.0.library.get_or_compile(key, || {
            let profile = self.profile(metered)?;
            let code = self.code(&profile.engine, component)?;
            let pre = profile
                .linker
                .instantiate_pre(&code)
                .map_err(|error| Error::Link {
                    digest,
                    message: chain(&error),
                })?;
            Compiled::new(component, metered, &code, pre).map(Arc::new)
        })
    }

    fn profile(&self, metered: bool) -> Result<&Profile, Error> {
        if !metered {
            return Ok(&self.0.plain);
        }
        let made = self.0.metered.get_or_init(|| {
            let profile = Profile::new(self.0.config.slots, true)?;
            self.0.gate.add(&profile.engine);
            Ok(profile)
        });
        made.as_ref().map_err(Clone::clone)
    }

    fn code(
        &self,
        engine: &Engine,
        component: &Component,
    ) -> Result<wasmtime::component::Component, Error> {
        let digest = component.digest();
        let cache = self.0.cache.as_ref();
        if let Some(code) = cache.and_then(|cache| cache.load(engine, digest)) {
            self.0.loaded.fetch_add(1, Ordering::Relaxed);
            return Ok(code);
        }
        let code = compile(engine, digest, component.bytes())?;
        self.0.compiled.fetch_add(1, Ordering::Relaxed);
        if let Some(cache) = cache {
            cache.store(engine, digest, &code);
        }
        Ok(code)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.gate.close();
    }
}

impl Profile {
    fn new(slots: usize, metered: bool) -> Result<Self, Error> {
        let engine = engine::new(slots, metered)?;
        let linker = guest::linker(&engine).map_err(|error| Error::Engine {
            slots,
            message: chain(&error),
        })?;
        Ok(Self { engine, linker })
    }
}

fn compile(
    engine: &Engine,
    digest: Digest,
    bytes: &[u8],
) -> Result<wasmtime::component::Component, Error> {
    wasmtime::component::Component::from_binary(engine, bytes).map_err(|error| Error::Compile {
        digest,
        message: chain(&error),
    })
}

/// An error and its causes on one line. Compilers quote names of any length.
fn chain(error: &wasmtime::Error) -> String {
    let causes: Vec<String> = iter::once(error.to_string())
        .chain(error.chain().skip(1).map(ToString::to_string))
        .collect();
    text::start(&causes.join(": "), MESSAGE_MAX).into_owned()
}
