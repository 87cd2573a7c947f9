//! The config file: defaults of options.
//!
//! ```toml
//! scheduler = "tcp://10.0.0.7:8786"   # for every command that has this option
//!
//! [up]                                # for one command
//! workers = 2
//! ```

use std::path::Path;

use clap::{Arg, ArgAction, Command};
use toml::{Table, Value};

use crate::{
    exit::{Exit, Failed, OrExit, Result},
    paths,
};

/// The command line with the defaults that the file at `path` gives, if there is one.
pub(crate) fn apply(command: Command, path: &Path) -> Result<Command> {
    let text = paths::if_there(paths::read_small_text(path))
        .or_exit(Exit::Input, || format!("cannot read {}", path.display()))?;
    let Some(text) = text else {
        return Ok(command);
    };
    apply_text(command, &text).map_err(|failed| failed.context(path.display()))
}

fn apply_text(command: Command, text: &str) -> Result<Command> {
    let table: Table = text
        .parse()
        .map_err(|error: toml::de::Error| Failed::input(error.to_string().trim_end()))?;
    table
        .into_iter()
        .try_fold(command, |command, (key, value)| match value {
            Value::Table(options) => for_command(command, &key, options),
            value => for_all(command, &key, &value),
        })
}

/// Sets an option of every command that has it.
fn for_all(mut command: Command, key: &str, value: &Value) -> Result<Command> {
    let names: Vec<String> = command
        .get_subcommands()
        .filter(|subcommand| option(subcommand, key).is_some())
        .map(|subcommand| subcommand.get_name().to_owned())
        .collect();
    let is_global = option(&command, key).is_some();
    if names.is_empty() && !is_global {
        let options = command.get_subcommands().flat_map(options);
        return Err(unknown("option", key, options));
    }
    if is_global {
        command = set(command, key, value)?;
    }
    for name in names {
        let subcommand = take(&command, &name);
        let subcommand = set(subcommand, key, value)?;
        command = command.mut_subcommand(&name, |_| subcommand);
    }
    Ok(command)
}

fn for_command(command: Command, name: &str, table: Table) -> Result<Command> {
    let Some(subcommand) = command.find_subcommand(name) else {
        return Err(unknown(
            "command",
            name,
            command.get_subcommands().map(Command::get_name),
        ));
    };
    let mut subcommand = subcommand.clone();
    for (key, value) in table {
        if option(&subcommand, &key).is_none() {
            let error = unknown("option", &key, options(&subcommand));
            return Err(error.context(format!("[{name}]")));
        }
        subcommand = set(subcommand, &key, &value)?;
    }
    Ok(command.mut_subcommand(name, |_| subcommand))
}

fn take(command: &Command, name: &str) -> Command {
    command.find_subcommand(name).cloned().unwrap_or_default()
}

fn option<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    command
        .get_arguments()
        .find(|arg| arg.get_long() == Some(name) && !arg.is_hide_set())
}

fn options(command: &Command) -> impl Iterator<Item = &str> {
    command.get_arguments().filter_map(Arg::get_long)
}

fn set(command: Command, key: &str, value: &Value) -> Result<Command> {
    let id = option(&command, key).map(|arg| arg.get_id().clone());
    // Callers looked for it.
    let Some(id) = id else { return Ok(command) };
    let values = match value {
        Value::Array(values) => values.iter().map(|value| text(key, value)).collect(),
        value => text(key, value).map(|text| vec![text]),
    }?;
    Ok(command.mut_arg(id, |arg| match arg.get_action() {
        ArgAction::Append => arg.default_values(values),
        _ => arg.default_value(values.join(",")),
    }))
}

fn text(key: &str, value: &Value) -> Result<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Boolean(yes) => Ok(yes.to_string()),
        other => Err(Failed::input(format!(
            "`{key}` is a {}; expected a string, a number or true or false",
            other.type_str()
        ))),
    }
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Failed {
    let advice = match crate::suggest::closest(name, known) {
        Some(known) => format!("did you mean `{known}`?"),
        None => "see `wask --help`".into(),
    };
    Failed::input(format!("no {what} is called `{name}`; {advice}"))
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, FromArgMatches};

    use super::*;
    use crate::args::Cli;

    #[track_caller]
    fn parse(config: &str, typed: &[&str]) -> Cli {
        let command = apply_text(Cli::command(), config).unwrap();
        let matches = command.try_get_matches_from(typed).unwrap();
        Cli::from_arg_matches(&matches).unwrap()
    }

    fn scheduler(cli: Cli) -> Option<String> {
        match cli.command {
            crate::args::Command::Status(args) => args.cluster.scheduler,
            _ => None,
        }
    }

    #[test]
    fn the_file_gives_defaults_that_the_command_line_overrides() {
        let config = "scheduler = \"tcp://a:1\"\n";
        assert_eq!(
            scheduler(parse(config, &["wask", "status"])).as_deref(),
            Some("tcp://a:1")
        );
        assert_eq!(
            scheduler(parse(config, &["wask", "status", "--scheduler", "b"])).as_deref(),
            Some("b")
        );
    }

    #[test]
    fn a_table_is_for_one_command() {
        let config = "json = true\n[status]\nscheduler = \"tcp://b:2\"\n[up]\nworkers = 3\n";
        let cli = parse(config, &["wask", "status"]);
        assert_eq!(scheduler(cli).as_deref(), Some("tcp://b:2"));
        let cli = parse(config, &["wask", "up"]);
        assert!(matches!(cli.command, crate::args::Command::Up(args) if args.workers == 3));
    }

    #[test]
    fn mistakes_are_named() {
        let error = |config| apply_text(Cli::command(), config).unwrap_err().to_string();
        assert_eq!(
            error("shceduler = \"a\""),
            "no option is called `shceduler`; did you mean `scheduler`?"
        );
        assert_eq!(
            error("[sttaus]\n"),
            "no command is called `sttaus`; did you mean `status`?"
        );
        assert_eq!(
            error("[up]\nworker = 1\n"),
            "[up]: no option is called `worker`; did you mean `workers`?"
        );
        assert_eq!(
            error("json = 1.5"),
            "`json` is a float; expected a string, a number or true or false"
        );
        assert!(error("a b").starts_with("TOML parse error at line 1"));
    }
}
