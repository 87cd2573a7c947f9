//! Groups of options that several commands have.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use wask_client::{Limit, Options};
use wask_core::{AskedLimits, LimitRules};
use wask_sandbox::TaskLimits;

use super::units;
use crate::exit::{Exit, Failed, Result};

/// Which cluster.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Cluster")]
pub(crate) struct ClusterArgs {
    /// The scheduler's address: tcp://HOST:PORT or unix:///PATH. Else WASK_SCHEDULER, the config
    /// file, or what `wask up` started
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) scheduler: Option<String>,

    /// A file with the cluster's token for clients; WASK_TOKEN may hold the token itself
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
}

/// How results are written.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Write JSON instead of WAVE, one value a line
    #[arg(long, conflicts_with = "raw")]
    pub(crate) json: bool,

    /// Write the bytes of a `list<u8>` or the text of a `string` as they are
    #[arg(long)]
    pub(crate) raw: bool,

    /// Write to a file instead of stdout; `list<u8>` and `string` as with --raw
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// What one task may use.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Limits of a task")]
pub(crate) struct LimitArgs {
    /// Wall time of a task: 500ms, 10s, 2m
    #[arg(long, value_name = "TIME", value_parser = units::duration, env = "WASK_TASK_TIMEOUT")]
    pub(crate) timeout: Option<Duration>,

    /// Linear memory of a task: 64MiB [default: the cluster's, 1 GiB unless it says otherwise]
    #[arg(
        long,
        value_name = "SIZE",
        value_parser = units::size,
        env = "WASK_TASK_MEMORY_LIMIT"
    )]
    pub(crate) memory_limit: Option<u64>,

    /// Bytes of a task's encoded result: 64MiB [default: the cluster's, 256 MiB unless it says
    /// otherwise]
    #[arg(
        long,
        value_name = "SIZE",
        value_parser = units::size,
        env = "WASK_TASK_OUTPUT_LIMIT"
    )]
    pub(crate) output_limit: Option<u64>,

    /// Instructions that a task may execute, about, or `unlimited`: the same on every machine
    #[arg(long, value_name = "N", value_parser = units::fuel, env = "WASK_TASK_FUEL_LIMIT")]
    pub(crate) fuel: Option<Limit>,
}

impl LimitArgs {
    /// For a sandbox of this process, by the rules of a cluster whose operator says nothing.
    pub(crate) fn for_sandbox(&self) -> Result<TaskLimits> {
        let asked = AskedLimits {
            memory: self.memory_limit,
            output: self.output_limit,
            fuel: self.fuel,
        };
        let limits = LimitRules::default()
            .resolve(&asked)
            .map_err(|error| Failed::message(Exit::Refused, format!("{error}; ask for less")))?;
        Ok(TaskLimits {
            timeout: self.timeout,
            ..limits.into()
        })
    }

    /// For tasks of a cluster.
    pub(crate) fn for_cluster(&self) -> Options {
        let mut options = Options::new();
        if let Some(timeout) = self.timeout {
            options = options.timeout(timeout);
        }
        if let Some(bytes) = self.memory_limit {
            options = options.memory_limit(bytes);
        }
        if let Some(bytes) = self.output_limit {
            options = options.output_limit(bytes);
        }
        match self.fuel {
            Some(Limit::Of(fuel)) => options.fuel(fuel),
            Some(Limit::Unlimited) => options.unlimited_fuel(),
            None => options,
        }
    }
}

/// How a result is named.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Name")]
pub(crate) struct NameArgs {
    /// Keep the result on the cluster as @NAME
    #[arg(long = "as", value_name = "NAME", value_parser = dataset_name)]
    pub(crate) name: Option<String>,

    /// Take the name even if it is in use
    #[arg(long, requires = "name")]
    pub(crate) replace: bool,
}

/// A name that `@name` can be written with. A leading `@` is forgiven.
pub(crate) fn dataset_name(text: &str) -> std::result::Result<String, String> {
    let name = text.strip_prefix('@').unwrap_or(text);
    match crate::expression::is_name(name) {
        true => Ok(name.to_owned()),
        false => Err("a name has letters, digits, `-`, `_` and `.`, a letter first".into()),
    }
}
