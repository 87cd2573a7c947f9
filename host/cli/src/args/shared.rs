//! Groups of options that several commands have.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use wask_client::Options;
use wask_sandbox::TaskLimits;

use super::units;

/// Which cluster.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Cluster")]
pub(crate) struct ClusterArgs {
    /// The scheduler's address: tcp://HOST:PORT or unix:///PATH. Else WASK_SCHEDULER, the config
    /// file, or what `wask up` started
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) scheduler: Option<String>,

    /// A file with the token that the cluster wants; WASK_TOKEN may hold the token itself
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

    /// Linear memory of a task: 64MiB, 1GiB
    #[arg(
        long,
        value_name = "SIZE",
        value_parser = units::size,
        env = "WASK_TASK_MEMORY_LIMIT"
    )]
    pub(crate) memory_limit: Option<u64>,

    /// Bytes of a task's encoded result: 64MiB
    #[arg(
        long,
        value_name = "SIZE",
        value_parser = units::size,
        env = "WASK_TASK_OUTPUT_LIMIT"
    )]
    pub(crate) output_limit: Option<u64>,

    /// Instructions that a task may execute, about: the same on every machine
    #[arg(long, value_name = "N", env = "WASK_TASK_FUEL")]
    pub(crate) fuel: Option<u64>,
}

impl LimitArgs {
    /// For a sandbox of this process.
    pub(crate) fn for_sandbox(&self) -> TaskLimits {
        let default = TaskLimits::default();
        TaskLimits {
            memory: self.memory_limit.unwrap_or(default.memory),
            timeout: self.timeout,
            fuel: self.fuel,
            max_output: self.output_limit.unwrap_or(default.max_output),
        }
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
        if let Some(fuel) = self.fuel {
            options = options.fuel(fuel);
        }
        options
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
pub(crate) fn dataset_name(text: &str) -> Result<String, String> {
    let name = text.strip_prefix('@').unwrap_or(text);
    match crate::expression::is_name(name) {
        true => Ok(name.to_owned()),
        false => Err("a name has letters, digits, `-`, `_` and `.`, a letter first".into()),
    }
}
