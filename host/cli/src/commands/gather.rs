//! `wask gather`

use clap::Args;
use wask_client::{DatasetInfo, Future, KeyStateKind};

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
  wask gather @counts @more --json > all.jsonl
  wask gather --finished @counts                  what is there, with its index")]
pub(crate) struct GatherArgs {
    /// @NAME, for all of a collection, or @NAME[3]
    #[arg(value_name = "NAME", value_parser = held, required = true)]
    names: Vec<Held>,

    /// Print only what has finished, each with its index, and wait for nothing
    #[arg(long, conflicts_with = "raw")]
    finished: bool,

    /// Results of --raw end with a null byte
    #[arg(short = '0', long = "null")]
    null_data: bool,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(crate) async fn run(args: GatherArgs, context: &Context) -> Result {
    let mut output = Output::open(&args.output)?;
    let client = Cluster::connect(context, &args.cluster).await?;
    let states = match args.finished {
        true => Some(States(client.datasets().await?)),
        false => None,
    };
    let mut futures = Vec::new();
    for name in &args.names {
        let first = name.index.unwrap_or(0);
        let named = (first..).zip(name.futures(&client).await?);
        let is_meant = |index: usize| match &states {
            Some(states) => states.is_finished(&name.name, index),
            None => true,
        };
        futures.extend(named.filter(|(index, _)| is_meant(*index)));
    }
    for (_, future) in &futures {
        output.check(future.ty())?;
    }
    if futures.len() > 1 {
        output.separate(args.null_data);
    }
    for batch in futures.chunks(BATCH) {
        let (indices, batch): (Vec<usize>, Vec<Future>) = batch.iter().cloned().unzip();
        let values = client.gather_encoded(&batch).await;
        for (index, value) in indices.iter().zip(values.map_err(failure::explain)?) {
            match args.finished {
                true => output.numbered(*index, value.ty(), value.bytes())?,
                false => output.value(value.ty(), value.bytes())?,
            }
        }
        output.flush()?;
    }
    output.finish()
}

/// What the cluster knows now of all results that have names.
struct States(Vec<DatasetInfo>);

impl States {
    fn is_finished(&self, name: &str, index: usize) -> bool {
        let dataset = self.0.iter().find(|dataset| dataset.name == name);
        let state = dataset.and_then(|dataset| dataset.states.get(index));
        state == Some(&KeyStateKind::Finished)
    }
}
