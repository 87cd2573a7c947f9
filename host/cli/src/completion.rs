//! What a shell offers while a command is typed: beside options, the names that the cluster knows,
//! components, and the functions of the one that was named.
//!
//! The shell runs `wask` with [`ASKED`] in its environment and the words typed so far. What cannot
//! be found out at once is not offered, and nothing is said of why: a message would land in the
//! middle of what is typed.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::Path,
    sync::mpsc,
    thread,
    time::Duration,
};

use clap::{ArgMatches, CommandFactory, FromArgMatches};
use clap_complete::{
    CompleteEnv, CompletionCandidate, PathCompleter, Shell,
    engine::{ArgValueCompleter, ValueCompleter},
    env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Shells, Zsh},
};
use wask_client::Client;
use wask_component::Component;

use crate::{
    args::{self, Cli, ClusterArgs},
    cluster::{Choice, Cluster, Context},
    component::Target,
    exit::{Failed, Result},
    paths::Paths,
    reading::ReadLimit,
    state::{self, Found},
};

/// The variable by which a shell asks; it names the shell.
const ASKED: &str = "WASK_COMPLETE";
/// How long is looked for an answer: people wait for it with a finger on a key.
const PATIENCE: Duration = Duration::from_secs(1);

/// Answers a shell; whether one has asked.
pub(crate) fn answer() -> Result<bool> {
    let folder = std::env::current_dir().ok();
    CompleteEnv::with_factory(command)
        .var(ASKED)
        .shells(Shells(SHELLS))
        .try_complete(std::env::args_os(), folder.as_deref())
        .map_err(Failed::input)
}

/// What makes a shell ask.
pub(crate) fn registration(shell: Shell) -> io::Result<Vec<u8>> {
    let mut script = Vec::new();
    let shell = shell.to_string();
    let shells = Shells(SHELLS);
    let Some(completer) = shells.completer(&shell) else {
        return Err(io::Error::other(format!("nothing is known of {shell}")));
    };
    completer.write_registration(ASKED, "wask", "wask", "wask", &mut script)?;
    Ok(script)
}

const SHELLS: &[&dyn EnvCompleter] = &[&QuotedBash, &Elvish, &Fish, &Powershell, &Zsh];

/// Bash, which takes what it is offered as if it had been typed: a file's name may be a command
/// then. What would have to be quoted is left to bash itself, which quotes the files that it finds.
struct QuotedBash;

impl EnvCompleter for QuotedBash {
    fn name(&self) -> &'static str {
        Bash.name()
    }

    fn is(&self, name: &str) -> bool {
        Bash.is(name)
    }

    fn write_registration(
        &self,
        var: &str,
        name: &str,
        bin: &str,
        completer: &str,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let mut script = Vec::new();
        Bash.write_registration(var, name, bin, completer, &mut script)?;
        // Where nothing is offered, bash looks for files, and not for hosts as well.
        let script = String::from_utf8_lossy(&script).replace("-o bashdefault", "-o default");
        out.write_all(script.as_bytes())?;
        // Else a word ends at `@`.
        writeln!(out, "COMP_WORDBREAKS=${{COMP_WORDBREAKS//@/}}")
    }

    fn write_complete(
        &self,
        command: &mut clap::Command,
        words: Vec<OsString>,
        folder: Option<&Path>,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let mut offered = Vec::new();
        Bash.write_complete(command, words, folder, &mut offered)?;
        let offered = String::from_utf8_lossy(&offered);
        // As clap_complete divides them.
        let between = std::env::var("_CLAP_IFS").unwrap_or_else(|_| "\n".into());
        let plain = offered.split(&*between).filter(|text| is_plain(text));
        let plain: Vec<&str> = plain.collect();
        out.write_all(plain.join(&between).as_bytes())
    }
}

/// Whether a shell takes this for one word, as it stands.
fn is_plain(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./@:+,=%#".contains(&byte);
    text.bytes().all(is_plain) && !text.starts_with('#')
}

/// The command line, with who knows what may stand where.
fn command() -> clap::Command {
    let names: Vec<String> = Cli::command()
        .get_subcommands()
        .map(|command| command.get_name().to_owned())
        .collect();
    names.iter().fold(Cli::command(), |command, name| {
        command.mut_subcommand(name, |command| command.mut_args(with_completer))
    })
}

fn with_completer(arg: clap::Arg) -> clap::Arg {
    let completer = match (arg.get_id().as_str(), arg.is_positional()) {
        ("component", true) => ArgValueCompleter::new(Components),
        ("remove", false) => ArgValueCompleter::new(Known),
        ("call", true) | ("reduce", false) => ArgValueCompleter::new(Functions),
        ("name" | "names" | "items", true) => ArgValueCompleter::new(Names),
        _ => return arg,
    };
    arg.add(completer)
}

/// `@NAME`, of what the cluster keeps.
struct Names;

