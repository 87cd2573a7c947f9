//! `wask compute`

use std::{path::PathBuf, sync::Arc};

use clap::Args;
use wask_client::{Client, Compute, Delayed, Encoded, Error, Status};

use super::compile_child::compiler;
use crate::{
    args::{ClusterArgs, OutputArgs},
    cluster::{Choice, Cluster, Context},
    exit::Result,
    failure,
    graph::{Plan, Purpose, Source},
    output::Output,
    progress::Progress,
    table::count,
};

/// Compute a graph of tasks, and print what it gives
///
/// The graph is a JSON file; GRAPH.md tells its format. It runs on the cluster that is named or up;
/// with none, in this process, on all processors, without a cluster. Several outputs are printed
/// one a line. All types, names and files are checked before anything runs.
#[derive(Args, Debug)]
#[command(after_help = "\
{ \"components\": {\"words\": \"words.wasm\"},
  \"tasks\": {
    \"a\":   {\"call\": \"words#count-words\", \"args\": [\"to be\"]},
    \"b\":   {\"call\": \"words#count-words\", \"args\": [{\"$file\": \"hamlet.txt\"}]},
    \"all\": {\"call\": \"words#merge\", \"args\": [[{\"$task\": \"a\"}, {\"$task\": \"b\"}]]},
    \"n\":   {\"operator\": \"count\", \"args\": [{\"$task\": \"all\"}]} },
  \"outputs\": \"n\" }

Examples:
  wask compute graph.json
  wask compute graph.json --json
  make-graph | wask compute - -o result.txt
  wask compute graph.json --scheduler tcp://10.0.0.7:8786")]
pub(crate) struct ComputeArgs {
    /// A JSON file, or `-` for stdin
    graph: PathBuf,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(crate) async fn run(args: ComputeArgs, context: &Context) -> Result {
    let mut output = Output::open(&args.output)?;
    let source = Source::read(&args.graph)?;
    let mut cluster = Cluster::new(context, Choice::any(context, &args.cluster)?);
    let plan = Plan::read(&source, &mut cluster).await?;
    for (_, ty) in &plan.outputs {
        output.check(ty)?;
    }
    let values = match cluster.lasts() {
        true => {
            let client = cluster.client().await?;
            cluster.warn_without_workers().await?;
            let purpose = Purpose::Run(&client);
            let outputs = plan.build(purpose, cluster.datasets()).await?;
            on_cluster(&client, &outputs, context).await
        }
        false => {
            let outputs = plan.build(Purpose::RunHere, cluster.datasets()).await?;
            here(&outputs, context).await
        }
    };
    for value in values.map_err(failure::explain)? {
        output.value(value.ty(), value.bytes())?;
    }
    output.finish()
}

async fn on_cluster(
    client: &Client,
    outputs: &[Delayed],
    context: &Context,
) -> Result<Vec<Encoded>, Error> {
    let futures = client.compute_all(outputs)?;
    let progress = Progress::new(futures.len() as u64, context.quiet);
    let mut completed = client.as_completed(&futures);
    while let Some(future) = completed.next().await {
        if future.status() != Status::Finished {
            break;
        }
        progress.add();
    }
    // The first that failed ends it.
    client.gather_encoded(&futures).await
}

async fn here(outputs: &[Delayed], context: &Context) -> Result<Vec<Encoded>, Error> {
    context.note("computing in this process");
    let progress = Arc::new(Progress::new(0, context.quiet));
    let told = progress.clone();
    let compute = Compute::new()
        .cache_dir(context.paths.compiled_code())
        .compiler(compiler());
    let compute = compute.on_progress(move |progress| {
        told.set(progress.done as u64, progress.total as u64);
    });
    let values = compute.encoded(outputs).await?;
    let tasks = progress.total();
    let time = progress.finish().as_secs_f64();
    context.note(format_args!("{}, {time:.2} s", count(tasks, "task")));
    Ok(values)
}
