//! `wask components`

use bytesize::ByteSize;
use clap::Args;
use serde_json::json;
use wask_client::Component;

use crate::{
    args::ClusterArgs,
    cluster::{Cluster, Context},
    exit::Result,
    output::Output,
    table,
};

/// List the components that the cluster has, or take one from it
///
/// One without a name is shown with the file that it came from: (words.wasm).
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wask components
  wask components --json | jq -r .digest
  wask components --remove words")]
pub(crate) struct ComponentsArgs {
    /// Write one JSON object a line
    #[arg(long)]
    json: bool,

    /// Take this one from the cluster, with all its names: NAME, or blake3:… and six digits or more
    #[arg(long, value_name = "COMPONENT", conflicts_with = "json")]
    remove: Option<String>,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(crate) async fn run(args: ComponentsArgs, context: &Context) -> Result {
    let client = Cluster::connect(context, &args.cluster).await?;
    if let Some(name) = &args.remove {
        let component = client.component(name).await?;
        // What it is called may mean another by now.
        let digest = component.digest();
        client.remove_component(digest.to_string()).await?;
        let mut output = Output::stdout(false);
        match component.name() {
            Some(name) => output.line(format_args!("removed {name} ({digest})"))?,
            None => output.line(format_args!("removed {digest}"))?,
        }
        return output.finish();
    }
    let components = client.components().await?;
    let mut output = Output::stdout(args.json);
    if args.json {
        for component in &components {
            output.json(&to_json(component))?;
        }
        return output.finish();
    }
    let mut rows = vec![table::row(["NAME", "DIGEST", "SIZE", "FUNCTIONS"])];
    rows.extend(components.iter().map(|component| {
        let functions = component
            .functions()
            .map(|function| function.name().to_owned());
        vec![
            called(component),
            wask_component::Digest::from_bytes(component.digest().0).short(),
            ByteSize(component.size()).display().si().to_string(),
            functions.collect::<Vec<_>>().join(", "),
        ]
    }));
    for line in table::lines(&rows) {
        output.line(line)?;
    }
    output.finish()
}

/// Its name, or the file that it came from.
fn called(component: &Component) -> String {
    match (component.name(), component.file()) {
        (Some(name), _) => name.to_owned(),
        (None, Some(file)) => format!("({file})"),
        (None, None) => "-".to_owned(),
    }
}

fn to_json(component: &Component) -> serde_json::Value {
    let functions = component
        .functions()
        .map(|function| json!({ "name": function.name(), "type": function.ty().to_string() }));
    json!({
        "name": component.name(),
        "file": component.file(),
        "digest": component.digest().to_string(),
        "bytes": component.size(),
        "functions": functions.collect::<Vec<_>>(),
    })
}
