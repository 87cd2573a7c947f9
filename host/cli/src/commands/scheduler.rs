//! `wask scheduler`

use std::{path::PathBuf, time::Duration};

use clap::Args;
use tokio::{sync::Notify, task::LocalSet};
use wask_rpc::Address;
use wask_scheduler::{Config, Tokens};

use super::supervise::Supervised;
use crate::{
    args::{TaskRuleArgs, units},
    cluster::{given_token, given_worker_token},
    exit::{Failed, Result},
    interrupt::signalled,
    scheduler_file::SchedulerFile,
};

/// Run a scheduler in the foreground
///
/// It ends at SIGTERM and Ctrl-C.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wask scheduler                                        on this machine, for every user of it
  wask scheduler --listen unix:///run/wask/s.sock       for this user only
  wask scheduler --listen tcp://0.0.0.0:8786 --token-file token --worker-token-file worker-token
  wask scheduler --task-memory 512MiB --task-memory-max 4GiB --task-timeout-max 1h")]
pub(crate) struct SchedulerArgs {
    /// Where to listen: tcp://HOST:PORT (port 0: a free one) or unix:///PATH
    #[arg(long, value_name = "ADDRESS", default_value = "tcp://127.0.0.1:8786")]
    listen: Address,

    /// A file with the token that clients must show; WASK_TOKEN may hold it instead
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,

    /// A file with the token that workers must show, another one; WASK_WORKER_TOKEN may hold it
    /// instead
    #[arg(long, value_name = "FILE")]
    worker_token_file: Option<PathBuf>,

    /// Write the address to this file as JSON, for `wask worker --scheduler-file`
    #[arg(long, value_name = "FILE")]
    scheduler_file: Option<PathBuf>,

    /// Listen for other machines without tokens: whoever reaches the port may run code
    #[arg(long)]
    insecure: bool,

    /// How long a worker that was lost may take to come back with what only it held and nobody can
    /// compute again, such as scattered values, before that counts as lost
    #[arg(
        long,
        value_name = "TIME",
        value_parser = units::duration,
        default_value = "60s"
    )]
    return_time: Duration,

    /// Keep all that it is told in this file, for `wask-replay`: arguments and names of tasks too
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,

    #[command(flatten)]
    supervised: Supervised,

    #[command(flatten)]
    tasks: TaskRuleArgs,
}

pub(crate) async fn run(args: SchedulerArgs) -> Result {
    args.supervised.obey()?;
    let tokens = tokens(&args)?;
    check_exposure(&args.listen, tokens.is_some(), args.insecure)?;
    let mut config = Config {
        tokens,
        task_rules: args.tasks.rules()?,
        record: args.record,
        ..Config::new(args.listen)
    };
    config.core.return_time = args.return_time;
    let mut file = Ok(None);
    let broken = Notify::new();
    let ready = |address: &Address| {
        let path = args.scheduler_file.as_ref();
        file = path
            .map(|path| SchedulerFile::create(path, address))
            .transpose();
        if file.is_err() {
            broken.notify_one();
        }
    };
    let serve = wask_scheduler::serve(config, ready, async {
        tokio::select! {
            _ = signalled() => {}
            () = broken.notified() => {}
        }
    });
    LocalSet::new().run_until(serve).await?;
    file.map(drop)
}

/// Whoever asks clients for a token asks workers for another, and the other way round.
fn tokens(args: &SchedulerArgs) -> Result<Option<Tokens>> {
    let clients = given_token(args.token_file.as_ref())?;
    let workers = given_worker_token(args.worker_token_file.as_ref())?;
    let message = match (clients, workers) {
        (None, None) => return Ok(None),
        (Some(clients), Some(workers)) => match Tokens::new(clients, workers) {
            Ok(tokens) => return Ok(Some(tokens)),
            Err(error) => error.to_string(),
        },
        (Some(_), None) => "workers need a token too: give --worker-token-file".to_owned(),
        (None, Some(_)) => "clients need a token too: give --token-file".to_owned(),
    };
    Err(Failed::input(message))
}

/// Refuses to listen for other machines without a token, unless that is wanted.
pub(super) fn check_exposure(listen: &Address, has_token: bool, insecure: bool) -> Result {
    match listen.is_local() || has_token || insecure {
        true => Ok(()),
        false => Err(Failed::input(format!(
            "{listen} can be reached from other machines, and without tokens whoever reaches it \
             may run code: give token files, or --insecure if the network keeps others out"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    #[test]
    fn only_local_listeners_need_no_token() {
        let check = |address: &str, token, insecure| {
            check_exposure(&address.parse().unwrap(), token, insecure).map_err(|e| e.exit)
        };
        assert_eq!(check("tcp://127.0.0.1:1", false, false), Ok(()));
        assert_eq!(check("unix:///x", false, false), Ok(()));
        assert_eq!(check("tcp://0.0.0.0:1", false, false), Err(Exit::Input));
        assert_eq!(check("tcp://0.0.0.0:1", true, false), Ok(()));
        assert_eq!(check("tcp://0.0.0.0:1", false, true), Ok(()));
    }
}
