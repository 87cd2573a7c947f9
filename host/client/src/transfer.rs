//! The calls of a session, as they run on the RPC thread.

use std::{mem, time::Duration};

use bytes::Bytes;
use tokio::time::sleep;
use wask_core::{Digest, Key};
use wask_rpc::{
    Error, Refusal, RefusalCode, object_collector,
    wire::{self, ClusterStatus, ComponentInfo, DatasetInfo},
    write_objects,
};
use wask_schema::session_capnp::session;
use wask_value::Type;

use crate::remote::Remote;

/// Keys in one call that is answered with the names of workers for each.
const KEYS_WITH_NAMES: usize = 256;

/// What the header of a value takes in a message beside the text of its type.
const HEADER_BYTES: usize = 96;

/// A value on its way to a worker.
pub(crate) struct Outbound {
    pub(crate) key: Key,
    pub(crate) ty: Type,
    pub(crate) bytes: Bytes,
}

impl Remote {
    /// Keys that one message holds.
    fn keys_in_a_call(&self) -> usize {
        (self.limits.batch_bytes / size_of::<Key>()).max(1)
    }

    /// Fetches results, each with the most bytes that it may have. Those that are not to be had
    /// now are left out; then it pauses before it answers.
    pub(crate) async fn gather(
        &self,
        wanted: Vec<(Key, u64)>,
        pause: Duration,
    ) -> Result<Vec<(Key, Bytes)>, Error> {
        let mut fetched = Vec::with_capacity(wanted.len());
        for wanted in wanted.chunks(self.keys_in_a_call()) {
            let (sink, collected) = object_collector(wanted.iter().copied());
            let mut request = self.session.gather_request();
            let keys = wanted.iter().map(|(key, _)| key);
            request.get().set_keys(&wire::write_keys(keys));
            request.get().set_sink(sink);
            // What it says to be missing is what the sink did not get.
            request.send().promise.await?;
            fetched.append(&mut collected.take()?);
        }
        if fetched.len() < wanted.len() {
            sleep(pause).await;
        }
        Ok(fetched)
    }

    /// Stores values on workers: each on one, or on all. Where that fails, some may have been stored.
    pub(crate) async fn scatter(
        &self,
        values: Vec<Outbound>,
        broadcast: bool,
    ) -> Result<(), Error> {
        // An older future of a value may have been dropped just before: its release must not
        // overtake the call, and take the value away again.
        self.taken_in().await?;
        let (mut call, mut bytes) = (Vec::new(), 0);
        for value in values {
            let header = HEADER_BYTES + value.ty.to_string().len();
            if bytes + header > self.limits.whole_bytes() && !call.is_empty() {
                self.scatter_in_one_call(mem::take(&mut call), broadcast)
                    .await?;
                bytes = 0;
            }
            bytes += header;
            call.push(value);
        }
        self.scatter_in_one_call(call, broadcast).await
    }

    async fn scatter_in_one_call(
        &self,
        values: Vec<Outbound>,
        broadcast: bool,
    ) -> Result<(), Error> {
        let mut request = self.session.scatter_request();
        request.get().set_broadcast(broadcast);
        let mut headers = request.get().init_objects(wire::list_len(values.len()));
        for (index, value) in (0..).zip(&values) {
            let mut header = headers.reborrow().get(index);
            header.set_key(&value.key.0);
            header.set_type(&*value.ty.to_string());
            header.set_size(value.bytes.len() as u64);
        }
        let answer = request.send().promise.await?;
        let sink = match answer.get()?.get_result()?.which()? {
            session::scatter::Sink(sink) => sink?,
            session::scatter::Refused(refusal) => return Err(wire::read_refusal(refusal?)?.into()),
        };
        let objects = values.into_iter().map(|value| (value.key, value.bytes));
        write_objects(&sink, objects, &self.limits).await
    }

    /// Offers a component, sends it where the scheduler does not have it, and tells what it
    /// exports.
    pub(crate) async fn upload(
        &self,
        component: &wask_component::Component,
        name: String,
    ) -> Result<ComponentInfo, Error> {
        let digest = Digest(*component.digest().as_bytes());
        let bytes = component.bytes().clone();
        let mut request = self.session.upload_request();
        request.get().set_digest(&digest.0);
        request.get().set_size(bytes.len() as u64);
        request.get().set_name(&name);
        request.get().set_file(component.file().unwrap_or_default());
        let answer = request.send().promise.await?;
        let sink = match answer.get()?.get_result()?.which()? {
            session::upload::Known(info) => return wire::read_component_info(info?),
            session::upload::Sink(sink) => sink?,
            session::upload::Refused(refusal) => return Err(wire::read_refusal(refusal?)?.into()),
        };
        write_objects(&sink, [(Key(digest.0), bytes)], &self.limits).await?;
        self.component(digest.to_string()).await
    }

