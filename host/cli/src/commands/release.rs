//! `wask release`

use clap::Args;

use crate::{
    args::ClusterArgs,
    cluster::{Cluster, Context},
    exit::Result,
    held,
};

/// Give up names: the cluster drops results that nobody else holds
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wask release @hamlet @macbeth")]
pub(crate) struct ReleaseArgs {
    /// @NAME
    #[arg(value_name = "NAME", value_parser = held::whole, required = true)]
    names: Vec<String>,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(crate) async fn run(args: ReleaseArgs, context: &Context) -> Result {
    let client = Cluster::connect(context, &args.cluster).await?;
    held::check_all(&client, &args.names).await?;
    for name in &args.names {
        held::unpublish(&client, name).await?;
    }
    Ok(())
}
