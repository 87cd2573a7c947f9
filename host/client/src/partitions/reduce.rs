//! From many parts to one value.

use serde::Serialize;
use wask_core::Applied;
use wask_operator::Operator;
use wask_value::Type;

use super::{Partitions, elementwise::AppliedCall};
use crate::{
    Delayed, Encoded, Error, Function,
    arguments::Prefixed,
    lazy::{Call, GROUP, Input, combine, tree},
};

impl<T> Partitions<T> {
    /// Combines all elements into one value, in a tree: each part first, then `fan_in` results at
    /// a time, in order.
    ///
    /// The function is either `func(list<T>) -> T`, which is given that many at once, or
    /// `func(T, T) -> T`, which is called for one after another, each time in a sandbox of its
    /// own; then there must be an element somewhere. The result depends on how the elements are
    /// partitioned unless the function is associative.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # fn example(counts: Partitions, merge: Function) -> Result<(), Error> {
    /// let merged: Delayed = counts.reduce(&merge, 16)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Shape`] and [`Error::Elements`] where the function is of neither shape;
    /// [`Error::Usage`] where `fan_in` is less than 2.
    pub fn reduce<U>(&self, function: &Function<U>, fan_in: usize) -> Result<Delayed<U>, Error> {
        if fan_in < 2 {
            return Err(Error::Usage("a tree has at least two branches: fan_in 2"));
        }
        match function.ty().params.len() {
            1 => self.reduce_lists(function, fan_in),
            _ => self.reduce_pairs(function, fan_in),
        }
        .map(|input| Delayed::new(Ok(input)))
    }

    /// By a function that takes a list of elements, and gives one.
    fn reduce_lists<U>(&self, function: &Function<U>, fan_in: usize) -> Result<Input, Error> {
        let call = AppliedCall::new(function, Applied::Once)?;
        self.returns(&call, &self.element)?;
        let arguments = self.arguments(&call)?;
        let parts = self.inputs().iter();
        let level = parts.map(|part| call.node(arguments.with(std::slice::from_ref(part))?));
        let level = level.collect::<Result<_, Error>>()?;
        in_groups(level, fan_in, |group| {
            call.node(arguments.with_list(group)?)
        })
    }

    /// By a function that takes two elements, and gives one. Each step makes a list of one of a
    /// list, so that parts may have none.
    fn reduce_pairs<U>(&self, function: &Function<U>, fan_in: usize) -> Result<Input, Error> {
        let call = AppliedCall::new(function, Applied::Reduce)?;
        self.returns(&call, &Type::list(self.element.clone()))?;
        let arguments = self.arguments(&call)?;
        let reduce = |list: &Input| call.node(arguments.with(std::slice::from_ref(list))?);
        let level = self.inputs().iter().map(reduce);
        let level = level.collect::<Result<_, Error>>()?;
        let list = in_groups(level, fan_in, |group| {
            reduce(&combine(&Operator::Concat, group)?)
        })?;
        let first = Encoded::from_rust(Type::U64, &0u64)?;
        Call::new(Operator::Item)
            .input(&list)?
            .value(&first)
            .finish()
    }

    fn returns<U>(&self, call: &AppliedCall<'_, U>, wanted: &Type) -> Result<(), Error> {
        match call.returns() == wanted {
            true => Ok(()),
            false => Err(call.misfit(&self.element)),
        }
    }

    fn arguments<U>(&self, call: &AppliedCall<'_, U>) -> Result<Prefixed, Error> {
        let list = Type::list(self.element.clone());
        call.arguments(&[list], &self.element, &())
    }

