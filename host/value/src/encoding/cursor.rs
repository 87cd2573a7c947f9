//! Reads the parts that all encodings are made of, and refuses what is not canonical.

use super::{
    MAX_ZERO_SIZED, NAN_32, NAN_64, ZeroSized, discriminant_bytes, flags_bytes, min_bytes,
};
use crate::{Error, Path, Type, error::Fault};

/// A place in encoded bytes. Every method reads one part and moves behind it.
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    /// What `at` 0 is called in errors.
    base: usize,
    zero_sized: ZeroSized,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            base: 0,
            zero_sized: ZeroSized::default(),
        }
    }

    /// Goes on with other bytes, which follow on the present ones.
    pub(crate) fn continue_with(&mut self, bytes: &'a [u8]) {
        self.base += self.at;
        self.at = 0;
        self.bytes = bytes;
    }

    pub(crate) fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// How far into all bytes this is.
    pub(crate) fn offset(&self) -> usize {
        self.base + self.at
    }

    /// An error at this place.
    pub(crate) fn fault(&self, fault: Fault) -> Error {
        Error::Encoding {
            path: Path::default(),
            offset: self.offset(),
            fault,
        }
    }

    /// An error if anything is left.
    pub(crate) fn end(&self) -> Result<(), Error> {
        match self.remaining() {
            0 => Ok(()),
            extra => Err(self.fault(Fault::Trailing { extra })),
        }
    }

    #[inline]
    pub(crate) fn take(&mut self, n: usize) -> Result<&'a [u8], Error> {
        match self.bytes[self.at..].get(..n) {
            Some(bytes) => {
                self.at += n;
                Ok(bytes)
            }
            None => Err(self.fault(Fault::Truncated {
                wanted: n - self.remaining(),
            })),
        }
    }

    /// The next `n` bytes, which are left where they are.
    pub(crate) fn peek(&self, n: usize) -> Result<&'a [u8], Error> {
        let wanted = || Fault::Truncated {
            wanted: n - self.remaining(),
        };
        self.bytes[self.at..]
            .get(..n)
            .ok_or_else(|| self.fault(wanted()))
    }

    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        match self.bytes[self.at..].first_chunk::<N>() {
            Some(bytes) => {
                self.at += N;
                Ok(*bytes)
            }
            None => Err(self.fault(Fault::Truncated {
                wanted: N - self.remaining(),
            })),
        }
    }

    #[inline]
    pub(crate) fn u8(&mut self) -> Result<u8, Error> {
        Ok(self.array::<1>()?[0])
    }

    #[inline]
    pub(crate) fn u32(&mut self) -> Result<u32, Error> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(crate) fn bool(&mut self) -> Result<bool, Error> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.back(1, Fault::Bool(other))),
        }
    }

    pub(crate) fn char(&mut self) -> Result<char, Error> {
        let code = self.u32()?;
        char::from_u32(code).ok_or_else(|| self.back(4, Fault::Char(code)))
    }

    pub(crate) fn f32(&mut self) -> Result<f32, Error> {
        let bits = self.u32()?;
        if !is_canonical_32(bits) {
            return Err(self.back(4, Fault::Nan));
        }
        Ok(f32::from_bits(bits))
    }

    pub(crate) fn f64(&mut self) -> Result<f64, Error> {
        let bits = u64::from_le_bytes(self.array()?);
        if !is_canonical_64(bits) {
            return Err(self.back(8, Fault::Nan));
        }
        Ok(f64::from_bits(bits))
    }

    pub(crate) fn string(&mut self) -> Result<&'a str, Error> {
        let bytes = self.block()?;
        std::str::from_utf8(bytes)
            .map_err(|error| self.back(bytes.len() - error.valid_up_to(), Fault::Utf8))
    }

    /// A count and as many bytes.
    pub(crate) fn block(&mut self) -> Result<&'a [u8], Error> {
        let n = self.count()?;
        self.take(n)
    }

    /// The count of a list's elements, whose bytes may still turn out to be missing.
    pub(crate) fn count(&mut self) -> Result<usize, Error> {
        // A usize holds a u32 on every machine that wask runs on.
        Ok(self.u32()? as usize)
    }

    /// The count of a list's elements, for which there are enough bytes, or few enough where they
    /// take none: so room may be made for them.
    pub(crate) fn count_of(&mut self, element: &Type) -> Result<usize, Error> {
        let count = self.count()?;
        if count == 0 {
            return Ok(0);
        }
        match min_bytes(element) {
            0 if count > MAX_ZERO_SIZED => Err(self.back(
                4,
                Fault::ZeroSized {
                    limit: MAX_ZERO_SIZED,
                },
            )),
            0 => Ok(count),
            min => {
                let needed = count.saturating_mul(min);
                if needed > self.remaining() {
                    let wanted = needed - self.remaining();
                    return Err(self.fault(Fault::Truncated { wanted }));
                }
                Ok(count)
            }
        }
    }

    /// The number of a case, which is below `cases`.
    pub(crate) fn discriminant(&mut self, cases: usize) -> Result<u32, Error> {
        let width = discriminant_bytes(cases);
        let got = match width {
            1 => u32::from(self.u8()?),
            2 => u32::from(u16::from_le_bytes(self.array()?)),
            _ => self.u32()?,
        };
        if got as usize >= cases {
            return Err(self.back(width, Fault::Discriminant { cases, got }));
        }
        Ok(got)
    }

    /// The bytes of flags, whose bits beyond the last are zero.
    pub(crate) fn flags(&mut self, flags: usize) -> Result<&'a [u8], Error> {
        if flags == 0 {
            self.zero_sized(1)?;
        }
        let bytes = self.take(flags_bytes(flags))?;
        match bytes.last() {
            Some(last) if !flags.is_multiple_of(8) && last >> (flags % 8) != 0 => {
                Err(self.back(1, Fault::Flags))
            }
            _ => Ok(bytes),
        }
    }

    /// How many values that take no bytes were counted.
    pub(crate) fn zero_sized_count(&self) -> usize {
        self.zero_sized.count
    }

    /// Counts values that take no bytes.
    pub(crate) fn zero_sized(&mut self, count: usize) -> Result<(), Error> {
        self.zero_sized
            .add(count)
            .map_err(|fault| self.fault(fault))
    }

    /// An error `n` bytes before this place.
    fn back(&self, n: usize, fault: Fault) -> Error {
        Error::Encoding {
            path: Path::default(),
            offset: self.offset() - n,
            fault,
        }
    }
}

pub(crate) fn is_canonical_32(bits: u32) -> bool {
    bits & 0x7fff_ffff <= 0x7f80_0000 || bits == NAN_32
}

pub(crate) fn is_canonical_64(bits: u64) -> bool {
    bits & 0x7fff_ffff_ffff_ffff <= 0x7ff0_0000_0000_0000 || bits == NAN_64
}
