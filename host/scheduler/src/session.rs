//! Serves one client.

use std::{
    cell::{OnceCell, RefCell},
    rc::{Rc, Weak},
};

use tokio::sync::Semaphore;
use wask_core::{
    Digest, Key, SessionId, TenantId, bytes_text,
    scheduler::{Event, Spread},
};
use wask_rpc::{
    Error, Parts, Refusal, RefusalCode,
    wire::{self, KeyNews},
};
use wask_schema::session_capnp::{session, session_batch, session_commands};

use crate::{
    admission::admit,
    datasets,
    hub::{DEFAULT_TENANT, Hub},
    quotas::Begun,
    relay::{self, Header},
    status, upload,
};

/// Gathers of one session that are under way at a time. Each may have a window of bytes on its way
/// from each worker, for which the worker's connection is accountable.
const GATHERS: usize = 8;
/// How many other items a refusal counts as that waits to be told: it is a text of its own.
const REFUSAL_WEIGHT: usize = 10;
/// What the header of a value takes in a message beside its texts.
const HEADER_BYTES: usize = 96;

/// A client's session. The client's connection holds it; when it drops, the session ends.
pub(crate) struct Session {
    pub(crate) hub: Rc<Hub>,
    pub(crate) id: SessionId,
    pub(crate) tenant: TenantId,
    tenant_name: &'static str,
    begun: Begun,
    /// Room for gathers that are under way.
    gathers: Semaphore,
    /// The one stream of what it submits, once that was asked for.
    commands: OnceCell<session_commands::Client>,
}

impl Session {
    pub(crate) fn serve(hub: Rc<Hub>, id: SessionId) -> session::Client {
        let (tenant, tenant_name) = DEFAULT_TENANT;
        let begun = Begun::new(hub.uploading.clone());
        capnp_rpc::new_client(Self {
            hub,
            id,
            tenant,
            tenant_name,
            begun,
            gathers: Semaphore::new(GATHERS),
            commands: OnceCell::new(),
        })
    }

    /// Whether the tenant owns all of these keys.
    pub(crate) fn owns(&self, keys: &[Key]) -> Result<(), Refusal> {
        let state = self.hub.state();
        match keys
            .iter()
            .find(|key| state.core.tenant_of(key) != Some(self.tenant))
        {
            None => Ok(()),
            Some(key) => {
                let message = format!("future {} is not known; was it released?", key.short());
                Err(Refusal::new(RefusalCode::NotFound, message))
            }
        }
    }

    /// As many items as fit one message, at least one; whether there are more.
    fn page<T>(
        &self,
        items: impl Iterator<Item = T>,
        bytes: impl Fn(&T) -> usize,
    ) -> (Vec<T>, bool) {
        let (mut page, mut left) = (Vec::new(), self.hub.config.limits.whole_bytes());
        for item in items {
            let size = bytes(&item);
            if size > left && !page.is_empty() {
                return (page, true);
            }
            left = left.saturating_sub(size);
            page.push(item);
        }
        (page, false)
    }

    /// The headers of values that are about to come.
    fn headers(
        &self,
        params: &session::ScatterParams,
    ) -> Result<Result<Vec<Header>, Refusal>, Error> {
        let (mut headers, mut bytes) = (Vec::new(), 0);
        // A worker gets them in one message, which it may visit twice.
        let most = self.hub.config.limits.message_bytes / 2;
        for object in wire::structs(params.get()?.get_objects()?)? {
            let type_text = object.get_type()?.to_str()?.to_owned();
            bytes += HEADER_BYTES + type_text.len() + self.tenant_name.len();
            if bytes > most {
                let message = format!(
                    "the keys and types of the values in one scatter take up to {}; scatter fewer \
                     at a time",
                    bytes_text(most as u64)
                );
                return Ok(Err(Refusal::new(RefusalCode::Invalid, message)));
            }
            let ty = datasets::parse_type(&type_text).and_then(|ty| self.hub.type_id(&ty));
            let result_type = match ty {
                Ok(ty) => ty,
                Err(refusal) => return Ok(Err(refusal)),
            };
            headers.push(Header {
                key: wire::read_key(object.get_key()?)?,
                type_text,
                result_type,
                size: object.get_size(),
            });
        }
        Ok(Ok(headers))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        tracing::info!(session = %self.id, "session closed");
        self.hub.close_session(self.id);
    }
}

