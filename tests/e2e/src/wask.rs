//! The `wask` binary.

use std::{
    env,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

/// The top folder of this repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A guest that `make guests` built.
pub fn guest(file: &str) -> String {
    let path = repository().join("target/guests").join(file);
    assert!(path.exists(), "there is no {file}: run `make guests`");
    path.to_string_lossy().into_owned()
}

/// The `wask` binary with a home of its own: no cluster of this machine's user is found or
/// disturbed.
pub struct Wask {
    binary: PathBuf,
    home: TempDir,
    /// Variables for every command.
    pub environment: Vec<(String, String)>,
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub struct Output {
    /// The exit code; -1 when a signal ended it.
    pub code: i32,
    /// Results.
    pub stdout: String,
    /// All else.
    pub stderr: String,
}

impl Default for Wask {
    fn default() -> Self {
        Self::new()
    }
}

impl Wask {
    /// The binary that was built with this program.
    ///
    /// # Panics
    ///
    /// Where it has not been built: `cargo build -p wask-cli`.
    pub fn new() -> Self {
        // Beside this program, or, from a test, one folder up.
        let program = env::current_exe().unwrap();
        let folders = program.ancestors().skip(1).take(2);
        let binary = folders
            .map(|folder| folder.join("wask"))
            .find(|path| path.is_file());
        let binary = binary.expect("there is no wask binary: run `cargo build -p wask-cli`");
        Self {
            binary,
            home: TempDir::new().unwrap(),
            environment: Vec::new(),
        }
    }

    /// One that shows these tokens, of a client and of a worker.
    pub fn with_tokens(client: &str, worker: &str) -> Self {
        let token = |name: &str, token: &str| (name.to_owned(), token.to_owned());
        let mut wask = Self::new();
        wask.environment = vec![
            token("WASK_TOKEN", client),
            token("WASK_WORKER_TOKEN", worker),
        ];
        wask
    }

    /// A folder of this test.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Writes a file into the home and gives its path.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.home().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path.to_string_lossy().into_owned()
    }

    /// A command, not yet started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(&self.binary);
        command.args(arguments);
        command
    }

    /// Runs lines of a shell, which finds this `wask`, and stops at the first that fails.
    pub fn shell(&self, script: &str) -> Output {
        let folder = self.binary.parent().unwrap().to_owned();
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths([folder].into_iter().chain(env::split_paths(&path)));
        let mut shell = self.program("sh".as_ref());
        Output::of(shell.args(["-euc", script]).env("PATH", path.unwrap()))
    }

    /// Runs a program of this workspace, such as the driver of an example.
    ///
    /// # Panics
    ///
    /// Where it has not been built: `cargo build --workspace`.
    pub fn driver(&self, name: &str, arguments: &[&str]) -> Output {
        let program = self.binary.with_file_name(name);
        assert!(
            program.is_file(),
            "there is no {name}: run `cargo build --workspace`"
        );
        Output::of(self.program(&program).args(arguments))
    }

    /// A program in this `wask`'s environment, not yet started.
    fn program(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(self.home());
        for variable in ["PATH", "LLVM_PROFILE_FILE"] {
            command.envs(env::var_os(variable).map(|value| (variable, value)));
        }
        command
            .env("HOME", self.home())
            .env("XDG_RUNTIME_DIR", self.home());
        command.env("XDG_CACHE_HOME", repository().join("target/e2e-cache"));
        command.envs(self.environment.iter().cloned());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        Output::of(&mut self.command(arguments))
    }

    /// Runs a command that reads `input` on stdin.
    pub fn run_with_stdin(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that does not read all of it is free to do so.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Output::from(child.wait_with_output().unwrap())
    }

    /// Runs a command that must succeed, and gives what it printed, without the last line break.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.code, 0, "wask {arguments:?}: {output:?}");
        output.stdout.trim_end().to_owned()
    }

    /// Runs a command that must fail with this exit code, and gives what it said.
    pub fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.code, code, "wask {arguments:?}: {output:?}");
        assert_eq!(output.stdout, "", "wask {arguments:?}");
        output.stderr
    }
}

impl Output {
    fn of(command: &mut Command) -> Self {
        command.output().unwrap().into()
    }
}

impl From<std::process::Output> for Output {
    fn from(output: std::process::Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
