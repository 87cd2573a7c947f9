//! Runs many seeded clusters: `wask-sim --runs 2000 --seed 1`.

use std::{
    panic::{self, AssertUnwindSafe},
    process::ExitCode,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::Instant,
};

use wask_sim::{Cluster, Plan};

const HELP: &str = "\
Runs seeded clusters and holds them against a sequential evaluation.

Usage: wask-sim [--runs N] [--seed N] [--calm] [--trace]

  --runs N   how many clusters, each with the next seed [default: 1]
  --seed N   the first seed [default: 1]
  --calm     nothing goes wrong, but for tasks that fail
  --trace    tells on stderr all that happens";

struct Options {
    runs: u64,
    seed: u64,
    plan: Plan,
    trace: bool,
}

fn main() -> ExitCode {
    let options = match parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    let start = Instant::now();
    let (steps, recomputed) = (AtomicU64::new(0), AtomicU64::new(0));
    let (next, failed) = (AtomicU64::new(0), AtomicBool::new(false));
    let run_some = || {
        while !failed.load(Ordering::Relaxed) {
            let run = next.fetch_add(1, Ordering::Relaxed);
            if run >= options.runs {
                break;
            }
            let seed = options.seed + run;
            let outcome = panic::catch_unwind(AssertUnwindSafe(|| {
                Cluster::run(seed, options.plan, options.trace)
            }));
            let Ok(summary) = outcome else {
                failed.store(true, Ordering::Relaxed);
                eprintln!("\nseed {seed} failed; to see it again:");
                let calm = if options.plan == Plan::CALM {
                    " --calm"
                } else {
                    ""
                };
                eprintln!("  cargo run --release -p wask-sim -- --seed {seed}{calm} --trace");
                break;
            };
            steps.fetch_add(summary.steps, Ordering::Relaxed);
            recomputed.fetch_add(summary.counts.total_recomputed, Ordering::Relaxed);
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(run_some))));
    if failed.into_inner() {
        return ExitCode::FAILURE;
    }
    eprintln!(
        "{} runs from seed {}: {} steps, {} tasks computed again, {:.1} s",
        options.runs,
        options.seed,
        steps.into_inner(),
        recomputed.into_inner(),
        start.elapsed().as_secs_f64()
    );
    ExitCode::SUCCESS
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options {
        runs: 1,
        seed: 1,
        plan: Plan::STORMY,
        trace: false,
    };
    while let Some(argument) = arguments.next() {
        let mut number = || {
            let text = arguments
                .next()
                .ok_or(format!("{argument} needs a number"))?;
            text.parse()
                .map_err(|_| format!("{argument}: `{text}` is not a number"))
        };
        match argument.as_str() {
            "--runs" => options.runs = number()?,
            "--seed" => options.seed = number()?,
            "--calm" => options.plan = Plan::CALM,
            "--trace" => options.trace = true,
            _ => return Err(format!("unknown argument `{argument}`")),
        }
    }
    Ok(options)
}
