//! The file through which a scheduler tells others on a shared disk where it listens.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};
use wask_rpc::Address;

use crate::{
    exit::{Exit, OrExit, Result},
    paths::read_small_text,
    state::write_private,
};

/// How often it is looked for.
const LOOK: Duration = Duration::from_millis(50);

#[derive(Serialize, Deserialize)]
struct Content {
    address: String,
    pid: u32,
}

/// The file, as long as the scheduler runs.
#[derive(Debug)]
pub(crate) struct SchedulerFile(PathBuf);

impl SchedulerFile {
    /// Writes the file.
    pub(crate) fn create(path: &Path, address: &Address) -> Result<Self> {
        let content = Content {
            address: address.to_string(),
            pid: std::process::id(),
        };
        let text = serde_json::to_string(&content).or_exit(Exit::Machine, || "no JSON")?;
        write_private(path, &text)?;
        Ok(Self(path.to_owned()))
    }

    /// As [`read`](Self::read), where the scheduler may not have written it yet, or not all of it:
    /// waits for that as for a scheduler that does not listen yet.
    pub(crate) async fn wait_for(path: &Path, patience: Duration) -> Result<Address> {
        let start = Instant::now();
        loop {
            match Self::read(path) {
                Err(_) if start.elapsed() < patience => sleep(LOOK).await,
                read => return read,
            }
        }
    }

    /// The address in such a file.
    pub(crate) fn read(path: &Path) -> Result<Address> {
        let shown = path.display();
        let text = read_small_text(path).or_exit(Exit::Input, || {
            format!("cannot read the scheduler file {shown}; does the scheduler run?")
        })?;
        let content: Content = serde_json::from_str(&text)
            .or_exit(Exit::Input, || format!("{shown} is no scheduler file"))?;
        Ok(content.address.parse()?)
    }
}

impl Drop for SchedulerFile {
    fn drop(&mut self) {
        // Nothing can be done where it is gone already.
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_lasts_as_long_as_the_scheduler() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scheduler.json");
        let address: Address = "tcp://127.0.0.1:41".parse().unwrap();
        let file = SchedulerFile::create(&path, &address).unwrap();
        assert_eq!(SchedulerFile::read(&path).unwrap(), address);
        drop(file);
        let error = SchedulerFile::read(&path).unwrap_err();
        assert_eq!(error.exit, Exit::Input);
        fs::write(&path, "x").unwrap();
        assert!(
            SchedulerFile::read(&path)
                .unwrap_err()
                .to_string()
                .contains("is no scheduler file")
        );
    }
}
