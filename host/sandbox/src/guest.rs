//! What a running guest has: its limits, and the deterministic stand-in for WASI 0.2.
//!
//! A guest sees a virtual clock, randomness seeded by the call, an empty environment, no
//! directories, and sockets that refuse. So two runs of one call see the same world.

use wasmtime::{
    Engine,
    component::{Linker, ResourceTable},
};
use wasmtime_wasi::{
    WasiCtx, WasiCtxView, WasiView,
    p2::bindings::{clocks::monotonic_clock, random::insecure_seed},
};

use crate::{
    cancel::Stop,
    clock::{ClockView, HasClock, VirtualClock},
    limits::Limiter,
    log::{Log, LogStream},
    random::{HasHashSeed, HashSeed, Lazy, Source},
};

/// Most random bytes a guest may ask for at once.
const MAX_RANDOM: u64 = 1 << 20;
/// Most host resources (streams, pollables) that a guest may hold. Each takes up to 300 bytes.
const MAX_RESOURCES: usize = 16_384;
/// Most handles that the components of an instance may hold and lend together, of resources of
/// their own as well. Each takes 24 bytes of the host.
pub(crate) const MAX_HANDLES: usize = 100_000;
/// Most bytes that a guest may hand to the host in one call.
pub(crate) const MAX_HANDED: usize = 4 << 20;

/// The data of a task's store.
pub(crate) struct Guest {
    pub(crate) stop: Stop,
    pub(crate) limiter: Limiter,
    /// None where the component imports no randomness.
    randomness: Option<Source>,
    max_log: usize,
    /// Made when the guest first asks for it: most tasks never do.
    wasi: Option<Box<Wasi>>,
}

struct Wasi {
    ctx: WasiCtx,
    table: ResourceTable,
    clock: VirtualClock,
    log: LogStream,
}

impl Guest {
    pub(crate) fn new(stop: Stop, memory: u64, randomness: Option<Source>, max_log: usize) -> Self {
        Self {
            stop,
            limiter: Limiter::new(memory),
            randomness,
            max_log,
            wasi: None,
        }
    }

    /// What the guest printed.
    pub(crate) fn take_log(&mut self) -> Log {
        self.wasi
            .as_ref()
            .map_or_else(Log::default, |wasi| wasi.log.take())
    }

    fn wasi(&mut self) -> &mut Wasi {
        let (randomness, max_log) = (self.randomness.as_ref(), self.max_log);
        self.wasi
            .get_or_insert_with(|| Box::new(Wasi::new(randomness, max_log)))
    }
}

impl Wasi {
    fn new(randomness: Option<&Source>, max_log: usize) -> Self {
        let clock = VirtualClock::default();
        let log = LogStream::new(max_log);
        let ctx = WasiCtx::builder()
            .stdout(log.clone())
            .stderr(log.clone())
            .wall_clock(clock.clone())
            .monotonic_clock(clock.clone())
            .secure_random(Lazy::new(randomness, "wasi secure"))
            .insecure_random(Lazy::new(randomness, "wasi insecure"))
            // Asked for by nobody: `HashSeed` takes its place.
            .insecure_random_seed(0)
            .max_random_size(MAX_RANDOM)
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .build();
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        Self {
            ctx,
            table,
            clock,
            log,
        }
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let wasi = self.wasi();
        WasiCtxView {
            ctx: &mut wasi.ctx,
            table: &mut wasi.table,
        }
    }
}

/// Everything that components may import.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
    linker.allow_shadowing(true);
    monotonic_clock::add_to_linker::<Guest, HasClock>(&mut linker, |guest| {
        let wasi = guest.wasi();
        ClockView {
            clock: &wasi.clock,
            table: &mut wasi.table,
        }
    })?;
    insecure_seed::add_to_linker::<Guest, HasHashSeed>(&mut linker, |guest| {
        HashSeed(guest.randomness.as_ref())
    })?;
    linker.allow_shadowing(false);
    Ok(linker)
}
