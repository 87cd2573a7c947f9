//! Computing in this process: graphs without futures, on all processors, without a cluster.
//!
//! One thread keeps the books: which calls wait for how many results, which results are still
//! needed. It hands ready calls to an executor of the sandbox, in depth-first order, so that
//! results are used up soon, and drops each result after its last use.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    thread::available_parallelism,
    time::Instant,
};

use bytes::Bytes;
use wask_core::{Failure, FailureKind, KeyMap, Piece, TaskKind, TaskSpec};
use wask_sandbox::{
    Config, Executor, Job, Report, Sandbox, TaskLimits, ThreadExecutor, Work, nonce,
};
use wask_value::Type;

use crate::{
    Error, TaskError,
    blueprint::Place,
    lazy::{Compute, Graph, Input, Node, Progress, TELL},
    thread::off_thread,
};

/// What stands for the worker's name in failures.
const HERE: &str = "this process";
/// Jobs that are with the executor for each thread: one that runs, and one that comes next.
const AHEAD: usize = 2;
/// The most bytes of values, where nothing else is said.
const MAX_RESULT_BYTES: u64 = 4 << 30;

/// Computes the values of roots whose graphs hold no futures. Stops where nobody waits any more.
pub(crate) async fn run(roots: &[Input], options: Compute) -> Result<Vec<Bytes>, Error> {
    let roots = roots.to_vec();
    let (told, news) = mpsc::channel();
    let _waiting = Waiting(told.clone());
    off_thread(move || run_here(&roots, &options, told, news)).await?
}

/// What the thread that keeps the books is told.
enum News {
    /// A job has run.
    Ran(u64, Report),
    /// Nobody waits for the values any more.
    GivenUp,
}

/// Somebody waits for the values.
struct Waiting(Sender<News>);

impl Drop for Waiting {
    fn drop(&mut self) {
        // Where nobody listens any more, all is done.
        let _ = self.0.send(News::GivenUp);
    }
}

fn run_here(
    roots: &[Input],
    options: &Compute,
    told: Sender<News>,
    news: Receiver<News>,
) -> Result<Vec<Bytes>, Error> {
    let graph = Graph::of(roots);
    let tasks = graph.tasks(Place::here())?;
    let mut books = Books::new(&graph, &tasks);
    let roots: Vec<usize> = roots.iter().map(|root| books.root(root)).collect();
    let sandbox = sandbox(options)?;
    let threads = options.threads.unwrap_or_else(processors).max(1);
    let on_done = move |token, report| {
        // Where nobody listens any more, something else has failed.
        let _ = told.send(News::Ran(token, report));
    };
    let executor = ThreadExecutor::new(&sandbox, threads, on_done).map_err(sandbox_error)?;
    let mut here = Here {
        workshop: Workshop::new(&sandbox, &graph, &tasks),
        executor,
        news,
        room: threads * AHEAD,
    };
    here.run(&mut books, options)?;
    let limit = options.max_result_bytes.unwrap_or(MAX_RESULT_BYTES);
    books.take(&roots, limit)
}

/// The sandbox for all that is computed here; it reserves much address space, so there is one.
fn sandbox(options: &Compute) -> Result<Sandbox, Error> {
    static SANDBOX: Mutex<Option<Sandbox>> = Mutex::new(None);
    let mut made = SANDBOX.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(sandbox) = &*made {
        return Ok(sandbox.clone());
    }
    let config = Config {
        cache_dir: options.cache_dir.clone(),
        compiler: options.compiler.clone(),
        ..Config::default()
    };
    let sandbox = Sandbox::new(config).map_err(sandbox_error)?;
    Ok(made.insert(sandbox).clone())
}

fn processors() -> usize {
    available_parallelism().map_or(1, Into::into)
}

fn sandbox_error(error: wask_sandbox::Error) -> Error {
    Error::Sandbox(Arc::new(error))
}

/// What carries jobs out.
struct Here<'a> {
    workshop: Workshop<'a>,
    executor: ThreadExecutor,
    news: Receiver<News>,
    room: usize,
}

