//! `wask push`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::compile_child::check;
use crate::{
    args::{ClusterArgs, dataset_name},
    cluster::{Cluster, Context},
    component::load_file,
    exit::Result,
    output::Output,
};

/// Give the cluster a component, under a name
///
/// Prints what the component can be called by from now on: the name, or its digest.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wask push words.wasm --as word-count
  wask submit word-count 'count-words(\"to be\")'")]
pub(crate) struct PushArgs {
    /// A component: binary, WAT, or a core module with its WIT world embedded
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The name; one that is in use passes to this component
    #[arg(long = "as", value_name = "NAME", value_parser = component_name)]
    name: Option<String>,

    /// Write one JSON object
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    cluster: ClusterArgs,
}

fn component_name(text: &str) -> Result<String, String> {
    if text.ends_with(".wasm") || text.ends_with(".wat") {
        return Err(
            "other commands would take it for a file: leave out what is after the dot".into(),
        );
    }
    dataset_name(text)
}

pub(crate) async fn run(args: PushArgs, context: &Context) -> Result {
    let component = load_file(&args.file)?;
    check(&component, context).await?;
    let client = Cluster::connect(context, &args.cluster).await?;
    let known = match &args.name {
        Some(name) => client.upload_as(name, component).await?,
        None => client.upload(component).await?,
    };
    let digest = known.digest().to_string();
    let mut output = Output::stdout(args.json);
    match args.json {
        true => output.json(&json!({
            "name": args.name,
            "digest": digest,
            "bytes": known.size(),
        }))?,
        false => output.line(args.name.as_ref().unwrap_or(&digest))?,
    }
    output.finish()
}
