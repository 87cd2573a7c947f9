//! A clock that no guest can tell time by.
//!
//! It starts at a fixed instant. Reading it moves it by a microsecond, so that waiting in a loop
//! ends; sleeping moves it to the moment of waking and takes no time at all.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::{
    HostMonotonicClock, HostWallClock, async_trait,
    p2::{DynPollable, Pollable, bindings::clocks::monotonic_clock, subscribe},
};

/// The wall clock's first reading, as Unix time: 2024-01-01T00:00:00Z. Part of what a result may
/// depend on, so changing it changes the engine profile.
const START: Duration = Duration::from_secs(1_704_067_200);
/// How far a reading moves the clock, in nanoseconds. Also the clock's resolution.
const READING_NS: u64 = 1_000;

/// Nanoseconds since the task's start. Clones are the same clock.
#[derive(Clone, Default)]
pub(crate) struct VirtualClock(Arc<AtomicU64>);

impl VirtualClock {
    fn read(&self) -> u64 {
        let next = self.0.load(Ordering::Relaxed).saturating_add(READING_NS);
        self.0.store(next, Ordering::Relaxed);
        next
    }

    fn advance_to(&self, instant: u64) {
        self.0.fetch_max(instant, Ordering::Relaxed);
    }
}

impl HostWallClock for VirtualClock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(READING_NS)
    }

    fn now(&self) -> Duration {
        START + Duration::from_nanos(self.read())
    }
}

impl HostMonotonicClock for VirtualClock {
    fn resolution(&self) -> u64 {
        READING_NS
    }

    fn now(&self) -> u64 {
        self.read()
    }
}

/// A sleep: over as soon as somebody waits for it.
struct Sleep {
    clock: VirtualClock,
    until: u64,
}

#[async_trait]
impl Pollable for Sleep {
    async fn ready(&mut self) {
        self.clock.advance_to(self.until);
    }
}

/// Tells the linker what a clock borrows from a guest.
pub(crate) struct HasClock;

impl HasData for HasClock {
    type Data<'a> = ClockView<'a>;
}

/// The clock and where its sleeps are kept: `wasi:clocks/monotonic-clock` without waiting.
/// wasmtime's own would really sleep, and nothing could interrupt it.
pub(crate) struct ClockView<'a> {
    pub(crate) clock: &'a VirtualClock,
    pub(crate) table: &'a mut ResourceTable,
}

impl ClockView<'_> {
    fn sleep_until(&mut self, until: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let clock = self.clock.clone();
        let sleep = self.table.push(Sleep { clock, until })?;
        subscribe(self.table, sleep)
    }
}

impl monotonic_clock::Host for ClockView<'_> {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.clock.read())
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(READING_NS)
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        self.sleep_until(when)
    }

    fn subscribe_duration(&mut self, duration: u64) -> wasmtime::Result<Resource<DynPollable>> {
        self.sleep_until(self.clock.read().saturating_add(duration))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_ticks_and_sleeping_advances() {
        let clock = VirtualClock::default();
        assert_eq!(clock.read(), 1_000);
        assert_eq!(clock.read(), 2_000);
        clock.advance_to(5_000_000);
        assert_eq!(clock.read(), 5_001_000);
        clock.advance_to(1);
        assert_eq!(
            HostWallClock::now(&clock),
            START + Duration::from_nanos(5_002_000)
        );
    }

    #[test]
    fn the_clock_stops_at_its_end() {
        let clock = VirtualClock::default();
        clock.advance_to(u64::MAX);
        assert_eq!(clock.read(), u64::MAX);
        assert!(HostWallClock::now(&clock) > START);
    }
}
