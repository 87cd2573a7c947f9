//! What stays the same on futures.

use super::{Delayed, Input};
use crate::{Error, Partitions};

/// What [`Client::persist`](crate::Client::persist) takes: collections ([`Partitions`]),
/// [`Delayed`] values, and lists of these.
pub trait Persist: Sized + sealed::Persist {}

impl<P: sealed::Persist> Persist for P {}

pub(crate) mod sealed {
    use super::{Error, Part};

    pub trait Persist: Sized {
        /// The ends of its graph.
        fn parts(&self) -> Result<Vec<Part>, Error>;

        /// The same, on other parts that mean as much.
        fn with(&self, parts: Vec<Part>) -> Result<Self, Error>;
    }
}

/// One end of a graph.
#[derive(Clone, Debug)]
pub struct Part(pub(crate) Input);

impl<R> sealed::Persist for Delayed<R> {
    fn parts(&self) -> Result<Vec<Part>, Error> {
        Ok(vec![Part(self.input.clone()?)])
    }

    fn with(&self, parts: Vec<Part>) -> Result<Self, Error> {
        let part = parts.into_iter().next();
        let part = part.ok_or(Error::Usage("a delayed value got no future"))?;
        Ok(Self::new(Ok(part.0)))
    }
}

impl<T> sealed::Persist for Partitions<T> {
    fn parts(&self) -> Result<Vec<Part>, Error> {
        Ok(self.inputs().iter().cloned().map(Part).collect())
    }

    fn with(&self, parts: Vec<Part>) -> Result<Self, Error> {
        Ok(self.on_futures(parts.into_iter().map(|part| part.0).collect()))
    }
}

impl<P: sealed::Persist> sealed::Persist for Vec<P> {
    fn parts(&self) -> Result<Vec<Part>, Error> {
        let parts = self.iter().map(P::parts).collect::<Result<Vec<_>, _>>()?;
        Ok(parts.into_iter().flatten().collect())
    }

    fn with(&self, parts: Vec<Part>) -> Result<Self, Error> {
        let mut parts = parts.into_iter();
        let each = self.iter().map(|one| {
            let count = one.parts()?.len();
            one.with(parts.by_ref().take(count).collect())
        });
        each.collect()
    }
}
