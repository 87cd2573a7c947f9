//! Clusters in which just one thing goes wrong, and some in which everything does.

use wask_core::probe::{self, Bug};
use wask_sim::{Cluster, Plan, coverage::Coverage, planted, shrink::Failing};

fn run_all(seeds: std::ops::Range<u64>, plan: Plan) -> u64 {
    let mut recomputed = 0;
    for seed in seeds {
        // A failure shows its seed here, whatever it says itself.
        eprintln!("seed {seed}");
        recomputed += Cluster::run(seed, plan, false).counts.total_recomputed;
    }
    recomputed
}

#[test]
fn nothing_goes_wrong() {
    run_all(0..25, Plan::CALM);
}

#[test]
fn workers_crash() {
    let plan = Plan {
        crashes: 8.0,
        ..Plan::CALM
    };
    assert!(run_all(1000..1025, plan) > 0);
}

#[test]
fn workers_stop_for_a_while() {
    let plan = Plan {
        freezes: 8.0,
        ..Plan::CALM
    };
    run_all(2000..2025, plan);
}

#[test]
fn connections_to_the_scheduler_break() {
    let plan = Plan {
        cuts: 8.0,
        ..Plan::CALM
    };
    run_all(3000..3025, plan);
}

#[test]
fn clients_lose_their_connections() {
    let plan = Plan {
        client_cuts: 8.0,
        steps: 40,
        ..Plan::CALM
    };
    let runs = (9000..9050).map(|seed| {
        eprintln!("seed {seed}");
        Cluster::run(seed, plan, false)
    });
    let back = runs.fold((0, 0), |(resumed, forgotten), run| {
        (resumed + run.resumed, forgotten + run.forgotten)
    });
    assert!(back.0 > 0 && back.1 > 0, "{back:?}");
}

#[test]
fn connections_between_workers_break() {
    let plan = Plan {
        broken_fetches: 0.5,
        ..Plan::CALM
    };
    run_all(4000..4025, plan);
}

#[test]
fn results_go_bad() {
    let plan = Plan {
        rot: 20.0,
        ..Plan::CALM
    };
    assert!(run_all(5000..5025, plan) > 0);
}

#[test]
fn workers_have_no_room_for_results() {
    let plan = Plan {
        full_memories: 8.0,
        ..Plan::CALM
    };
    run_all(11_000..11_025, plan);
}

#[test]
fn workers_are_slow_for_a_while() {
    let plan = Plan {
        slow: 8.0,
        ..Plan::CALM
    };
    for seed in 12_000..12_025 {
        let run = Cluster::run(seed, plan, false);
        assert_eq!(run.counts.total_workers_lost, 0, "seed {seed}");
    }
}

#[test]
fn schedulers_start_again_with_nothing() {
    let plan = Plan {
        restarts: 2.0,
        ..Plan::CALM
    };
    run_all(9000..9025, plan);
}

#[test]
fn a_machine_that_sleeps_has_its_cluster_back() {
    let plan = Plan {
        sleeps: 4.0,
        ..Plan::CALM
    };
    for seed in 10_000..10_025 {
        let run = Cluster::run(seed, plan, false);
        assert_eq!(run.counts.total_workers_lost, 0, "seed {seed}");
    }
}

#[test]
fn one_worker_does_everything() {
    let plan = Plan {
        workers: 1,
        ..Plan::STORMY
    };
    run_all(6000..6025, plan);
}

#[test]
fn everything_goes_wrong() {
    run_all(7000..7050, Plan::STORMY);
}

#[test]
fn detached_tasks_outlive_their_sessions() {
    let plan = Plan {
        steps: 40,
        ..Plan::CALM
    };
    let runs = (8000..8025).map(|seed| {
        eprintln!("seed {seed}");
        Cluster::run(seed, plan, false)
    });
    let finished: u64 = runs.map(|run| run.finished_for_nobody).sum();
    assert!(finished > 0);
}

#[test]
fn a_run_can_be_repeated_exactly() {
    let run = || Cluster::run(1, Plan::STORMY, false);
    assert_eq!(run(), run());
}

#[test]
fn everything_that_can_happen_happens() {
    let coverage = Coverage::of(20_000..20_800, Plan::STORMY);
    assert!(coverage.missing().is_empty(), "{}", coverage.table());
}

#[test]
fn planted_bugs_are_found() {
    let missed = Bug::ALL.into_iter().filter(|bug| {
        let found = planted::seeds_to_find(*bug, 200);
        eprintln!("{bug:?}: {found:?}");
        found.is_none()
    });
    assert_eq!(missed.collect::<Vec<_>>(), []);
}

#[test]
fn a_run_that_fails_is_made_small_and_still_fails() {
    probe::plant(Some(Bug::FailureStays));
    let seed = planted_seed(Bug::FailureStays);
    let plan = Plan::STORMY;
    let small = Failing { seed, plan }.shrunk();
    assert!(
        small.plan.crashes < plan.crashes && small.plan.steps < plan.steps,
        "{small:?}"
    );
    let again = std::panic::catch_unwind(|| Cluster::run(small.seed, small.plan, false));
    assert!(again.is_err());
    probe::plant(None);
}

fn planted_seed(bug: Bug) -> u64 {
    let seed = planted::seeds_to_find(bug, 200).unwrap();
    probe::plant(Some(bug));
    seed
}
