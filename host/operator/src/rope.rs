//! Encoded arguments in pieces, taken apart without copying where that can be.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};
use wask_value::{
    Error, Path, Type,
    encoding::{fixed_bytes, measure},
};

use crate::Fault;

/// Encoded values one after another, cut into pieces anywhere, taken from both ends.
///
/// Mostly a value lies in one piece: it is the result of another task. What straddles pieces is
/// joined, at most once.
pub(crate) struct Rope {
    /// None is empty.
    pieces: VecDeque<Bytes>,
}

impl Rope {
    pub(crate) fn new(pieces: &[Bytes]) -> Self {
        let pieces = pieces.iter().filter(|piece| !piece.is_empty());
        Self {
            pieces: pieces.cloned().collect(),
        }
    }

    /// How many bytes are left.
    pub(crate) fn len(&self) -> usize {
        self.pieces.iter().map(Bytes::len).sum()
    }

    /// All that is left, which are values of these types, one by one.
    pub(crate) fn split(mut self, types: &[&Type]) -> Result<Vec<Bytes>, Fault> {
        // What has one size is counted off from the end; so, mostly, one value is left, which needs
        // no measuring.
        let sizes = types.iter().rev().map_while(|ty| fixed_bytes(ty));
        let mut tail: Vec<_> = sizes
            .map(|size| self.take_back(size))
            .collect::<Result<_, _>>()?;
        tail.reverse();

        let mut values = Vec::with_capacity(types.len());
        if let Some((_, front)) = types[..types.len() - tail.len()].split_last() {
            for ty in front {
                values.push(self.value(ty)?);
            }
            values.push(self.rest());
        }
        self.end()?;
        values.extend(tail);
        Ok(values)
    }

    /// The next value, of the type.
    pub(crate) fn value(&mut self, ty: &Type) -> Result<Bytes, Fault> {
        if let Some(size) = fixed_bytes(ty) {
            return self.take(size);
        }
        let front = self.pieces.front().map_or(&[][..], |piece| piece);
        let size = match measure(ty, front) {
            Ok(size) => size,
            Err(_) if self.pieces.len() > 1 => {
                let joined = self.rest();
                let size = measure(ty, &joined);
                self.pieces.push_front(joined);
                size?
            }
            Err(error) => return Err(error.into()),
        };
        self.take(size)
    }

    /// The next u32, which is how many elements or bytes follow.
    pub(crate) fn count(&mut self) -> Result<usize, Fault> {
        count(&self.take(4)?)
    }

    /// The next `n` bytes.
    pub(crate) fn take(&mut self, n: usize) -> Result<Bytes, Fault> {
        match self.pieces.front_mut() {
            Some(piece) if piece.len() > n => return Ok(piece.split_to(n)),
            Some(piece) if piece.len() == n => {
                return Ok(self.pieces.pop_front().unwrap_or_default());
            }
            _ => {}
        }
        let mut taken = Vec::new();
        self.move_to(n, &mut taken)?;
        Ok(taken.into())
    }

    /// Moves the next `n` bytes to the end of `out`.
    pub(crate) fn move_to(&mut self, n: usize, out: &mut Vec<u8>) -> Result<(), Fault> {
        let mut missing = n;
        while missing > 0 {
            let Some(piece) = self.pieces.front_mut() else {
                return Err(truncated(missing));
            };
            let here = piece.len().min(missing);
            out.extend_from_slice(&piece[..here]);
            piece.advance(here);
            missing -= here;
            if piece.is_empty() {
                self.pieces.pop_front();
            }
        }
        Ok(())
    }

    /// The last `n` bytes.
    fn take_back(&mut self, n: usize) -> Result<Bytes, Fault> {
        let (mut parts, mut missing) = (VecDeque::new(), n);
        while missing > 0 {
            let Some(mut piece) = self.pieces.pop_back() else {
                return Err(truncated(missing));
            };
            let here = piece.len().min(missing);
            parts.push_front(piece.split_off(piece.len() - here));
            missing -= here;
            if !piece.is_empty() {
                self.pieces.push_back(piece);
            }
        }
        Ok(Self { pieces: parts }.rest())
    }

    /// All that is left, in one piece.
    pub(crate) fn rest(&mut self) -> Bytes {
        if self.pieces.len() < 2 {
            return self.pieces.pop_front().unwrap_or_default();
        }
        let mut joined = Vec::with_capacity(self.len());
        for piece in self.pieces.drain(..) {
            joined.extend_from_slice(&piece);
        }
        joined.into()
    }

    /// An error if anything is left.
    pub(crate) fn end(&self) -> Result<(), Fault> {
        match self.len() {
            0 => Ok(()),
            extra => Err(malformed(format!("{extra} bytes too many"))),
        }
    }
}

/// The u32 that an encoded list or string starts with: how many elements or bytes follow.
pub(crate) fn count(encoded: &[u8]) -> Result<usize, Fault> {
    match encoded.first_chunk() {
        // A usize holds a u32 on every machine that wask runs on.
        Some(count) => Ok(u32::from_le_bytes(*count) as usize),
        None => Err(truncated(4 - encoded.len())),
    }
}

/// An end of the bytes where more are needed.
pub(crate) fn truncated(wanted: usize) -> Fault {
    malformed(format!("the bytes end where {wanted} more are needed"))
}

fn malformed(message: String) -> Fault {
    let path = Path::default();
    Fault::Malformed(Error::Invalid { path, message })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rope(pieces: &[&[u8]]) -> Rope {
        let pieces: Vec<_> = pieces.iter().map(|b| Bytes::copy_from_slice(b)).collect();
        Rope::new(&pieces)
    }

    #[test]
    fn values_are_found_from_both_ends() {
        let types = [&Type::String, &Type::String, &Type::U16];
        for pieces in [
            &[&b"\x01\0\0\0a\x02\0\0\0bc\x07\0"[..]][..],
            &[b"\x01\0\0\0a", b"", b"\x02\0\0\0bc", b"\x07\0"],
            &[b"\x01\0", b"\0\0a\x02\0\0", b"\0bc\x07", b"\0"],
        ] {
            let values = rope(pieces).split(&types).unwrap();
            assert_eq!(values, [&b"\x01\0\0\0a"[..], b"\x02\0\0\0bc", b"\x07\0"]);
        }
    }

    #[test]
    fn whole_pieces_are_not_copied() {
        let piece = Bytes::from_static(b"\x01\0\0\0a");
        let pieces = [piece.clone(), piece.clone(), Bytes::from_static(&[7])];
        let types = [&Type::String, &Type::String, &Type::U8];
        let values = Rope::new(&pieces).split(&types).unwrap();
        assert_eq!(values[0].as_ptr(), piece.as_ptr());
        assert_eq!(values[1].as_ptr(), piece.as_ptr());
    }

    #[test]
    fn too_few_and_too_many_bytes_are_refused() {
        let error = |pieces: &[&[u8]], types: &[&Type]| {
            let error = rope(pieces).split(types).unwrap_err();
            error.to_string()
        };
        let too_few = error(&[&[1], &[2]], &[&Type::U32]);
        assert!(too_few.contains("2 more are needed"), "{too_few}");
        let too_many = error(&[&[1], &[2]], &[&Type::U8]);
        assert!(too_many.contains("1 bytes too many"), "{too_many}");
        error(&[], &[&Type::String, &Type::String]);
        error(
            &[&[1, 0, 0, 0], &[b'a', 1]],
            &[&Type::String, &Type::String, &Type::U16],
        );
    }
}