impl Here<'_> {
    /// Runs all calls. Ends with the first failure; dropping the executor stops what still runs.
    fn run(&mut self, books: &mut Books<'_>, options: &Compute) -> Result<(), Error> {
        let mut told = Instant::now();
        let mut running = 0;
        while books.progress.done < books.progress.total {
            let mut jobs = Vec::new();
            while running < self.room
                && let Some(place) = books.ready.pop_first()
            {
                let arguments = books.arguments(place);
                jobs.push(self.workshop.job(place, arguments)?);
                running += 1;
            }
            self.executor.submit(jobs);
            // The executor lives as long as this, so there is a report for each job.
            let Ok(News::Ran(token, report)) = self.news.recv() else {
                return Err(Error::Usage("the computation was given up"));
            };
            running -= 1;
            let place = token as usize;
            match self.workshop.result(place, report) {
                Ok(result) => books.finished(place, result),
                Err(failure) if books.may_retry(place, failure.kind) => continue,
                Err(failure) => return Err(TaskError::new(failure).into()),
            }
            let is_last = books.progress.done == books.progress.total;
            if let Some(tell) = &options.on_progress
                && (is_last || told.elapsed() > TELL)
            {
                told = Instant::now();
                tell(books.progress);
            }
        }
        Ok(())
    }
}

/// What runs each call, made ready once.
struct Workshop<'a> {
    sandbox: &'a Sandbox,
    graph: &'a Graph,
    tasks: &'a [TaskSpec],
    ready: HashMap<*const wask_core::Definition, Tool>,
}

/// What runs the calls of one definition.
#[derive(Clone)]
struct Tool {
    work: Work,
    limits: TaskLimits,
    error_type: Option<Type>,
}

impl<'a> Workshop<'a> {
    fn new(sandbox: &'a Sandbox, graph: &'a Graph, tasks: &'a [TaskSpec]) -> Self {
        Self {
            sandbox,
            graph,
            tasks,
            ready: HashMap::new(),
        }
    }

    fn job(&mut self, place: usize, arguments: Vec<Bytes>) -> Result<Job, Error> {
        let Tool { work, limits, .. } = self.tool(place)?;
        Ok(Job {
            token: place as u64,
            work,
            arguments,
            nonce: nonce(&self.tasks[place]),
            limits,
        })
    }

    /// The result of a job, or its failure by the name that the program has for the call.
    fn result(&self, place: usize, report: Report) -> Result<Bytes, Arc<Failure>> {
        let task = &self.tasks[place];
        // Made for the job.
        let tool = &self.ready[&Arc::as_ptr(&task.definition)];
        let result = report.value_or_failure(task, HERE, &tool.limits, tool.error_type.as_ref());
        result.map_err(|mut failure| {
            let name = &self.graph.nodes[place].description.label;
            Arc::make_mut(&mut failure).label = name.clone();
            failure
        })
    }

    fn tool(&mut self, place: usize) -> Result<Tool, Error> {
        let definition = &self.tasks[place].definition;
        if let Some(tool) = self.ready.get(&Arc::as_ptr(definition)) {
            return Ok(tool.clone());
        }
        let limits = TaskLimits::of(&definition.options);
        let work = self.work(&self.graph.nodes[place], &definition.kind, &limits)?;
        let tool = Tool {
            error_type: work.error_type(),
            work,
            limits,
        };
        self.ready.insert(Arc::as_ptr(definition), tool.clone());
        Ok(tool)
    }

    fn work(&self, node: &Node, kind: &TaskKind, limits: &TaskLimits) -> Result<Work, Error> {
        let work = match kind {
            TaskKind::Operator {
                name,
                version,
                types,
            } => Work::operator(name, *version, types),
            TaskKind::Function {
                function, applied, ..
            } => {
                let code = node
                    .component
                    .as_ref()
                    .and_then(|component| component.code());
                let code = code.ok_or_else(|| Error::NoCode {
                    function: function.clone(),
                })?;
                let compiled = match limits.fuel {
                    Some(_) => self.sandbox.compile_metered(code),
                    None => self.sandbox.compile(code),
                };
                compiled.and_then(|compiled| Work::function(compiled, function, *applied))
            }
        };
        work.map_err(sandbox_error)
    }
}

