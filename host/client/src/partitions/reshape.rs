//! The same elements in other parts.

use serde::de::DeserializeOwned;
use wask_operator::Operator;
use wask_value::Type;

use super::Partitions;
use crate::{
    Delayed, Encoded, Error, ListOf,
    lazy::{Call, Input},
};

impl<T> Partitions<T> {
    /// The elements of these partitions, then those of the others.
    ///
    /// # Errors
    /// [`Error::Type`] where the others are of another type.
    pub fn concat(&self, others: &Self) -> Result<Self, Error> {
        if others.element != self.element {
            return Err(Error::Type {
                what: "an element of the other partitions".into(),
                wanted: self.element.clone(),
                got: others.element.clone(),
            });
        }
        Ok(self.on([self.inputs(), others.inputs()].concat()))
    }

    /// The elements in `count` parts. Fewer parts are made by joining neighbours, more by cutting
    /// each into as many as are needed; where they must be equally long, join them to one first.
    ///
    /// # Errors
    /// [`Error::Usage`] where `count` is 0.
    pub fn repartition(&self, count: usize) -> Result<Self, Error> {
        let len = self.len();
        if count == 0 {
            return Err(Error::Usage("partitions have at least one part"));
        }
        // How much of the whole lies before the part with this number, of so many.
        let cut = |number: usize, of: usize, parts: usize| number * parts / of;
        let parts = match count <= len {
            true => {
                let groups = (0..count).map(|i| cut(i, count, len)..cut(i + 1, count, len));
                let groups = groups.map(|range| self.on(self.inputs()[range].to_vec()).one_list());
                groups.collect::<Result<_, Error>>()?
            }
            false => {
                let each = self.inputs().iter().enumerate().map(|(i, part)| {
                    let pieces = cut(i + 1, len, count) - cut(i, len, count);
                    pieces_of(part, pieces)
                });
                each.collect::<Result<Vec<_>, Error>>()?.concat()
            }
        };
        Ok(self.on(parts))
    }

    /// Pairs of the elements of both, in order. Each part must be as long as its counterpart.
    ///
    /// # Errors
    /// [`Error::Usage`] where the numbers of parts differ.
    pub fn zip<S>(&self, others: &Partitions<S>) -> Result<Partitions<(T, S)>, Error>
    where
        (T, S): DeserializeOwned,
    {
        let parts = self.zipped(others.inputs())?;
        let element = Type::tuple([self.element.clone(), others.element.clone()]);
        Ok(Partitions::new(element, parts))
    }

    fn zipped(&self, others: &[Input]) -> Result<Vec<Input>, Error> {
        if others.len() != self.len() {
            return Err(Error::Usage(
                "partitions that are zipped have equally many parts: repartition one of them",
            ));
        }
        let pairs = self.inputs().iter().zip(others);
        let pairs = pairs.map(|(a, b)| Call::new(Operator::Zip).input(a)?.input(b)?.finish());
        pairs.collect()
    }

    /// Each element once, where it stands first.
    ///
    /// # Errors
    /// What was wrong in the graph.
    pub fn distinct(&self) -> Result<Self, Error> {
        let distinct = |list: &Input| Call::new(Operator::Distinct).input(list)?.finish();
        let parts = self.inputs().iter().map(distinct);
        let parts = self.on(parts.collect::<Result<_, _>>()?);
        Ok(self.on(vec![distinct(&parts.one_list()?)?]))
    }
}

impl<T: ListOf> Partitions<T> {
    /// The first elements, so many, as one list. All parts are computed for that, since nobody knows
    /// how many elements each has: where that takes long, take them of the first of
    /// [`delayed`](Self::delayed) parts.
    pub fn take(&self, count: u64) -> Delayed<T::List> {
        let call = || {
            let count = Encoded::from_rust(Type::U64, &count)?;
            let take = |list: &Input| {
                let call = Call::new(Operator::Take).input(list)?;
                call.value(&count).finish()
            };
            let parts = self.inputs().iter().map(take);
            let parts = self.on(parts.collect::<Result<_, _>>()?);
            match parts.len() {
                1 => parts.one_list(),
                _ => take(&parts.one_list()?),
            }
        };
        Delayed::new(call())
    }
}

fn pieces_of(part: &Input, pieces: usize) -> Result<Vec<Input>, Error> {
    if pieces == 1 {
        return Ok(vec![part.clone()]);
    }
    let number = |n: usize| Encoded::from_rust(Type::U64, &(n as u64));
    let of = number(pieces)?;
    let pieces = (0..pieces).map(|piece| {
        let call = Call::new(Operator::Part).input(part)?;
        call.value(&number(piece)?).value(&of).finish()
    });
    pieces.collect()
}
