//! Keys, refusals, credentials.

use wask_core::Key;
use wask_schema::{
    common_capnp::{RefusalCode as Code, credential, refusal},
    transfer_capnp::object_sink,
};

use crate::{Error, Refusal, RefusalCode, Secret};

/// The length of a list in a message. No list that fits a message is longer than a `u32` counts.
pub fn list_len(len: usize) -> u32 {
    u32::try_from(len).expect("batches are limited far below 2^32 items")
}

/// One key.
pub fn read_key(data: &[u8]) -> Result<Key, Error> {
    let bytes = data.try_into();
    bytes
        .map(Key)
        .map_err(|_| Error::Malformed(format!("a key of {} bytes", data.len())))
}

/// Keys, one after another.
pub fn read_keys(data: &[u8]) -> Result<Vec<Key>, Error> {
    let (keys, rest) = data.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(Error::Malformed(format!("keys in {} bytes", data.len())));
    }
    Ok(keys.iter().copied().map(Key).collect())
}

/// Keys, one after another.
pub fn write_keys<'a>(keys: impl IntoIterator<Item = &'a Key>) -> Vec<u8> {
    keys.into_iter().flat_map(|key| key.0).collect()
}

/// A list of texts.
pub fn read_texts(list: capnp::text_list::Reader<'_>) -> Result<Vec<String>, Error> {
    list.iter()
        .map(|text| Ok(text?.to_str()?.to_owned()))
        .collect()
}

/// A list of texts.
pub fn write_texts<T: AsRef<str>>(mut list: capnp::text_list::Builder<'_>, texts: &[T]) {
    for (index, text) in (0..).zip(texts) {
        list.set(index, text.as_ref());
    }
}

/// A credential: a token, or none.
pub fn write_credential(mut credential: credential::Builder<'_>, token: Option<&str>) {
    match token {
        Some(token) => credential.set_token(token),
        None => credential.set_none(()),
    }
}

/// A credential of a worker among workers.
pub fn write_peer_key(mut credential: credential::Builder<'_>, key: &Secret) {
    credential.set_peer(key.bytes());
}

/// The key that a scheduler tells a worker.
pub fn read_peer_key(key: &[u8]) -> Result<Secret, Error> {
    match key.len() {
        32 => Ok(Secret::new(key)),
        length => Err(Error::Malformed(format!("a key of {length} bytes"))),
    }
}

/// Why not.
pub fn read_refusal(refusal: refusal::Reader<'_>) -> Result<Refusal, Error> {
    let code = match refusal.get_code()? {
        Code::Invalid => RefusalCode::Invalid,
        Code::NotFound => RefusalCode::NotFound,
        Code::Credential => RefusalCode::Credential,
        Code::Version => RefusalCode::Version,
        Code::Forbidden => RefusalCode::Forbidden,
        Code::Exists => RefusalCode::Exists,
        Code::Unavailable => RefusalCode::Unavailable,
    };
    Ok(Refusal::new(code, refusal.get_message()?.to_str()?))
}

/// Why not.
pub fn write_refusal(mut out: refusal::Builder<'_>, refusal: &Refusal) {
    out.set_code(match refusal.code {
        RefusalCode::Invalid => Code::Invalid,
        RefusalCode::NotFound => Code::NotFound,
        RefusalCode::Credential => Code::Credential,
        RefusalCode::Version => Code::Version,
        RefusalCode::Forbidden => Code::Forbidden,
        RefusalCode::Exists => Code::Exists,
        RefusalCode::Unavailable => Code::Unavailable,
    });
    out.set_message(&refusal.message);
}

/// What the owner of a sink says at the end.
pub fn read_sink_result(result: object_sink::result::Reader<'_>) -> Result<(), Error> {
    match result.which()? {
        object_sink::result::Complete(()) => Ok(()),
        object_sink::result::Refused(refusal) => Err(read_refusal(refusal?)?.into()),
    }
}

/// What the owner of a sink says at the end.
pub fn write_sink_result(mut out: object_sink::result::Builder<'_>, outcome: &Result<(), Refusal>) {
    match outcome {
        Ok(()) => out.set_complete(()),
        Err(refusal) => write_refusal(out.init_refused(), refusal),
    }
}
