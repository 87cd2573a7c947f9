//! Where the files of this user are: the XDG base directories.

use std::{
    fs,
    io::{self, Read},
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
};

use etcetera::BaseStrategy;

use wask_component::Digest;

use crate::exit::{Exit, Failed, OrExit, Result};

/// Bytes of the path of a Unix socket, with the zero that ends it: 108 in unix(7).
const SOCKET_PATH_MAX: usize = 107;

/// The folders of wask. None of them need exist.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    /// What `wask up` started: address, processes, token, socket.
    pub(crate) runtime: PathBuf,
    /// Compiled code.
    pub(crate) cache: PathBuf,
    /// Logs.
    pub(crate) state: PathBuf,
    /// `config.toml`.
    pub(crate) config: PathBuf,
}

impl Paths {
    /// The folders of this user. Where there is no `XDG_RUNTIME_DIR`, as in containers, what would
    /// be there is in the state folder.
    pub(crate) fn find() -> Result<Self> {
        let xdg = etcetera::base_strategy::Xdg::new().or_exit(Exit::Machine, || {
            "cannot tell the home folder; set HOME, or XDG_CONFIG_HOME, XDG_CACHE_HOME and \
             XDG_STATE_HOME"
        })?;
        let home = xdg.home_dir();
        let state = xdg.state_dir().unwrap_or_else(|| home.join(".local/state"));
        let state = state.join("wask");
        let runtime = xdg.runtime_dir().map(|dir| dir.join("wask"));
        Ok(Self {
            runtime: runtime.unwrap_or_else(|| state.join("run")),
            cache: xdg.cache_dir().join("wask"),
            config: xdg.config_dir().join("wask"),
            state,
        })
    }

    /// The folder of sockets: the runtime folder, unless the system takes no path as long as one in
    /// it would be.
    pub(crate) fn sockets(&self) -> PathBuf {
        let longest = self.runtime.join("worker-000000.sock");
        if longest.as_os_str().len() <= SOCKET_PATH_MAX {
            return self.runtime.clone();
        }
        // The same one each time, so that the next command finds what this one made.
        let name = Digest::of(self.runtime.as_os_str().as_encoded_bytes()).to_string();
        let name: String = name
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .skip(6)
            .take(12)
            .collect();
        PathBuf::from(format!(
            "/tmp/wask-{}-{name}",
            nix::unistd::Uid::effective()
        ))
    }

    /// The folder of compiled code.
    pub(crate) fn compiled_code(&self) -> PathBuf {
        self.cache.join("compiled")
    }
}

/// Makes a folder that only this user can enter, or checks that it is one.
pub(crate) fn private_folder(path: &Path) -> Result {
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path);
    made.or_exit(Exit::Machine, || {
        format!("cannot make the folder {}", path.display())
    })?;
    let metadata = fs::metadata(path).or_exit(Exit::Machine, || {
        format!("cannot look at the folder {}", path.display())
    })?;
    let user = nix::unistd::Uid::effective().as_raw();
    if metadata.uid() != user || metadata.mode() & 0o077 != 0 {
        return Err(Failed::message(
            Exit::Machine,
            format!(
                "the folder {} can be entered by other users, and what is in it gives access to \
                 the cluster: make it yours alone with `chmod 700`, or set XDG_RUNTIME_DIR",
                path.display()
            ),
        ));
    }
    Ok(())
}

/// The token in a file, which is a secret of this user.
pub(crate) fn read_token(path: &Path) -> Result<String> {
    let text = read_small_text(path).or_exit(Exit::Input, || {
        format!("cannot read the token file {}", path.display())
    })?;
    match text.trim() {
        "" => Err(Failed::input(format!(
            "the token file {} is empty",
            path.display()
        ))),
        token => Ok(token.to_owned()),
    }
}

/// Bytes of a file that this program or its user wrote for it: a token, settings, an address.
const SMALL_MAX: u64 = 1 << 20;

/// Reads a small file. One that has no end is none.
pub(crate) fn read_small(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path)?;
    file.take(SMALL_MAX + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > SMALL_MAX {
        true => Err(io::Error::other("it holds more than 1 MiB")),
        false => Ok(bytes),
    }
}

/// As [`read_small`], of text.
pub(crate) fn read_small_text(path: &Path) -> io::Result<String> {
    let text = String::from_utf8(read_small(path)?);
    text.map_err(|_| io::Error::other("it is not UTF-8"))
}

/// What the system says where a file is not there is no error.
pub(crate) fn if_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if is_absent(error.kind()) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Also where a file stands in the place of its folder.
fn is_absent(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
