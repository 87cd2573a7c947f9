//! A failing run made small: fewer faults, fewer clients, fewer steps, as long as it fails.

use std::panic::{self, AssertUnwindSafe};

use crate::{Cluster, Plan};

/// Seeds that are tried with each smaller plan: a change of the plan changes all that is random.
const SEEDS: u64 = 40;

/// A run that fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Failing {
    /// Its seed.
    pub seed: u64,
    /// Its plan.
    pub plan: Plan,
}

impl Failing {
    /// A run that fails as well, and in which nothing can be left out any more.
    #[must_use]
    pub fn shrunk(self) -> Self {
        let mut small = self;
        while let Some(smaller) = small.smaller() {
            small = smaller;
        }
        small
    }

    fn smaller(self) -> Option<Self> {
        let plans = self.plan.smaller().into_iter();
        let mut runs = plans.flat_map(|plan| {
            let seeds = self.seed..self.seed + SEEDS;
            seeds.map(move |seed| Self { seed, plan })
        });
        runs.find(|run| run.fails())
    }

    fn fails(self) -> bool {
        let run = || Cluster::run(self.seed, self.plan, false);
        panic::catch_unwind(AssertUnwindSafe(run)).is_err()
    }
}
