//! Which cluster a command uses, and its connection.
//!
//! The first of: `--scheduler`, `WASK_SCHEDULER`, the config file, what `wask up` started; for
//! commands that need nothing that lasts, a cluster in this process.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    pin::pin,
    time::{Duration, Instant},
};

use clap::parser::ValueSource;
use wask_client::{Client, Dataset, Error as ClientError};
use wask_core::bytes_text;
use wask_deploy::LocalCluster;
use wask_rpc::{Address, Backoff};

use crate::{
    args::ClusterArgs,
    commands::compile_child::compiler,
    exit::{Exit, Failed, Result},
    expression::{self, Scope},
    output::{Waiting, note},
    paths::{self, Paths},
    reading::ReadLimit,
    state::{self, Found},
    table::count,
};

/// Where a cluster comes from that `wask up` keeps running.
const WASK_UP: &str = "wask up";
/// How long its scheduler may take to be there again.
const STARTING_AGAIN: Duration = Duration::from_secs(3);
/// How soon a scheduler answers, even a busy one, as a rule.
const USUAL_ANSWER: Duration = Duration::from_millis(1500);
/// The first and the longest pause between two tries to connect.
const PAUSE: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));

/// What every command knows besides its own options.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) paths: Paths,
    /// Only results and errors.
    pub(crate) quiet: bool,
    /// How much is read of one thing.
    pub(crate) read_limit: ReadLimit,
    /// Where the scheduler's address was given, if it was.
    pub(crate) scheduler_source: Option<ValueSource>,
}

impl Context {
    /// Tells people that a component is compiled, if that takes longer than a moment.
    pub(crate) fn compiling(&self, component: &wask_component::Component) -> Option<Waiting> {
        let size = bytes_text(component.bytes().len() as u64);
        (!self.quiet).then(|| Waiting::new(format_args!("compiling a component of {size} ..")))
    }

    /// Where nothing of a cluster is referred to.
    pub(crate) fn scope(&self) -> Scope {
        Scope {
            read_limit: self.read_limit,
            ..Scope::default()
        }
    }

    /// Says something to people, unless they want nothing said.
    pub(crate) fn note(&self, text: impl std::fmt::Display) {
        if !self.quiet {
            note(text);
        }
    }
}

/// A cluster that was chosen, and why that one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    At {
        address: Address,
        token: Option<String>,
        origin: &'static str,
    },
    /// One in this process, for want of another.
    InProcess,
}

impl Choice {
    /// Chooses a cluster that lasts.
    pub(crate) fn lasting(context: &Context, args: &ClusterArgs) -> Result<Self> {
        match Self::any(context, args)? {
            Self::InProcess => Err(no_cluster(context)?),
            choice => Ok(choice),
        }
    }

    /// Chooses a cluster, one in this process if there is no other.
    pub(crate) fn any(context: &Context, args: &ClusterArgs) -> Result<Self> {
        let up = state::find(&context.paths)?;
        if let Some(text) = &args.scheduler {
            let address: Address = text.parse()?;
            let token = match &up {
                Found::Running(up) if up.address == address.to_string() => Some(up.token.clone()),
                _ => None,
            };
            return Ok(Self::At {
                token: own_token(args, token)?,
                origin: match context.scheduler_source {
                    Some(ValueSource::EnvVariable) => "WASK_SCHEDULER",
                    Some(ValueSource::DefaultValue) => "the config file",
                    _ => "--scheduler",
                },
                address,
            });
        }
        match up {
            Found::Running(up) => Ok(Self::At {
                address: up.address.parse()?,
                token: own_token(args, Some(up.token))?,
                origin: WASK_UP,
            }),
            Found::Stale(up) => {
                note(format!("{}; ignored", up.stale(&context.paths)));
                Ok(Self::InProcess)
            }
            Found::Torn(what) => {
                note(format!("{what}; ignored"));
                Ok(Self::InProcess)
            }
            Found::Nothing => Ok(Self::InProcess),
        }
    }
}

/// Why there is no cluster that lasts.
fn no_cluster(context: &Context) -> Result<Failed> {
    let advice = "start one with `wask up`, or name one with --scheduler or WASK_SCHEDULER";
    Ok(match state::find(&context.paths)? {
        Found::Stale(_) | Found::Torn(_) => Failed::message(
            Exit::Cluster,
            format!("the cluster that `wask up` started is gone; {advice}"),
        ),
        _ => Failed::input(format!("this needs a cluster that lasts; {advice}")),
    })
}

/// The token for a cluster: of a file, else its own where it is one that `wask up` started, else of
/// the environment, which may be meant for another.
fn own_token(args: &ClusterArgs, own: Option<String>) -> Result<Option<String>> {
    match (&args.token_file, own) {
        (None, Some(own)) => Ok(Some(own)),
        (file, _) => given_token(file.as_ref()),
    }
}

