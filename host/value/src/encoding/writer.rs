//! Writes the parts that all encodings are made of.

use super::{NAN_32, NAN_64, ZeroSized, discriminant_bytes};
use crate::Error;

/// Bytes being encoded.
#[derive(Default)]
pub(crate) struct Writer {
    pub(crate) bytes: Vec<u8>,
    zero_sized: ZeroSized,
}

impl Writer {
    #[inline]
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    #[inline]
    pub(crate) fn u8(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    pub(crate) fn f32(&mut self, value: f32) {
        let bits = if value.is_nan() {
            NAN_32
        } else {
            value.to_bits()
        };
        self.put(&bits.to_le_bytes());
    }

    pub(crate) fn f64(&mut self, value: f64) {
        let bits = if value.is_nan() {
            NAN_64
        } else {
            value.to_bits()
        };
        self.put(&bits.to_le_bytes());
    }

    /// A count and as many bytes.
    pub(crate) fn block(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.count(bytes.len())?;
        self.put(bytes);
        Ok(())
    }

    /// The count of a list.
    pub(crate) fn count(&mut self, count: usize) -> Result<(), Error> {
        let bytes = count_bytes(count)?;
        self.put(&bytes);
        Ok(())
    }

    /// Room for the count of a list that is not known yet.
    pub(crate) fn count_later(&mut self) -> CountLater {
        let at = self.bytes.len();
        self.put(&[0; 4]);
        CountLater { at }
    }

    /// Fills in a count.
    pub(crate) fn count_now(&mut self, later: &CountLater, count: usize) -> Result<(), Error> {
        self.bytes[later.at..later.at + 4].copy_from_slice(&count_bytes(count)?);
        Ok(())
    }

    /// The number of a case out of `cases`.
    pub(crate) fn discriminant(&mut self, case: u32, cases: usize) {
        self.put(&case.to_le_bytes()[..discriminant_bytes(cases)]);
    }

    /// Flags as bits.
    pub(crate) fn flags(&mut self, flags: &[bool]) -> Result<(), Error> {
        if flags.is_empty() {
            self.zero_sized()?;
        }
        for eight in flags.chunks(8) {
            let bits = eight.iter().enumerate().map(|(i, set)| u8::from(*set) << i);
            self.u8(bits.sum());
        }
        Ok(())
    }

    /// Counts a value that takes no bytes.
    pub(crate) fn zero_sized(&mut self) -> Result<(), Error> {
        self.zero_sized.add(1).map_err(Error::invalid)
    }
}

/// Where a count is to be filled in.
pub(crate) struct CountLater {
    at: usize,
}

fn count_bytes(count: usize) -> Result<[u8; 4], Error> {
    match u32::try_from(count) {
        Ok(count) => Ok(count.to_le_bytes()),
        Err(_) => Err(Error::invalid(format!(
            "{count} elements or bytes are more than a u32 counts"
        ))),
    }
}
