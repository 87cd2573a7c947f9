//! `wask datasets`

use bytesize::ByteSize;
use clap::Args;
use serde_json::json;
use wask_client::{DatasetInfo, KeyStateKind};

use crate::{
    args::ClusterArgs,
    cluster::{Cluster, Context},
    exit::Result,
    output::Output,
    table,
};

/// List the results that the cluster keeps by name
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wask datasets
  wask datasets -l | grep error
  wask datasets --json | jq -r .name")]
pub(crate) struct DatasetsArgs {
    /// List each result of each dataset
    #[arg(short, long)]
    long: bool,

    /// Write one JSON object a line, with the state of each result
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(crate) async fn run(args: DatasetsArgs, context: &Context) -> Result {
    let client = Cluster::connect(context, &args.cluster).await?;
    let datasets = client.datasets().await?;
    let mut output = Output::stdout(args.json);
    if args.json {
        for dataset in &datasets {
            output.json(&to_json(dataset))?;
        }
        return output.finish();
    }
    let lines = match args.long {
        true => to_long_text(&datasets),
        false => to_text(&datasets),
    };
    for line in lines {
        output.line(line)?;
    }
    output.finish()
}

fn to_json(dataset: &DatasetInfo) -> serde_json::Value {
    let states = dataset.states.iter().map(|state| state.as_str());
    json!({
        "name": dataset.name,
        "type": dataset.ty,
        "states": states.collect::<Vec<_>>(),
        "bytes": dataset.nbytes,
    })
}

fn to_text(datasets: &[DatasetInfo]) -> Vec<String> {
    let mut rows = vec![table::row(["NAME", "RESULTS", "STATE", "SIZE", "TYPE"])];
    rows.extend(datasets.iter().map(|dataset| {
        vec![
            format!("@{}", dataset.name),
            dataset.states.len().to_string(),
            states(&dataset.states),
            ByteSize(dataset.nbytes).display().si().to_string(),
            dataset.ty.clone(),
        ]
    }));
    table::lines(&rows)
}

/// A line for each result.
fn to_long_text(datasets: &[DatasetInfo]) -> Vec<String> {
    let mut rows = vec![table::row(["NAME", "STATE", "KEY", "TYPE"])];
    for dataset in datasets {
        let results = dataset.states.iter().zip(&dataset.keys).enumerate();
        rows.extend(results.map(|(index, (state, key))| {
            vec![
                format!("@{}[{index}]", dataset.name),
                state.as_str().to_owned(),
                key.short(),
                dataset.ty.clone(),
            ]
        }));
    }
    table::lines(&rows)
}

/// `finished`, or `3 finished, 1 pending`.
fn states(states: &[KeyStateKind]) -> String {
    use KeyStateKind::{Cancelled, Error, Finished, Lost, Pending};
    let counts = [Finished, Pending, Error, Cancelled, Lost].map(|kind| {
        let count = states.iter().filter(|state| **state == kind).count();
        (count, kind.as_str())
    });
    let there: Vec<_> = counts.into_iter().filter(|(count, _)| *count > 0).collect();
    match *there {
        [(_, only)] => only.to_owned(),
        _ => {
            let parts = there.iter().map(|(count, name)| format!("{count} {name}"));
            parts.collect::<Vec<_>>().join(", ")
        }
    }
}

#[cfg(test)]
mod tests {
    use wask_client::Key;

    use super::*;

    #[test]
    fn states_are_counted() {
        let dataset = |name: &str, states: &[KeyStateKind], ty: &str| DatasetInfo {
            name: name.into(),
            keys: vec![Key([7; 32]); states.len()],
            ty: ty.into(),
            states: states.to_vec(),
            nbytes: 2_000,
        };
        use KeyStateKind::{Finished, Pending};
        let text = to_text(&[
            dataset("counts", &[Finished; 3], "list<u32>"),
            dataset("t-7k2", &[Pending, Finished, Finished], "u8"),
        ]);
        insta::assert_snapshot!(text.join("\n"), @"
        NAME     RESULTS  STATE                  SIZE    TYPE
        @counts  3        finished               2.0 kB  list<u32>
        @t-7k2   3        2 finished, 1 pending  2.0 kB  u8
        ");
        let text = to_long_text(&[dataset("t-7k2", &[Finished, Pending], "u8")]);
        insta::assert_snapshot!(text.join("\n"), @"
        NAME       STATE     KEY       TYPE
        @t-7k2[0]  finished  07070707  u8
        @t-7k2[1]  pending   07070707  u8
        ");
    }
}
