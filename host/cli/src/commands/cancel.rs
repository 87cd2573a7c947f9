//! `wask cancel`

use clap::Args;

use crate::{
    args::ClusterArgs,
    cluster::{Cluster, Context},
    exit::Result,
    held::{Held, held},
    table::count,
};

/// Stop the tasks of results that are not wanted any more
///
/// What is finished stays. The names stay too: `wask release` gives them up.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wask cancel @slow
  wask cancel @counts[3] @more")]
pub(crate) struct CancelArgs {
    /// @NAME, for all of a collection, or @NAME[3]
    #[arg(value_name = "NAME", value_parser = held, required = true)]
    names: Vec<Held>,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(crate) async fn run(args: CancelArgs, context: &Context) -> Result {
    let client = Cluster::connect(context, &args.cluster).await?;
    let mut futures = Vec::new();
    for name in &args.names {
        futures.extend(name.futures(&client).await?);
    }
    client.cancel(&futures);
    client.flush().await?;
    context.note(format_args!(
        "{} cancelled, unless finished",
        count(futures.len() as u64, "result")
    ));
    Ok(())
}
