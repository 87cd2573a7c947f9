//! One call for each part.

use std::sync::Arc;

use serde::Serialize;
use wask_core::{Applied, TaskKind};
use wask_value::{FunctionType, Type};

use super::{Partitions, make::element};
use crate::{
    Elements, Error, Function,
    arguments::{EncodedArguments, Prefixed},
    blueprint::Blueprint,
    handle::Description,
    lazy::{Input, Node},
};

impl<T> Partitions<T> {
    /// Applies a function to each element, in a sandbox of its own.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # fn example(texts: Partitions<String>, count: Function<u32>) -> Result<(), Error> {
    /// let counts: Partitions<u32> = texts.map(&count)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Elements`] where the function does not take elements of this type.
    pub fn map<U>(&self, function: &Function<U>) -> Result<Partitions<U>, Error> {
        self.map_with(function, ())
    }

    /// As [`map`](Self::map), with further arguments, the same for all elements.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # fn example(texts: Partitions<String>, find: Function<u32>) -> Result<(), Error> {
    /// let found = texts.map_with(&find, ("to be",))?;      // find(text, "to be")
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`map`](Self::map).
    pub fn map_with<U, A: Serialize>(
        &self,
        function: &Function<U>,
        rest: A,
    ) -> Result<Partitions<U>, Error> {
        self.apply(function, Applied::Map, rest)
    }

    /// Keeps the elements of which a function says that it is so.
    ///
    /// # Errors
    /// [`Error::Elements`] where the function does not take elements of this type;
    /// [`Error::Shape`] where it does not return a `bool`.
    pub fn filter<U>(&self, function: &Function<U>) -> Result<Self, Error> {
        self.filter_with(function, ())
    }

    /// As [`filter`](Self::filter), with further arguments.
    ///
    /// # Errors
    /// As [`filter`](Self::filter).
    pub fn filter_with<U, A: Serialize>(
        &self,
        function: &Function<U>,
        rest: A,
    ) -> Result<Self, Error> {
        self.apply(function, Applied::Filter, rest)
    }

    /// Applies a function that returns a list to each element, and joins the lists.
    ///
    /// # Errors
    /// [`Error::Elements`] where the function does not take elements of this type;
    /// [`Error::Shape`] where it does not return a list.
    pub fn flat_map<U: Elements>(
        &self,
        function: &Function<U>,
    ) -> Result<Partitions<U::Element>, Error> {
        self.flat_map_with(function, ())
    }

    /// As [`flat_map`](Self::flat_map), with further arguments.
    ///
    /// # Errors
    /// As [`flat_map`](Self::flat_map).
    pub fn flat_map_with<U: Elements, A: Serialize>(
        &self,
        function: &Function<U>,
        rest: A,
    ) -> Result<Partitions<U::Element>, Error> {
        self.apply(function, Applied::FlatMap, rest)
    }

    /// Applies a function to each part as a whole, from list to list: the fast way, with one
    /// sandbox for each part instead of for each element. What comes of it may depend on how the
    /// elements are partitioned.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # fn example(samples: Partitions<f64>, smooth: Function<Vec<f64>>) -> Result<(), Error> {
    /// let smooth: Partitions<f64> = samples.map_partitions(&smooth)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Elements`] where the function does not take a list of these elements;
    /// [`Error::NotList`] where it does not return one.
    pub fn map_partitions<U: Elements>(
        &self,
        function: &Function<U>,
    ) -> Result<Partitions<U::Element>, Error> {
        self.map_partitions_with(function, ())
    }

    /// As [`map_partitions`](Self::map_partitions), with further arguments.
    ///
    /// # Errors
    /// As [`map_partitions`](Self::map_partitions).
    pub fn map_partitions_with<U: Elements, A: Serialize>(
        &self,
        function: &Function<U>,
        rest: A,
    ) -> Result<Partitions<U::Element>, Error> {
        self.apply(function, Applied::Once, rest)
    }

    fn apply<S, U, A: Serialize>(
        &self,
        function: &Function<U>,
        applied: Applied,
        rest: A,
    ) -> Result<Partitions<S>, Error> {
        let call = AppliedCall::new(function, applied)?;
        let element = element(function.name(), &call.description.ty)?;
        let part = Type::list(self.element.clone());
        let arguments = call.arguments(&[part], &self.element, &rest)?;
        let parts = self.parts.iter().enumerate().map(|(index, part)| {
            let call = call.of_part(&self.part_name(index));
            call.node(arguments.with(std::slice::from_ref(part))?)
        });
        let parts = parts.collect::<Result<_, _>>()?;
        Ok(Partitions::new(element, parts).named(&self.names))
    }
}

