//! `wask scatter`

use clap::Args;
use wask_client::Encoded;
use wask_value::Type;

use crate::{
    args::{ClusterArgs, NameArgs, SourceArgs},
    cluster::{Cluster, Context},
    exit::{Exit, OrExit, Result},
    items, names,
    output::Output,
};

/// Bytes of values that are sent together.
const BATCH_BYTES: u64 = 64 << 20;

/// Store values on the cluster's workers
///
/// Prints the name of the collection, which the cluster keeps: `@NAME` of --as, else a generated
/// one. Its values are what functions are mapped over, or a list where a list is wanted.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wask scatter --type u32 1 2 3 --as numbers
  wask scatter --type string --files 'texts/*.txt' --as texts
  wask scatter --type 'list<u32>' --input rows.jsonl --as rows
  wask map words.wasm count-words @texts")]
pub(crate) struct ScatterArgs {
    /// Values as WAVE; a string needs no quotes
    #[arg(value_name = "VALUE")]
    values: Vec<String>,

    /// The WIT type of each value: u32, 'list<string>', 'record { x: f64 }'
    #[arg(long = "type", value_name = "TYPE")]
    ty: String,

    #[command(flatten)]
    sources: SourceArgs,

    #[command(flatten)]
    name: NameArgs,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(crate) async fn run(args: ScatterArgs, context: &Context) -> Result {
    let ty: Type = args.ty.parse().or_exit(Exit::Input, || "--type")?;
    let scope = context.scope();
    let values = items::read(context, &args.sources, &args.values, &scope, &ty).await?;
    if values.len() == 0 {
        return Ok(());
    }
    let client = Cluster::connect(context, &args.cluster).await?;
    let name = names::choose(&client, &args.name).await?;
    let mut futures = Vec::with_capacity(values.len());
    let mut batch: Vec<Encoded> = Vec::new();
    let mut bytes = 0;
    for value in values.into_iter() {
        let value = value?.0.encode(&ty)?;
        bytes += value.bytes().len() as u64;
        batch.push(value);
        if bytes >= BATCH_BYTES {
            futures.extend(client.scatter_encoded(std::mem::take(&mut batch)).await?);
            bytes = 0;
        }
    }
    futures.extend(client.scatter_encoded(batch).await?);
    names::publish(&client, &name, args.name.replace, &futures).await?;
    let mut output = Output::stdout(false);
    output.line(format_args!("@{name}"))?;
    output.finish()
}
