//! The `wask` command: functions of WebAssembly components, here and on clusters.
//!
//! A command is a file of [`commands`]: its options, and what it does. They stand on
//! [`args`] (what can be typed), [`expression`] (the call syntax), [`cluster`] (which cluster),
//! [`graph`] (graphs as JSON), [`job`] (map and reduce), [`output`] (what goes to stdout) and
//! [`exit`] (exit codes).

mod args;
mod cluster;
mod commands;
mod completion;
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
mod reading;
mod reduce;
mod scheduler_file;
mod state;
mod suggest;
mod supervisor;
mod table;
mod terminal;

use std::{ffi::OsString, process::ExitCode};

use clap::{
    ArgMatches, CommandFactory, FromArgMatches,
    error::{ContextKind, ContextValue, ErrorKind},
    parser::ValueSource,
};

use crate::{
    args::{Cli, Command},
    cluster::Context,
    exit::{Exit, Failed, OrExit, Result},
    paths::Paths,
    reading::ReadLimit,
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
    if completion::answer()? {
        return Ok(());
    }
    let paths = Paths::find()?;
    let Some(mut matches) = typed(&paths)? else {
        return Ok(());
    };
    let scheduler_source = matches
        .subcommand()
        .and_then(|(_, matches)| scheduler_source(matches));
    let cli = Cli::from_arg_matches_mut(&mut matches).map_err(Failed::input)?;
    logging::start(cli.global.log_format, commands::log_level(&cli.command));
    let context = Context {
        paths,
        quiet: cli.global.quiet,
        read_limit: ReadLimit(cli.global.read_limit),
        scheduler_source,
    };
    match cli.command {
        // These run no event loop: a guest may block its thread.
        Command::Call(args) => commands::call::run(&args, &context),
        Command::CompileChild(_) => commands::compile_child::run(),
        Command::Version(args) => commands::version::run(&args),
        Command::Completions(args) => commands::completions::run(&args),
        command => block_on(commands::run(command, &context)),
    }
}

/// Runs what waits for others.
fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.or_exit(Exit::Machine, || "cannot start the event loop")?;
    let result = runtime.block_on(work);
    // What still reads a file or starts a thread is not waited for.
    runtime.shutdown_background();
    result
}

/// What was typed, with what the environment and the config file say. None where it was a question
/// that is answered now. A config file that makes no sense is in the way of nothing else.
fn typed(paths: &Paths) -> Result<Option<ArgMatches>> {
    let command = args::from_environment(Cli::command());
    let config = paths.config.join("config.toml");
    let (command, unread) = match args::config::apply(command.clone(), &config) {
        Ok(command) => (command, None),
        Err(failed) => (command, Some(failed)),
    };
    let typed: Vec<OsString> = std::env::args_os().collect();
    let failed = match command.clone().try_get_matches_from(&typed) {
        Ok(matches) => match (unread, matches.subcommand_name()) {
            (Some(failed), Some(name)) if name != "version" => return Err(failed),
            _ => return Ok(Some(matches)),
        },
        Err(error) if error.exit_code() == 0 => {
            // Nothing can be done where nobody reads it.
            let _ = error.print();
            return Ok(None);
        }
        Err(error) => error,
    };
    let source = match failed.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(option)) => args::source_of(&command, option, &typed),
        _ => None,
    };
    if failed.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Err(Failed::input(format_args!(
            "say what to do; there is\n\n{failed}"
        )));
    }
    let said = failed.to_string();
    let said = said.strip_prefix("error: ").unwrap_or(&said).trim_end();
    Err(match source {
        Some(variable) => Failed::input(said).context(format!("the variable {variable}")),
        None => Failed::input(said),
    })
}

/// Where the scheduler's address comes from, for commands that have that option.
fn scheduler_source(matches: &ArgMatches) -> Option<ValueSource> {
    matches.try_contains_id("scheduler").ok()?;
    matches.value_source("scheduler")
}
