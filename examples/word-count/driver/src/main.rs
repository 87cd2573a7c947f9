//! Counts the words of all files in a folder: one task a file, and a tree of merges.
//!
//! ```sh
//! word-count-driver target/guests/word_count.wasm FOLDER [SCHEDULER]
//! ```
//!
//! Runs on a cluster inside this process, and unchanged on the one that `SCHEDULER` or the
//! variable `WASK_SCHEDULER` names, such as `tcp://127.0.0.1:8786`.

use std::{
    cmp::Reverse,
    env, fs,
    io::{Write, stdout},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use wask::{Client, Function, Future, LocalCluster, each};

/// How many counts one task merges.
const FAN_IN: usize = 16;
/// How many words are printed.
const TOP: usize = 10;

type Counts = Vec<(String, u32)>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let ([component, folder] | [component, folder, _]) = arguments.as_slice() else {
        anyhow::bail!("usage: word-count-driver COMPONENT FOLDER [SCHEDULER]");
    };
    let named = arguments.get(2).cloned();
    match named.or_else(|| env::var("WASK_SCHEDULER").ok()) {
        Some(scheduler) => {
            let client = Client::connect(scheduler).await?;
            count(&client, component, folder.as_ref()).await
        }
        None => {
            let cluster = LocalCluster::start().await?;
            let counted = count(&cluster.client().await?, component, folder.as_ref()).await;
            cluster.shutdown().await;
            counted
        }
    }
}

async fn count(client: &Client, component: &str, folder: &Path) -> Result<()> {
    let words = client.upload(component).await?;
    let count = words.function("count-words")?.returning::<Counts>()?;
    let merge = words.function("merge")?.returning::<Counts>()?;

    let texts = read_texts(folder)?;
    ensure!(!texts.is_empty(), "no text files in {}", folder.display());
    let parts = client.map(&count, (each(&texts),))?;
    let total = merge_all(client, &merge, parts)?;

    let mut counts = total.await?;
    counts.sort_by_key(|(_, count)| Reverse(*count));
    eprintln!("{} different words in {} files", counts.len(), texts.len());
    for (word, count) in counts.iter().take(TOP) {
        writeln!(stdout(), "{count:>8} {word}")?;
    }
    Ok(())
}

/// Merges counts on the cluster, a tree of tasks: none of them comes here.
fn merge_all(
    client: &Client,
    merge: &Function<Counts>,
    mut parts: Vec<Future<Counts>>,
) -> Result<Future<Counts>> {
    while parts.len() > 1 {
        parts = client.map(merge, (each(parts.chunks(FAN_IN)),))?;
    }
    parts.pop().context("there is nothing to merge")
}

/// All files below a folder that are UTF-8.
fn read_texts(folder: &Path) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder);
        let entries = entries.with_context(|| format!("cannot read {}", folder.display()))?;
        let mut paths = entries
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<Vec<_>>>()?;
        paths.sort();
        for path in paths {
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                texts.push(text);
            }
        }
    }
    Ok(texts)
}
