//! The `wask` command: functions of WebAssembly components, here and on clusters.
//!
//! A command is a file of [`commands`]: its options, and what it does. They stand on
//! [`args`] (what can be typed), [`expression`] (the call syntax), [`cluster`] (which cluster),
//! [`graph`] (graphs as JSON), [`job`] (map and reduce), [`output`] (what goes to stdout) and
//! [`exit`] (exit codes).

mod args;
mod cluster;
mod commands;
mod component;
mod exit;
mod expression;
mod failure;
mod files;
mod graph;
mod held;
mod interrupt;
mod items;
mod job;
mod logging;
mod names;
mod output;
mod paths;
mod progress;
#[doc(hidden)]
pub mod readers;
mod reduce;
mod scheduler_file;
mod state;
mod suggest;
mod supervisor;
mod table;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, parser::ValueSource};

use crate::{
    args::{Cli, Command},
    cluster::Context,
    exit::{Exit, OrExit, Result},
    paths::Paths,
};

/// Runs the command that this process was started with.
pub fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            output::note(&failed);
            failed.exit.into()
        }
    }
}

fn run() -> Result {
    let paths = Paths::find()?;
    let command = args::from_environment(Cli::command());
    let command = args::config::apply(command, &paths.config.join("config.toml"))?;
    let mut matches = command.get_matches();
    let scheduler_source = matches
        .subcommand()
        .and_then(|(_, matches)| scheduler_source(matches));
    let cli = match Cli::from_arg_matches_mut(&mut matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    logging::start(cli.global.log_format, commands::log_level(&cli.command));
    let context = Context {
        paths,
        quiet: cli.global.quiet,
        scheduler_source,
    };
    match cli.command {
        // These run no event loop: a guest may block its thread.
        Command::Call(args) => commands::call::run(&args, &context),
        Command::CompileChild(_) => commands::compile_child::run(),
        Command::Version(args) => commands::version::run(&args),
        Command::Completions(args) => commands::completions::run(&args),
        command => {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let runtime = runtime.or_exit(Exit::Machine, || "cannot start the event loop")?;
            let result = runtime.block_on(commands::run(command, &context));
            // What still reads a file or starts a thread is not waited for.
            runtime.shutdown_background();
            result
        }
    }
}

/// Where the scheduler's address comes from, for commands that have that option.
fn scheduler_source(matches: &clap::ArgMatches) -> Option<ValueSource> {
    matches.try_contains_id("scheduler").ok()?;
    matches.value_source("scheduler")
}
