//! From many parts to one value.

use serde::Serialize;
use wask_core::Applied;
use wask_operator::Operator;
use wask_value::Type;

use super::{Partitions, elementwise::AppliedCall};
use crate::{
    Delayed, Encoded, Error, Function,
    arguments::Prefixed,
    lazy::{Call, Input},
};

impl<T> Partitions<T> {
    /// Combines all elements into one value, in a tree: each part first, then `fan_in` results at
    /// a time, in order.
    ///
    /// The function is either `func(list<T>) -> T`, which is given that many at once, or
    /// `func(T, T) -> T`, which is called for one after another, each time in a sandbox of its
    /// own, and has nothing to give for a part without elements. The result depends on how the
    /// elements are partitioned unless the function is associative.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # fn example(counts: Partitions, merge: Function) -> Result<(), Error> {
    /// let merged: Delayed = counts.reduce(&merge, 16)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Shape`] where the function is of neither shape; [`Error::Usage`] where `fan_in` is
    /// less than 2.
    pub fn reduce<U>(&self, function: &Function<U>, fan_in: usize) -> Result<Delayed<U>, Error> {
        if fan_in < 2 {
            return Err(Error::Usage("a tree has at least two branches: fan_in 2"));
        }
        let applied = match function.ty().params.len() {
            1 => Applied::Once,
            _ => Applied::Reduce,
        };
        let call = AppliedCall::new(function, applied)?;
        let list = Type::list(self.element.clone());
        if *call.returns() != self.element {
            return Err(Error::Type {
                what: format!("the result of {}", function.name()).into(),
                wanted: self.element.clone(),
                got: call.returns().clone(),
            });
        }
        let arguments = Prefixed::new(function.shared_name(), &call.ty, &[list], &())?;
        let parts = self.inputs().iter();
        let level = parts.map(|part| call.node(arguments.with(std::slice::from_ref(part))?));
        let mut level = level.collect::<Result<Vec<Input>, Error>>()?;
        while level.len() > 1 {
            let groups = level.chunks(fan_in).map(|group| match group {
                [one] => Ok(one.clone()),
                group => call.node(arguments.with_list(group)?),
            });
            level = groups.collect::<Result<_, Error>>()?;
        }
        Ok(Delayed::new(level.pop().ok_or(Error::Usage(
            "partitions of no parts have nothing to reduce",
        ))))
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
        let returns = call.returns().clone();
        let arguments = Prefixed::new(function.shared_name(), &call.ty, &[returns, list], &())?;
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

    /// The sum of numbers. An overflow is an error of the task.
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

    /// The product of numbers. An overflow is an error of the task.
    pub fn product(&self) -> Delayed<T> {
        self.in_two_steps(Operator::Product, Operator::Product)
    }

    /// The least element. Every part must have one.
    pub fn min(&self) -> Delayed<T> {
        self.in_two_steps(Operator::Min, Operator::Min)
    }

    /// The greatest element. Every part must have one.
    pub fn max(&self) -> Delayed<T> {
        self.in_two_steps(Operator::Max, Operator::Max)
    }

    /// The sum divided by the count, as of all elements in one list.
    pub fn mean(&self) -> Delayed<f64> {
        let call = || Call::new(Operator::Mean).input(&self.one_list()?)?.finish();
        Delayed::new(call())
    }

    fn in_two_steps<S>(&self, of_part: Operator, of_all: Operator) -> Delayed<S> {
        let call = || {
            let parts = self.inputs().iter();
            let parts = parts.map(|part| Call::new(of_part.clone()).input(part)?.finish());
            let parts = parts.collect::<Result<Vec<Input>, Error>>()?;
            match &parts[..] {
                [one] => Ok(one.clone()),
                parts => Call::new(of_all).list(parts)?.finish(),
            }
        };
        Delayed::new(call())
    }
}
