//! Arguments as far as they are known, with places for items and futures.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq, SerializeTuple},
};
use wask_client::Encoded;
use wask_value::{FunctionType, Hole, Param, Segment, Type, arguments_to_rope};

use crate::exit::{Failed, Result};

/// One of the futures of a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FutureRef {
    pub(crate) dataset: Arc<str>,
    pub(crate) index: usize,
}

/// A value, of which parts may still be missing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tree {
    /// A value without references.
    Known(Encoded),
    /// A `string`, from a file.
    Text(String),
    /// A `list<u8>`, from a file.
    Data(Vec<u8>),
    /// What is mapped over.
    Item,
    /// The result of a task.
    Future(FutureRef),
    /// What a task of the same graph will give.
    Task(Arc<str>),
    List(Vec<Self>),
    Tuple(Vec<Self>),
    /// Fields that are left out are `none`.
    Record(Vec<(String, Self)>),
    Some(Box<Self>),
    /// A case of a variant or result, with its payload.
    Case(&'static str, Box<Self>),
}

/// The name of a case, which serde wants to live for ever. Each name is kept once, however often it
/// is written.
pub(crate) fn case_name(name: &str) -> &'static str {
    static NAMES: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());
    // A panic elsewhere leaves the set itself in order.
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    match names.get(name) {
        Some(known) => known,
        None => {
            let name: &'static str = String::from(name).leak();
            names.insert(name);
            name
        }
    }
}

/// The arguments of a call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Template {
    /// A tuple with one value for each parameter.
    pub(crate) arguments: Tree,
    /// What an item must be, where there is a place for one.
    pub(crate) item: Option<Type>,
}

impl Template {
    /// The encoded arguments, where there are neither items nor futures.
    pub(crate) fn encode(&self, ty: &FunctionType) -> Result<Vec<Bytes>> {
        let known = KnownOnly::default();
        pieces(&ty.params, &self.arguments.filled(&known), &known)
    }
}

impl Tree {
    /// Puts values in the places of futures.
    pub(crate) fn fill_futures(&mut self, value_of: &impl Fn(&FutureRef) -> Option<Encoded>) {
        match self {
            Self::Future(future) => {
                if let Some(value) = value_of(future) {
                    *self = Self::Known(value);
                }
            }
            Self::List(trees) | Self::Tuple(trees) => {
                trees
                    .iter_mut()
                    .for_each(|tree| tree.fill_futures(value_of));
            }
            Self::Record(fields) => {
                let trees = fields.iter_mut().map(|(_, tree)| tree);
                trees.for_each(|tree| tree.fill_futures(value_of));
            }
            Self::Some(tree) | Self::Case(_, tree) => tree.fill_futures(value_of),
            Self::Known(_) | Self::Text(_) | Self::Data(_) | Self::Item | Self::Task(_) => {}
        }
    }

    /// The futures whose places there are.
    pub(crate) fn futures(&self, found: &mut Vec<FutureRef>) {
        match self {
            Self::Future(future) => found.push(future.clone()),
            Self::List(trees) | Self::Tuple(trees) => {
                trees.iter().for_each(|tree| tree.futures(found));
            }
            Self::Record(fields) => fields.iter().for_each(|(_, tree)| tree.futures(found)),
            Self::Some(tree) | Self::Case(_, tree) => tree.futures(found),
            Self::Known(_) | Self::Text(_) | Self::Data(_) | Self::Item | Self::Task(_) => {}
        }
    }

    /// The encoded value, where there are neither items nor futures in it.
    pub(crate) fn encode(&self, ty: &Type) -> Result<Encoded> {
        if let Self::Known(value) = self {
            return Ok(value.clone());
        }
        let known = KnownOnly::default();
        let params = [Param::new("value", ty.clone())];
        let pieces = pieces(&params, &(self.filled(&known),), &known)?;
        Ok(Encoded::new(ty.clone(), pieces.concat())?)
    }
}

fn pieces<A: Serialize>(params: &[Param], arguments: &A, known: &KnownOnly) -> Result<Vec<Bytes>> {
    let rope = arguments_to_rope(params, arguments)?;
    let known = known.0.take();
    let pieces = rope.segments().map(|segment| match segment {
        Segment::Bytes(bytes) => Some(Bytes::copy_from_slice(bytes)),
        Segment::Hole(number) => known.get(number as usize).cloned(),
    });
    let pieces: Option<Vec<Bytes>> = pieces.collect();
    pieces.ok_or_else(|| Failed::input("a future stands where only values may"))
}

