//! What people see of a scheduler.

use wask_core::scheduler::KeyState;
use wask_rpc::{
    SOFTWARE_VERSION,
    wire::{ClusterStatus, KeyStateKind, TaskCounts, WorkerStatus},
};

use crate::hub::{Hub, State};

/// The cluster at this moment.
pub(crate) fn snapshot(hub: &Hub) -> ClusterStatus {
    let state = hub.state();
    ClusterStatus {
        software_version: SOFTWARE_VERSION.to_owned(),
        uptime: hub.uptime(),
        workers: workers(&state),
        tasks: counts(&state),
        sessions: u32::try_from(state.sessions.len()).unwrap_or(u32::MAX),
    }
}

fn workers(state: &State) -> Vec<WorkerStatus> {
    let views = state.core.workers();
    let status = views.filter_map(|view| {
        let entry = state.workers.get(&view.id)?;
        Some(WorkerStatus {
            name: view.info.name.to_string(),
            address: entry.join.contact_address.clone(),
            slots: view.info.slots,
            processing: u32::try_from(view.processing).unwrap_or(u32::MAX),
            executing: entry.report.executing,
            stored_keys: view.holding_keys as u64,
            stored_bytes: view.holding_nbytes,
            spilled_bytes: entry.report.spilled_bytes,
            memory_limit: view.info.memory_limit,
            finished: view.finished,
            silent: entry.heard.elapsed(),
            process_id: entry.join.process_id,
        })
    });
    status.collect()
}

fn counts(state: &State) -> TaskCounts {
    let counts = state.core.counts();
    TaskCounts {
        released: counts.released,
        waiting: counts.waiting,
        no_worker: counts.no_worker,
        queued: counts.queued,
        processing: counts.processing,
        memory: counts.memory,
        erred: counts.erred,
        total_finished: counts.total_finished,
        total_erred: counts.total_erred,
        total_recomputed: counts.total_recomputed,
        total_workers_lost: counts.total_workers_lost,
    }
}

/// A state without what comes with it; a key that is gone counts as lost.
pub(crate) fn kind(state: Option<&KeyState>) -> KeyStateKind {
    match state {
        Some(KeyState::Pending) => KeyStateKind::Pending,
        Some(KeyState::Finished { .. }) => KeyStateKind::Finished,
        Some(KeyState::Erred(_)) => KeyStateKind::Error,
        Some(KeyState::Cancelled) => KeyStateKind::Cancelled,
        Some(KeyState::Lost(_)) | None => KeyStateKind::Lost,
    }
}
