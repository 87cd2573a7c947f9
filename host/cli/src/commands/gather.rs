//! `wask gather`

use clap::Args;

use crate::{
    args::{ClusterArgs, OutputArgs},
    cluster::{Cluster, Context},
    exit::Result,
    failure,
    held::{Held, held},
    output::Output,
};

/// Results that are brought here in one call.
const BATCH: usize = 1_000;

/// Wait for many results and print them, one a line
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wask gather @counts
  wask gather @counts @more --json > all.jsonl")]
pub(crate) struct GatherArgs {
    /// @NAME, for all of a collection, or @NAME[3]
    #[arg(value_name = "NAME", value_parser = held, required = true)]
    names: Vec<Held>,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(crate) async fn run(args: GatherArgs, context: &Context) -> Result {
    let mut output = Output::open(&args.output)?;
    let client = Cluster::connect(context, &args.cluster).await?;
    let mut futures = Vec::new();
    for name in &args.names {
        futures.extend(name.futures(&client).await?);
    }
    for future in &futures {
        output.check(future.ty())?;
    }
    for batch in futures.chunks(BATCH) {
        let values = client.gather_encoded(batch).await;
        for value in values.map_err(failure::explain)? {
            output.value(value.ty(), value.bytes())?;
        }
        output.flush()?;
    }
    output.finish()
}
