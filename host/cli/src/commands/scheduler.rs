//! `wask scheduler`

use std::path::PathBuf;

use clap::Args;
use tokio::{sync::Notify, task::LocalSet};
use wask_rpc::Address;
use wask_scheduler::Config;

use super::supervise::Supervised;
use crate::{
    args::TaskRuleArgs,
    cluster::given_token,
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
  wask scheduler --listen tcp://0.0.0.0:8786 --token-file token
  wask scheduler --task-memory 512MiB --task-memory-max 4GiB --task-timeout-max 1h")]
pub(crate) struct SchedulerArgs {
    /// Where to listen: tcp://HOST:PORT (port 0: a free one) or unix:///PATH
    #[arg(long, value_name = "ADDRESS", default_value = "tcp://127.0.0.1:8786")]
    listen: Address,

    /// A file with the token that clients and workers must show; WASK_TOKEN may hold it instead
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,

    /// Write the address to this file as JSON, for `wask worker --scheduler-file`
    #[arg(long, value_name = "FILE")]
    scheduler_file: Option<PathBuf>,

    /// Listen for other machines without a token: whoever reaches the port may run code
    #[arg(long)]
    insecure: bool,

    #[command(flatten)]
    supervised: Supervised,

    #[command(flatten)]
    tasks: TaskRuleArgs,
}

pub(crate) async fn run(args: SchedulerArgs) -> Result {
    args.supervised.obey()?;
    let token = given_token(args.token_file.as_ref())?;
    check_exposure(&args.listen, token.is_some(), args.insecure)?;
    let config = Config {
        token,
        task_rules: args.tasks.rules()?,
        ..Config::new(args.listen)
    };
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

/// Refuses to listen for other machines without a token, unless that is wanted.
pub(super) fn check_exposure(listen: &Address, has_token: bool, insecure: bool) -> Result {
    match listen.is_local() || has_token || insecure {
        true => Ok(()),
        false => Err(Failed::input(format!(
            "{listen} can be reached from other machines, and without a token whoever reaches it \
             may run code: give --token-file, or --insecure if the network keeps others out"
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
