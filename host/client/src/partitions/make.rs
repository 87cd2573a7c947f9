//! Where partitions come from.

use std::{fs, path::Path, sync::Arc};

use serde::Serialize;
use wask_operator::Operator;
use wask_value::{Type, WitType};

use super::Partitions;
use crate::{
    Client, Dataset, Delayed, Encoded, Error, Future, ListOf,
    lazy::{Call, Input},
};

impl<T: ListOf> Partitions<T> {
    /// Delayed lists, each a part.
    ///
    /// # Errors
    /// [`Error::NotList`] where one is no list, [`Error::Type`] where it is of another type than
    /// the first; [`Error::Usage`] where there is none.
    pub fn from_delayed(
        lists: impl IntoIterator<Item: Into<Delayed<T::List>>>,
    ) -> Result<Self, Error> {
        let lists = lists.into_iter().map(|list| list.into().input);
        Self::from_inputs(lists.collect::<Result<_, _>>()?)
    }
}

impl<T> Partitions<T> {
    /// Values that are here, in so many parts of equal length, as far as that goes. They travel
    /// within the graph: what is large is better scattered, which
    /// [`scatter`](Self::scatter) does.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # fn main() -> Result<(), Error> {
    /// let numbers = Partitions::from_values(0..1000u32, 4)?;
    /// assert_eq!(numbers.len(), 4);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Value`] where a value does not fit its type.
    pub fn from_values(values: impl IntoIterator<Item = T>, parts: usize) -> Result<Self, Error>
    where
        T: Serialize + WitType,
    {
        let values: Vec<T> = values.into_iter().collect();
        let parts = parts.clamp(1, values.len().max(1));
        let ranges = (0..parts).map(|i| i * values.len() / parts..(i + 1) * values.len() / parts);
        let parts = ranges.map(|range| constant(Type::list(T::wit_type()), &values[range]));
        Ok(Self::new(T::wit_type(), parts.collect::<Result<_, _>>()?))
    }

    /// Futures of lists, each a part.
    ///
    /// # Errors
    /// As [`from_delayed`](Self::from_delayed).
    pub fn from_futures<'a, R: 'a>(
        futures: impl IntoIterator<Item = &'a Future<R>>,
    ) -> Result<Self, Error> {
        let futures = futures.into_iter();
        let futures = futures.map(|future| Input::Future(future.handle.clone()));
        Self::from_inputs(futures.collect())
    }

    fn from_inputs(parts: Vec<Input>) -> Result<Self, Error> {
        let Some(first) = parts.first() else {
            return Err(Error::Usage(
                "partitions of no parts at all: of what type they are, nobody can tell",
            ));
        };
        let element = element(first.description().label.as_ref(), first.ty())?;
        for part in &parts {
            if part.ty() != first.ty() {
                return Err(Error::Type {
                    what: format!("the part {}", part.description().label).into(),
                    wanted: first.ty().clone(),
                    got: part.ty().clone(),
                });
            }
        }
        Ok(Self::new(element, parts))
    }
}

/// What the content of a file is taken as: `String`, or `Vec<u8>`.
pub trait FileContent: Serialize + WitType + Sized {
    /// Takes it.
    ///
    /// # Errors
    /// In words, where the bytes are none.
    fn from_bytes(bytes: Vec<u8>) -> Result<Self, String>;
}

impl FileContent for String {
    fn from_bytes(bytes: Vec<u8>) -> Result<Self, String> {
        Self::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            format!("is not UTF-8 (at byte {at}): read it as Vec<u8>")
        })
    }
}

impl FileContent for Vec<u8> {
    fn from_bytes(bytes: Vec<u8>) -> Result<Self, String> {
        Ok(bytes)
    }
}

impl<T: FileContent> Partitions<T> {
    /// Files, each a part with its content as the one element. They are read here and now.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # fn main() -> Result<(), Error> {
    /// let texts = Partitions::<String>::from_files(["hamlet.txt", "macbeth.txt"])?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::File`] where one cannot be read, or is not UTF-8 where text is wanted.
    pub fn from_files(paths: impl IntoIterator<Item: AsRef<Path>>) -> Result<Self, Error> {
        let paths: Vec<_> = paths.into_iter().collect();
        if paths.is_empty() {
            return Err(Error::Usage("partitions of no files at all: name some"));
        }
        let names = paths
            .iter()
            .map(|path| path.as_ref().display().to_string().into());
        let names: Arc<[Arc<str>]> = names.collect();
        let parts = paths.iter().map(|path| {
            let path = path.as_ref();
            let failed = |problem: String| Error::File {
                path: path.into(),
                problem,
            };
            let bytes =
                fs::read(path).map_err(|error| failed(format!("cannot be read: {error}")))?;
            let content = T::from_bytes(bytes).map_err(failed)?;
            constant(Type::list(T::wit_type()), &[content])
        });
        let parts = parts.collect::<Result<_, _>>()?;
        Ok(Self::new(T::wit_type(), parts).named(&Some(names)))
    }
}

impl Dataset {
    /// The dataset as partitions: each of its futures, which are of lists, is a part.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # async fn example(client: &Client) -> Result<(), Error> {
    /// let sizes = client.dataset("sizes").await?.partitions()?.typed::<u64>()?;
    /// let total = client.compute(&sizes.sum())?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Type`] where they are no lists.
    pub fn partitions(&self) -> Result<Partitions, Error> {
        Partitions::from_futures(&self.futures)
    }
}

impl<T> Partitions<T> {
    /// Sends the parts that are plain values to the cluster, so that the graph need not carry
    /// them: the same elements, those parts being futures.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # async fn example(client: &Client) -> Result<(), Error> {
    /// let texts = Partitions::<String>::from_files(["hamlet.txt", "macbeth.txt"])?;
    /// let texts = texts.scatter(client).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Client::scatter`].
    pub async fn scatter(&self, client: &Client) -> Result<Self, Error> {
        let constants: Vec<Option<Encoded>> = self.parts.iter().map(constant_of).collect();
        let futures = client.scatter_encoded(constants.iter().flatten().cloned());
        let mut futures = futures.await?.into_iter();
        let parts = self.parts.iter().zip(&constants).map(|(part, constant)| {
            let future = constant.as_ref().and_then(|_| futures.next());
            future.map_or_else(|| part.clone(), |future| Input::Future(future.handle))
        });
        Ok(self.on_futures(parts.collect()))
    }
}

/// A list that is here, as a call.
fn constant<T: Serialize + ?Sized>(ty: Type, list: &T) -> Result<Input, Error> {
    let list = Encoded::from_rust(ty, list)?;
    Call::new(Operator::Collect).value(&list).finish()
}

/// The list that a call is nothing but, as [`constant`] makes one.
fn constant_of(part: &Input) -> Option<Encoded> {
    let Input::Lazy(node) = part else {
        return None;
    };
    let is_constant = node.component.is_none()
        && node.inputs.is_empty()
        && *node.description.label == *Operator::Collect.to_string();
    // The bytes were encoded as this type.
    is_constant.then(|| Encoded::trusted(part.ty().clone(), node.arguments.bytes.clone()))
}

/// The type of the elements of what should be a list.
pub(super) fn element(what: &str, ty: &Type) -> Result<Type, Error> {
    match ty {
        Type::List(element) => Ok((**element).clone()),
        _ => Err(Error::NotList {
            what: what.into(),
            got: ty.clone(),
        }),
    }
}
