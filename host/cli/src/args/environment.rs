//! Every option as a variable of the environment.

use std::ffi::OsString;

use clap::{
    Arg, ArgAction, Command,
    builder::{BoolishValueParser, Resettable},
};

/// Gives every option without a variable of its own the one that its name makes: `--token-file` can
/// be set as `WASK_TOKEN_FILE`.
pub(crate) fn from_environment(command: Command) -> Command {
    command
        .mut_args(set)
        .mut_subcommands(|command| command.mut_args(set))
}

fn set(arg: Arg) -> Arg {
    let takes_value = match arg.get_action() {
        ArgAction::Set | ArgAction::Append => true,
        ArgAction::SetTrue => false,
        _ => return arg,
    };
    let Some(long) = arg.get_long() else {
        return arg;
    };
    // A hidden option only tells that its place is elsewhere.
    if arg.is_hide_set() {
        return arg;
    }
    let variable = variable_of(&arg, long);
    // An empty variable is one that is not set. The help tells the rule once, not every variable.
    let arg = match std::env::var_os(&variable).is_some_and(|value| value.is_empty()) {
        true => arg.env(Resettable::Reset),
        false => arg.env(variable).hide_env(true),
    };
    match takes_value {
        true => arg,
        // `WASK_JSON=1` is what people write.
        false => arg.value_parser(BoolishValueParser::new()),
    }
}

fn variable_of(arg: &Arg, long: &str) -> OsString {
    let made = || format!("WASK_{}", long.replace('-', "_").to_uppercase());
    arg.get_env()
        .map_or_else(|| made().into(), ToOwned::to_owned)
}

/// The variable that an option's value came from, where it was not typed.
pub(crate) fn source_of(command: &Command, option: &str, typed: &[OsString]) -> Option<String> {
    let long = option.split([' ', '=']).next()?.strip_prefix("--")?;
    let is_typed = |word: &OsString| {
        let word = word.to_string_lossy();
        let word = word.split('=').next().unwrap_or_default();
        word.strip_prefix("--") == Some(long)
    };
    if typed.iter().any(is_typed) {
        return None;
    }
    let commands = std::iter::once(command).chain(command.get_subcommands());
    let mut args = commands.flat_map(Command::get_arguments);
    let arg = args.find(|arg| arg.get_long() == Some(long))?;
    let variable = variable_of(arg, long);
    std::env::var_os(&variable)?;
    Some(variable.to_string_lossy().into_owned())
}
