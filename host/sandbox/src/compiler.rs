//! Compiling in a process of its own, which is bounded, can be stopped, and can die alone.
//!
//! What a component makes a compiler do is its author's choice: a function of a few megabytes can
//! take minutes and gigabytes. A thread can be neither stopped nor bounded; a process can. So a
//! [`Compiler`] starts a program that calls [`compile_child`](crate::compile_child), gives it the
//! component, and takes the code, or kills it: when its time is up, and when nobody wants the code
//! any more. The child keeps to its memory by itself. Nothing touches a disk on the way.
//!
//! Small components are no exception: one of 2 KB, whose components are instantiated twice by the
//! next ones, wants more than 2 GiB. A process costs 7 ms, once for a component and a machine.

use std::{
    ffi::OsString,
    io::{self, Read, Write},
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;

use crate::{
    Cancel,
    compile_child::{Answer, Request},
    text::{self, MESSAGE_MAX},
};

/// How soon a child is killed that nobody wants any more, or that is out of time.
const TICK: Duration = Duration::from_millis(10);

/// How components are compiled in processes of their own, and what such a process may use.
#[derive(Clone, Debug)]
pub struct Compiler {
    /// What is started: a program that calls [`compile_child`](crate::compile_child) when it is
    /// given `arguments`.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// How long compiling one component may take.
    pub timeout: Duration,
    /// Bytes of memory of one process.
    pub memory: u64,
    /// Bytes of the code that comes of one component.
    pub code_max: u64,
    /// How many processes there are at once; other components wait.
    pub processes: usize,
}

impl Compiler {
    /// The usual limits for a program that compiles when it is given these arguments: a minute,
    /// 2 GiB, code of 512 MiB, and two processes.
    pub fn new(program: impl Into<PathBuf>, arguments: &[&str]) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.iter().map(Into::into).collect(),
            timeout: Duration::from_secs(60),
            memory: 2 << 30,
            code_max: 512 << 20,
            processes: 2,
        }
    }

    /// The usual limits for the program that runs here.
    pub fn this_program(arguments: &[&str]) -> Self {
        // Stays the same file where it is replaced by another version meanwhile.
        Self::new("/proc/self/exe", arguments)
    }
}

/// Why there is no code.
#[derive(Debug)]
pub(crate) enum NoCode {
    /// Nobody wants it any more.
    Cancelled,
    /// The compiler could not be started, in words.
    NotStarted(String),
    /// The component is at fault, in words.
    Refused(String),
}

/// A [`Compiler`] at work.
pub(crate) struct Compilers {
    settings: Compiler,
    running: Mutex<usize>,
    ended: Condvar,
}

impl Compilers {
    pub(crate) fn new(settings: Compiler) -> Self {
        Self {
            settings,
            running: Mutex::new(0),
            ended: Condvar::new(),
        }
    }

    /// Compiles a component: waits until there is a place for its process, then for the process.
    pub(crate) fn compile(
        &self,
        component: &[u8],
        metered: bool,
        cancel: &Cancel,
    ) -> Result<Vec<u8>, NoCode> {
        let _place = self.enter(cancel)?;
        let deadline = Instant::now() + self.settings.timeout;
        match self.compile_in_process(component, metered, cancel, deadline)? {
            Ok(code) => Ok(code),
            // A system that is short of memory kills what it likes: that says nothing yet.
            Err(Died {
                was_killed: true, ..
            }) => self
                .compile_in_process(component, metered, cancel, deadline)?
                .map_err(|died| NoCode::Refused(died.message)),
            Err(died) => Err(NoCode::Refused(died.message)),
        }
    }

    fn compile_in_process(
        &self,
        component: &[u8],
        metered: bool,
        cancel: &Cancel,
        deadline: Instant,
    ) -> Result<Result<Vec<u8>, Died>, NoCode> {
        let (process, pipes) = Process::start(&self.settings)?;
        let stop = Stop::default();
        let (code, heard) = thread::scope(|scope| {
            scope.spawn(|| self.watch(&process, &stop, deadline, cancel));
            let said = scope.spawn(|| listen(pipes.errors));
            scope.spawn(|| self.ask(component, metered, pipes.input));
            let answer = Answer::read(pipes.output, self.settings.code_max);
            // What has answered, or can not, has nothing more to do.
            let status = process.end();
            stop.set(Why::Ended);
            (answer, (said.join().unwrap_or_default(), status))
        });
        match (code, stop.why()) {
            (Ok(Answer::Code(code)), _) => Ok(Ok(code)),
            (Ok(Answer::Refused(message)), _) => Err(NoCode::Refused(message)),
            (_, Some(Why::Cancelled)) => Err(NoCode::Cancelled),
            (_, Some(Why::Deadline)) => Err(NoCode::Refused(self.too_long())),
            (Err(error), _) => Ok(Err(self.died(&error, &heard.0, heard.1))),
        }
    }

