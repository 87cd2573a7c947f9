//! Named results that outlive their client.

use wask_core::{
    Key, bytes_text,
    scheduler::{DatasetError, Event, KeyState},
};
use wask_rpc::{Refusal, RefusalCode, wire::DatasetInfo};
use wask_value::Type;

use crate::{hub::Hub, session::Session, status};

/// Names keys.
pub(crate) fn publish(
    session: &Session,
    name: &str,
    keys: Vec<Key>,
    ty: &str,
    replace: bool,
) -> Result<(), Refusal> {
    if name.is_empty() {
        return Err(Refusal::new(RefusalCode::Invalid, "a dataset needs a name"));
    }
    let (hub, tenant) = (&session.hub, session.tenant);
    hub.config.quotas.check_name("dataset", name)?;
    parse_type(ty)?;
    let may = hub.state().core.may_publish(tenant, name, &keys, replace);
    may.map_err(|error| refused(name, error))?;
    is_within_a_message(hub, keys.len())?;
    has_room(hub, keys.len(), ty)?;
    hub.tell([Event::DatasetPublished {
        tenant,
        name: name.into(),
        ty: ty.into(),
        keys,
        replace,
    }]);
    Ok(())
}

fn refused(name: &str, error: DatasetError) -> Refusal {
    let (code, message) = match error {
        DatasetError::Unknown(key) => {
            let message = format!("future {} is not known; was it released?", key.short());
            (RefusalCode::NotFound, message)
        }
        DatasetError::Taken => {
            let message = format!(
                "@{name} is in use; choose another name, release it with `wask release @{name}`, \
                 or replace it with --replace"
            );
            (RefusalCode::Exists, message)
        }
    };
    Refusal::new(code, message)
}

/// Whether so many keys, with their states, can be told in one message.
fn is_within_a_message(hub: &Hub, keys: usize) -> Result<(), Refusal> {
    let most = hub.config.quotas.keys_in_a_dataset;
    if keys <= most {
        return Ok(());
    }
    let message = format!(
        "a dataset has up to {most} keys, and this one would have {keys}; publish it in parts, or \
         with larger partitions"
    );
    Err(Refusal::new(RefusalCode::Forbidden, message))
}

/// Whether one more dataset with so many keys of a type may be kept.
fn has_room(hub: &Hub, keys: usize, ty: &str) -> Result<(), Refusal> {
    let (state, quotas) = (hub.state(), &hub.config.quotas);
    let held = state.core.dataset_keys();
    let has_room = state.core.dataset_count() < quotas.names
        && held + keys <= quotas.dataset_keys
        && state.core.dataset_type_bytes() + ty.len() <= quotas.type_bytes;
    if has_room {
        return Ok(());
    }
    let message = format!(
        "the scheduler keeps up to {} datasets with {} keys and {} of types together, and there is \
         no room for one more with {keys}; release some with `wask release`",
        quotas.names,
        quotas.dataset_keys,
        bytes_text(quotas.type_bytes as u64)
    );
    Err(Refusal::new(RefusalCode::Forbidden, message))
}

/// Gives a name up.
pub(crate) fn unpublish(session: &Session, name: &str) -> Result<(), Refusal> {
    get(session, name).ok_or_else(|| not_found(name))?;
    let (hub, tenant) = (&session.hub, session.tenant);
    hub.tell([Event::DatasetUnpublished {
        tenant,
        name: name.into(),
    }]);
    Ok(())
}

/// Lets the session hold the keys of a dataset, and tells which these are.
pub(crate) fn hold(session: &Session, name: &str) -> Result<DatasetInfo, Refusal> {
    let dataset = get(session, name).ok_or_else(|| not_found(name))?;
    let wanted = dataset.keys.clone();
    let session_id = session.id;
    let held = Event::TasksSubmitted {
        session: session_id,
        tasks: Vec::new(),
        wanted,
    };
    session.hub.tell([held]);
    Ok(dataset)
}

/// The datasets of the tenant after a name, in the order of their names.
pub(crate) fn list_after(session: &Session, after: &str) -> impl Iterator<Item = DatasetInfo> {
    let names = session.hub.state().core.datasets(session.tenant);
    // The empty name is before all others, and nothing has it.
    let names = names.into_iter().filter(move |name| **name > *after);
    names.filter_map(move |name| get(session, &name))
}

fn get(session: &Session, name: &str) -> Option<DatasetInfo> {
    let state = session.hub.state();
    let keys = state.core.dataset(session.tenant, name)?;
    let ty = state.core.dataset_type(session.tenant, name);
    let states: Vec<_> = keys.iter().map(|key| state.core.key_state(key)).collect();
    let sizes = states.iter().map(|state| match state {
        Some(KeyState::Finished { nbytes, .. }) => *nbytes,
        _ => 0,
    });
    Some(DatasetInfo {
        name: name.to_owned(),
        ty: ty.map(|ty| ty.to_string()).unwrap_or_default(),
        nbytes: sizes.sum(),
        states: states
            .iter()
            .map(|state| status::kind(state.as_ref()))
            .collect(),
        keys,
    })
}

fn not_found(name: &str) -> Refusal {
    let message = format!("there is no @{name}; `wask datasets` lists what there is");
    Refusal::new(RefusalCode::NotFound, message)
}

/// A WIT type that a client sent as text.
pub(crate) fn parse_type(text: &str) -> Result<Type, Refusal> {
    text.parse()
        .map_err(|error| Refusal::new(RefusalCode::Invalid, error))
}
