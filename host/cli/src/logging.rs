//! Logs on stderr, for `RUST_LOG` and `--log-format`.

use tracing_subscriber::{EnvFilter, filter::LevelFilter, fmt};

use crate::terminal;

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging to stderr. What `RUST_LOG` does not name is logged from `level` on.
pub(crate) fn start(format: LogFormat, level: LevelFilter) {
    let filter = EnvFilter::builder()
        .with_default_directive(level.into())
        .from_env_lossy();
    let builder = fmt().with_env_filter(filter).with_writer(terminal::stderr);
    match format {
        LogFormat::Text => builder.with_ansi(false).init(),
        LogFormat::Json => builder.json().init(),
    }
}
