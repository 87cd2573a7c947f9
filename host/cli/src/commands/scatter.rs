//! `wask scatter`

use std::path::PathBuf;

use clap::Args;
use wask_client::Encoded;
use wask_value::Type;

use crate::{
    args::{ClusterArgs, NameArgs},
    cluster::{Cluster, Context},
    exit::{Exit, Failed, OrExit, Result},
    expression::{Scope, Tree},
    files::{self, Kind},
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

    /// One value for each file that matches, as a `string` or a `list<u8>`; in quotes
    #[arg(long, value_name = "PATTERN")]
    files: Vec<String>,

    /// One value a line: JSON where the name ends in .jsonl, else WAVE; `-` is stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = ["files", "values"])]
    input: Option<PathBuf>,

    #[command(flatten)]
    name: NameArgs,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(crate) async fn run(args: ScatterArgs, context: &Context) -> Result {
    let ty: Type = args.ty.parse().or_exit(Exit::Input, || "--type")?;
    let scope = Scope::default();
    let values: Vec<Result<Tree>> = match &args.input {
        Some(path) => items::lines(&scope, &ty, path)?
            .into_iter()
            .map(Ok)
            .collect(),
        None if args.files.is_empty() => items::typed(&scope, &ty, &args.values)?
            .into_iter()
            .map(Ok)
            .collect(),
        None if !args.values.is_empty() => {
            return Err(Failed::input(
                "values or --files, not both; put the pattern of --files in quotes",
            ));
        }
        None => {
            let paths = files::find(&args.files)?;
            let checked = files::check(paths, Kind::of(&ty)?)?;
            let trees = checked.into_iter().map(files::Checked::into_tree);
            trees.collect()
        }
    };
    if values.is_empty() {
        return Err(Failed::input(
            "nothing to scatter: give values, --files 'PATTERN', or --input FILE (`-` for stdin)",
        ));
    }
    let client = Cluster::connect(context, &args.cluster).await?;
    let name = names::choose(&client, &args.name).await?;
    let mut futures = Vec::with_capacity(values.len());
    let mut batch: Vec<Encoded> = Vec::new();
    let mut bytes = 0;
    for value in values {
        let value = value?.encode(&ty)?;
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
