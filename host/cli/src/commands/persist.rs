//! `wask persist`

use std::path::PathBuf;

use clap::Args;

use crate::{
    args::{ClusterArgs, NameArgs},
    cluster::{Choice, Cluster, Context},
    exit::{Failed, Result},
    graph::{Plan, Purpose, Source},
    names,
    output::Output,
};

/// Start a graph of tasks on the cluster, keep what it gives, and return at once
///
/// Prints the name under which the cluster keeps the outputs: `@NAME` of --as, else a generated
/// one. Each output is a part of it, `@NAME[0]`, `@NAME[1]`, so they are all of one type. What the
/// graph computes on the way is dropped as soon as it was used.
#[derive(Args, Debug)]
#[command(after_help = "\
GRAPH.md tells the format of graphs; `wask compute --help` shows one.

Examples:
  wask persist graph.json --as counts
  wask datasets                          how far it is
  wask wait @counts
  wask map words.wasm top @counts        later work starts from what was computed")]
pub(crate) struct PersistArgs {
    /// A JSON file, or `-` for stdin
    graph: PathBuf,

    #[command(flatten)]
    name: NameArgs,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(crate) async fn run(args: PersistArgs, context: &Context) -> Result {
    let source = Source::read(&args.graph)?;
    let mut cluster = Cluster::new(context, Choice::lasting(context, &args.cluster)?);
    let plan = Plan::read(&source, &mut cluster).await?;
    check_types(&plan)?;
    let client = cluster.client().await?;
    let name = names::choose(&client, &args.name).await?;
    cluster.warn_without_workers().await?;
    let outputs = plan
        .build(Purpose::Run(&client), cluster.datasets())
        .await?;
    let futures = client.compute_all(&outputs)?;
    names::publish(&client, &name, args.name.replace, &futures).await?;
    let mut output = Output::stdout(false);
    output.line(format_args!("@{name}"))?;
    output.finish()
}

fn check_types(plan: &Plan) -> Result {
    let mut outputs = plan.outputs.iter();
    let Some((first, wanted)) = outputs.next() else {
        return Ok(());
    };
    match outputs.find(|(_, ty)| ty != wanted) {
        None => Ok(()),
        Some((other, ty)) => Err(Failed::input(format!(
            "the parts of a dataset are of one type, but output `{first}` is {wanted} and \
             `{other}` is {ty}: persist them apart"
        ))),
    }
}
