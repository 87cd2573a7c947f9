//! Operators on delayed values.

use std::{
    collections::HashMap,
    ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Rem, Sub},
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use serde::{Serialize, de::DeserializeOwned};
use wask_core::TaskKind;
use wask_operator::Operator;
use wask_value::Type;

use super::{
    Delayed, Input, Node, Operand,
    operand::{Content, Side},
};
use crate::{
    Dynamic, Encoded, Error, Options,
    arguments::{self, Filled},
    blueprint::Blueprint,
    handle::Description,
};

/// A call of an operator that is being put together, argument by argument.
pub(crate) struct Call {
    operator: Operator,
    name: Arc<str>,
    types: Vec<Type>,
    arguments: Filled,
}

impl Call {
    pub(crate) fn new(operator: Operator) -> Self {
        Self {
            name: operator.to_string().into(),
            operator,
            types: Vec::new(),
            arguments: Filled::default(),
        }
    }

    /// The result of something else.
    pub(crate) fn input(mut self, input: &Input) -> Result<Self, Error> {
        self.arguments.hole(&self.name, input)?;
        self.types.push(input.ty().clone());
        Ok(self)
    }

    /// A list of results, all of one type.
    pub(crate) fn list(mut self, items: &[Input]) -> Result<Self, Error> {
        let Some(first) = items.first() else {
            return Err(Error::Usage(
                "an operator over no values at all: of what type it is, nobody can tell",
            ));
        };
        if let Some(other) = items.iter().find(|item| item.ty() != first.ty()) {
            return Err(Error::Type {
                what: format!("a value in the list that {} takes", self.name).into(),
                wanted: first.ty().clone(),
                got: other.ty().clone(),
            });
        }
        self.arguments.list(&self.name, items)?;
        self.types.push(Type::list(first.ty().clone()));
        Ok(self)
    }

    /// A value that is here.
    pub(crate) fn value(mut self, value: &Encoded) -> Self {
        self.arguments.bytes.extend_from_slice(value.bytes());
        self.types.push(value.ty().clone());
        self
    }

    fn number(self, number: u64) -> Result<Self, Error> {
        Ok(self.value(&Encoded::from_rust(Type::U64, &number)?))
    }

    fn side(self, side: Side) -> Result<Self, Error> {
        match side.0 {
            Content::Input(input) => self.input(&input),
            Content::Value(value) => Ok(self.value(&value)),
        }
    }

    /// The call, once all arguments are there.
    pub(crate) fn finish(self) -> Result<Input, Error> {
        let types = self.operator.infer(&self.types)?;
        let instance = Instance::of(self.operator, types)?;
        let Instance {
            blueprint,
            description,
        } = &*instance;
        let arguments = self.arguments.into();
        let node = Node::new(blueprint.clone(), None, description.clone(), arguments)?;
        Ok(Input::Lazy(node))
    }
}

/// An operator on certain types. There is one of each, so that a graph of a million additions has
/// one definition.
struct Instance {
    blueprint: Arc<Blueprint>,
    description: Arc<Description>,
}

impl Instance {
    fn of(operator: Operator, types: Vec<Type>) -> Result<Arc<Self>, Error> {
        type Known = Mutex<HashMap<(Operator, Vec<Type>), Arc<Instance>>>;
        static KNOWN: LazyLock<Known> = LazyLock::new(Known::default);

        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let name = (operator, types);
        if let Some(instance) = known.get(&name) {
            return Ok(instance.clone());
        }
        let instance = Arc::new(Self::new(&name.0, &name.1)?);
        known.insert(name, instance.clone());
        Ok(instance)
    }

    fn new(operator: &Operator, types: &[Type]) -> Result<Self, Error> {
        let signature = operator.signature(types)?;
        let kind = TaskKind::Operator {
            name: operator.to_string().into(),
            version: Operator::VERSION,
            types: types.iter().map(|ty| ty.to_string().into()).collect(),
        };
        let description = Description {
            label: operator.to_string().into(),
            ty: signature.value_type(),
        };
        Ok(Self {
            blueprint: Blueprint::new(kind, Options::new()),
            description: Arc::new(description),
        })
    }
}

/// A call of an operator that is chosen when the program runs.
///
/// `types` are those of the arguments, which are as those of
/// [`Function::delayed`](crate::Function::delayed).
///
/// ```
/// use wask_client::{Operator, Type, call_operator};
///
/// let sum: Operator = "sum".parse()?;
/// let total = call_operator(&sum, &["list<u64>".parse()?], ([1, 2, 3],))?;
/// assert_eq!(total.ty(), Some(&Type::U64));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Operator`] where it is not for these types; else as
/// [`Function::delayed`](crate::Function::delayed).
pub fn call_operator<A: Serialize>(
    operator: &Operator,
    types: &[Type],
    arguments: A,
) -> Result<Delayed, Error> {
    let types = operator.infer(types)?;
    let signature = operator.signature(&types)?;
    let instance = Instance::of(operator.clone(), types)?;
    let (blueprint, description) = (&instance.blueprint, &instance.description);
    let arguments = arguments::encode(&description.label, &signature, &arguments)?;
    let node = Node::new(blueprint.clone(), None, description.clone(), arguments)?;
    Ok(Delayed::new(Ok(Input::Lazy(node))))
}