impl session::Server for Session {
    async fn commands(
        self: Rc<Self>,
        _: session::CommandsParams,
        mut results: session::CommandsResults,
    ) -> Result<(), capnp::Error> {
        let commands = self.commands.get_or_init(|| Commands::client(&self));
        results.get().set_commands(commands.clone());
        Ok(())
    }

    /// The answer is all that is wanted: it shows both sides that the other is alive.
    async fn heartbeat(
        self: Rc<Self>,
        _: session::HeartbeatParams,
        _: session::HeartbeatResults,
    ) -> Result<(), capnp::Error> {
        Ok(())
    }

    async fn upload(
        self: Rc<Self>,
        params: session::UploadParams,
        mut results: session::UploadResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let digest = Digest(wire::read_key(params.get_digest()?)?.0);
        let name = params.get_name()?.to_str()?.to_owned();
        let file = params.get_file()?.to_str()?;
        let called = upload::Called::new(name, file);
        let mut result = results.get().init_result();
        let (tenant, begun) = (self.tenant, &self.begun);
        match upload::offer(&self.hub, tenant, digest, params.get_size(), called, begun) {
            Ok(upload::Offer::Known(info)) => {
                wire::write_component_info(result.init_known(), &info);
            }
            Ok(upload::Offer::Wanted(sink)) => result.set_sink(sink),
            Err(refusal) => wire::write_refusal(result.init_refused(), &refusal),
        }
        Ok(())
    }

    async fn component(
        self: Rc<Self>,
        params: session::ComponentParams,
        mut results: session::ComponentResults,
    ) -> Result<(), capnp::Error> {
        let name = params.get()?.get_name()?.to_str()?;
        let found = self.hub.state().library.find(self.tenant, name);
        let result = results.get().init_result();
        match found {
            Ok(info) => wire::write_component_info(result.init_component(), &info),
            Err(refusal) => wire::write_refusal(result.init_refused(), &refusal),
        }
        Ok(())
    }

    async fn components(
        self: Rc<Self>,
        params: session::ComponentsParams,
        mut results: session::ComponentsResults,
    ) -> Result<(), capnp::Error> {
        let after = match params.get()?.get_after()? {
            [] => None,
            digest => Some(Digest(wire::read_key(digest)?.0)),
        };
        let state = self.hub.state();
        let components = state.library.list_after(self.tenant, after);
        let (components, more) = self.page(components, wire::component_info_bytes);
        results.get().set_more(more);
        let mut list = results
            .get()
            .init_components(wire::list_len(components.len()));
        for (index, info) in (0..).zip(&components) {
            wire::write_component_info(list.reborrow().get(index), info);
        }
        Ok(())
    }

    async fn remove_component(
        self: Rc<Self>,
        params: session::RemoveComponentParams,
        mut results: session::RemoveComponentResults,
    ) -> Result<(), capnp::Error> {
        let name = params.get()?.get_name()?.to_str()?;
        let whose = (self.tenant, self.tenant_name);
        let taken = upload::take_out(&self.hub, whose, name);
        write_done(results.get().init_result(), taken);
        Ok(())
    }

    async fn scatter(
        self: Rc<Self>,
        params: session::ScatterParams,
        mut results: session::ScatterResults,
    ) -> Result<(), capnp::Error> {
        let begun = self.begun.begin(0, &self.hub.config.quotas);
        let headers = self.headers(&params)?;
        let opened = match headers.and_then(|headers| Ok((headers, begun?))) {
            Ok((headers, transfer)) => {
                let spread = match params.get()?.get_broadcast() {
                    true => Spread::All,
                    false => Spread::One,
                };
                let (hub, id, tenant) = (self.hub.clone(), self.id, self.tenant_name);
                relay::scatter(hub, id, tenant, headers, spread, transfer).await
            }
            Err(refusal) => Err(refusal),
        };
        let mut result = results.get().init_result();
        match opened {
            Ok(sink) => result.set_sink(sink),
            Err(refusal) => wire::write_refusal(result.init_refused(), &refusal),
        }
        Ok(())
    }

