//! `wask result`

use std::time::Duration;

use clap::Args;
use tokio::time::timeout;

use crate::{
    args::{ClusterArgs, OutputArgs, units},
    cluster::{Cluster, Context},
    exit::{Exit, Failed, Result},
    failure,
    held::{Held, held},
    output::Output,
};

/// Wait for one result and print it
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wask result @hamlet
  wask result @counts[3] --json
  wask result @image -o image.png
  wask result @slow --timeout 10s       gives up waiting; the task goes on")]
pub(crate) struct ResultArgs {
    /// @NAME, or @NAME[3] for one of a collection
    #[arg(value_name = "NAME", value_parser = held)]
    name: Held,

    /// How long to wait
    #[arg(long, value_name = "TIME", value_parser = units::duration)]
    timeout: Option<Duration>,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(crate) async fn run(args: ResultArgs, context: &Context) -> Result {
    let mut output = Output::open(&args.output)?;
    let client = Cluster::connect(context, &args.cluster).await?;
    let futures = args.name.futures(&client).await?;
    let name = &args.name.name;
    let [future] = futures.as_slice() else {
        return Err(Failed::input(format!(
            "`@{name}` holds {} results: `wask gather @{name}` prints all, `wask result \
             @{name}[0]` the first",
            futures.len()
        )));
    };
    output.check(future.ty())?;
    let result = match args.timeout {
        None => future.encoded().await,
        Some(time) => match timeout(time, future.encoded()).await {
            Ok(result) => result,
            Err(_) => {
                let message = format!(
                    "`@{name}` was not there within {time:?}; it is still being computed, and \
                     can be asked for again"
                );
                return Err(Failed::message(Exit::Timeout, message));
            }
        },
    };
    let value = result.map_err(failure::explain)?;
    output.value(value.ty(), value.bytes())?;
    output.finish()
}