impl<R> Delayed<R> {
    fn unary<S>(&self, operator: Operator) -> Delayed<S> {
        let call = || Call::new(operator).input(self.input()?)?.finish();
        Delayed::new(call())
    }

    fn binary<S>(&self, operator: Operator, other: &impl Operand) -> Delayed<S> {
        let call = || {
            let input = self.input()?;
            let call = Call::new(operator).input(input)?;
            call.side(other.side(input.ty())?)?.finish()
        };
        Delayed::new(call())
    }

    fn numbers<S>(&self, operator: Operator, numbers: &[u64]) -> Delayed<S> {
        let call = || {
            let call = Call::new(operator).input(self.input()?)?;
            numbers
                .iter()
                .try_fold(call, |call, number| call.number(*number))?
                .finish()
        };
        Delayed::new(call())
    }

    /// Whether both sides are equal.
    pub fn eq(&self, other: impl Operand) -> Delayed<bool> {
        self.binary(Operator::Eq, &other)
    }

    /// Whether both sides differ.
    pub fn ne(&self, other: impl Operand) -> Delayed<bool> {
        self.binary(Operator::Ne, &other)
    }

    /// Whether this is less.
    pub fn lt(&self, other: impl Operand) -> Delayed<bool> {
        self.binary(Operator::Lt, &other)
    }

    /// Whether this is less or equal.
    pub fn le(&self, other: impl Operand) -> Delayed<bool> {
        self.binary(Operator::Le, &other)
    }

    /// Whether this is greater.
    pub fn gt(&self, other: impl Operand) -> Delayed<bool> {
        self.binary(Operator::Gt, &other)
    }

    /// Whether this is greater or equal.
    pub fn ge(&self, other: impl Operand) -> Delayed<bool> {
        self.binary(Operator::Ge, &other)
    }

    /// A field of a record, by its name, or an item of a tuple, by its place: `"0"`.
    pub fn field(&self, name: &str) -> Delayed {
        self.unary(Operator::Field(name.into()))
    }
}

/// Rust types that lists are read as. [`Dynamic`] may be one; if it is not, that is told where an
/// operator for lists is used.
pub trait Elements {
    /// As what an element is read.
    type Element;
}

impl<T> Elements for Vec<T> {
    type Element = T;
}

impl Elements for Dynamic {
    type Element = Self;
}

/// Operators on lists.
///
/// ```no_run
/// # use wask_client::*;
/// # fn example(function: &Function<Vec<u32>>) -> Result<(), Error> {
/// let numbers = function.delayed(("numbers.txt",))?;
/// let largest = numbers.distinct().sort().slice(0, 10).sum();
/// # Ok(()) }
/// ```
impl<R: Elements> Delayed<R> {
    /// The sum of numbers. An overflow is an error of the task.
    pub fn sum(&self) -> Delayed<R::Element> {
        self.unary(Operator::Sum)
    }

    /// The product of numbers. An overflow is an error of the task.
    pub fn product(&self) -> Delayed<R::Element> {
        self.unary(Operator::Product)
    }

    /// The least element.
    pub fn min(&self) -> Delayed<R::Element> {
        self.unary(Operator::Min)
    }

    /// The greatest element.
    pub fn max(&self) -> Delayed<R::Element> {
        self.unary(Operator::Max)
    }

    /// The mean of numbers.
    pub fn mean(&self) -> Delayed<f64> {
        self.unary(Operator::Mean)
    }

    /// How many elements there are.
    pub fn count(&self) -> Delayed<u64> {
        self.unary(Operator::Count)
    }

    /// The element at this place, counted from 0.
    pub fn item(&self, index: u64) -> Delayed<R::Element> {
        self.numbers(Operator::Item, &[index])
    }

    /// The elements from `start` up to but not including `end`, as far as there are any.
    pub fn slice(&self, start: u64, end: u64) -> Self {
        self.numbers(Operator::Slice, &[start, end])
    }

    /// The first elements, so many.
    pub fn take(&self, count: u64) -> Self {
        self.numbers(Operator::Take, &[count])
    }

    /// The elements in ascending order.
    pub fn sort(&self) -> Self {
        self.unary(Operator::Sort)
    }

    /// Each element once, where it stands first.
    pub fn distinct(&self) -> Self {
        self.unary(Operator::Distinct)
    }

    /// The elements of the lists that this is a list of.
    pub fn flatten(&self) -> Delayed<R::Element> {
        self.unary(Operator::Flatten)
    }

    /// Pairs of the elements of both lists, which must be of one length.
    pub fn zip<S: Elements>(&self, other: &Delayed<S>) -> Delayed {
        self.binary(Operator::Zip, other)
    }
}