    /// Goes through all elements, in order, with what has come of those before:
    /// `func(so-far: A, x: T) -> A`, beginning with `start`. One part after another; each call is
    /// in a sandbox of its own. [`reduce`](Self::reduce), where it will do, uses all workers.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # fn example(texts: Partitions<String>, longest: Function<String>) -> Result<(), Error> {
    /// let longest: Delayed<String> = texts.fold(String::new(), &longest)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Shape`] where the function is of another shape; [`Error::Value`] where `start`
    /// does not fit.
    pub fn fold<A: Serialize, U>(
        &self,
        start: A,
        function: &Function<U>,
    ) -> Result<Delayed<U>, Error> {
        let call = AppliedCall::new(function, Applied::Fold)?;
        let list = Type::list(self.element.clone());
        let first = [call.returns().clone(), list];
        let arguments = call.arguments(&first, &self.element, &())?;
        let start = Encoded::from_rust(call.returns().clone(), &start)?;
        let mut parts = self.inputs().iter();
        let Some(first) = parts.next() else {
            return Err(Error::Usage("partitions of no parts have nothing to fold"));
        };
        let mut so_far = call.node(arguments.with_value(&start, first)?)?;
        for part in parts {
            so_far = call.node(arguments.with(&[so_far, part.clone()])?)?;
        }
        Ok(Delayed::new(Ok(so_far)))
    }

    /// How many elements there are.
    pub fn count(&self) -> Delayed<u64> {
        self.in_two_steps(Operator::Count, Operator::Sum)
    }

    /// The sum of numbers: of each part, then of these. An overflow of one of them is an error of
    /// the task.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # async fn example() -> Result<(), Error> {
    /// let numbers = Partitions::from_values(1..=100u32, 4)?;
    /// assert_eq!(numbers.sum().compute().await?, 5050);
    /// # Ok(()) }
    /// ```
    pub fn sum(&self) -> Delayed<T> {
        self.in_two_steps(Operator::Sum, Operator::Sum)
    }

    /// The product of numbers: of each part, then of these, as [`sum`](Self::sum).
    pub fn product(&self) -> Delayed<T> {
        self.in_two_steps(Operator::Product, Operator::Product)
    }

    /// The least element. There must be one.
    pub fn min(&self) -> Delayed<T> {
        self.outermost(&Operator::Least, Operator::Min)
    }

    /// The greatest element. There must be one.
    pub fn max(&self) -> Delayed<T> {
        self.outermost(&Operator::Greatest, Operator::Max)
    }

    /// The sum divided by the count, as of all elements in one list: they come together on one
    /// worker for it.
    pub fn mean(&self) -> Delayed<f64> {
        let call = || Call::new(Operator::Mean).input(&self.one_list()?)?.finish();
        Delayed::new(call())
    }

    fn in_two_steps<S>(&self, of_part: Operator, of_all: Operator) -> Delayed<S> {
        Delayed::new(self.each(&of_part).and_then(|parts| tree(&of_all, parts)))
    }

    /// The first by some order. Parts without elements have none: `of_part` makes lists of one or
    /// none, and only the last step, `of_all`, needs one.
    fn outermost(&self, of_part: &Operator, of_all: Operator) -> Delayed<T> {
        let call = || {
            let parts = self.each(of_part)?;
            let list = in_groups(parts, GROUP, |group| {
                let list = combine(&Operator::Concat, group)?;
                Call::new(of_part.clone()).input(&list)?.finish()
            })?;
            Call::new(of_all).input(&list)?.finish()
        };
        Delayed::new(call())
    }

    /// An operator on each part.
    fn each(&self, operator: &Operator) -> Result<Vec<Input>, Error> {
        let parts = self.inputs().iter();
        let calls = parts.map(|part| Call::new(operator.clone()).input(part)?.finish());
        calls.collect()
    }
}

/// A tree of `fan_in` branches over a level of results.
fn in_groups(
    mut level: Vec<Input>,
    fan_in: usize,
    combine: impl Fn(&[Input]) -> Result<Input, Error>,
) -> Result<Input, Error> {
    while level.len() > 1 {
        let groups = level.chunks(fan_in).map(|group| match group {
            [one] => Ok(one.clone()),
            group => combine(group),
        });
        level = groups.collect::<Result<_, Error>>()?;
    }
    level.pop().ok_or(Error::Usage(
        "partitions of no parts have nothing to combine",
    ))
}