/// Which calls wait for what, and the results that are still needed.
struct Books<'a> {
    graph: &'a Graph,
    tasks: &'a [TaskSpec],
    /// Where the one of several equal calls stands that runs.
    places: KeyMap<usize>,
    /// Dependencies that have no result yet, of each call.
    waiting: Vec<u32>,
    dependents: Vec<Vec<usize>>,
    /// How often each result is still needed.
    uses: Vec<u32>,
    results: Vec<Option<Bytes>>,
    ready: BTreeSet<usize>,
    /// How often calls have failed.
    tries: HashMap<usize, u32>,
    progress: Progress,
}

impl<'a> Books<'a> {
    fn new(graph: &'a Graph, tasks: &'a [TaskSpec]) -> Self {
        let count = tasks.len();
        let mut books = Self {
            graph,
            tasks,
            places: KeyMap::default(),
            waiting: vec![0; count],
            dependents: vec![Vec::new(); count],
            uses: vec![0; count],
            results: vec![None; count],
            ready: BTreeSet::new(),
            tries: HashMap::new(),
            progress: Progress { done: 0, total: 0 },
        };
        for (place, task) in tasks.iter().enumerate() {
            if books.places.contains_key(&task.key) {
                continue;
            }
            books.places.insert(task.key, place);
            books.progress.total += 1;
            for dependency in &task.dependencies {
                // Dependencies come before their dependents.
                let dependency = books.places[dependency];
                books.dependents[dependency].push(place);
                books.uses[dependency] += 1;
                books.waiting[place] += 1;
            }
            if task.dependencies.is_empty() {
                books.ready.insert(place);
            }
        }
        books
    }

    /// Keeps the result of a root.
    fn root(&mut self, root: &Input) -> usize {
        let place = match root {
            Input::Lazy(node) => self.places[&self.tasks[self.graph.place(node)].key],
            Input::Future(_) => unreachable!("what holds futures is computed where they live"),
        };
        self.uses[place] += 1;
        place
    }

    fn arguments(&self, place: usize) -> Vec<Bytes> {
        let task = &self.tasks[place];
        let pieces = task.arguments.pieces().map(|piece| match piece {
            Piece::Bytes(bytes) => task.arguments.bytes.slice_ref(bytes),
            Piece::Dependency(index) => {
                let dependency = self.places[&task.dependencies[index as usize]];
                self.results[dependency].clone().unwrap_or_default()
            }
        });
        pieces.collect()
    }

    /// Whether a call that failed is to be tried again; then it is ready.
    fn may_retry(&mut self, place: usize, kind: FailureKind) -> bool {
        let retries = self.tasks[place].definition.options.retries;
        let tries = self.tries.entry(place).or_default();
        let is_final = matches!(kind, FailureKind::BadArguments | FailureKind::Cancelled);
        let retry = *tries < retries && !is_final;
        *tries += 1;
        if retry {
            self.ready.insert(place);
        }
        retry
    }

    fn finished(&mut self, place: usize, result: Bytes) {
        self.progress.done += 1;
        if self.uses[place] > 0 {
            self.results[place] = Some(result);
        }
        for dependent in std::mem::take(&mut self.dependents[place]) {
            self.waiting[dependent] -= 1;
            if self.waiting[dependent] == 0 {
                self.ready.insert(dependent);
            }
        }
        for dependency in &self.tasks[place].dependencies {
            let dependency = self.places[dependency];
            self.uses[dependency] -= 1;
            if self.uses[dependency] == 0 {
                self.results[dependency] = None;
            }
        }
    }

    /// The results of the roots.
    fn take(&self, roots: &[usize], limit: u64) -> Result<Vec<Bytes>, Error> {
        let results = roots.iter().map(|place| self.results[*place].clone());
        let results: Vec<Bytes> = results.map(Option::unwrap_or_default).collect();
        let bytes = results.iter().map(|bytes| bytes.len() as u64).sum();
        match bytes > limit {
            true => Err(Error::ResultTooLarge { bytes, limit }),
            false => Ok(results),
        }
    }
}

#[cfg(test)]
mod tests;
