//! `wask completions`

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::{args::Cli, exit::Result, output::Output};

/// Write completions for a shell
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
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "wask", &mut script);
    let mut output = Output::stdout(false);
    output.line(String::from_utf8_lossy(&script).trim_end())?;
    output.finish()
}
