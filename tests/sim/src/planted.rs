//! Bugs that are put into the cores: the simulator must find each of them.

use std::panic::{self, AssertUnwindSafe};

use wask_core::probe::{self, Bug};

use crate::{Cluster, Plan};

/// How many seeds it takes to find a bug; none where these do not.
///
/// Panics of the runs are as they would be: whoever wants to see none sets a hook.
pub fn seeds_to_find(bug: Bug, most: u64) -> Option<u64> {
    probe::plant(Some(bug));
    let found = (1..=most).find(|seed| {
        let run = || Cluster::run(*seed, Plan::STORMY, false);
        panic::catch_unwind(AssertUnwindSafe(run)).is_err()
    });
    probe::plant(None);
    found
}
