//! Running one task.

use std::time::Instant;

use bytes::Bytes;
use wasmtime::{AsContextMut, Store, component::ComponentExportIndex};

use crate::{
    Cancel, Compiled, FunctionHandle, Outcome, Report, Sandbox, TaskLimits,
    call::{Arguments, MIN_OUTPUT_FUEL, Returned},
    cancel::{self, Stop},
    guest::Guest,
};

/// What to call, and with what.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The function, from [`Compiled::function`].
    pub function: FunctionHandle,
    /// The encodings of the arguments one after another, in as many pieces as there happen to be.
    pub arguments: &'a [Bytes],
    /// The task's key, which decides what the guest gets for randomness.
    pub seed: [u8; 32],
    /// What the task may use.
    pub limits: TaskLimits,
}

impl Sandbox {
    /// Runs a function in a fresh instance, which is gone afterwards. Waits for a free slot.
    ///
    /// The calling thread is the one that runs the guest. It must not be a worker thread of an
    /// asynchronous runtime: guests block.
    pub fn run(&self, compiled: &Compiled, call: &Call<'_>, cancel: &Cancel) -> Report {
        if compiled.is_metered() != call.limits.fuel.is_some() {
            let message = "code with fuel is for tasks with a limit on fuel, and only for them";
            return Report::not_run(Outcome::Unavailable(message.to_owned()));
        }
        let Some(export) = compiled.export(call.function) else {
            let message = "the function belongs to another component";
            return Report::not_run(Outcome::Unavailable(message.to_owned()));
        };
        let _place = self.gate().enter();
        let start = Instant::now();
        let stop = Stop {
            cancel: cancel.clone(),
            deadline: call
                .limits
                .timeout
                .and_then(|timeout| start.checked_add(timeout)),
        };
        let guest = Guest::new(stop, call.limits.memory, call.seed, self.config().max_log);
        let mut store = Store::new(compiled.engine(), guest);
        let returned = call_fresh(&mut store, compiled, export, call);
        let fuel_used = call
            .limits
            .fuel
            .map(|fuel| fuel - store.get_fuel().unwrap_or(0).min(fuel));
        let log = store.data_mut().take_log();
        let limiter = &store.data().limiter;
        let outcome = match returned {
            Ok(Returned::Value(value)) => sized(value, &call.limits, Outcome::Value),
            Ok(Returned::Error(error)) => sized(error, &call.limits, Outcome::GuestError),
            Err(error) => Outcome::from_error(&error, limiter, &log),
        };
        let peak_memory = limiter.peak();
        // The instance's memory is cleared on this task's time, not on the next one's.
        drop(store);
        Report {
            outcome,
            log,
            duration: start.elapsed(),
            peak_memory,
            fuel_used,
        }
    }
}

fn call_fresh(
    store: &mut Store<Guest>,
    compiled: &Compiled,
    export: &ComponentExportIndex,
    call: &Call<'_>,
) -> wasmtime::Result<Returned> {
    // A task that was cancelled while it waited never starts.
    store.data().stop.check()?;
    store.limiter(|guest| &mut guest.limiter);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(cancel::on_tick);
    if let Some(fuel) = call.limits.fuel {
        store.set_fuel(fuel)?;
    }
    let max_output = usize::try_from(call.limits.max_output).unwrap_or(usize::MAX);
    store
        .as_context_mut()
        .set_hostcall_fuel(max_output.max(MIN_OUTPUT_FUEL));
    let instance = compiled.pre().instantiate(&mut *store)?;
    instance
        .get_typed_func::<Arguments<'_>, Returned>(&mut *store, export)?
        .call(store, Arguments(call.arguments))
}

/// Lifting stops a result that is much too large; this is the exact limit.
fn sized(bytes: Vec<u8>, limits: &TaskLimits, outcome: fn(Vec<u8>) -> Outcome) -> Outcome {
    if bytes.len() as u64 > limits.max_output {
        return Outcome::OutputTooLarge;
    }
    outcome(bytes)
}
