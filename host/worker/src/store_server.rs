//! The store of this worker, as the scheduler and peers see it.

use std::rc::{Rc, Weak};

use bytes::Bytes;
use wask_core::{Key, KeyMap, ScatterId, worker::Event};
use wask_rpc::{Refusal, RefusalCode, object_sink_with, wire, write_objects};
use wask_schema::transfer_capnp::{object_header, object_store};
use wask_store::Found;
use wask_value::{Type, validate};

use crate::{node::Node, offload::offload, staging::staging_key};

/// Bytes of results that are read from disk before they are written into a sink.
const GROUP_BYTES: u64 = 64 << 20;
/// Bytes of values that are checked on the rpc thread itself, within about 0.1 ms.
const CHECKED_INLINE: usize = 128 << 10;

/// Serves one worker's store.
pub(crate) struct StoreServer {
    node: Weak<Node>,
}

impl StoreServer {
    /// The capability to give away.
    pub(crate) fn client(node: Weak<Node>) -> object_store::Client {
        capnp_rpc::new_client(Self::new(node))
    }

    pub(crate) fn new(node: Weak<Node>) -> Self {
        Self { node }
    }

    fn node(&self) -> Result<Rc<Node>, capnp::Error> {
        let gone = || capnp::Error::disconnected("the worker is shutting down".to_owned());
        self.node.upgrade().ok_or_else(gone)
    }
}

impl object_store::Server for StoreServer {
    async fn get(
        self: Rc<Self>,
        params: object_store::GetParams,
        mut results: object_store::GetResults,
    ) -> Result<(), capnp::Error> {
        let node = self.node()?;
        let params = params.get()?;
        if !params.get_slices()?.is_empty() {
            let why = "slices; this version moves only whole results".to_owned();
            return Err(capnp::Error::unimplemented(why));
        }
        let keys = wire::read_keys(params.get_keys()?)?;
        let sink = params.get_sink()?;
        let mut missing = Vec::new();
        let mut keys = keys.into_iter().peekable();
        loop {
            // Every group is finished, so that an empty one tells the sink too.
            let group = read_group(&node, &mut keys, &mut missing).await;
            write_objects(&sink, group, &node.limits).await?;
            if keys.peek().is_none() {
                break;
            }
        }
        results.get().set_missing(&wire::write_keys(&missing));
        Ok(())
    }

    async fn put(
        self: Rc<Self>,
        params: object_store::PutParams,
        mut results: object_store::PutResults,
    ) -> Result<(), capnp::Error> {
        let node = self.node()?;
        let params = params.get()?;
        let scatter = ScatterId(params.get_scatter());
        let headers = wire::structs(params.get_objects()?)?.iter();
        let headers = headers.map(read_header).collect::<Result<Vec<_>, _>>();
        let headers = headers.and_then(|headers| admit(&node, headers));
        let sink = match headers {
            Ok(headers) => {
                let expected: Vec<_> = headers.iter().map(|it| (it.key, it.size)).collect();
                let node = Rc::downgrade(&node);
                object_sink_with(expected, move |objects| {
                    take_in(node, scatter, headers, objects)
                })
            }
            Err(refusal) => object_sink_with([], |_| async { Err(refusal) }),
        };
        results.get().set_sink(sink);
        Ok(())
    }
}

/// The next results that are here, up to a bound on their bytes.
async fn read_group(
    node: &Node,
    keys: &mut impl Iterator<Item = Key>,
    missing: &mut Vec<Key>,
) -> Vec<(Key, Bytes)> {
    let mut group = Vec::new();
    let mut nbytes = 0;
    while nbytes < GROUP_BYTES
        && let Some(key) = keys.next()
    {
        let found = match node.store.get(&key) {
            Found::Here(bytes) => Some(bytes),
            Found::Absent => {
                // Whoever asks was told that it is here.
                node.tell(Event::DataGone { key });
                None
            }
            Found::Loading(loading) => match loading.await {
                Ok(bytes) => Some(bytes),
                Err(error) => {
                    tracing::warn!(%error, "a result was asked for and is lost");
                    node.tell(Event::DataGone { key });
                    None
                }
            },
        };
        match found {
            Some(bytes) => {
                nbytes += bytes.len() as u64;
                group.push((key, bytes));
            }
            None => missing.push(key),
        }
    }
    group
}

/// A value that is about to be stored.
struct Header {
    key: Key,
    ty: Type,
    size: u64,
    tenant: String,
}

