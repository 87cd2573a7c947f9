//! One process's sandbox: the engine, what it links, and the components it knows.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU64, Ordering},
};

use wask_component::{Component, Digest};
use wasmtime::{Engine, component::Linker};

use crate::{
    Cancel, Compiled, Config, Error,
    cache::{self, CodeCache},
    compiler::{Compilers, NoCode},
    engine,
    gate::Gate,
    guest::{self, Guest},
    library::{Key, Library},
    text::error_chain,
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
    /// None where components are compiled in this process.
    compilers: Option<Compilers>,
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
    /// [`Error::Engine`] where there is no room for the slots, [`Error::Thread`]. A folder for
    /// compiled code that is not private or can not be written is not used, which is logged.
    pub fn new(config: Config) -> Result<Self, Error> {
        let open = |dir| CodeCache::open(dir, config.cache_bytes);
        let cache = match config.cache_dir.as_deref().map(open).transpose() {
            Ok(cache) => cache,
            Err(error) => {
                tracing::warn!("{error}; components are compiled anew each time");
                None
            }
        };
        let plain = Profile::new(config.slots, false)?;
        let gate = Gate::new(config.slots)?;
        gate.add(&plain.engine);
        Ok(Self(Arc::new(Inner {
            library: Library::new(config.max_components),
            compilers: config.compiler.clone().map(Compilers::new),
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

    /// A component that is in memory already, ready to run.
    pub fn compiled(&self, digest: Digest, metered: bool) -> Option<Arc<Compiled>> {
        self.0.library.find(Key { digest, metered })
    }

    /// The component, ready to run. Compiled at most once as long as it is in memory or on disk.
    ///
    /// # Errors
    /// [`Error::Compile`] or [`Error::Link`] where the component is not fit for sandboxes, or takes
    /// more to compile than [`Config::compiler`] gives; [`Error::Compiler`].
    pub fn compile(&self, component: &Component) -> Result<Arc<Compiled>, Error> {
        self.compile_until(component, false, &Cancel::new())
    }

    /// The same for tasks with a limit on fuel, which other code is compiled for.
    ///
    /// # Errors
    /// As [`compile`](Self::compile).
    pub fn compile_metered(&self, component: &Component) -> Result<Arc<Compiled>, Error> {
        self.compile_until(component, true, &Cancel::new())
    }

    /// The component, ready to run tasks that count fuel, or such as do not, unless nobody wants it
    /// any more. A compiler in a process of its own is stopped then.
    ///
    /// # Errors
    /// As [`compile`](Self::compile); [`Error::Cancelled`].
    pub fn compile_until(
        &self,
        component: &Component,
        metered: bool,
        cancel: &Cancel,
    ) -> Result<Arc<Compiled>, Error> {
        let digest = component.digest();
        loop {
            let key = Key { digest, metered };
            let found = self.0.library.get_or_compile(key, || {
                let profile = self.profile(metered)?;
                let code = self.code(&profile.engine, component, metered, cancel)?;
                let pre = profile
                    .linker
                    .instantiate_pre(&code)
                    .map_err(|error| Error::Link {
                        digest,
                        message: error_chain(&error),
                    })?;
                Compiled::new(component, metered, &code, pre).map(Arc::new)
            });
            match found {
                // Somebody else did not want it any more, whom this one has waited for.
                Err(Error::Cancelled { .. }) if !cancel.is_cancelled() => {}
                found => return found,
            }
        }
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
        metered: bool,
        cancel: &Cancel,
    ) -> Result<wasmtime::component::Component, Error> {
        let digest = component.digest();
        let cache = self.0.cache.as_ref();
        if let Some(code) = cache.and_then(|cache| cache.load(engine, digest)) {
            self.0.loaded.fetch_add(1, Ordering::Relaxed);
            return Ok(code);
        }
        let refused = |message: String| Error::Compile { digest, message };
        let bytes = component.bytes();
        let (loaded, code) = match &self.0.compilers {
            None => {
                let loaded = wasmtime::component::Component::from_binary(engine, bytes)
                    .map_err(|error| refused(error_chain(&error)))?;
                (loaded, None)
            }
            Some(compilers) => {
                let code = compilers.compile(bytes, metered, cancel);
                let code = code.map_err(|why| match why {
                    NoCode::Cancelled => Error::Cancelled { digest },
                    NoCode::NotStarted(message) => Error::Compiler { message },
                    NoCode::Refused(message) => refused(message),
                })?;
                let loaded = cache::load_compiled(engine, &code)
                    .map_err(|error| refused(error_chain(&error)))?;
                (loaded, Some(code))
            }
        };
        self.0.compiled.fetch_add(1, Ordering::Relaxed);
        if let Some(cache) = cache {
            match code {
                Some(code) => cache.store_code(engine, digest, &code),
                None => cache.store(engine, digest, &loaded),
            }
        }
        Ok(loaded)
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
            message: error_chain(&error),
        })?;
        Ok(Self { engine, linker })
    }
}
