//! The `wask` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    wask_cli::main()
}
