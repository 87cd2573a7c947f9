//! Messages that are too large to be sent whole: a task of very many inputs.
//!
//! The sender writes such a message as Cap'n Proto writes it to a file, and sends these bytes piece
//! by piece. So a reader never has to make room for a large message on the word of its header, and
//! signs of life pass between the parts.

use capnp::{
    message::{self, HeapAllocator, ReaderOptions},
    serialize::{self, OwnedSegments},
};

use crate::{Error, Limits};

/// A message that came in parts.
pub type Whole = message::Reader<OwnedSegments>;

/// What has come so far of a message that comes in parts. One for each stream.
#[derive(Default)]
pub struct Parts {
    bytes: Vec<u8>,
}

impl Parts {
    /// Takes the next part; gives back the message with the last one.
    ///
    /// # Errors
    ///
    /// Where the message is larger than a peer may make it, or is none.
    pub fn add(
        &mut self,
        part: &[u8],
        is_last: bool,
        limits: &Limits,
    ) -> Result<Option<Whole>, Error> {
        if self.bytes.len() + part.len() > limits.large_bytes {
            return Err(Error::Malformed(format!(
                "a message in parts of more than {} bytes, the most that is taken",
                limits.large_bytes
            )));
        }
        self.bytes.extend_from_slice(part);
        if !is_last {
            return Ok(None);
        }
        let bytes = std::mem::take(&mut self.bytes);
        let mut options = ReaderOptions::new();
        options.traversal_limit_in_words(Some(limits.large_bytes.div_ceil(8) * Limits::VISITS));
        options.nesting_limit(limits.message_nesting);
        let mut rest = &bytes[..];
        let whole = serialize::read_message(&mut rest, options)?;
        match rest {
            [] => Ok(Some(whole)),
            _ => Err(Error::Malformed(format!(
                "a message in parts, with {} bytes behind its end",
                rest.len()
            ))),
        }
    }
}

/// A message as the bytes that are sent in parts.
pub(crate) fn flatten(message: &message::Builder<HeapAllocator>) -> Vec<u8> {
    serialize::write_message_to_words(message)
}

/// The parts of such bytes, and which is the last.
pub(crate) fn cut<'a>(
    bytes: &'a [u8],
    limits: &Limits,
) -> impl Iterator<Item = (&'a [u8], bool)> + use<'a> {
    let count = bytes.len().div_ceil(limits.batch_bytes);
    let parts = bytes.chunks(limits.batch_bytes).enumerate();
    parts.map(move |(index, part)| (part, index + 1 == count))
}

#[cfg(test)]
mod tests {
    use wask_schema::common_capnp::task;

    use super::*;

    fn message(dependencies: usize) -> Vec<u8> {
        let mut message = message::Builder::new_default();
        let mut out = message.init_root::<task::Builder<'_>>();
        out.set_salt(7);
        out.set_dependencies(&vec![1; dependencies]);
        flatten(&message)
    }

    fn limits(large_bytes: usize) -> Limits {
        Limits {
            batch_bytes: 100,
            large_bytes,
            ..Limits::default()
        }
    }

    #[test]
    fn a_message_in_parts_comes_out_whole() {
        for dependencies in [0, 20, 5000] {
            let bytes = message(dependencies);
            let limits = limits(bytes.len());
            let mut parts = Parts::default();
            let mut whole = None;
            for (part, is_last) in cut(&bytes, &limits) {
                assert!(whole.is_none() && part.len() <= 100);
                whole = parts.add(part, is_last, &limits).unwrap();
            }
            let whole = whole.unwrap();
            let task = whole.get_root::<task::Reader<'_>>().unwrap();
            assert_eq!(task.get_salt(), 7);
            // As its readers may.
            for _ in 0..Limits::VISITS - 1 {
                assert_eq!(task.get_dependencies().unwrap().len(), dependencies);
            }
        }
    }

    #[test]
    fn what_is_too_large_or_no_message_is_an_error() {
        let bytes = message(1000);
        let mut parts = Parts::default();
        let limits = limits(bytes.len() - 1);
        let added = cut(&bytes, &limits)
            .try_for_each(|(part, is_last)| parts.add(part, is_last, &limits).map(drop));
        assert!(added.unwrap_err().to_string().contains("the most that is"));
        for wrong in [&b"nonsense"[..], &[0xff; 64], &[]] {
            let added = Parts::default().add(wrong, true, &Limits::default());
            assert!(added.is_err(), "{wrong:?}");
        }
        let behind = [&bytes[..], &[0; 8]].concat();
        let added = Parts::default().add(&behind, true, &Limits::default());
        assert!(added.err().unwrap().to_string().contains("behind its end"));
    }
}
