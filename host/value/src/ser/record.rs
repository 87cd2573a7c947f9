//! The fields of a record, in whatever order they come.

use std::ops::Range;

use serde::Serialize;

use super::{Encoder, Output};
use crate::{Error, Field, Type, encoding::named, names};

/// A record's fields as they come. Those in the type's order are in place at once; from the first
/// that is not on, they are put in order at the end.
pub(super) struct RecordFields<'t> {
    fields: &'t [Field],
    /// How many fields are in place.
    in_place: usize,
    late: Vec<Late>,
}

/// A field that was written before it was its turn.
struct Late {
    index: usize,
    bytes: Range<usize>,
    holes: Range<usize>,
}

impl<'t> RecordFields<'t> {
    pub(super) fn new(fields: &'t [Field]) -> Self {
        Self {
            fields,
            in_place: 0,
            late: Vec::new(),
        }
    }

    pub(super) fn push<T: Serialize + ?Sized>(
        &mut self,
        out: &mut Output,
        name: &str,
        value: &T,
    ) -> Result<(), Error> {
        let names = self.fields.iter().map(|field| &*field.name);
        let Some(index) = names::find(names.clone(), name, self.in_place) else {
            return Err(Error::unknown("field", name, names));
        };
        let field = &self.fields[index];
        if index < self.in_place || self.late.iter().any(|late| late.index == index) {
            return Err(Error::duplicate("field", &field.name));
        }
        let (start, holes_start) = (out.writer.bytes.len(), out.hole_count());
        value
            .serialize(Encoder { ty: &field.ty, out })
            .map_err(named(&field.name))?;
        if index == self.in_place && self.late.is_empty() {
            self.in_place += 1;
        } else {
            let bytes = start..out.writer.bytes.len();
            self.late.push(Late {
                index,
                bytes,
                holes: holes_start..out.hole_count(),
            });
        }
        Ok(())
    }

    pub(super) fn finish(mut self, out: &mut Output) -> Result<(), Error> {
        if self.fields.is_empty() {
            return out.writer.zero_sized();
        }
        if self.in_place == self.fields.len() {
            return Ok(());
        }
        self.late.sort_by_key(|late| late.index);
        let first = self.late.iter().map(|late| late.bytes.start).min();
        let first = first.unwrap_or(out.writer.bytes.len());
        let first_hole = self.late.iter().map(|late| late.holes.start).min();
        let bytes = out.writer.bytes.split_off(first);
        let holes = match (&mut out.holes, first_hole) {
            (Some(holes), Some(first)) => holes.split_off(first),
            _ => Vec::new(),
        };

        let mut late = self.late.iter().peekable();
        for (index, field) in self.fields.iter().enumerate().skip(self.in_place) {
            let Some(part) = late.next_if(|late| late.index == index) else {
                if let Type::Option(_) = field.ty {
                    out.writer.u8(0);
                    continue;
                }
                return Err(Error::missing(&field.name));
            };
            let start = out.writer.bytes.len();
            out.writer
                .put(&bytes[part.bytes.start - first..part.bytes.end - first]);
            if let (Some(all), Some(first_hole)) = (&mut out.holes, first_hole) {
                let moved = &holes[part.holes.start - first_hole..part.holes.end - first_hole];
                all.extend(
                    moved
                        .iter()
                        .map(|(at, hole)| (at - part.bytes.start + start, *hole)),
                );
            }
        }
        Ok(())
    }
}
