//! Runs many seeded clusters: `wask-sim --runs 2000 --seed 1`.

use std::{
    panic::{self, AssertUnwindSafe},
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use wask_core::probe::{self, Bug};
use wask_sim::{Cluster, Plan, coverage::Coverage, planted, shrink::Failing};

const HELP: &str = "\
Runs seeded clusters and holds them against a sequential evaluation.

Usage: wask-sim [--runs N] [--seed N] [--calm] [--NAME NUMBER] [--trace] [--coverage] [--planted]

  --runs N         how many clusters, each with the next seed [default: 1]
  --seed N         the first seed [default: 1]
  --calm           nothing goes wrong, but for tasks that fail
  --crashes 2      and the like: another number in the plan (workers, clients, steps, crashes,
                   freezes, cuts, client-cuts, rot, restarts, sleeps, broken-fetches, full-disks)
  --trace          tells on stderr all that happens
  --coverage       tells which transitions and faults happened, and fails where one never did
  --planted        plants bugs, and tells how many seeds it takes to find each; fails beyond 200

A run that fails is shrunk: the smallest one that fails as well is printed.";

/// Within how many seeds a planted bug must be found.
const PLANTED_SEEDS: u64 = 200;

struct Options {
    runs: u64,
    seed: u64,
    plan: Plan,
    trace: bool,
    coverage: bool,
    planted: bool,
}

fn main() -> ExitCode {
    let options = match parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    let is_well = match options.planted {
        true => find_planted(),
        false => run_all(&options),
    };
    match is_well {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn find_planted() -> bool {
    panic::set_hook(Box::new(|_| ()));
    let mut are_found = true;
    for bug in Bug::ALL {
        match planted::seeds_to_find(bug, PLANTED_SEEDS) {
            Some(seeds) => eprintln!("{bug:?}: found with seed {seeds}"),
            None => {
                eprintln!("{bug:?}: not found within {PLANTED_SEEDS} seeds");
                are_found = false;
            }
        }
    }
    are_found
}

fn run_all(options: &Options) -> bool {
    let start = Instant::now();
    let (steps, recomputed) = (AtomicU64::new(0), AtomicU64::new(0));
    let (next, failed) = (AtomicU64::new(0), AtomicBool::new(false));
    let coverage = Mutex::new(Coverage::default());
    let run_some = || {
        while !failed.load(Ordering::Relaxed) {
            let run = next.fetch_add(1, Ordering::Relaxed);
            if run >= options.runs {
                break;
            }
            let seed = options.seed + run;
            probe::watch();
            let outcome = panic::catch_unwind(AssertUnwindSafe(|| {
                Cluster::run(seed, options.plan, options.trace)
            }));
            let seen = probe::seen();
            let mut coverage = coverage.lock().unwrap_or_else(PoisonError::into_inner);
            coverage.add(seen);
            drop(coverage);
            let Ok(summary) = outcome else {
                if !failed.swap(true, Ordering::Relaxed) {
                    tell_failure(Failing {
                        seed,
                        plan: options.plan,
                    });
                }
                break;
            };
            steps.fetch_add(summary.steps, Ordering::Relaxed);
            recomputed.fetch_add(summary.counts.total_recomputed, Ordering::Relaxed);
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(run_some))));
    if failed.into_inner() {
        return false;
    }
    eprintln!(
        "{} runs from seed {}: {} steps, {} tasks computed again, {:.1} s",
        options.runs,
        options.seed,
        steps.into_inner(),
        recomputed.into_inner(),
        start.elapsed().as_secs_f64()
    );
    let coverage = coverage
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    if options.coverage {
        eprint!("{}", coverage.table());
    }
    !options.coverage || coverage.missing().is_empty()
}

fn tell_failure(failing: Failing) {
    eprintln!("\nseed {} failed; to see it again:", failing.seed);
    eprintln!("  {}", command(failing));
    eprintln!("shrinking it");
    panic::set_hook(Box::new(|_| ()));
    eprintln!("the smallest run that fails as well:");
    eprintln!("  {}", command(failing.shrunk()));
}

/// What runs it again, and tells what happens.
fn command(Failing { seed, plan }: Failing) -> String {
    let mut command = format!("cargo run --release -p wask-sim -- --trace --seed {seed}");
    let (mut plan, mut usual) = (plan, Plan::STORMY);
    for name in Plan::NAMES {
        let value = plan.get(name);
        if value != usual.get(name) {
            command.push_str(&format!(" --{} {value}", name.replace('_', "-")));
        }
    }
    command
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options {
        runs: 1,
        seed: 1,
        plan: Plan::STORMY,
        trace: false,
        coverage: false,
        planted: false,
    };
    while let Some(argument) = arguments.next() {
        let mut text = || arguments.next().ok_or(format!("{argument} needs a number"));
        let not_one = |text: &str| format!("{argument}: `{text}` is not a number");
        match argument.as_str() {
            "--runs" | "--seed" => {
                let text = text()?;
                let number = text.parse().map_err(|_| not_one(&text))?;
                match argument.as_str() {
                    "--runs" => options.runs = number,
                    _ => options.seed = number,
                }
            }
            "--calm" => options.plan = Plan::CALM,
            "--trace" => options.trace = true,
            "--coverage" => options.coverage = true,
            "--planted" => options.planted = true,
            _ => {
                let name = argument.trim_start_matches('-').replace('-', "_");
                if !Plan::NAMES.contains(&&*name) {
                    return Err(format!("unknown argument `{argument}`"));
                }
                let text = text()?;
                let number = text.parse().map_err(|_| not_one(&text))?;
                options.plan.set(&name, number);
            }
        }
    }
    Ok(options)
}