/// The token of clients: of a file, else of the environment.
pub(crate) fn given_token(file: Option<&PathBuf>) -> Result<Option<String>> {
    token(file, "WASK_TOKEN")
}

/// The token of workers: of a file, else of the environment.
pub(crate) fn given_worker_token(file: Option<&PathBuf>) -> Result<Option<String>> {
    token(file, "WASK_WORKER_TOKEN")
}

fn token(file: Option<&PathBuf>, variable: &str) -> Result<Option<String>> {
    match file {
        Some(file) => paths::read_token(file).map(Some),
        None => Ok(std::env::var(variable)
            .ok()
            .filter(|token| !token.is_empty())),
    }
}

/// A chosen cluster, connected to when it is first needed, and what was asked of it.
pub(crate) struct Cluster {
    choice: Choice,
    context: Context,
    client: Option<Client>,
    /// Kept running as long as the client is used.
    local: Option<LocalCluster>,
    datasets: BTreeMap<String, Dataset>,
}

impl Cluster {
    pub(crate) fn new(context: &Context, choice: Choice) -> Self {
        Self {
            choice,
            context: context.clone(),
            client: None,
            local: None,
            datasets: BTreeMap::new(),
        }
    }

    /// A client of a cluster that lasts.
    pub(crate) async fn connect(context: &Context, args: &ClusterArgs) -> Result<Client> {
        let mut cluster = Self::new(context, Choice::lasting(context, args)?);
        cluster.client().await
    }

    /// Whether it outlives this process.
    pub(crate) fn lasts(&self) -> bool {
        self.choice != Choice::InProcess
    }

    /// Refuses what only a cluster that lasts can have, where there is none.
    pub(crate) fn check_lasts(&self, what: &str) -> Result {
        match self.lasts() {
            true => Ok(()),
            false => Err(no_cluster(&self.context)?.context(format!("`{what}`"))),
        }
    }

    /// Says so where the cluster has nobody to run tasks.
    pub(crate) async fn warn_without_workers(&mut self) -> Result {
        if self.client().await?.status().await?.workers.is_empty() {
            let context = &self.context;
            context.note("the cluster has no workers: tasks wait until one joins");
        }
        Ok(())
    }

    /// The connection.
    pub(crate) async fn client(&mut self) -> Result<Client> {
        if let Some(client) = &self.client {
            return Ok(client.clone());
        }
        let client = match &self.choice {
            Choice::At {
                address,
                token,
                origin,
            } => {
                self.context
                    .note(format!("using the cluster at {address} ({origin})"));
                let patience = match *origin == WASK_UP {
                    true => STARTING_AGAIN,
                    false => Duration::ZERO,
                };
                connect(address, token.as_deref(), patience).await?
            }
            Choice::InProcess => {
                let slots = std::thread::available_parallelism().map_or(1, usize::from);
                let local = LocalCluster::builder()
                    .cache_dir(self.context.paths.compiled_code())
                    .compiler(compiler());
                let local = local.start().await?;
                self.context.note(format_args!(
                    "using a cluster in this process ({})",
                    count(slots as u64, "slot")
                ));
                let client = local.client().await?;
                self.local = Some(local);
                client
            }
        };
        self.client = Some(client.clone());
        Ok(client)
    }

    /// What calls may refer to: the datasets that `texts` name. They are held from now on.
    pub(crate) async fn scope(&mut self, texts: &[&str], maps: bool) -> Result<Scope> {
        let mut scope = Scope {
            maps,
            ..self.context.scope()
        };
        for name in texts
            .iter()
            .flat_map(|text| expression::dataset_names(text))
        {
            self.check_lasts(&format!("@{name}"))?;
            let dataset = self.dataset(&name).await?;
            let known = expression::Dataset {
                ty: dataset.ty.clone(),
                len: dataset.futures.len(),
            };
            scope.datasets.insert(name, known);
        }
        Ok(scope)
    }

    /// A dataset by its name.
    pub(crate) async fn dataset(&mut self, name: &str) -> Result<&Dataset> {
        if !self.datasets.contains_key(name) {
            let client = self.client().await?;
            let dataset = match client.dataset(name).await {
                Ok(dataset) => dataset,
                Err(error) => return Err(unknown_dataset(&client, name, error).await),
            };
            self.datasets.insert(name.to_owned(), dataset);
        }
        Ok(&self.datasets[name])
    }

    /// Ends the session, and with it what only this process wants.
    pub(crate) async fn close(&mut self) {
        if let Some(client) = self.client.take() {
            client.close().await;
        }
        if let Some(local) = self.local.take() {
            local.shutdown().await;
        }
    }

    /// The datasets that were asked for.
    pub(crate) fn datasets(&self) -> &BTreeMap<String, Dataset> {
        &self.datasets
    }
}

