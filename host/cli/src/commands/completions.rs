//! `wask completions`

use clap::Args;
use clap_complete::Shell;

use crate::{
    completion,
    exit::{Exit, OrExit, Result},
    output::Output,
};

/// Write what makes a shell complete commands, names and functions
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wask completions bash > ~/.local/share/bash-completion/completions/wask
  wask completions zsh > ~/.zfunc/_wask
  wask completions fish > ~/.config/fish/completions/wask.fish")]
pub(crate) struct CompletionsArgs {
    /// Which shell
    shell: Shell,
}

pub(crate) fn run(args: &CompletionsArgs) -> Result {
    let script = completion::registration(args.shell);
    let script = script.or_exit(Exit::Machine, || "cannot write completions")?;
    let mut output = Output::stdout(false);
    output.line(String::from_utf8_lossy(&script).trim_end())?;
    output.finish()
}
