//! Where values come from that nobody typed.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, ValueEnum};

/// Files and lines.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Sources")]
pub(crate) struct SourceArgs {
    /// One for each file that matches, as `string` or `list<u8>`: a pattern in quotes, a file, or a
    /// folder with all that is in it
    #[arg(long, value_name = "PATTERN")]
    pub(crate) files: Vec<OsString>,

    /// One for each file that is named on a line of this one; `-` is stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) files_from: Vec<PathBuf>,

    /// Let `**` go through links to folders
    #[arg(long)]
    pub(crate) follow: bool,

    /// One for each line; `-` is stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = ["files", "files_from"])]
    pub(crate) input: Option<PathBuf>,

    /// What the lines of --input are [default: JSON where the name ends in .jsonl or .ndjson, text
    /// where a string is wanted, else WAVE]
    #[arg(long, value_name = "FORMAT", value_enum, requires = "input")]
    pub(crate) input_format: Option<InputFormat>,

    /// Lines of --input and --files-from, and results of --raw, end with a null byte
    #[arg(short = '0', long = "null")]
    pub(crate) null_data: bool,
}

/// What the lines of an input are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum InputFormat {
    /// A string, or bytes, as they stand.
    Text,
    Wave,
    Json,
}

impl SourceArgs {
    /// Whether files are named.
    pub(crate) fn has_files(&self) -> bool {
        !(self.files.is_empty() && self.files_from.is_empty())
    }
}
