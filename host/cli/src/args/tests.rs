use clap::{CommandFactory, FromArgMatches, error::ErrorKind};

use super::*;

fn command() -> clap::Command {
    from_environment(Cli::command()).term_width(100)
}

#[test]
fn the_definitions_are_sound() {
    command().debug_assert();
}

#[test]
fn the_help_of_every_command_is_as_it_was() {
    let mut command = command();
    insta::assert_snapshot!("wask", command.render_help());
    command.build();
    let is_ours =
        |command: &&mut clap::Command| !command.is_hide_set() && command.get_name() != "help";
    for subcommand in command.get_subcommands_mut().filter(is_ours) {
        let name = subcommand.get_name().to_owned();
        let help = subcommand.render_help().to_string();
        assert!(help.contains("Examples:"), "{name}");
        insta::assert_snapshot!(format!("wask-{name}"), help);
    }
}

#[test]
fn lines_of_help_fit_a_terminal() {
    let mut command = command();
    command.build();
    for subcommand in command.get_subcommands_mut() {
        let name = subcommand.get_name().to_owned();
        let help = subcommand.render_long_help().to_string();
        for line in help.lines() {
            assert!(line.chars().count() <= 100, "{name}: {line}");
        }
    }
}

fn error(typed: &[&str]) -> clap::Error {
    let matches = command().try_get_matches_from(typed);
    matches
        .and_then(|matches| Cli::from_arg_matches(&matches))
        .expect_err("it is wrong")
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (typed, kind) in [
        (&["wask", "stats"][..], ErrorKind::InvalidSubcommand),
        (
            &["wask", "map", "c.wasm"],
            ErrorKind::MissingRequiredArgument,
        ),
        (
            &["wask", "map", "c.wasm", "f", "--fan-in", "1"],
            ErrorKind::ValueValidation,
        ),
        (
            &["wask", "map", "c.wasm", "f", "--detach"],
            ErrorKind::MissingRequiredArgument,
        ),
        (
            &["wask", "map", "c.wasm", "f", "--as", "a b"],
            ErrorKind::ValueValidation,
        ),
        (
            &["wask", "call", "c.wasm", "f", "--timeout", "10"],
            ErrorKind::ValueValidation,
        ),
        (
            &["wask", "call", "c.wasm", "f", "--json", "--raw"],
            ErrorKind::ArgumentConflict,
        ),
        (
            &["wask", "up", "--workers", "0"],
            ErrorKind::ValueValidation,
        ),
        (&["wask", "worker"], ErrorKind::MissingRequiredArgument),
        (&["wask", "worker", "http://a"], ErrorKind::ValueValidation),
        (&["wask", "release", "@a[1]"], ErrorKind::ValueValidation),
    ] {
        let error = error(typed);
        assert_eq!(error.kind(), kind, "{typed:?}: {error}");
        assert_eq!(error.exit_code(), 2);
    }
}

#[test]
fn a_misspelt_command_is_guessed() {
    let text = error(&["wask", "statsu"]).to_string();
    assert!(
        text.contains("a similar subcommand exists: 'status'"),
        "{text}"
    );
}
