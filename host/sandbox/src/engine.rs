//! The wasmtime engine, tuned for one fresh instance per task.
//!
//! Two properties are bought here. *Cheap reset*: the pooling allocator keeps the pages that a task
//! touched and clears only those, where the kernel can name them (`PAGEMAP_SCAN`, Linux 6.7).
//! *Repeatable results*: NaNs are canonical, relaxed SIMD is deterministic, there are no threads.

use std::num::NonZeroUsize;

use wasmtime::{
    Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, WasmBacktraceDetails,
};

use crate::Error;

/// Most core instances in one component. CPython's, linked from many modules, has about twenty.
const CORE_INSTANCES_PER_TASK: u32 = 128;
/// Most linear memories in one component. Each costs 6 GiB of address space, nothing else.
const MEMORIES_PER_TASK: u32 = 4;
/// Bytes of one linear memory with addresses of 32 bits, for which each slot of the pool has room.
const LINEAR_MEMORY: u64 = 4 << 30;
/// Bytes of linear memory that the slots of one task hold together.
pub(crate) const TASK_MEMORY: u64 = LINEAR_MEMORY * MEMORIES_PER_TASK as u64;
/// Most tables in one component.
const TABLES_PER_TASK: u32 = 32;
/// Most elements of one table. CPython's function table has about ten thousand.
pub(crate) const MAX_TABLE_ELEMENTS: usize = 1 << 16;
/// Bytes kept resident per memory and table slot where the kernel tells which pages are dirty.
const KEEP_WITH_SCAN: usize = 32 << 20;
/// The same where it does not and all that is kept must be cleared for every task.
const KEEP_WITHOUT_SCAN: usize = 1 << 20;
/// Bytes of a table slot kept resident.
const KEEP_TABLE: usize = 256 << 10;

/// Calls that a backtrace tells, the innermost.
pub(crate) const FRAMES_MAX: usize = 20;

/// How the memory of a finished task is cleared for the next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reset {
    /// The kernel names the dirty pages and only they are cleared.
    DirtyPages,
    /// A prefix is cleared by hand, the rest is given back to the kernel. Slower.
    Prefix,
}

impl Reset {
    /// What this machine's kernel allows.
    pub fn available() -> Self {
        if PoolingAllocationConfig::is_pagemap_scan_available() {
            Self::DirtyPages
        } else {
            Self::Prefix
        }
    }
}

/// Makes the engine for tasks without (`metered = false`) or with fuel.
pub(crate) fn new(slots: usize, metered: bool) -> Result<Engine, Error> {
    let fail = |message: String| Error::Engine { slots, message };
    let slots_u32 = u32::try_from(slots)
        .ok()
        .filter(|slots| (1..=1 << 14).contains(slots))
        .ok_or_else(|| fail("between 1 and 16384 slots are possible".to_owned()))?;
    let mut config = wasmtime::Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(slots_u32)))
        .epoch_interruption(true)
        .consume_fuel(metered)
        // Guests are synchronous, and calls cost half without it.
        .concurrency_support(false)
        .wasm_memory64(false)
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        // Names of functions come from the name section; offsets into code help nobody here.
        .generate_address_map(false)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .wasm_backtrace_max_frames(NonZeroUsize::new(FRAMES_MAX));
    Engine::new(&config).map_err(|error| fail(format!("{error:#}")))
}

/// Every slot has room for the largest component, so a task that holds a slot is never refused.
fn pool(slots: u32) -> PoolingAllocationConfig {
    let keep = match Reset::available() {
        Reset::DirtyPages => KEEP_WITH_SCAN,
        Reset::Prefix => KEEP_WITHOUT_SCAN,
    };
    let mut pool = PoolingAllocationConfig::new();
    pool.pagemap_scan(Enabled::Auto)
        .linear_memory_keep_resident(keep)
        .table_keep_resident(KEEP_TABLE)
        .max_unused_warm_slots(slots)
        .total_component_instances(slots)
        .total_core_instances(slots * CORE_INSTANCES_PER_TASK)
        .max_core_instances_per_component(CORE_INSTANCES_PER_TASK)
        .total_memories(slots * MEMORIES_PER_TASK)
        .max_memories_per_component(MEMORIES_PER_TASK)
        .total_tables(slots * TABLES_PER_TASK)
        .max_tables_per_component(TABLES_PER_TASK)
        .table_elements(MAX_TABLE_ELEMENTS)
        // Fibers are for asynchronous guests.
        .total_stacks(1);
    pool
}