    async fn gather(
        self: Rc<Self>,
        params: session::GatherParams,
        mut results: session::GatherResults,
    ) -> Result<(), capnp::Error> {
        // Never closed.
        let _own = self.gathers.acquire().await;
        let _one_of_all = self.hub.gathers.acquire().await;
        let params = params.get()?;
        let keys = wire::read_keys(params.get_keys()?)?;
        let (own, mut missing): (Vec<_>, Vec<_>) =
            keys.into_iter().partition(|key| self.owns(&[*key]).is_ok());
        missing.extend(relay::gather(&self.hub, &own, &params.get_sink()?).await?);
        results.get().set_missing(&wire::write_keys(&missing));
        Ok(())
    }

    async fn who_has(
        self: Rc<Self>,
        params: session::WhoHasParams,
        mut results: session::WhoHasResults,
    ) -> Result<(), capnp::Error> {
        let keys = wire::read_keys(params.get()?.get_keys()?)?;
        let mut list = results.get().init_holders(wire::list_len(keys.len()));
        let state = self.hub.state();
        for (index, key) in (0..).zip(&keys) {
            let own = state.core.tenant_of(key) == Some(self.tenant);
            let holders = if own {
                state.core.holders(key)
            } else {
                Vec::new()
            };
            let workers = holders
                .iter()
                .filter_map(|worker| state.workers.get(worker));
            let names: Vec<_> = workers.map(|worker| &*worker.join.info.name).collect();
            let out = list.reborrow().get(index);
            wire::write_texts(out.init_workers(wire::list_len(names.len())), &names);
        }
        Ok(())
    }

    async fn status(
        self: Rc<Self>,
        _: session::StatusParams,
        mut results: session::StatusResults,
    ) -> Result<(), capnp::Error> {
        wire::write_status(results.get().init_status(), &status::snapshot(&self.hub));
        Ok(())
    }

    async fn publish(
        self: Rc<Self>,
        params: session::PublishParams,
        mut results: session::PublishResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let keys = wire::read_keys(params.get_keys()?)?;
        let name = params.get_name()?.to_str()?;
        let ty = params.get_type()?.to_str()?;
        write_done(
            results.get().init_result(),
            datasets::publish(&self, name, keys, ty, params.get_replace()),
        );
        Ok(())
    }

    async fn unpublish(
        self: Rc<Self>,
        params: session::UnpublishParams,
        mut results: session::UnpublishResults,
    ) -> Result<(), capnp::Error> {
        let name = params.get()?.get_name()?.to_str()?;
        write_done(
            results.get().init_result(),
            datasets::unpublish(&self, name),
        );
        Ok(())
    }

    async fn dataset(
        self: Rc<Self>,
        params: session::DatasetParams,
        mut results: session::DatasetResults,
    ) -> Result<(), capnp::Error> {
        let name = params.get()?.get_name()?.to_str()?;
        let result = results.get().init_result();
        match datasets::hold(&self, name) {
            Ok(dataset) => wire::write_dataset_info(result.init_dataset(), &dataset),
            Err(refusal) => wire::write_refusal(result.init_refused(), &refusal),
        }
        Ok(())
    }

    async fn datasets(
        self: Rc<Self>,
        params: session::DatasetsParams,
        mut results: session::DatasetsResults,
    ) -> Result<(), capnp::Error> {
        let after = params.get()?.get_after()?.to_str()?;
        let all = datasets::list_after(&self, after);
        let (page, more) = self.page(all, wire::dataset_info_bytes);
        results.get().set_more(more);
        let mut list = results.get().init_datasets(wire::list_len(page.len()));
        for (index, dataset) in (0..).zip(&page) {
            wire::write_dataset_info(list.reborrow().get(index), dataset);
        }
        Ok(())
    }
}