macro_rules! infix {
    ($($trait:ident $method:ident $operator:ident)*) => {$(
        impl<R, O: Operand> $trait<O> for Delayed<R> {
            type Output = Self;

            fn $method(self, other: O) -> Self {
                self.binary(Operator::$operator, &other)
            }
        }

        impl<R, O: Operand> $trait<O> for &Delayed<R> {
            type Output = Delayed<R>;

            fn $method(self, other: O) -> Delayed<R> {
                self.binary(Operator::$operator, &other)
            }
        }
    )*};
}

infix! {
    Add add Add Sub sub Sub Mul mul Mul Div div Div Rem rem Rem
    BitAnd bitand And BitOr bitor Or
}

macro_rules! prefix {
    ($($trait:ident $method:ident $operator:ident)*) => {$(
        impl<R> $trait for Delayed<R> {
            type Output = Self;

            fn $method(self) -> Self {
                self.unary(Operator::$operator)
            }
        }

        impl<R> $trait for &Delayed<R> {
            type Output = Delayed<R>;

            fn $method(self) -> Delayed<R> {
                self.unary(Operator::$operator)
            }
        }
    )*};
}

prefix! { Neg neg Neg Not not Not }

macro_rules! of_many {
    ($($(#[$doc:meta])* $name:ident $operator:ident $result:ty;)*) => {$(
        $(#[$doc])*
        pub fn $name<T>(values: impl IntoIterator<Item: Into<Delayed<T>>>) -> Delayed<$result> {
            of_many(Operator::$operator, values)
        }
    )*};
}

of_many! {
    /// The sum of many delayed values or futures, which are numbers of one type.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # fn example(client: &Client, futures: Vec<Future<u64>>) -> Result<(), Error> {
    /// let (x, y) = (sum(&futures), product(&futures));
    /// let future = client.compute(&(x + y))?;
    /// # Ok(()) }
    /// ```
    sum Sum T;
    /// The product of many numbers, as [`sum`].
    product Product T;
    /// The least of many values, as [`sum`].
    min Min T;
    /// The greatest of many values, as [`sum`].
    max Max T;
    /// The mean of many numbers, as [`sum`].
    mean Mean f64;
    /// Many lists as one: the elements of the first, then those of the second, and so on.
    concat Concat T;
    /// How many values there are. They are computed for that: an error of one is one of the count.
    count Count u64;
}

/// Many values as one list.
///
/// ```no_run
/// # use wask_client::*;
/// # fn example(client: &Client, futures: Vec<Future<u64>>) -> Result<(), Error> {
/// let list: Delayed<Vec<u64>> = collect(&futures);
/// # Ok(()) }
/// ```
pub fn collect<T: ListOf>(values: impl IntoIterator<Item: Into<Delayed<T>>>) -> Delayed<T::List> {
    of_many(Operator::Collect, values)
}

/// As what a list is read whose elements are read as this.
pub trait ListOf {
    /// The list.
    type List;
}

impl<T: DeserializeOwned> ListOf for T {
    type List = Vec<T>;
}

impl ListOf for Dynamic {
    type List = Self;
}

fn of_many<T, S>(
    operator: Operator,
    values: impl IntoIterator<Item: Into<Delayed<T>>>,
) -> Delayed<S> {
    let call = || {
        let inputs = values.into_iter().map(|value| value.into().input);
        let inputs: Vec<Input> = inputs.collect::<Result<_, Error>>()?;
        match operator {
            Operator::Mean | Operator::Count => Call::new(operator).list(&inputs)?.finish(),
            Operator::Collect => {
                let lists = inputs
                    .chunks(GROUP)
                    .map(|group| combine(&Operator::Collect, group));
                match &lists.collect::<Result<Vec<_>, _>>()?[..] {
                    [one] => Ok(one.clone()),
                    lists => tree(&Operator::Concat, lists.to_vec()),
                }
            }
            operator => match &inputs[..] {
                [one] => combine(&operator, std::slice::from_ref(one)),
                _ => tree(&operator, inputs),
            },
        }
    };
    Delayed::new(call())
}

/// How many values one call combines.
pub(crate) const GROUP: usize = 1_000;

/// One call of an operator on a list of values.
pub(crate) fn combine(operator: &Operator, values: &[Input]) -> Result<Input, Error> {
    Call::new(operator.clone()).list(values)?.finish()
}

/// Values combined by an associative operator, as many at a time as one call takes.
pub(crate) fn tree(operator: &Operator, mut level: Vec<Input>) -> Result<Input, Error> {
    while level.len() > GROUP {
        let groups = level.chunks(GROUP).map(|group| combine(operator, group));
        level = groups.collect::<Result<_, _>>()?;
    }
    match &level[..] {
        [one] => Ok(one.clone()),
        level => combine(operator, level),
    }
}

impl<R> From<&Self> for Delayed<R> {
    fn from(delayed: &Self) -> Self {
        delayed.clone()
    }
}