impl ValueCompleter for Names {
    fn complete(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        let names = promptly(|| Typed::read()?.ask(async |client| client.datasets().await));
        let names = names.into_iter().flatten();
        offered(
            current,
            names.map(|dataset| (format!("@{}", dataset.name), None)),
        )
    }
}

/// Files, and what the cluster has by name.
struct Components;

impl ValueCompleter for Components {
    fn complete(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        let is_component = |path: &Path| {
            matches!(
                path.extension().and_then(OsStr::to_str),
                Some("wasm" | "wat")
            )
        };
        let mut all = PathCompleter::file().filter(is_component).complete(current);
        all.extend(Known.complete(current));
        all
    }
}

/// What the cluster has by name.
struct Known;

impl ValueCompleter for Known {
    fn complete(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        let known = promptly(|| Typed::read()?.ask(async |client| client.components().await));
        let known = known.into_iter().flatten();
        let names = known.filter_map(|known| Some((known.name()?.to_owned(), None)));
        offered(current, names)
    }
}

/// The functions of the component that was named before.
struct Functions;

impl ValueCompleter for Functions {
    fn complete(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        let functions = promptly(|| Typed::read()?.functions());
        offered(current, functions.into_iter().flatten())
    }
}

/// Those that begin as what is typed. None that a terminal would take for something else, or that
/// a shell would divide.
fn offered(
    current: &OsStr,
    texts: impl Iterator<Item = (String, Option<String>)>,
) -> Vec<CompletionCandidate> {
    let current = current.to_str();
    texts
        .filter(|(text, _)| is_plain(text) && current.is_some_and(|typed| text.starts_with(typed)))
        .map(|(text, help)| CompletionCandidate::new(text).help(help.map(Into::into)))
        .collect()
}

/// What is found out within [`PATIENCE`], whatever holds it up: a pipe that is read, say. The process
/// ends soon, and with it what is still asking.
fn promptly<T: Send + 'static>(find: impl FnOnce() -> Option<T> + Send + 'static) -> Option<T> {
    let (found, answer) = mpsc::channel();
    // Nobody waits for it where it took too long.
    let find = move || drop(found.send(find()));
    thread::Builder::new().spawn(find).ok()?;
    answer.recv_timeout(PATIENCE).ok().flatten()
}

/// What was typed so far.
struct Typed {
    /// Of the subcommand.
    matches: ArgMatches,
    context: Context,
}

impl Typed {
    fn read() -> Option<Self> {
        let paths = Paths::find().ok()?;
        let command = args::from_environment(Cli::command());
        let command = args::config::apply(command, &paths.config.join("config.toml")).ok()?;
        let words = std::env::args_os().skip_while(|word| word != "--").skip(1);
        let mut words: Vec<OsString> = words.collect();
        // What is being typed is no value yet. Where the shell does not say which it is, it is last.
        let place = std::env::var("_CLAP_COMPLETE_INDEX").ok();
        let place = place.and_then(|place| place.parse().ok());
        words.truncate(place.unwrap_or(words.len().saturating_sub(1)));
        // Others may be missing.
        let typed = command.ignore_errors(true).try_get_matches_from(words);
        let (_, matches) = typed.ok()?.remove_subcommand()?;
        let context = Context {
            paths,
            quiet: true,
            read_limit: ReadLimit::default(),
            scheduler_source: None,
        };
        Some(Self { matches, context })
    }

    /// What the cluster says, where there is one.
    fn ask<T>(
        &self,
        question: impl AsyncFnOnce(Client) -> Result<T, wask_client::Error>,
    ) -> Option<T> {
        // Of what is left of a cluster people would be told.
        if let Found::Stale(_) | Found::Torn(_) = state::find(&self.context.paths).ok()? {
            return None;
        }
        let cluster = ClusterArgs::from_arg_matches(&self.matches).ok()?;
        if let Choice::InProcess = Choice::any(&self.context, &cluster).ok()? {
            return None;
        }
        let answer = async {
            let client = Cluster::connect(&self.context, &cluster).await.ok()?;
            question(client).await.ok()
        };
        crate::block_on(async { Ok(answer.await) }).ok().flatten()
    }

    /// The functions of the component that was named, with their types.
    fn functions(&self) -> Option<Vec<(String, Option<String>)>> {
        let named: &String = self.matches.try_get_one("component").ok()??;
        match Target::load(named).ok()? {
            Target::File(component) => Some(of_file(&component)),
            Target::Named(name) => {
                let component = self.ask(async |client| client.component(name).await)?;
                let functions = component.functions();
                let named = functions.map(|it| (it.name().to_owned(), Some(it.ty().to_string())));
                Some(named.collect())
            }
        }
    }
}

fn of_file(component: &Component) -> Vec<(String, Option<String>)> {
    let functions = component.functions().iter();
    let named = functions.map(|it| (it.name.to_string(), Some(it.ty.to_string())));
    named.collect()
}