fn write_done(mut out: session::done::Builder<'_>, done: Result<(), Refusal>) {
    match done {
        Ok(()) => out.set_done(()),
        Err(refusal) => wire::write_refusal(out.init_refused(), &refusal),
    }
}

/// The stream of what a client submits and lets go of.
struct Commands {
    /// It holds this in turn, and its client holds it.
    session: Weak<Session>,
    parts: RefCell<Parts>,
}

impl session_commands::Server for Commands {
    async fn push(
        self: Rc<Self>,
        params: session_commands::PushParams,
    ) -> Result<(), capnp::Error> {
        let batch = params.get().and_then(|params| params.get_batch());
        self.end_on_error(
            batch
                .map_err(Error::from)
                .and_then(|batch| self.take_in(batch)),
        );
        Ok(())
    }

    async fn part(
        self: Rc<Self>,
        params: session_commands::PartParams,
    ) -> Result<(), capnp::Error> {
        self.end_on_error(self.take_in_part(&params));
        Ok(())
    }

    /// Streamed calls on this capability have all been taken in when this one is.
    async fn sync(
        self: Rc<Self>,
        _: session_commands::SyncParams,
        _: session_commands::SyncResults,
    ) -> Result<(), capnp::Error> {
        Ok(())
    }
}

impl Commands {
    fn client(session: &Rc<Session>) -> session_commands::Client {
        capnp_rpc::new_client(Self {
            session: Rc::downgrade(session),
            parts: RefCell::default(),
        })
    }

    fn session(&self) -> Result<Rc<Session>, Error> {
        let over = || Error::Disconnected("the session is over".to_owned());
        self.session.upgrade().ok_or_else(over)
    }

    /// An error of a stream would poison it: the session is ended instead, and the client told why.
    fn end_on_error(&self, taken: Result<(), Error>) {
        if let (Err(error), Some(session)) = (taken, self.session.upgrade()) {
            let Session { hub, id, .. } = &*session;
            tracing::warn!(session = %id, %error, "a client sent what makes no sense");
            hub.disconnect(
                *id,
                &format!("the client sent what makes no sense: {error}"),
            );
        }
    }

    fn take_in_part(&self, params: &session_commands::PartParams) -> Result<(), Error> {
        let params = params.get()?;
        let (part, is_last) = (params.get_bytes()?, params.get_last());
        let session = self.session()?;
        let limits = &session.hub.config.limits;
        let whole = self.parts.borrow_mut().add(part, is_last, limits)?;
        match whole {
            Some(whole) => self.take_in(whole.get_root()?),
            None => Ok(()),
        }
    }

    fn take_in(&self, batch: session_batch::Reader<'_>) -> Result<(), Error> {
        let session = self.session()?;
        let Session {
            hub,
            id: session,
            tenant,
            tenant_name,
            ..
        } = &*session;
        let session = *session;
        let batch = wire::read_session_batch(batch, tenant_name)?;
        let detached = batch.detached.clone();
        let (released, cancelled) = (batch.released.clone(), batch.cancelled.clone());
        let (rules, quotas) = (&hub.config.task_rules, &hub.config.quotas);
        let most = hub.config.limits.argument_bytes;
        let admitted = admit(&mut hub.state_mut(), rules, most, quotas, *tenant, batch);
        if let Some(entry) = hub.state().sessions.get(&session) {
            // One message's worth comes on top at most.
            entry.check(hub.config.outbox_items / REFUSAL_WEIGHT);
            for (key, refusal) in admitted.refused {
                entry
                    .outbox
                    .push((key, KeyNews::Refused((*refusal).clone())));
            }
        }
        let (tasks, wanted) = (admitted.tasks, admitted.wanted);
        hub.tell([
            Event::TasksSubmitted {
                session,
                tasks,
                wanted,
            },
            Event::KeysDetached {
                session,
                keys: detached,
            },
            Event::KeysReleased {
                session,
                keys: released,
            },
            Event::KeysCancelled {
                session,
                keys: cancelled,
            },
        ]);
        Ok(())
    }
}
