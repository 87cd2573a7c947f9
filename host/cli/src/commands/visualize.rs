//! `wask visualize`

use std::{path::PathBuf, time::Duration};

use clap::Args;
use tokio::time::timeout;
use wask_client::{Client, Dataset, KeyStateKind, visualize};

use crate::{
    args::{ClusterArgs, OutputArgs},
    cluster::{Choice, Cluster, Context},
    exit::Result,
    graph::{Plan, Purpose, Source},
    output::Output,
};

/// How long the states of datasets are waited for, once the cluster has told that there are some.
const PATIENCE: Duration = Duration::from_secs(5);

/// Draw a graph of tasks, as DOT or SVG
///
/// Nothing runs. Datasets that the graph refers to are drawn with the states that they have on the
/// cluster. Graphs of some hundred tasks are drawn in groups.
#[derive(Args, Debug)]
#[command(after_help = "\
GRAPH.md tells the format of graphs; `wask compute --help` shows one.

Examples:
  wask visualize graph.json -o graph.svg
  wask visualize graph.json --dot | dot -Tpng > graph.png")]
pub(crate) struct VisualizeArgs {
    /// A JSON file, or `-` for stdin
    graph: PathBuf,

    /// Write SVG, for browsers; the default where FILE ends in .svg
    #[arg(long, conflicts_with = "dot")]
    svg: bool,

    /// Write DOT, for graphviz; the default elsewhere
    #[arg(long)]
    dot: bool,

    /// Write to a file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(crate) async fn run(args: VisualizeArgs, context: &Context) -> Result {
    let ends_in_svg = |path: &PathBuf| path.extension().is_some_and(|end| end == "svg");
    let is_svg = args.svg || !args.dot && args.output.as_ref().is_some_and(ends_in_svg);
    let mut output = Output::open(&OutputArgs {
        output: args.output,
        ..OutputArgs::default()
    })?;
    let source = Source::read(&args.graph)?;
    let mut cluster = Cluster::new(context, Choice::any(context, &args.cluster)?);
    let plan = Plan::read(&source, &mut cluster).await?;
    let client = match cluster.lasts() && plan.needs_cluster() {
        true => Some(cluster.client().await?),
        false => None,
    };
    let datasets = cluster.datasets();
    if let Some(client) = &client {
        for dataset in datasets.values() {
            settle(client, dataset).await?;
        }
    }
    let outputs = plan.build(Purpose::Draw(client.as_ref()), datasets).await?;
    let picture = visualize(&outputs)?;
    let text = match is_svg {
        true => picture.svg(),
        false => picture.dot(),
    };
    output.line(text.trim_end())?;
    output.finish()
}

/// Waits until the client has been told of those results that the cluster has.
async fn settle(client: &Client, dataset: &Dataset) -> Result {
    let known = client.datasets().await?;
    let Some(known) = known.iter().find(|known| known.name == dataset.name) else {
        return Ok(());
    };
    let futures = dataset.futures.iter().zip(&known.states);
    let settled = futures.filter(|(_, state)| **state != KeyStateKind::Pending);
    let settled: Vec<_> = settled.map(|(future, _)| future.clone()).collect();
    // One that is being computed again by now is drawn as pending.
    let _ = timeout(PATIENCE, client.wait(&settled)).await;
    Ok(())
}
