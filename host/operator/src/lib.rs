//! The built-in task functions: pure operators on encoded WIT values.
//!
//! An [`Operator`] is what a task may run instead of a component's function. It works on the
//! values of any type that fits, and it runs in host code, on the encoded bytes: what need not be
//! decoded is not.
//!
//! ```
//! use wask_operator::Operator;
//! use wask_value::Type;
//!
//! let sum: Operator = "sum".parse()?;
//! let types = sum.infer(&["list<u32>".parse()?])?;
//! assert_eq!(types, [Type::U32]);
//! assert_eq!(sum.signature(&types)?.to_string(), "func(items: list<u32>) -> u32");
//!
//! let error = sum.infer(&["list<string>".parse()?]).unwrap_err();
//! assert_eq!(error.to_string(), "sum: expected a list of numbers, got list<string>");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The operators
//!
//! A *number* is of one of WIT's ten types of integers and floats; nothing is converted, both
//! numbers of an operator are of one type. Where an operator is undefined, the task fails with
//! [`Fault::Undefined`], whose message shows the numbers.
//!
//! | operator | signature | for | undefined when |
//! |---|---|---|---|
//! | `add` | `func(a: T, b: T) -> T` | numbers; strings, which are joined | the sum does not fit `T` |
//! | `sub`, `mul` | `func(a: T, b: T) -> T` | numbers | the result does not fit `T` |
//! | `div` | `func(a: T, b: T) -> T` | numbers; integers towards zero | an integer is divided by 0, the result does not fit `T` |
//! | `rem` | `func(a: T, b: T) -> T` | numbers; the sign is that of `a` | an integer is divided by 0 |
//! | `neg` | `func(a: T) -> T` | signed numbers, floats | the result does not fit `T` |
//! | `eq`, `ne` | `func(a: T, b: T) -> bool` | any type | |
//! | `lt`, `le`, `gt`, `ge` | `func(a: T, b: T) -> bool` | types that have an order | |
//! | `not` | `func(a: bool) -> bool` | | |
//! | `and`, `or` | `func(a: bool, b: bool) -> bool` | | |
//! | `sum` | `func(items: list<T>) -> T` | numbers; 0 of none | the sum does not fit `T` |
//! | `product` | `func(items: list<T>) -> T` | numbers; 1 of none | the product does not fit `T` |
//! | `min`, `max` | `func(items: list<T>) -> T` | types that have an order | the list is empty |
//! | `least`, `greatest` | `func(items: list<T>) -> list<T>` | as `min` and `max`: a list of the one, or of none where the list is empty | |
//! | `mean` | `func(items: list<T>) -> f64` | numbers | the list is empty |
//! | `count` | `func(items: list<T>) -> u64` | any type | |
//! | `collect` | `func(items: list<T>) -> list<T>` | any type; makes one value of many tasks' results | |
//! | `concat` | `func(lists: list<T>) -> T` | lists, strings | the result has 2³² elements or more |
//! | `flatten` | `func(lists: list<T>) -> T` | lists; `concat` by the name that it has on one nested list | as `concat` |
//! | `zip` | `func(a: list<A>, b: list<B>) -> list<tuple<A, B>>` | any types | the lists are not equally long |
//! | `item` | `func(items: list<T>, index: u64) -> T` | any type | there is no such item, counted from 0 |
//! | `field(NAME)` | `func(of: R) -> F` | records with the field; tuples, by the position from 0 on: `field(1)` | |
//! | `slice` | `func(items: list<T>, start: u64, end: u64) -> list<T>` | any type; from `start` to before `end`, as much of it as there is | |
//! | `take` | `func(items: list<T>, count: u64) -> list<T>` | any type; the first `count`, or all | |
//! | `part` | `func(items: list<T>, index: u64, of: u64) -> list<T>` | any type; the part `index`, from 0 on, of `of` that differ by one element at most | there is no such part |
//! | `sort` | `func(items: list<T>) -> list<T>` | types that have an order | |
//! | `distinct` | `func(items: list<T>) -> list<T>` | any type; keeps the first of equal elements | |
//!
//! *Order.* All types but flags, and what holds flags, have one, the one that Rust derives: numbers
//! by value; `false` before `true`; chars and strings by code points; lists, tuples and records by
//! their first difference, shorter lists first; `none` before `some`, `ok` before `err`; cases as
//! they are declared. Floats go by IEEE's total order: -0 before 0, NaN after all others.
//!
//! *Equality* is that of the encodings: NaN equals NaN, and 0 does not equal -0.
//!
//! *Sums and products* of integers are exact: only the result must fit, not what it is on the way.
//! Those of floats are computed from the left, from 0 or 1 on, in their own precision. The mean of
//! integers is their exact sum, rounded to an f64, divided by the count; floats are added up as
//! f64s. So a computation is one sequence of IEEE operations, and gives the same bytes everywhere;
//! every NaN comes out as the canonical one.
//!
//! # Invariants
//!
//! - An operator gives the same bytes for the same bytes, or the same fault. What could change them
//!   changes [`Operator::VERSION`], which is part of keys.
//! - Nothing panics, whatever the arguments' bytes are.
//! - The result's size is checked before room for it is made.

mod error;
mod join;
mod limits;
mod list;
mod number;
mod operator;
mod order;
mod reduce;
mod rope;
mod run;
mod signature;
mod sort;

pub use error::{Error, Fault};
pub use limits::Limits;
pub use operator::Operator;
