//! What a running guest has: its limits, and the deterministic stand-in for WASI 0.2.
//!
//! A guest sees a virtual clock, randomness seeded by its task's key, an empty environment, no
//! directories, and sockets that refuse. So two runs of a task with one key see the same world.

use wasmtime::{
    Engine,
    component::{Linker, ResourceTable},
};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView, p2::bindings::clocks::monotonic_clock};

use crate::{
    cancel::Stop,
    clock::{ClockView, HasClock, VirtualClock},
    limits::Limiter,
    log::{Log, LogStream},
    random::Seeded,
};

/// Most random bytes a guest may ask for at once.
const MAX_RANDOM: u64 = 1 << 20;
/// Most host resources (streams, pollables) that a guest may hold.
const MAX_RESOURCES: usize = 100_000;

/// The data of a task's store.
pub(crate) struct Guest {
    pub(crate) stop: Stop,
    pub(crate) limiter: Limiter,
    seed: [u8; 32],
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
    pub(crate) fn new(stop: Stop, memory: u64, seed: [u8; 32], max_log: usize) -> Self {
        Self {
            stop,
            limiter: Limiter::new(memory),
            seed,
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
        let (seed, max_log) = (&self.seed, self.max_log);
        self.wasi
            .get_or_insert_with(|| Box::new(Wasi::new(seed, max_log)))
    }
}

impl Wasi {
    fn new(seed: &[u8; 32], max_log: usize) -> Self {
        let clock = VirtualClock::default();
        let log = LogStream::new(max_log);
        let hash_seed = Seeded::new(seed, "wasi insecure seed").take();
        let ctx = WasiCtx::builder()
            .stdout(log.clone())
            .stderr(log.clone())
            .wall_clock(clock.clone())
            .monotonic_clock(clock.clone())
            .secure_random(Seeded::new(seed, "wasi secure"))
            .insecure_random(Seeded::new(seed, "wasi insecure"))
            .insecure_random_seed(u128::from_le_bytes(hash_seed))
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
    linker.allow_shadowing(false);
    Ok(linker)
}
