//! `wask status`

use std::time::Duration;

use bytesize::ByteSize;
use clap::Args;
use serde_json::{Value, json};
use wask_client::{ClusterStatus, Limit, ResultLimits, TaskRules, WorkerStatus};

use crate::{
    args::ClusterArgs,
    cluster::{Cluster, Context},
    exit::Result,
    output::Output,
    table,
};

/// Show the cluster: its workers, and its tasks by state
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wask status
  wask status --json | jq .tasks.total_recomputed")]
pub(crate) struct StatusArgs {
    /// Write one JSON object
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

pub(crate) async fn run(args: StatusArgs, context: &Context) -> Result {
    let client = Cluster::connect(context, &args.cluster).await?;
    let status = client.status().await?;
    let rules = client.task_rules();
    let mut output = Output::stdout(args.json);
    match args.json {
        true => output.json(&to_json(client.address(), &status, rules))?,
        false => {
            for line in to_text(client.address(), &status, rules) {
                output.line(line)?;
            }
        }
    }
    output.finish()
}

fn to_json(address: &str, status: &ClusterStatus, rules: &TaskRules) -> Value {
    let tasks = &status.tasks;
    json!({
        "address": address,
        "version": status.software_version,
        "uptime_seconds": status.uptime.as_secs(),
        "sessions": status.sessions,
        "workers": status.workers.iter().map(worker_to_json).collect::<Vec<_>>(),
        "tasks": {
            "released": tasks.released,
            "waiting": tasks.waiting,
            "no_worker": tasks.no_worker,
            "queued": tasks.queued,
            "processing": tasks.processing,
            "memory": tasks.memory,
            "erred": tasks.erred,
            "total_finished": tasks.total_finished,
            "total_erred": tasks.total_erred,
            "total_recomputed": tasks.total_recomputed,
            "total_workers_lost": tasks.total_workers_lost,
        },
        "limits": {
            "default": limits_to_json(rules.limits.defaults()),
            "most": limits_to_json(rules.limits.max()),
            "timeout_seconds": rules.clamps.timeout.map(|most| most.as_secs_f64()),
            "retries": rules.clamps.retries,
        },
    })
}

/// Null where there is no limit.
fn limits_to_json(limits: &ResultLimits) -> Value {
    json!({
        "memory": limits.memory,
        "output": limits.output,
        "fuel": limits.fuel.amount(),
    })
}

fn worker_to_json(worker: &WorkerStatus) -> Value {
    json!({
        "name": worker.name,
        "address": worker.address,
        "pid": worker.process_id,
        "slots": worker.slots,
        "processing": worker.processing,
        "executing": worker.executing,
        "finished": worker.finished,
        "stored_keys": worker.stored_keys,
        "stored_bytes": worker.stored_bytes,
        "spilled_bytes": worker.spilled_bytes,
        "memory_limit": worker.memory_limit,
        "silent_ms": u64::try_from(worker.silent.as_millis()).unwrap_or(u64::MAX),
    })
}

fn to_text(address: &str, status: &ClusterStatus, rules: &TaskRules) -> Vec<String> {
    let uptime = humantime::format_duration(Duration::from_secs(status.uptime.as_secs()));
    let mut lines = vec![
        format!(
            "{address}: wask {}, up for {uptime}, {}",
            status.software_version,
            table::count(status.sessions, "client")
        ),
        String::new(),
    ];
    lines.extend(workers(&status.workers));
    let tasks = &status.tasks;
    lines.extend([
        String::new(),
        counted(
            "tasks",
            &[
                (tasks.waiting, "waiting"),
                (tasks.no_worker, "without a worker"),
                (tasks.queued, "queued"),
                (tasks.processing, "processing"),
                (tasks.memory, "in memory"),
                (tasks.erred, "erred"),
                (tasks.released, "released"),
            ],
        ),
        counted(
            "since the start",
            &[
                (tasks.total_finished, "finished"),
                (tasks.total_erred, "erred"),
                (tasks.total_recomputed, "recomputed"),
                (tasks.total_workers_lost, "workers lost"),
            ],
        ),
    ]);
    lines.extend(limits(rules));
    lines
}

/// What there is of each, on a line.
fn counted(what: &str, counts: &[(u64, &str)]) -> String {
    let there = counts.iter().filter(|(count, _)| *count > 0);
    let there: Vec<String> = there
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    match there.is_empty() {
        true => format!("{what}: none"),
        false => format!("{what}: {}", there.join(", ")),
    }
}

/// What a task may use.
fn limits(rules: &TaskRules) -> Vec<String> {
    let (defaults, max) = (rules.limits.defaults(), rules.limits.max());
    let bytes = |name, default, most| {
        let [default, most] =
            [default, most].map(|bytes| ByteSize(bytes).display().iec().to_string());
        match default == most {
            true => format!("{default} of {name}"),
            false => format!("{default} of {name}, at most {most}"),
        }
    };
    let fuel = match (defaults.fuel, max.fuel) {
        (Limit::Unlimited, _) => "any fuel".to_owned(),
        (Limit::Of(default), Limit::Of(most)) if default == most => format!("{default} fuel"),
        (Limit::Of(default), most) => format!("{default} fuel (up to {most} where asked for)"),
    };
    let time = match rules.clamps.timeout {
        None => "any time".to_owned(),
        Some(most) => format!("{} of time at most", humantime::format_duration(most)),
    };
    let retries = match rules.clamps.retries {
        None => String::new(),
        Some(most) => format!(", and is tried again {most} times at most"),
    };
    let memory = bytes("memory", defaults.memory, max.memory);
    let output = bytes("output", defaults.output, max.output);
    vec![
        format!("each task gets {memory};"),
        format!("  {output};"),
        format!("  {fuel}, {time}{retries}"),
    ]
}

fn workers(workers: &[WorkerStatus]) -> Vec<String> {
    if workers.is_empty() {
        return vec!["no workers: tasks wait until one joins (`wask worker ADDRESS`)".into()];
    }
    let size = |bytes| ByteSize(bytes).display().si().to_string();
    let mut rows = vec![table::row([
        "WORKER", "PID", "RUNNING", "ASSIGNED", "FINISHED", "HOLDS", "LIMIT", "ADDRESS",
    ])];
    rows.extend(workers.iter().map(|worker| {
        vec![
            worker.name.clone(),
            worker.process_id.to_string(),
            format!("{}/{}", worker.executing, worker.slots),
            worker.processing.to_string(),
            worker.finished.to_string(),
            match worker.spilled_bytes {
                0 => size(worker.stored_bytes),
                spilled => format!("{} ({} on disk)", size(worker.stored_bytes), size(spilled)),
            },
            size(worker.memory_limit),
            worker.address.clone(),
        ]
    }));
    table::lines(&rows)
}

#[cfg(test)]
mod tests {
    use wask_client::{Clamps, TaskCounts};

