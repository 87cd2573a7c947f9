//! Delayed values: calls that wait to be computed.

use std::{fmt, marker::PhantomData};

use serde::{Serialize, Serializer};
use wask_value::{Type, WitType};

use super::{Input, Node};
use crate::{
    Dynamic, Error, Function, Future,
    arguments::{self, Slot},
};

/// A value that is not yet computed: a call, with all that it depends on.
///
/// Made by [`Function::delayed`](crate::Function::delayed), by operators on delayed values
/// (`x + y`, [`sum`](Self::sum), [`item`](Self::item)), and from a [`Future`], which it then
/// stands for. Delayed values and futures may stand anywhere in the arguments of further delayed
/// calls. What is used several times is computed once.
///
/// [`compute`](Self::compute) brings the value here. [`Client::compute`](crate::Client::compute)
/// makes a future of it, which runs on the cluster.
///
/// `R` is the Rust type as which the value is read; [`Dynamic`] leaves it open. Cheap to clone.
///
/// ```no_run
/// # use wask_client::*;
/// # async fn example(client: &Client, words: &Component) -> Result<(), Error> {
/// let (count, merge) = (words.function("count-words")?, words.function("merge")?);
/// let a = count.delayed(("to be",))?;
/// let b = count.delayed(("or not to be",))?;
/// let both = merge.delayed((vec![&a, &b],))?;      // nothing has run
/// let future = client.compute(&both)?;             // runs on the cluster
/// # Ok(()) }
/// ```
pub struct Delayed<R = Dynamic> {
    /// An error is that of an operator, which cannot return it.
    pub(crate) input: Result<Input, Error>,
    returns: PhantomData<fn() -> R>,
}

impl<R> Delayed<R> {
    pub(crate) fn new(input: Result<Input, Error>) -> Self {
        Self {
            input,
            returns: PhantomData,
        }
    }

    pub(crate) fn input(&self) -> Result<&Input, Error> {
        self.input.as_ref().map_err(Clone::clone)
    }

    /// What has been built, or why it could not.
    ///
    /// # Errors
    /// That of an operator beneath it whose operands did not fit.
    pub fn check(&self) -> Result<(), Error> {
        self.input.as_ref().map(|_| ()).map_err(Clone::clone)
    }

    /// The WIT type of the value; none where [`check`](Self::check) fails.
    pub fn ty(&self) -> Option<&Type> {
        self.input.as_ref().ok().map(Input::ty)
    }

    /// What people call the call: its label, or its function's name.
    pub fn label(&self) -> &str {
        match &self.input {
            Ok(input) => &input.description().label,
            Err(_) => "invalid",
        }
    }

    /// The same value, called otherwise: in pictures and in what is said of it. Its key does not
    /// depend on that. A future keeps its name.
    #[must_use]
    pub fn labelled(mut self, label: &str) -> Self {
        if let Ok(Input::Lazy(node)) = &mut self.input {
            *node = node.labelled(label);
        }
        self
    }

    /// The same value, read as a Rust type of its WIT type.
    ///
    /// # Errors
    /// [`Error::Type`] where the value is of another type.
    pub fn typed<T: WitType>(&self) -> Result<Delayed<T>, Error> {
        let input = self.input.clone()?;
        let wanted = T::wit_type();
        match *input.ty() == wanted {
            true => Ok(Delayed::new(Ok(input))),
            false => Err(Error::Type {
                what: format!("the delayed value {}", self.label()).into(),
                wanted,
                got: input.ty().clone(),
            }),
        }
    }

    /// The same value, leaving open as which Rust type it is read.
    pub fn dynamic(&self) -> Delayed {
        Delayed::new(self.input.clone())
    }
}

impl<R> Function<R> {
    /// A call of the function that is not run yet.
    ///
    /// `arguments` are as those of [`Client::submit`](crate::Client::submit), and may hold
    /// delayed values as well. Their types are checked here and now.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # async fn example(words: &Component) -> Result<(), Error> {
    /// let (count, merge) = (words.function("count-words")?, words.function("merge")?);
    /// let parts = ["to be", "or not to be"].map(|text| count.delayed((text,)));
    /// let parts = parts.into_iter().collect::<Result<Vec<_>, _>>()?;
    /// let merged = merge.delayed((&parts,))?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Arguments`], with the path to what does not fit; [`Error::Usage`] where futures of
    /// several clients come together.
    pub fn delayed<A: Serialize>(&self, arguments: A) -> Result<Delayed<R>, Error> {
        let arguments = arguments::encode(self.shared_name(), self.ty(), &arguments)?;
        let node = Node::new(
            self.blueprint.clone(),
            Some(self.component().clone()),
            self.description.clone(),
            arguments,
        )?;
        Ok(Delayed::new(Ok(Input::Lazy(node))))
    }
}

impl<R> From<Future<R>> for Delayed<R> {
    fn from(future: Future<R>) -> Self {
        (&future).into()
    }
}

impl<R> From<&Future<R>> for Delayed<R> {
    fn from(future: &Future<R>) -> Self {
        Self::new(Ok(Input::Future(future.handle.clone())))
    }
}

impl<R> Clone for Delayed<R> {
    fn clone(&self) -> Self {
        Self::new(self.input.clone())
    }
}

impl<R> fmt::Debug for Delayed<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.input {
            Ok(input) => write!(f, "Delayed<{}>({})", input.ty(), self.label()),
            Err(error) => write!(f, "Delayed({error})"),
        }
    }
}

/// In the arguments of a delayed call, a delayed value stands for its result. Elsewhere it cannot
/// be serialized.
impl<R> Serialize for Delayed<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.input {
            Ok(input) => Slot::Input(input.clone()).serialize(serializer),
            Err(error) => arguments::fail::<S>(error),
        }
    }
}
