//! Reads encoded arguments from pieces, so that the result of another task is spliced in uncopied.

use std::{borrow::Cow, slice};

use bytes::Bytes;

use super::Refusal;

/// A cursor over pieces of bytes that are one sequence.
pub(super) struct Rope<'a> {
    piece: &'a [u8],
    rest: slice::Iter<'a, Bytes>,
    remaining: usize,
}

impl<'a> Rope<'a> {
    pub(super) fn new(pieces: &'a [Bytes]) -> Self {
        Self {
            piece: &[],
            rest: pieces.iter(),
            remaining: pieces.iter().map(Bytes::len).sum(),
        }
    }

    /// How many bytes are left.
    pub(super) fn remaining(&self) -> usize {
        self.remaining
    }

    /// The next `N` bytes.
    #[inline]
    pub(super) fn take<const N: usize>(&mut self) -> Result<[u8; N], Refusal> {
        if let Some((bytes, rest)) = self.piece.split_first_chunk() {
            self.piece = rest;
            self.remaining -= N;
            return Ok(*bytes);
        }
        let mut bytes = [0; N];
        self.copy_to(&mut bytes)?;
        Ok(bytes)
    }

    /// Fills `target` with the next bytes.
    pub(super) fn copy_to(&mut self, mut target: &mut [u8]) -> Result<(), Refusal> {
        self.check(target.len())?;
        while !target.is_empty() {
            let part = self.part(target.len());
            let (now, later) = target.split_at_mut(part.len());
            now.copy_from_slice(part);
            target = later;
        }
        Ok(())
    }

    /// The next `count` bytes in one piece: copied only where they are not.
    pub(super) fn contiguous(&mut self, count: usize) -> Result<Cow<'a, [u8]>, Refusal> {
        self.check(count)?;
        let first = self.part(count);
        if first.len() == count {
            return Ok(Cow::Borrowed(first));
        }
        let mut whole = vec![0; count];
        whole[..first.len()].copy_from_slice(first);
        self.copy_to(&mut whole[first.len()..])?;
        Ok(Cow::Owned(whole))
    }

    /// The count in front of a string or list.
    pub(super) fn count(&mut self) -> Result<usize, Refusal> {
        Ok(u32::from_le_bytes(self.take()?) as usize)
    }

    /// Up to `most` bytes, as many as are in one piece; none only where none are left or wanted.
    fn part(&mut self, most: usize) -> &'a [u8] {
        while self.piece.is_empty() && most > 0 {
            match self.rest.next() {
                Some(next) => self.piece = next,
                None => return &[],
            }
        }
        let (part, rest) = self.piece.split_at(most.min(self.piece.len()));
        self.piece = rest;
        self.remaining -= part.len();
        part
    }

    fn check(&self, count: usize) -> Result<(), Refusal> {
        if count > self.remaining {
            let left = self.remaining;
            return Err(Refusal::arguments(format!(
                "the bytes end too early: {count} more expected, {left} left"
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces() -> Vec<Bytes> {
        ["", "ab", "", "cdef", "g", ""]
            .map(|piece| Bytes::from_static(piece.as_bytes()))
            .to_vec()
    }

    #[test]
    fn pieces_read_as_one_sequence() {
        let pieces = pieces();
        let mut rope = Rope::new(&pieces);
        assert_eq!(rope.remaining(), 7);
        assert_eq!(rope.take::<1>().unwrap(), *b"a");
        assert_eq!(rope.take::<2>().unwrap(), *b"bc");
        assert!(matches!(rope.contiguous(2).unwrap(), Cow::Borrowed(b"de")));
        assert!(matches!(rope.contiguous(2).unwrap(), Cow::Owned(fg) if fg == b"fg"));
        assert_eq!(rope.remaining(), 0);
        assert_eq!(rope.take::<0>().unwrap(), *b"");
        assert_eq!(*rope.contiguous(0).unwrap(), *b"");
    }

    #[test]
    fn nothing_is_read_past_the_end() {
        let pieces = pieces();
        let mut rope = Rope::new(&pieces);
        assert!(rope.copy_to(&mut [0; 8]).is_err());
        assert!(rope.contiguous(usize::MAX).is_err());
        assert_eq!(rope.remaining(), 7);
        let mut all = [0; 7];
        rope.copy_to(&mut all).unwrap();
        assert_eq!(&all, b"abcdefg");
        assert!(rope.take::<1>().is_err());
    }
}