fn read_header(header: object_header::Reader<'_>) -> Result<Header, Refusal> {
    let invalid = |error: String| Refusal::new(RefusalCode::Invalid, error);
    let read = || {
        Ok::<_, wask_rpc::Error>((
            wire::read_key(header.get_key()?)?,
            header.get_type()?.to_str()?,
            header.get_tenant()?.to_str()?.to_owned(),
        ))
    };
    let (key, ty, tenant) = read().map_err(|error| invalid(error.to_string()))?;
    let ty = ty
        .parse()
        .map_err(|error: wask_value::Error| invalid(error.to_string()))?;
    let size = header.get_size();
    Ok(Header {
        key,
        ty,
        size,
        tenant,
    })
}

/// Refuses what there is no room for before anything is sent.
fn admit(node: &Node, headers: Vec<Header>) -> Result<Vec<Header>, Refusal> {
    let sizes = headers.iter().map(|header| header.size);
    let total = sizes.fold(0, u64::saturating_add);
    if total > node.scatter_max {
        return Err(Refusal::new(
            RefusalCode::Unavailable,
            format!(
                "{total} bytes are more than worker `{}` has room for, {}",
                node.name, node.scatter_max
            ),
        ));
    }
    Ok(headers)
}

/// Checks values and stages them: all or none.
async fn take_in(
    node: Weak<Node>,
    scatter: ScatterId,
    headers: Vec<Header>,
    objects: Vec<(Key, Bytes)>,
) -> Result<(), Refusal> {
    let unavailable = |why: String| Refusal::new(RefusalCode::Unavailable, why);
    let total: usize = objects.iter().map(|(_, bytes)| bytes.len()).sum();
    let objects = if total <= CHECKED_INLINE {
        check(&headers, &objects).map(|()| objects)
    } else {
        let checked = offload("wask-check", move || {
            check(&headers, &objects).map(|()| objects)
        });
        checked.await.map_err(unavailable)?
    }?;
    let gone = || unavailable("the worker is shutting down".to_owned());
    let node = node.upgrade().ok_or_else(gone)?;
    let mut values = Vec::with_capacity(objects.len());
    for (key, bytes) in objects {
        let nbytes = bytes.len() as u64;
        if let Err(full) = node.store.put(staging_key(scatter, &key), bytes) {
            for (key, _) in &values {
                node.store.remove(&staging_key(scatter, key));
            }
            return Err(unavailable(full.to_string()));
        }
        values.push((key, nbytes));
    }
    node.tell(Event::DataStaged { scatter, values });
    Ok(())
}

/// Whether each value is of its type, and its key the one that it must have.
fn check(headers: &[Header], objects: &[(Key, Bytes)]) -> Result<(), Refusal> {
    let invalid = |key: &Key, why: &str| {
        let message = format!("value {}: {why}", key.short());
        Err(Refusal::new(RefusalCode::Invalid, message))
    };
    let headers: KeyMap<_> = headers.iter().map(|header| (header.key, header)).collect();
    for (key, bytes) in objects {
        let Some(header) = headers.get(key) else {
            return invalid(key, "it was not announced");
        };
        let type_text = header.ty.to_string();
        if Key::of_data(&header.tenant, &type_text, bytes) != *key {
            return invalid(key, "its key is not the one that its type and bytes give");
        }
        if let Err(error) = validate(&header.ty, bytes) {
            return invalid(key, &error.to_string());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(ty: Type, bytes: &[u8]) -> Header {
        Header {
            key: Key::of_data("default", &ty.to_string(), bytes),
            ty,
            size: bytes.len() as u64,
            tenant: "default".to_owned(),
        }
    }

    #[test]
    fn values_are_checked_against_key_and_type() {
        let good: &[u8] = b"\x02\0\0\0hi";
        let headers = [header(Type::String, good)];
        let key = headers[0].key;
        let objects = |bytes: &'static [u8]| [(key, Bytes::from_static(bytes))];
        assert_eq!(check(&headers, &objects(good)), Ok(()));
        let planted = check(&headers, &objects(b"\x02\0\0\0ho")).unwrap_err();
        assert!(planted.message.contains("its key"), "{planted}");
        let bad: &[u8] = b"\x09\0\0\0hi";
        let headers = [header(Type::String, bad)];
        let objects = [(headers[0].key, Bytes::from_static(bad))];
        assert_eq!(
            check(&headers, &objects).unwrap_err().code,
            RefusalCode::Invalid
        );
    }
}
