//! Every option as a variable of the environment.

use clap::{Arg, ArgAction, Command, builder::BoolishValueParser};

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
    let variable = format!("WASK_{}", long.replace('-', "_").to_uppercase());
    // The help tells the rule once, not every variable.
    let arg = match arg.get_env() {
        None => arg.env(variable).hide_env(true),
        Some(_) => arg.hide_env(true),
    };
    match takes_value {
        true => arg,
        // `WASK_JSON=1` is what people write.
        false => arg.value_parser(BoolishValueParser::new()),
    }
}
