//! `wask version`

use clap::Args;
use serde_json::json;
use wask_core::ENGINE_PROFILE;
use wask_rpc::SOFTWARE_VERSION;
use wask_sandbox::Reset;

use crate::{exit::Result, output::Output};

/// Show the version, and what this machine's sandboxes can do
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wask version
  wask version --json")]
pub(crate) struct VersionArgs {
    /// Write one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &VersionArgs) -> Result {
    let reset = match Reset::available() {
        Reset::DirtyPages => "dirty pages",
        Reset::Prefix => "prefix",
    };
    let mut output = Output::stdout(args.json);
    match args.json {
        true => output.json(&json!({
            "version": SOFTWARE_VERSION,
            "engine_profile": ENGINE_PROFILE,
            "memory_reset": reset,
        }))?,
        false => {
            output.line(format_args!("wask {SOFTWARE_VERSION}"))?;
            output.line(format_args!("engine profile: {ENGINE_PROFILE}"))?;
            output.line(format_args!("memory between tasks: reset by {reset}"))?;
        }
    }
    output.finish()
}