/// What goes into the places of a [`Tree`].
pub(crate) trait Fill {
    fn known<S: Serializer>(&self, value: &Encoded, to: S) -> Result<S::Ok, S::Error>;
    fn item<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error>;
    fn future<S: Serializer>(&self, future: &FutureRef, to: S) -> Result<S::Ok, S::Error>;

    /// Only graphs have tasks.
    fn task<S: Serializer>(&self, name: &str, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom(format!(
            "`{name}` is a task of a graph, not a value"
        )))
    }
}

/// A tree whose places are filled: what the client takes for arguments.
pub(crate) struct Filled<'a, F> {
    tree: &'a Tree,
    fill: &'a F,
}

impl Tree {
    pub(crate) fn filled<'a, F: Fill>(&'a self, fill: &'a F) -> Filled<'a, F> {
        Filled { tree: self, fill }
    }
}

impl<F: Fill> Serialize for Filled<'_, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { tree, fill } = *self;
        match tree {
            Tree::Known(value) => fill.known(value, serializer),
            Tree::Item => fill.item(serializer),
            Tree::Future(future) => fill.future(future, serializer),
            Tree::Task(name) => fill.task(name, serializer),
            Tree::Text(text) => serializer.serialize_str(text),
            Tree::Data(bytes) => serializer.serialize_bytes(bytes),
            Tree::List(trees) => {
                let mut list = serializer.serialize_seq(Some(trees.len()))?;
                for tree in trees {
                    list.serialize_element(&tree.filled(fill))?;
                }
                list.end()
            }
            Tree::Tuple(trees) => {
                let mut tuple = serializer.serialize_tuple(trees.len())?;
                for tree in trees {
                    tuple.serialize_element(&tree.filled(fill))?;
                }
                tuple.end()
            }
            Tree::Record(fields) => {
                let mut record = serializer.serialize_map(Some(fields.len()))?;
                for (name, tree) in fields {
                    record.serialize_entry(name, &tree.filled(fill))?;
                }
                record.end()
            }
            Tree::Some(tree) => serializer.serialize_some(&tree.filled(fill)),
            Tree::Case(name, tree) => {
                serializer.serialize_newtype_variant("", 0, name, &tree.filled(fill))
            }
        }
    }
}

/// Numbers the values that are known, and takes nothing else.
#[derive(Default)]
struct KnownOnly(RefCell<Vec<Bytes>>);

impl Fill for KnownOnly {
    fn known<S: Serializer>(&self, value: &Encoded, to: S) -> Result<S::Ok, S::Error> {
        let mut known = self.0.borrow_mut();
        let number = u32::try_from(known.len()).map_err(serde::ser::Error::custom)?;
        known.push(value.bytes().clone());
        Hole(number).serialize(to)
    }

    fn item<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom(
            "`_` stands only in the arguments of `wask map`",
        ))
    }

    fn future<S: Serializer>(&self, future: &FutureRef, _: S) -> Result<S::Ok, S::Error> {
        let name = &future.dataset;
        Err(serde::ser::Error::custom(format!(
            "`@{name}` is a future, not a value"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_a_case_is_kept_once() {
        let (first, second) = (case_name("line"), case_name(&String::from("line")));
        assert!(std::ptr::eq(first, second));
    }

    #[test]
    fn futures_are_found_and_filled_wherever_they_stand() {
        let place = |index| FutureRef {
            dataset: "n".into(),
            index,
        };
        let future = |index| Tree::Future(place(index));
        let with = |of: &dyn Fn(usize) -> Tree| {
            let inner = Tree::Case("ok", Box::new(Tree::Some(Box::new(of(1)))));
            Tree::Tuple(vec![
                Tree::List(vec![of(0), Tree::Text("x".into())]),
                Tree::Record(vec![("a".into(), inner)]),
            ])
        };
        let mut tree = with(&future);
        let mut found = Vec::new();
        tree.futures(&mut found);
        assert_eq!(found, [place(0), place(1)]);
        let value = |index: usize| Encoded::of(&(index as u32)).unwrap();
        tree.fill_futures(&|place| Some(value(place.index)));
        assert_eq!(tree, with(&|index| Tree::Known(value(index))));
    }
}