/// The error with what was probably meant, where the name is unknown.
pub(crate) async fn unknown_dataset(
    client: &Client,
    name: &str,
    error: wask_client::Error,
) -> Failed {
    use wask_client::{Error, RefusalCode};
    match (&error, client.datasets().await) {
        (Error::Refused(refusal), Ok(known)) if refusal.code == RefusalCode::NotFound => {
            expression::no_such_dataset(name, known.iter().map(|dataset| dataset.name.as_str()))
        }
        _ => error.into(),
    }
}

/// Connects; where nobody answers, tries again for so long.
async fn connect(address: &Address, token: Option<&str>, patience: Duration) -> Result<Client> {
    let mut builder = Client::builder(address.to_string()).name("wask");
    if let Some(token) = token {
        builder = builder.token(token);
    }
    let advice = "; --token-file or WASK_TOKEN gives the cluster's token";
    let start = Instant::now();
    let mut backoff = Backoff::new(PAUSE.0, PAUSE.1);
    let connected = loop {
        let mut connecting = pin!(builder.clone().connect());
        let first = tokio::time::timeout(USUAL_ANSWER, connecting.as_mut()).await;
        let connected = match first {
            Ok(connected) => connected,
            Err(_) => {
                note(format!(
                    "{address} takes connections and says nothing yet; is it a wask scheduler?"
                ));
                connecting.await
            }
        };
        match connected {
            Err(ClientError::Unreachable(_)) if start.elapsed() < patience => {
                tokio::time::sleep(backoff.pause()).await;
            }
            connected => break connected,
        }
    };
    connected.map_err(|error| {
        let is_other = match &error {
            ClientError::Protocol(_) => true,
            ClientError::Unreachable(cause) => matches!(**cause, wask_rpc::Error::Malformed(_)),
            _ => false,
        };
        let failed = Failed::from(error);
        if is_other {
            let what = format!("what answers at {address} does not speak as a wask scheduler does");
            return failed.context(what);
        }
        match (failed.exit, token) {
            (Exit::Refused, None) => Failed::message(Exit::Refused, format!("{failed}{advice}")),
            _ => failed,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Process, UpFile};

    fn context(folder: &std::path::Path) -> Context {
        Context {
            read_limit: ReadLimit::default(),
            paths: Paths {
                runtime: folder.to_owned(),
                cache: folder.to_owned(),
                state: folder.to_owned(),
                config: folder.to_owned(),
            },
            quiet: true,
            scheduler_source: Some(ValueSource::EnvVariable),
        }
    }

    fn up(folder: &std::path::Path, is_running: bool) {
        let mut scheduler = Process::new("any", std::process::id(), "log".into());
        if !is_running {
            scheduler.started = Some(1);
        }
        let file = UpFile {
            version: "0".into(),
            address: "unix:///x".into(),
            token: "secret".into(),
            supervisor: scheduler.clone(),
            scheduler,
            workers: Vec::new(),
        };
        file.save(&context(folder).paths).unwrap();
    }

    fn args(scheduler: &str) -> ClusterArgs {
        ClusterArgs {
            scheduler: Some(scheduler.into()),
            token_file: None,
        }
    }

    #[test]
    fn what_is_named_comes_before_what_is_up() {
        let folder = tempfile::tempdir().unwrap();
        let context = context(folder.path());
        up(folder.path(), true);
        let choice = Choice::any(&context, &args("tcp://a:1")).unwrap();
        assert_eq!(
            choice,
            Choice::At {
                address: "tcp://a:1".parse().unwrap(),
                token: None,
                origin: "WASK_SCHEDULER",
            }
        );
        let choice = Choice::any(&context, &ClusterArgs::default()).unwrap();
        assert_eq!(
            choice,
            Choice::At {
                address: "unix:///x".parse().unwrap(),
                token: Some("secret".into()),
                origin: WASK_UP,
            }
        );
    }

    #[test]
    fn the_token_of_what_is_up_goes_with_its_address() {
        let folder = tempfile::tempdir().unwrap();
        up(folder.path(), true);
        let choice = Choice::any(&context(folder.path()), &args("unix:///x")).unwrap();
        assert!(matches!(choice, Choice::At { token: Some(token), .. } if token == "secret"));
    }

    #[test]
    fn without_a_cluster_only_this_process_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let context = context(folder.path());
        let none = ClusterArgs::default();
        assert_eq!(Choice::any(&context, &none).unwrap(), Choice::InProcess);
        let error = Choice::lasting(&context, &none).unwrap_err();
        assert_eq!(error.exit, Exit::Input);
        assert!(error.to_string().contains("`wask up`"));
        up(folder.path(), false);
        assert_eq!(Choice::any(&context, &none).unwrap(), Choice::InProcess);
        let error = Choice::lasting(&context, &none).unwrap_err();
        assert_eq!(error.exit, Exit::Cluster);
    }

    #[test]
    fn an_address_that_is_none_is_bad_input() {
        let folder = tempfile::tempdir().unwrap();
        let error = Choice::any(&context(folder.path()), &args("http://a")).unwrap_err();
        assert_eq!(error.exit, Exit::Input);
    }
}
