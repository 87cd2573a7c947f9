//! Reports on the access logs of a web server, in stages: what is asked next depends on what came
//! out before.
//!
//! ```sh
//! log-report-driver target/guests/log_report.wasm FOLDER [SCHEDULER]
//! ```
//!
//! Where the folder has no logs, a day of them is made up there first, always the same.
//!
//! Runs on a cluster inside this process, and unchanged on the one that `SCHEDULER` or the
//! variable `WASK_SCHEDULER` names, such as `tcp://127.0.0.1:8786`.

mod generate;

use std::{
    env,
    fmt::Write as _,
    fs,
    io::{Write as _, stdout},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use wask::{Client, Component, Delayed, Function, LocalCluster, Partitions, WitType, compute};

/// How many damaged lines are shown.
const SHOWN: usize = 3;

/// A line of a log, as the component gives it.
#[derive(Debug, Serialize, Deserialize, WitType)]
struct Request {
    time: String,
    host: String,
    method: String,
    path: String,
    status: u16,
    bytes: u64,
    millis: u32,
}

/// What requests are counted by; the component knows more.
#[derive(Clone, Copy, Serialize)]
enum Field {
    Path,
    Hour,
}

/// How often each value occurs.
type Tally = Vec<(String, u32)>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let ([component, folder] | [component, folder, _]) = arguments.as_slice() else {
        anyhow::bail!("usage: log-report-driver COMPONENT FOLDER [SCHEDULER]");
    };
    let logs = logs(folder.as_ref())?;
    let named = arguments.get(2).cloned();
    let report = match named.or_else(|| env::var("WASK_SCHEDULER").ok()) {
        Some(scheduler) => {
            let client = Client::connect(scheduler).await?;
            report(&client, component, &logs).await?
        }
        None => {
            let cluster = LocalCluster::start().await?;
            let report = report(&cluster.client().await?, component, &logs).await;
            cluster.shutdown().await;
            report?
        }
    };
    Ok(stdout().write_all(report.as_bytes())?)
}

/// The logs in a folder, in the order of their names.
fn logs(folder: &Path) -> Result<Vec<PathBuf>> {
    let find = || {
        let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
        let mut paths = entries.collect::<Result<Vec<_>, std::io::Error>>()?;
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
        paths.sort();
        Ok::<_, std::io::Error>(paths)
    };
    let cannot = || format!("cannot use the folder {}", folder.display());
    fs::create_dir_all(folder).with_context(cannot)?;
    match find().with_context(cannot)? {
        none if none.is_empty() => {
            generate::logs(folder).with_context(cannot)?;
            find().with_context(cannot)
        }
        paths => Ok(paths),
    }
}

async fn report(client: &Client, component: &str, logs: &[PathBuf]) -> Result<String> {
    let library = client.upload(component).await?;
    let parse = library.function("parse")?.returning::<Vec<Request>>()?;
    let damaged = library.function("damaged")?.returning::<Vec<String>>()?;
    let (is_error, is_for) = (library.function("is-error")?, library.function("is-for")?);
    let tallies = Tallies::of(&library)?;
    let mut out = String::new();

    // Values to futures: each file is a part, and travels once.
    let texts = Partitions::<String>::from_files(logs)?;
    let texts = texts.scatter(client).await?;

    // Lazy to futures: a good data set, which is computed from now on and stays on the cluster.
    let requests = client.persist(&texts.flat_map(&parse)?)?;
    let errors = client.persist(&requests.filter(&is_error)?)?;
    // All damaged lines as one list, while the rest goes on.
    let damaged = client.compute(&texts.flat_map(&damaged)?)?;

    // Lazy to values: several queries, which all start from what is persisted.
    let (all, failed, by_path, errors_by_path) = compute((
        requests.count(),
        errors.count(),
        tallies.by(Field::Path, &requests)?,
        tallies.by(Field::Path, &errors)?,
    ))
    .await?;
    writeln!(
        out,
        "{all} requests in {} logs, {failed} errors",
        logs.len()
    )?;
    for (path, count) in &by_path {
        let errors = errors_by_path.iter().find(|(of, _)| of == path);
        let errors = errors.map_or(0, |(_, errors)| *errors);
        writeln!(out, "{count:>8} {errors:>5} {path}")?;
    }

    // Futures to values.
    let damaged = damaged.await?;
    writeln!(out, "{} damaged lines, such as", damaged.len())?;
    for line in damaged.iter().take(SHOWN) {
        writeln!(out, "         {line}")?;
    }

    // Futures to lazy: the next stage looks where this one found most errors.
    let Some((worst, _)) = errors_by_path.iter().max_by_key(|(_, errors)| *errors) else {
        return Ok(out);
    };
    let worst_errors = errors.filter_with(&is_for, (worst,))?;
    let (hours, first) = compute((
        tallies.by(Field::Hour, &worst_errors)?,
        worst_errors.take(1),
    ))
    .await?;
    writeln!(out, "errors of {worst} by the hour")?;
    for (hour, errors) in &hours {
        let bar = "#".repeat(*errors as usize);
        writeln!(out, "      {hour} {errors:>5} {bar}")?;
    }
    for Request {
        time, host, status, ..
    } in &first
    {
        writeln!(out, "the first at {time}: {status} to {host}")?;
    }
    Ok(out)
}

/// What counts requests.
struct Tallies {
    tally: Function<Tally>,
    merge: Function<Tally>,
}

impl Tallies {
    fn of(library: &Component) -> Result<Self> {
        Ok(Self {
            tally: library.function("tally")?.returning()?,
            merge: library.function("merge")?.returning()?,
        })
    }

    /// How often each value of a field occurs: a task for each part, and one that adds up.
    fn by(&self, field: Field, requests: &Partitions<Request>) -> Result<Delayed<Tally>> {
        let parts = requests.delayed().into_iter();
        let parts = parts.map(|part| self.tally.delayed((part, field)));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        Ok(self.merge.delayed((parts,))?)
    }
}