    /// What a component exports, by its name or digest.
    pub(crate) async fn component(&self, name: String) -> Result<ComponentInfo, Error> {
        let mut request = self.session.component_request();
        request.get().set_name(&name);
        let answer = request.send().promise.await?;
        match answer.get()?.get_result()?.which()? {
            session::component_result::Component(info) => wire::read_component_info(info?),
            session::component_result::Refused(refusal) => {
                Err(wire::read_refusal(refusal?)?.into())
            }
        }
    }

    /// All components of the tenant.
    pub(crate) async fn components(&self) -> Result<Vec<ComponentInfo>, Error> {
        let mut all: Vec<ComponentInfo> = Vec::new();
        loop {
            let mut request = self.session.components_request();
            if let Some(last) = all.last() {
                request.get().set_after(&last.digest.0);
            }
            let answer = request.send().promise.await?;
            let page = wire::structs(answer.get()?.get_components()?)?;
            for component in page.iter() {
                all.push(wire::read_component_info(component)?);
            }
            if page.is_empty() || !answer.get()?.get_more() {
                return Ok(all);
            }
        }
    }

    /// The names of the workers that hold each key.
    pub(crate) async fn who_has(&self, keys: Vec<Key>) -> Result<Vec<Vec<String>>, Error> {
        let mut holders = Vec::with_capacity(keys.len());
        for keys in keys.chunks(KEYS_WITH_NAMES) {
            let mut request = self.session.who_has_request();
            request.get().set_keys(&wire::write_keys(keys));
            let answer = request.send().promise.await?;
            let list = wire::structs(answer.get()?.get_holders()?)?;
            if list.len() as usize != keys.len() {
                let message = "another number of holders than of keys";
                return Err(Error::Malformed(message.into()));
            }
            for each in list {
                holders.push(wire::read_texts(each.get_workers()?)?);
            }
        }
        Ok(holders)
    }

    /// The cluster at this moment.
    pub(crate) async fn status(&self) -> Result<ClusterStatus, Error> {
        let answer = self.session.status_request().send().promise.await?;
        wire::read_status(answer.get()?.get_status()?)
    }

    /// Names keys that the session holds.
    pub(crate) async fn publish(
        &self,
        name: String,
        keys: Vec<Key>,
        ty: String,
        replace: bool,
    ) -> Result<(), Error> {
        let (count, bytes) = (keys.len(), keys.len() * size_of::<Key>());
        let most = self.limits.message_bytes / 2;
        if bytes > most {
            let message = format!(
                "a dataset of {count} keys does not fit one message, which holds {}; publish it in \
                 parts, or with larger partitions",
                most / size_of::<Key>()
            );
            return Err(Refusal::new(RefusalCode::Forbidden, message).into());
        }
        let mut request = self.session.publish_request();
        let mut params = request.get();
        params.set_name(&name);
        params.set_keys(&wire::write_keys(&keys));
        params.set_type(&ty);
        params.set_replace(replace);
        let answer = request.send().promise.await?;
        read_done(answer.get()?.get_result()?)
    }

    /// Takes a component from the cluster.
    pub(crate) async fn remove_component(&self, name: String) -> Result<(), Error> {
        let mut request = self.session.remove_component_request();
        request.get().set_name(&name);
        let answer = request.send().promise.await?;
        read_done(answer.get()?.get_result()?)
    }

    /// Gives up a dataset's name.
    pub(crate) async fn unpublish(&self, name: String) -> Result<(), Error> {
        let mut request = self.session.unpublish_request();
        request.get().set_name(&name);
        let answer = request.send().promise.await?;
        read_done(answer.get()?.get_result()?)
    }

    /// A dataset, whose keys the session holds from now on.
    pub(crate) async fn dataset(&self, name: String) -> Result<DatasetInfo, Error> {
        let mut request = self.session.dataset_request();
        request.get().set_name(&name);
        let answer = request.send().promise.await?;
        match answer.get()?.get_result()?.which()? {
            session::dataset_result::Dataset(info) => wire::read_dataset_info(info?),
            session::dataset_result::Refused(refusal) => Err(wire::read_refusal(refusal?)?.into()),
        }
    }

    /// All datasets of the tenant.
    pub(crate) async fn datasets(&self) -> Result<Vec<DatasetInfo>, Error> {
        let mut all: Vec<DatasetInfo> = Vec::new();
        loop {
            let mut request = self.session.datasets_request();
            if let Some(last) = all.last() {
                request.get().set_after(&last.name);
            }
            let answer = request.send().promise.await?;
            let page = wire::structs(answer.get()?.get_datasets()?)?;
            for dataset in page.iter() {
                all.push(wire::read_dataset_info(dataset)?);
            }
            if page.is_empty() || !answer.get()?.get_more() {
                return Ok(all);
            }
        }
    }
}

fn read_done(done: session::done::Reader<'_>) -> Result<(), Error> {
    match done.which()? {
        session::done::Done(()) => Ok(()),
        session::done::Refused(refusal) => Err(wire::read_refusal(refusal?)?.into()),
    }
}
