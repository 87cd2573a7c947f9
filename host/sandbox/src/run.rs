//! Calling a function in a fresh instance.

use std::time::Instant;

use bytes::Bytes;
use wask_core::{Key, bytes_text};
use wask_value::FunctionType;
use wasmtime::Store;

use crate::{
    Cancel, Compiled, FunctionHandle, Log, Outcome, Report, Sandbox, TaskLimits,
    call::{Allowance, Arguments, Returned},
    cancel::{self, Stop},
    component::Export,
    gate::Place,
    guest::{Guest, MAX_HANDED, MAX_HANDLES},
    random::Source,
};

/// What to call, and with what.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The function, from [`Compiled::function`].
    pub function: FunctionHandle,
    /// The encodings of the arguments one after another, in as many pieces as there happen to be.
    pub arguments: &'a [Bytes],
    /// Of an impure task, see [`nonce`](crate::nonce). What the guest gets for randomness depends
    /// on this, the function and the arguments.
    pub nonce: Option<Key>,
    /// What the task may use.
    pub limits: TaskLimits,
}

impl Sandbox {
    /// Runs a function in a fresh instance, which is gone afterwards. Waits for a free slot.
    ///
    /// The calling thread is the one that runs the guest. It must not be a worker thread of an
    /// asynchronous runtime: guests block.
    pub fn run(&self, compiled: &Compiled, call: &Call<'_>, cancel: &Cancel) -> Report {
        match Run::begin(self, compiled, call.function, call.limits, cancel) {
            Ok(run) => run.call(call.arguments, call.nonce),
            Err(why) => Report::not_run(why),
        }
    }
}

/// A task that has a slot, and calls one function: once, or many times one after another.
pub(crate) struct Run<'a> {
    compiled: &'a Compiled,
    export: &'a Export,
    pub(crate) limits: TaskLimits,
    pub(crate) max_log: usize,
    start: Instant,
    stop: Stop,
    /// Given back at the end.
    _place: Place<'a>,
}

impl<'a> Run<'a> {
    /// Waits for a free slot, or until the task is cancelled. The time that the task may take begins
    /// when it has its slot.
    pub(crate) fn begin(
        sandbox: &'a Sandbox,
        compiled: &'a Compiled,
        function: FunctionHandle,
        limits: TaskLimits,
        cancel: &Cancel,
    ) -> Result<Self, Outcome> {
        if compiled.is_metered() != limits.fuel.is_some() {
            let message = "code with fuel is for tasks with a limit on fuel, and only for them";
            return Err(Outcome::Unavailable(message.to_owned()));
        }
        let most = sandbox.task_memory_max();
        if limits.memory > most {
            return Err(Outcome::Unavailable(format!(
                "the task may have {} of memory, and this sandbox gives a task {} at most; ask for \
                 less",
                bytes_text(limits.memory),
                bytes_text(most)
            )));
        }
        let Some(export) = compiled.export(function) else {
            let message = "the function belongs to another component";
            return Err(Outcome::Unavailable(message.to_owned()));
        };
        let place = sandbox.gate().enter(cancel)?;
        let start = Instant::now();
        Ok(Self {
            compiled,
            export,
            limits,
            max_log: sandbox.config().max_log,
            start,
            stop: Stop::new(cancel, start, &limits),
            _place: place,
        })
    }

    /// The function's own type.
    pub(crate) fn ty(&self) -> &'a FunctionType {
        &self.export.ty
    }

    /// Calls the function in a fresh instance. The report's duration is that of the task so far.
    pub(crate) fn call(&self, arguments: &[Bytes], nonce: Option<Key>) -> Report {
        let randomness = self
            .compiled
            .imports_randomness()
            .then(|| Source::new(self.export.seed, nonce, arguments));
        let (stop, memory) = (self.stop.clone(), self.limits.memory);
        let guest = Guest::new(stop, memory, randomness, self.max_log);
        let mut store = Store::new(self.compiled.engine(), guest);
        let returned = self.call_in(&mut store, arguments);
        let fuel_used = self
            .limits
            .fuel
            .map(|fuel| fuel - store.get_fuel().unwrap_or(0).min(fuel));
        let log = store.data_mut().take_log();
        let limiter = &store.data().limiter;
        let outcome = match returned {
            Ok(Returned::Value(value)) => self.sized(value, Outcome::Value),
            Ok(Returned::Error(error)) => self.sized(error, Outcome::GuestError),
            Err(error) => Outcome::from_error(&error, limiter, &log),
        };
        let peak_memory = limiter.peak();
        // The instance's memory is cleared on this task's time, not on the next one's.
        drop(store);
        Report {
            peak_memory,
            fuel_used,
            ..self.report(outcome, log)
        }
    }

    /// A report on what has happened up to now.
    pub(crate) fn report(&self, outcome: Outcome, log: Log) -> Report {
        Report {
            log,
            duration: self.start.elapsed(),
            ..Report::not_run(outcome)
        }
    }

    fn call_in(&self, store: &mut Store<Guest>, arguments: &[Bytes]) -> wasmtime::Result<Returned> {
        // A task that was cancelled while it waited never starts.
        store.data().stop.check()?;
        store.limiter(|guest| &mut guest.limiter);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(cancel::on_tick);
        if let Some(fuel) = self.limits.fuel {
            store.set_fuel(fuel)?;
        }
        store.set_hostcall_fuel(MAX_HANDED);
        store.set_max_component_handles(MAX_HANDLES);
        let max_output = usize::try_from(self.limits.max_output).unwrap_or(usize::MAX);
        let _allowance = Allowance::of(max_output);
        let instance = self.compiled.pre().instantiate(&mut *store)?;
        instance
            .get_typed_func::<Arguments<'_>, Returned>(&mut *store, &self.export.index)?
            .call(store, Arguments(arguments))
    }

    /// Lifting stops a result that is too large; this is what holds if it did not.
    fn sized(&self, bytes: Vec<u8>, outcome: fn(Bytes) -> Outcome) -> Outcome {
        if bytes.len() as u64 > self.limits.max_output {
            return Outcome::OutputTooLarge;
        }
        outcome(bytes.into())
    }
}