    /// Waits for a place, no longer than somebody wants the code.
    fn enter(&self, cancel: &Cancel) -> Result<Place<'_>, NoCode> {
        let mut running = self.lock();
        loop {
            if cancel.is_cancelled() {
                return Err(NoCode::Cancelled);
            }
            if *running < self.settings.processes.max(1) {
                *running += 1;
                return Ok(Place(self));
            }
            // A cancellation wakes nobody, so it is looked for.
            (running, _) = self
                .ended
                .wait_timeout(running, TICK)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn ask(&self, component: &[u8], metered: bool, mut input: impl Write) {
        let request = Request {
            metered,
            memory: self.settings.memory,
            // For a child that its parent can not kill any more.
            cpu: self.settings.timeout.saturating_mul(processors()),
        };
        // A child that does not read to the end has an answer, or is dead: both are seen there.
        let _ = request.write(component, &mut input);
    }

    /// Kills the process when it has to end, unless it ends before.
    fn watch(&self, process: &Process, stop: &Stop, deadline: Instant, cancel: &Cancel) {
        while stop.why_after(TICK).is_none() {
            let why = match cancel.is_cancelled() {
                true => Why::Cancelled,
                false if Instant::now() >= deadline => Why::Deadline,
                false => continue,
            };
            stop.set(why);
            process.end();
        }
    }

    fn too_long(&self) -> String {
        let timeout = self.settings.timeout;
        format!("compiling takes longer than {timeout:?}, the limit here; make it smaller")
    }

    fn died(&self, error: &io::Error, heard: &str, status: Option<ExitStatus>) -> Died {
        // What Rust's allocator says as it gives up.
        if heard.contains("memory allocation of") {
            let memory = wask_core::bytes_text(self.settings.memory);
            return Died {
                message: format!("compiling takes more memory than {memory}, the limit here"),
                was_killed: false,
            };
        }
        let end = match status {
            Some(status) if status.signal().is_some() => status.to_string(),
            _ => error.to_string(),
        };
        let last = heard.trim().lines().last().unwrap_or_default();
        let message = format!("the compiler died ({end}) {last}");
        Died {
            message: text::start(&message, MESSAGE_MAX).into_owned(),
            was_killed: status.and_then(|status| status.signal()) == Some(Signal::SIGKILL as i32),
        }
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end of a process that gave no answer.
struct Died {
    /// What is known of it.
    message: String,
    /// Whether somebody killed it.
    was_killed: bool,
}

fn processors() -> u32 {
    let count = thread::available_parallelism().map_or(1, usize::from);
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Takes the start of what a child says, and lets it say the rest.
fn listen(mut errors: impl Read) -> String {
    let mut start = Vec::new();
    // What can not be read was not said.
    let _ = errors
        .by_ref()
        .take(MESSAGE_MAX as u64)
        .read_to_end(&mut start);
    let _ = io::copy(&mut errors, &mut io::sink());
    String::from_utf8_lossy(&start).into_owned()
}

/// A place for a process, given back when dropped.
struct Place<'a>(&'a Compilers);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.lock() -= 1;
        self.0.ended.notify_one();
    }
}

/// A child, dead at the latest when this is dropped.
struct Process(Mutex<Child>);

/// Where a child reads and writes.
struct Pipes {
    input: std::process::ChildStdin,
    output: std::process::ChildStdout,
    errors: std::process::ChildStderr,
}

impl Process {
    fn start(settings: &Compiler) -> Result<(Self, Pipes), NoCode> {
        let fail = |why: String| {
            let program = settings.program.display();
            NoCode::NotStarted(format!("failed to start the compiler {program}: {why}"))
        };
        let mut child = Command::new(&settings.program)
            .args(&settings.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| fail(error.to_string()))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let process = Self(Mutex::new(child));
        match pipes {
            (Some(input), Some(output), Some(errors)) => Ok((
                process,
                Pipes {
                    input,
                    output,
                    errors,
                },
            )),
            _ => Err(fail("it has no pipes".to_owned())),
        }
    }

    /// Kills the child if it still runs; how it ended.
    fn end(&self) -> Option<ExitStatus> {
        let mut child = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // It fails where the child has ended, and then there is a status.
        let _ = child.kill();
        child.wait().ok()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// Why a child has come to its end.
#[derive(Clone, Copy)]
enum Why {
    Ended,
    Cancelled,
    Deadline,
}

/// The end of a child: the first reason counts.
#[derive(Default)]
struct Stop(Mutex<Option<Why>>, Condvar);

impl Stop {
    fn set(&self, why: Why) {
        self.lock().get_or_insert(why);
        self.1.notify_all();
    }

    fn why(&self) -> Option<Why> {
        *self.lock()
    }

    /// The reason, if there is one within this time.
    fn why_after(&self, time: Duration) -> Option<Why> {
        let state = self.lock();
        if state.is_some() {
            return *state;
        }
        let waited = self.1.wait_timeout(state, time);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn lock(&self) -> MutexGuard<'_, Option<Why>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
