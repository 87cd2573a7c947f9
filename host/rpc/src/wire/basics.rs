//! Keys, refusals, credentials.

use capnp::{struct_list, traits::OwnedStruct};
use wask_core::Key;
use wask_schema::{
    common_capnp::{RefusalCode as Code, credential, refusal},
    transfer_capnp::object_sink,
};

use super::size;
use crate::{Error, Refusal, RefusalCode, Secret};

/// The length of a list in a message. No list that fits a message is longer than a `u32` counts.
pub fn list_len(len: usize) -> u32 {
    u32::try_from(len).expect("batches are limited far below 2^32 items")
}

/// A list of structs that a message has room for, each of which is as large as its writer has it.
///
/// Cap'n Proto reads smaller ones too, as if the rest of them were zeros. So a list of structs
/// without any content takes no bytes, and a short message could claim millions of tasks or holes.
///
/// # Errors
///
/// Where its elements are smaller.
pub fn structs<S: OwnedStruct>(
    list: struct_list::Reader<'_, S>,
) -> Result<struct_list::Reader<'_, S>, Error> {
    let bits = capnp::raw::get_list_step_size_in_bits(list) as usize;
    if list.is_empty() || bits >= 8 * size::WORD * size::of::<S>() {
        return Ok(list);
    }
    Err(Error::Malformed(format!(
        "a list of {} elements of {bits} bits, which is less than what they are",
        list.len()
    )))
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

#[cfg(test)]
mod tests {
    use capnp::{
        Word,
        message::{Reader, ReaderOptions},
        traits::HasStructSize,
    };
    use wask_schema::{
        common_capnp::task, session_capnp::session_batch, worker_capnp::command_batch,
    };

    use super::*;

    /// A message of a struct, of whose pointers one is to a list of so many structs without content.
    fn message<S: OwnedStruct>(pointer: usize, count: u32) -> Vec<u64> {
        let size = <S::Builder<'static> as HasStructSize>::STRUCT_SIZE;
        let (data, pointers) = (usize::from(size.data), usize::from(size.pointers));
        let mut words = vec![0; 1 + data + pointers];
        words[0] = u64::from(size.data) << 32 | u64::from(size.pointers) << 48;
        // Behind all pointers, no words of content, and what each element has: nothing.
        let offset = u64::try_from(pointers - pointer - 1).unwrap();
        words[1 + data + pointer] = 7 << 32 | offset << 2 | 1;
        words.push(u64::from(count) << 2);
        words
    }

    fn reader(words: &[u64]) -> Reader<Aligned> {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let mut aligned = Word::allocate_zeroed_vec(words.len());
        Word::words_to_bytes_mut(&mut aligned).copy_from_slice(&bytes);
        Reader::new(Aligned(aligned), ReaderOptions::new())
    }

    struct Aligned(Vec<Word>);

    impl capnp::message::ReaderSegments for Aligned {
        fn get_segment(&self, index: u32) -> Option<&[u8]> {
            (index == 0).then(|| Word::words_to_bytes(&self.0))
        }
    }

    #[track_caller]
    fn is_refused<T>(read: Result<T, Error>) {
        let error = read.err().unwrap().to_string();
        assert!(error.contains("1000000 elements of 0 bits"), "{error}");
    }

    #[test]
    fn lists_of_nothing_are_refused_before_they_are_walked() {
        for pointer in [0, 1] {
            let message = reader(&message::<session_batch::Owned>(pointer, 1_000_000));
            let batch = message.get_root().unwrap();
            is_refused(crate::wire::read_session_batch(batch, "default"));
        }
        for pointer in [0, 1, 2] {
            let message = reader(&message::<command_batch::Owned>(pointer, 1_000_000));
            is_refused(crate::wire::read_command_batch(message.get_root().unwrap()));
        }
        let none = reader(&message::<session_batch::Owned>(1, 0));
        let read = crate::wire::read_session_batch(none.get_root().unwrap(), "default");
        assert!(read.unwrap().tasks.is_empty());
    }

    #[test]
    fn a_task_has_no_more_holes_than_its_message_has_room_for() {
        let refused = (0..8).filter(|pointer| {
            let size = <task::Builder<'static> as HasStructSize>::STRUCT_SIZE;
            if *pointer >= usize::from(size.pointers) {
                return false;
            }
            let message = reader(&message::<task::Owned>(*pointer, 1_000_000));
            let task = message.get_root::<task::Reader<'_>>().unwrap();
            let holes = task.get_holes();
            holes.is_ok_and(|holes| !holes.is_empty() && structs(holes).is_err())
        });
        assert_eq!(refused.count(), 1);
    }
}