    use super::*;

    fn status() -> ClusterStatus {
        ClusterStatus {
            software_version: "0.1.0".into(),
            uptime: Duration::from_millis(61_500),
            sessions: 2,
            workers: vec![WorkerStatus {
                name: "worker-1".into(),
                address: "unix:///run/w1".into(),
                process_id: 42,
                slots: 2,
                executing: 1,
                processing: 3,
                finished: 7,
                stored_bytes: 1_500_000,
                memory_limit: 2_000_000_000,
                ..WorkerStatus::default()
            }],
            tasks: TaskCounts {
                queued: 5,
                memory: 1,
                total_recomputed: 4,
                ..TaskCounts::default()
            },
        }
    }

    fn rules() -> TaskRules {
        TaskRules {
            clamps: Clamps {
                timeout: Some(Duration::from_secs(3600)),
                retries: Some(3),
            },
            ..TaskRules::default()
        }
    }

    #[test]
    fn people_read_a_table() {
        insta::assert_snapshot!(to_text("unix:///run/s", &status(), &rules()).join("\n"));
    }

    #[test]
    fn a_cluster_without_workers_says_so() {
        let text = to_text("a", &ClusterStatus::default(), &TaskRules::default()).join("\n");
        assert!(text.contains("no workers: tasks wait until one joins"));
    }

    #[test]
    fn programs_read_json() {
        let json = to_json("unix:///run/s", &status(), &TaskRules::default());
        insta::assert_snapshot!(serde_json::to_string_pretty(&json).unwrap());
    }
}
