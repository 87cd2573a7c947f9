//! Takes in components.

use std::rc::Rc;

use bytes::Bytes;
use tokio::task::spawn_blocking;
use wask_component::{Component, Limits};
use wask_core::{Digest, Key, TenantId};
use wask_rpc::{Refusal, RefusalCode, object_sink_with, wire::ComponentInfo};
use wask_schema::transfer_capnp::object_sink;

use crate::{callees::Callees, hub::Hub, library::Library, quotas::Begun};

/// The answer to a client that offers a component.
pub(crate) enum Offer {
    /// It is here already.
    Known(ComponentInfo),
    /// Its bytes go here; they are admitted when the sink is finished.
    Wanted(object_sink::Client),
}

/// How much of a file's name is kept; no system has longer ones.
const FILE_CHARS: usize = 255;

/// What a client calls a component.
pub(crate) struct Called {
    /// A name that means it; an empty one is none.
    name: String,
    /// From which file it comes, for people.
    file: String,
}

impl Called {
    pub(crate) fn new(name: String, file: &str) -> Self {
        let file = file.chars().take(FILE_CHARS).collect();
        Self { name, file }
    }
}

/// A client offers a component, and says what it calls it.
pub(crate) fn offer(
    hub: &Rc<Hub>,
    tenant: TenantId,
    digest: Digest,
    size: u64,
    Called { name, file }: Called,
    begun: &Begun,
) -> Result<Offer, Refusal> {
    let mut state = hub.state_mut();
    if let Some(component) = state.library.get(tenant, &digest) {
        state.library.name(tenant, &name, digest)?;
        return Ok(Offer::Known(state.library.describe(tenant, &component)));
    }
    // What others have begun to upload counts as if it were here.
    let room = has_room(&state.library, size, hub.uploading.get())
        .and_then(|()| state.library.has_room_for(tenant, &name))
        .and_then(|()| begun.begin(size, &hub.config.quotas));
    let transfer = match room {
        Ok(transfer) => transfer,
        Err(refusal) => {
            state.library.refuse(tenant, digest, refusal.clone());
            return Err(refusal);
        }
    };
    let hub = hub.clone();
    let sink = object_sink_with([(Key(digest.0), size)], async move |objects| {
        // It ends when this has, or when the sink is dropped.
        let _transfer = transfer;
        let Some((_, bytes)) = objects.into_iter().next() else {
            return Ok(());
        };
        let checked = check(bytes, digest).await;
        let mut state = hub.state_mut();
        let taken = checked.and_then(|component| {
            state.library.has_room(size)?;
            state.library.has_room_for(tenant, &name)?;
            state.library.insert(tenant, component, file);
            state.library.name(tenant, &name, digest)
        });
        if let Err(refusal) = &taken {
            state.library.refuse(tenant, digest, refusal.clone());
        }
        taken
    });
    Ok(Offer::Wanted(sink))
}

/// Takes a component of a tenant out again, by name or digest, if no task needs it.
pub(crate) fn take_out(
    hub: &Hub,
    (tenant, tenant_name): (TenantId, &str),
    name: &str,
) -> Result<(), Refusal> {
    let mut state = hub.state_mut();
    let digest = state.library.find(tenant, name)?.digest;
    let tasks = state.core.tasks_of(tenant_name, &digest);
    if tasks > 0 {
        let message = format!(
            "component `{name}` is needed: {tasks} of the tasks that the cluster knows run it, and \
             may have to run again; release what is computed with it first, `wask datasets` lists \
             what has a name"
        );
        return Err(Refusal::new(RefusalCode::Forbidden, message));
    }
    state.library.remove(tenant, &digest);
    // Some may be its functions.
    state.callees = Callees::default();
    Ok(())
}

/// Whether a component of this size can be taken in, while others of so many bytes come.
fn has_room(library: &Library, size: u64, uploading: u64) -> Result<(), Refusal> {
    let limits = Limits::default();
    if size > limits.max_bytes as u64 {
        let message = format!(
            "the component has {size} bytes, the limit is {}; strip its debug information",
            limits.max_bytes
        );
        return Err(Refusal::new(RefusalCode::Invalid, message));
    }
    library.has_room(size.saturating_add(uploading))
}

/// Checks a component again, which the client has checked: nobody is trusted. Off this thread,
/// since a large one takes milliseconds.
async fn check(bytes: Bytes, digest: Digest) -> Result<Component, Refusal> {
    let checked = spawn_blocking(move || Component::from_binary(bytes, &Limits::default())).await;
    let refuse = |error: &dyn std::fmt::Display| Refusal::new(RefusalCode::Invalid, error);
    let component = checked
        .map_err(|panic| refuse(&panic))?
        .map_err(|error| refuse(&error))?;
    if component.digest().as_bytes() != &digest.0 {
        let message = format!("these bytes are {}, not {digest}", component.digest());
        return Err(Refusal::new(RefusalCode::Invalid, message));
    }
    Ok(component)
}
