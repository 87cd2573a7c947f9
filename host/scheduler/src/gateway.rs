//! Lets clients and workers in.

use std::rc::Rc;

use tokio::task::spawn_local;
use wask_core::{ENGINE_PROFILE, bytes_text, scheduler::WorkerInfo};
use wask_rpc::{
    ConnectionHandle, Error, Limits, Refusal, RefusalCode, SOFTWARE_VERSION, Secret, shown, wire,
};
use wask_schema::{
    common_capnp::{PROTOCOL_VERSION, credential},
    gateway_capnp::gateway,
};

use crate::{
    hub::{DEFAULT_TENANT, Hub},
    membership::Membership,
    sending::{send_commands, send_events},
    session::Session,
    tokens::Role,
};

/// The door, for one connection.
pub(crate) struct Gateway {
    pub(crate) hub: Rc<Hub>,
    pub(crate) connection: ConnectionHandle,
    /// What workers show one another.
    pub(crate) peer_key: Rc<Secret>,
}

impl gateway::Server for Gateway {
    async fn login(
        self: Rc<Self>,
        params: gateway::LoginParams,
        mut results: gateway::LoginResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let client = params.get_client()?;
        let name = client.get_name()?.to_str()?;
        let version = client.get_software_version()?.to_str()?;
        let protocol = client.get_protocol_version();
        let allowed = self
            .check_credential(Role::Client, params.get_credential()?)?
            .and_then(|()| check_version("client", version, protocol, ENGINE_PROFILE))
            .and_then(|()| self.check_first());
        if let Err(refusal) = allowed {
            let refused = format_args!("client `{}` refused: {refusal}", shown(name));
            self.connection.log(refused);
            wire::write_refusal(results.get().init_result().init_refused(), &refusal);
            return Ok(());
        }
        // Whoever gives none gets no session.
        let events = params.get_events()?;
        let (tenant, tenant_name) = DEFAULT_TENANT;
        let (session, outbox) = self.hub.open_session(tenant, self.connection.clone());
        tracing::info!(%session, name = shown(name), "client logged in");
        spawn_local(send_events(self.hub.clone(), session, outbox, events));
        self.let_in();
        self.connection.expect_answers();
        let mut accepted = results.get().init_result().init_accepted();
        accepted.set_session(Session::serve(self.hub.clone(), session));
        accepted.set_tenant(tenant_name);
        accepted.set_engine_profile(ENGINE_PROFILE);
        accepted.set_heartbeat_millis(heartbeat_millis(&self.hub.config.limits));
        accepted.set_software_version(SOFTWARE_VERSION);
        wire::write_task_rules(accepted.init_rules(), &self.hub.config.task_rules);
        Ok(())
    }

    async fn join(
        self: Rc<Self>,
        params: gateway::JoinParams,
        mut results: gateway::JoinResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let join = wire::read_join_info(params.get_worker()?)?;
        let info = join.info.clone();
        let (commands, store) = (params.get_commands()?, params.get_store()?);
        let version = &join.software_version;
        let joined = self
            .check_credential(Role::Worker, params.get_credential()?)?
            .and_then(|()| {
                check_version(
                    "worker",
                    version,
                    join.protocol_version,
                    join.engine_profile,
                )
            })
            .and_then(|()| self.check_first())
            .and_then(|()| self.hub.add_worker(join, store, self.connection.clone()));
        let (worker, outbox) = match joined {
            Ok(joined) => joined,
            Err(refusal) => {
                let refused = format_args!("worker `{}` refused: {refusal}", shown(&info.name));
                self.connection.log(refused);
                wire::write_refusal(results.get().init_result().init_refused(), &refusal);
                return Ok(());
            }
        };
        self.warn_of_little_memory(&info);
        spawn_local(send_commands(self.hub.clone(), worker, outbox, commands));
        self.let_in();
        let mut accepted = results.get().init_result().init_accepted();
        accepted.set_membership(Membership::serve(self.hub.clone(), worker));
        accepted.set_worker(worker.0);
        accepted.set_scheduler(self.hub.id);
        accepted.set_peer_key(self.peer_key.bytes());
        accepted.set_heartbeat_millis(heartbeat_millis(&self.hub.config.limits));
        accepted.set_software_version(SOFTWARE_VERSION);
        Ok(())
    }
}

impl Gateway {
    fn let_in(&self) {
        self.connection.let_in(self.hub.config.limits.silence());
    }

    /// A connection is one session or one membership.
    fn check_first(&self) -> Result<(), Refusal> {
        match self.connection.is_stranger() {
            true => Ok(()),
            false => {
                let message = "this connection has logged in or joined already; open another";
                Err(Refusal::new(RefusalCode::Invalid, message))
            }
        }
    }

    /// Says in the log where a worker would get no task but those that ask for little memory.
    fn warn_of_little_memory(&self, worker: &WorkerInfo) {
        let default = self.hub.config.task_rules.limits.defaults().memory;
        if worker.task_memory < default {
            tracing::warn!(
                name = %worker.name,
                "this worker can give a task {} of memory, and a task that asks for nothing may use \
                 {}: it gets only tasks that ask for less; lower --task-memory of the scheduler",
                bytes_text(worker.task_memory),
                bytes_text(default)
            );
        }
    }

    fn check_credential(
        &self,
        role: Role,
        credential: credential::Reader<'_>,
    ) -> Result<Result<(), Refusal>, Error> {
        match &self.hub.config.tokens {
            Some(tokens) => tokens.check(role, credential),
            None => Ok(Ok(())),
        }
    }
}

fn check_version(who: &str, software: &str, protocol: u32, profile: u32) -> Result<(), Refusal> {
    if (software, protocol, profile) == (SOFTWARE_VERSION, PROTOCOL_VERSION, ENGINE_PROFILE) {
        return Ok(());
    }
    let message = format!(
        "this {who} is wask {software} (protocol {protocol}, engine profile {profile}), the \
         scheduler is wask {SOFTWARE_VERSION} (protocol {PROTOCOL_VERSION}, engine profile \
         {ENGINE_PROFILE}); install the same version on both sides"
    );
    Err(Refusal::new(RefusalCode::Version, message))
}

fn heartbeat_millis(limits: &Limits) -> u32 {
    u32::try_from(limits.heartbeat.as_millis()).unwrap_or(u32::MAX)
}
