//! `wask inspect`

use std::fmt::Write;

use clap::Args;
use serde_json::json;
use wask_component::{Component, Function, Interface};

use super::compile_child::check;
use crate::{
    args::ClusterArgs,
    cluster::{Choice, Cluster, Context},
    component::{self, Target},
    exit::{Failed, Result},
    output::Output,
};

/// List the functions of a component, with their WIT types
///
/// A component that the cluster knows by a name or digest is looked up there; a file needs no
/// cluster.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wask inspect words.wasm
  wask inspect words.wasm --all        also its imports
  wask inspect word-count              a component that was pushed")]
pub(crate) struct InspectArgs {
    /// A file, or what the cluster knows by a name or `blake3:…`
    component: String,

    /// Also list imports
    #[arg(long)]
    all: bool,

    /// Write one JSON object
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(crate) async fn run(args: InspectArgs, context: &Context) -> Result {
    let target = match Target::load(&args.component) {
        Ok(target) => target,
        Err(failed) => return look(&args, failed),
    };
    let (digest, interface) = match target {
        Target::File(component) => {
            check(&component, context).await?;
            (
                component.digest().to_string(),
                component.interface().clone(),
            )
        }
        Target::Named(name) => {
            let choice = Choice::lasting(context, &args.cluster)?;
            let component = component::known(&mut Cluster::new(context, choice), &name).await?;
            let functions = component.functions().map(|function| Function {
                name: function.name().to_owned(),
                ty: function.ty().clone(),
                docs: function.docs().map(str::to_owned),
            });
            let interface = Interface {
                functions: functions.collect(),
                ..Interface::default()
            };
            (component.digest().to_string(), interface)
        }
    };
    let mut output = Output::stdout(args.json);
    match args.json {
        true => output.json(&to_json(&digest, &interface))?,
        false => output.line(to_text(&interface, args.all).trim_end())?,
    }
    output.finish()
}

/// Shows a file that no worker would take for what it imports, and fails as a worker would.
fn look(args: &InspectArgs, failed: Failed) -> Result {
    let Ok((interface, missing)) = Component::look_at(&args.component) else {
        return Err(failed);
    };
    if missing.is_empty() {
        return Err(failed);
    }
    let mut output = Output::stdout(args.json);
    let missing: Vec<&str> = missing.iter().map(|import| &*import.name).collect();
    if args.json {
        let mut json = to_json("", &interface);
        json["digest"] = serde_json::Value::Null;
        json["missing"] = json!(missing);
        output.json(&json)?;
    } else {
        output.line(to_text(&interface, args.all).trim_end())?;
        for import in missing {
            output.line(format_args!("missing import: {import}"))?;
        }
    }
    output.finish()?;
    Err(failed)
}

fn to_json(digest: &str, interface: &Interface) -> serde_json::Value {
    let functions = interface.functions.iter().map(|function| {
        json!({
            "name": function.name,
            "type": function.ty.to_string(),
            "docs": function.docs,
        })
    });
    let refused = interface
        .refused
        .iter()
        .map(|refused| json!({ "name": refused.name, "reason": refused.reason }));
    json!({
        "digest": digest,
        "functions": functions.collect::<Vec<_>>(),
        "refused": refused.collect::<Vec<_>>(),
        "imports": interface.imports,
    })
}

fn to_text(interface: &Interface, all: bool) -> String {
    let mut text = String::new();
    for function in &interface.functions {
        // A string takes all that is written.
        let _ = writeln!(text, "{}: {}", function.name, function.ty);
        for line in function.docs.iter().flat_map(|docs| docs.trim().lines()) {
            let _ = writeln!(text, "    {line}");
        }
    }
    if interface.functions.is_empty() {
        text.push_str("no function that a task can call\n");
    }
    for refused in &interface.refused {
        let _ = writeln!(text, "not a task: {} {}", refused.name, refused.reason);
    }
    if all {
        for import in &interface.imports {
            let _ = writeln!(text, "imports {import}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use wask_component::Refused;

    use super::*;

    fn interface() -> Interface {
        Interface {
            functions: vec![Function {
                name: "count".into(),
                ty: "func(text: string) -> u32".parse().unwrap(),
                docs: Some("Counts.\n\nAll of them.\n".into()),
            }],
            refused: vec![Refused {
                name: "read".into(),
                reason: "holds a `stream`".into(),
            }],
            imports: vec!["wasi:io/poll@0.2.6".into()],
        }
    }

    #[test]
    fn functions_are_listed_with_types_and_docs() {
        insta::assert_snapshot!(to_text(&interface(), false), @"
        count: func(text: string) -> u32
            Counts.
            
            All of them.
        not a task: read holds a `stream`
        ");
        insta::assert_snapshot!(to_text(&interface(), true), @"
        count: func(text: string) -> u32
            Counts.
            
            All of them.
        not a task: read holds a `stream`
        imports wasi:io/poll@0.2.6
        ");
        assert_eq!(
            to_text(&Interface::default(), false),
            "no function that a task can call\n"
        );
    }

    #[test]
    fn json_tells_all() {
        insta::assert_snapshot!(to_json("blake3:00", &interface()), @r#"{"digest":"blake3:00","functions":[{"name":"count","type":"func(text: string) -> u32","docs":"Counts.\n\nAll of them.\n"}],"refused":[{"name":"read","reason":"holds a `stream`"}],"imports":["wasi:io/poll@0.2.6"]}"#);
    }
}
