//! `wask inspect`

use std::fmt::Write;

use bytesize::ByteSize;
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
  wask inspect words.wasm --all        also its digest, size and imports
  wask inspect words.wasm --wit        its world, as WIT
  wask inspect word-count              a component that was pushed")]
pub(crate) struct InspectArgs {
    /// A file, or what the cluster knows by a name or `blake3:…`
    component: String,

    /// Also tell its digest and size, and list imports with what they are to a task
    #[arg(long)]
    all: bool,

    /// Write its world as WIT; of a file only
    #[arg(long, conflicts_with_all = ["all", "json"])]
    wit: bool,

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
    let (facts, interface) = match target {
        Target::File(component) => {
            check(&component, context).await?;
            if args.wit {
                return world(&component);
            }
            let facts = Facts {
                digest: component.digest().to_string(),
                bytes: component.bytes().len() as u64,
            };
            (facts, component.interface().clone())
        }
        Target::Named(_) if args.wit => {
            return Err(Failed::input(
                "--wit takes a file: the cluster tells functions and their types only",
            ));
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
            let facts = Facts {
                digest: component.digest().to_string(),
                bytes: component.size(),
            };
            (facts, interface)
        }
    };
    let mut output = Output::stdout(args.json);
    match args.json {
        true => output.json(&to_json(Some(&facts), &interface))?,
        false => {
            output.line(to_text(&interface).trim_end())?;
            if args.all {
                output.line(further(&facts, &interface).trim_end())?;
            }
        }
    }
    output.finish()
}

/// What a component is beside its functions.
struct Facts {
    digest: String,
    bytes: u64,
}

fn world(component: &Component) -> Result {
    let wit = component.wit()?;
    let mut output = Output::stdout(false);
    for line in wit.lines() {
        output.line(line)?;
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
        let mut json = to_json(None, &interface);
        json["missing"] = json!(missing);
        output.json(&json)?;
    } else {
        output.line(to_text(&interface).trim_end())?;
        for import in missing {
            output.line(format_args!("missing import: {import}"))?;
        }
    }
    output.finish()?;
    Err(failed)
}

fn to_json(facts: Option<&Facts>, interface: &Interface) -> serde_json::Value {
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
        "digest": facts.map(|facts| &facts.digest),
        "bytes": facts.map(|facts| facts.bytes),
        "functions": functions.collect::<Vec<_>>(),
        "refused": refused.collect::<Vec<_>>(),
        "imports": interface.imports,
    })
}

fn to_text(interface: &Interface) -> String {
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
    text
}

/// What `--all` adds. All that a worker links is the stand-in of WASI, which is the same for every
/// run, so every component that is admitted is pure.
fn further(facts: &Facts, interface: &Interface) -> String {
    let size = ByteSize(facts.bytes).display().si();
    let mut text = format!("\ndigest: {}\nsize: {size}\npure: yes\n", facts.digest);
    for import in &interface.imports {
        let meaning = match import.starts_with("wasi:") {
            true => "deterministic stand-in",
            false => "types",
        };
        let _ = writeln!(text, "imports {import} ({meaning})");
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
        insta::assert_snapshot!(to_text(&interface()), @"
        count: func(text: string) -> u32
            Counts.
            
            All of them.
        not a task: read holds a `stream`
        ");
        let facts = Facts {
            digest: "blake3:00".into(),
            bytes: 52_007,
        };
        insta::assert_snapshot!(further(&facts, &interface()), @"

        digest: blake3:00
        size: 52.0 kB
        pure: yes
        imports wasi:io/poll@0.2.6 (deterministic stand-in)
        ");
        assert_eq!(
            to_text(&Interface::default()),
            "no function that a task can call\n"
        );
    }

    #[test]
    fn json_tells_all() {
        insta::assert_snapshot!(to_json(None, &interface()), @r#"{"digest":null,"bytes":null,"functions":[{"name":"count","type":"func(text: string) -> u32","docs":"Counts.\n\nAll of them.\n"}],"refused":[{"name":"read","reason":"holds a `stream`"}],"imports":["wasi:io/poll@0.2.6"]}"#);
    }
}
