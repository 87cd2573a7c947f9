//! Writes the corpora of `tests/readers/corpus` anew: right inputs, for fuzzers to make wrong ones
//! of. Files that a fuzzer found stay.
//!
//! `cargo build --workspace --examples && target/debug/examples/seeds`, since it runs a cluster.

mod connections;
mod messages;
mod texts;

use std::{fs, path::PathBuf};

use anyhow::Context;

/// Inputs by their target and name.
struct Seeds(PathBuf);

impl Seeds {
    fn add(&self, target: &str, name: &str, input: impl AsRef<[u8]>) -> anyhow::Result<()> {
        let folder = self.0.join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(name), input).with_context(|| format!("{target}/{name}"))
    }

    /// Numbered inputs.
    fn add_all<T: AsRef<[u8]>>(
        &self,
        target: &str,
        inputs: impl IntoIterator<Item = T>,
    ) -> anyhow::Result<()> {
        let mut inputs = inputs.into_iter().enumerate();
        inputs.try_for_each(|(index, input)| self.add(target, &format!("{index:02}"), input))
    }
}

fn main() -> anyhow::Result<()> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let seeds = Seeds(root.join("corpus"));
    let repository = root.join("../..");
    texts::write(&seeds, &repository)?;
    messages::write(&seeds)?;
    connections::write(&seeds, &repository)
}
