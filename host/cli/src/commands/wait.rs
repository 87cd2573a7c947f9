//! `wask wait`

use std::time::Duration;

use clap::Args;
use tokio::time::timeout;
use wask_client::{Client, Future, Status};

use crate::{
    args::{ClusterArgs, units},
    cluster::{Cluster, Context},
    exit::{Exit, Failed, Result},
    failure,
    held::{Held, held},
    table::count,
};

/// Failed results that are named.
const NAMED: usize = 10;

/// Wait until results are there, without bringing them here
///
/// Ends when nothing is pending any more. If a task failed, was cancelled or lost, the exit code is
/// not 0, and stderr tells which, and why the first.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wask wait @counts
  wask wait @counts @more[3] --timeout 10m      gives up waiting; the tasks go on
  wask persist graph.json --as counts && wask wait @counts && wask gather @counts")]
pub(crate) struct WaitArgs {
    /// @NAME, for all of a collection, or @NAME[3]
    #[arg(value_name = "NAME", value_parser = held, required = true)]
    names: Vec<Held>,

    /// How long to wait
    #[arg(long, value_name = "TIME", value_parser = units::duration)]
    timeout: Option<Duration>,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(crate) async fn run(args: WaitArgs, context: &Context) -> Result {
    let client = Cluster::connect(context, &args.cluster).await?;
    let mut results: Vec<(String, Future)> = Vec::new();
    for held in &args.names {
        let futures = held.futures(&client).await?;
        let single = futures.len() == 1 && held.index.is_none();
        let named = futures.into_iter().enumerate().map(|(i, future)| {
            let name = match (single, held.index) {
                (true, _) => format!("@{}", held.name),
                (false, index) => format!("@{}[{}]", held.name, index.unwrap_or(i)),
            };
            (name, future)
        });
        results.extend(named);
    }
    wait(&client, &results, args.timeout).await?;
    let failed: Vec<&(String, Future)> = results
        .iter()
        .filter(|(_, future)| future.status() != Status::Finished)
        .collect();
    for (index, (name, future)) in failed.iter().enumerate() {
        let error = match future.exception().await {
            // It was being computed again, and is well.
            Ok(None) => continue,
            Ok(Some(error)) => error.into(),
            Err(error) => error,
        };
        let others = others(&failed[index + 1..]);
        let failed = failure::explain(error);
        return Err(Failed::message(
            failed.exit,
            format!("{name}: {failed}{others}"),
        ));
    }
    context.note(format_args!(
        "{} finished",
        count(results.len() as u64, "result")
    ));
    Ok(())
}

async fn wait(client: &Client, results: &[(String, Future)], time: Option<Duration>) -> Result {
    let futures = results.iter().map(|(_, future)| future);
    let Some(time) = time else {
        client.wait(futures).await;
        return Ok(());
    };
    if timeout(time, client.wait(futures)).await.is_ok() {
        return Ok(());
    }
    let pending = results.iter().filter(|(_, future)| !future.is_done());
    let message = format!(
        "{} not there within {time:?}; the tasks go on, and can be waited for again",
        match pending.count() as u64 {
            1 => "1 result was".to_owned(),
            number => format!("{number} results were"),
        }
    );
    Err(Failed::message(Exit::Timeout, message))
}

/// The other results that are not there, a line each.
fn others(failed: &[&(String, Future)]) -> String {
    let mut text = String::new();
    for (name, future) in failed.iter().take(NAMED) {
        text.push_str(&format!("\n  {name}: {}", future.status()));
    }
    if let Some(more @ 1..) = failed.len().checked_sub(NAMED) {
        text.push_str(&format!("\n  and {more} more"));
    }
    text
}
