//! Graphs as JSON: what `wask compute`, `persist` and `visualize` take.
//!
//! The format is told in `GRAPH.md`. A text becomes a [`Document`], which is well formed and free of
//! cycles ([`order`]); with the functions' types and those of datasets, a [`Plan`], in which all
//! types fit; and on a cluster or in this process, delayed values.
//!
//! Whatever is wrong is told with the task and the path in it, before anything runs.

mod arguments;
mod build;
mod document;
mod json;
mod order;
mod outside;
mod plan;
mod reference;

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

pub(crate) use build::Purpose;
pub(crate) use document::Document;
pub(crate) use outside::read;
pub(crate) use plan::Plan;

use crate::exit::{Exit, Failed, OrExit, Result};

/// Bytes of a graph's text. What is larger belongs into files or datasets that it refers to.
const BYTES: u64 = 64 << 20;

/// A graph that was read, and where its relative paths start.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) document: Document,
    pub(crate) folder: PathBuf,
}

impl Source {
    /// Reads a file, or stdin where its name is `-`.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let is_stdin = path == Path::new("-");
        let name = match is_stdin {
            true => "stdin".into(),
            false => path.display().to_string(),
        };
        let text = match is_stdin {
            true => limited(std::io::stdin().lock()),
            false => File::open(path).and_then(limited),
        };
        let text = text.or_exit(Exit::Input, || format!("cannot read {name}"))?;
        if text.len() as u64 > BYTES {
            return Err(Failed::input(format!(
                "{name} holds more than {}, too much for a graph: put large values into files or \
                 datasets, and refer to them",
                format_args!("{} MiB", BYTES >> 20)
            )));
        }
        let folder = match path.parent() {
            Some(folder) if !is_stdin => folder.to_owned(),
            _ => PathBuf::new(),
        };
        let document = Document::parse(&text).map_err(|failed| failed.context(name))?;
        Ok(Self { document, folder })
    }
}

fn limited(from: impl Read) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    from.take(BYTES + 1).read_to_end(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests;