/// A function as it is applied to parts.
pub(super) struct AppliedCall<'a, R> {
    function: &'a Function<R>,
    blueprint: Arc<Blueprint>,
    description: Arc<Description>,
    /// What it takes and returns, so applied.
    pub(super) ty: FunctionType,
}

impl<'a, R> AppliedCall<'a, R> {
    pub(super) fn new(function: &'a Function<R>, applied: Applied) -> Result<Self, Error> {
        let plain = function.ty();
        let ty = match applied {
            Applied::Once => Ok(plain.clone()),
            Applied::Map => plain.mapped(),
            Applied::Filter => plain.filtered(),
            Applied::FlatMap => plain.flat_mapped(),
            Applied::Fold => plain.folded(),
            Applied::Reduce => plain.reduced(),
        };
        let ty = ty.map_err(|source| Error::Shape {
            function: function.shared_name().clone(),
            source: source.into(),
        })?;
        let blueprint = match (applied, &function.blueprint.kind) {
            (Applied::Once, _) | (_, TaskKind::Operator { .. }) => function.blueprint.clone(),
            (
                applied,
                TaskKind::Function {
                    component,
                    function: name,
                    ..
                },
            ) => {
                let kind = TaskKind::Function {
                    component: *component,
                    function: name.clone(),
                    applied,
                };
                Blueprint::new(kind, function.blueprint.options.clone())
            }
        };
        let description = Arc::new(Description {
            label: function.description.label.clone(),
            ty: ty.value_type(),
        });
        Ok(Self {
            function,
            blueprint,
            description,
            ty,
        })
    }

    /// The same, named after a part: `double[3]`.
    fn of_part(&self, part: &str) -> Self {
        let Description { label, ty } = &*self.description;
        let description = Arc::new(Description {
            label: format!("{label}[{part}]").into(),
            ty: ty.clone(),
        });
        Self {
            function: self.function,
            blueprint: self.blueprint.clone(),
            description,
            ty: self.ty.clone(),
        }
    }

    /// The type of what comes of a call.
    pub(super) fn returns(&self) -> &Type {
        &self.description.ty
    }

    /// Arguments that begin with results of these types, for a collection of such elements.
    pub(super) fn arguments<A: Serialize>(
        &self,
        first: &[Type],
        element: &Type,
        rest: &A,
    ) -> Result<Prefixed, Error> {
        let params = self.ty.params.iter().map(|param| &param.ty);
        match params.take(first.len()).eq(first) {
            true => Prefixed::new(self.function.shared_name(), &self.ty, first.len(), rest),
            false => Err(self.misfit(element)),
        }
    }

    /// The error where the function is not for such elements.
    pub(super) fn misfit(&self, element: &Type) -> Error {
        Error::Elements {
            function: self.function.shared_name().clone(),
            signature: self.function.ty().to_string(),
            element: element.clone(),
        }
    }

    /// One call.
    pub(super) fn node(&self, arguments: EncodedArguments) -> Result<Input, Error> {
        let node = Node::new(
            self.blueprint.clone(),
            Some(self.function.component().clone()),
            self.description.clone(),
            arguments,
        )?;
        Ok(Input::Lazy(node))
    }
}
