//! The types of functions that are applied to each element of a list.
//!
//! A function that may fail stays one: where it returns `result<U, E>`, `U` is what counts, and the
//! applied function returns `result<list<U>, E>`, the error being that of one element.

use crate::{Error, FunctionType, Param, Type};

impl FunctionType {
    /// `func(x: T, ..) -> U` applied to each element: `func(x: list<T>, ..) -> list<U>`.
    ///
    /// ```
    /// # use wask_value::FunctionType;
    /// let count: FunctionType = "func(text: string, min: u8) -> u32".parse()?;
    /// let counts = count.mapped()?.to_string();
    /// assert_eq!(counts, "func(text: list<string>, min: u8) -> list<u32>");
    /// # Ok::<(), wask_value::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Shape`] where the function takes nothing; [`Error::Type`] where the new type is
    /// beyond the limits.
    pub fn mapped(&self) -> Result<Self, Error> {
        const SHAPE: Shape = Shape("map", "func(x: T, ..) -> U");
        let [x, rest @ ..] = &self.params[..] else {
            return Err(SHAPE.unlike(self));
        };
        self.applied(
            [&[list_of(x)], rest].concat(),
            Type::list(self.value_type()),
        )
    }

    /// `func(x: T, ..) -> bool` as a filter: `func(x: list<T>, ..) -> list<T>`.
    ///
    /// # Errors
    /// [`Error::Shape`] where the function is of another shape; [`Error::Type`] where the new type
    /// is beyond the limits.
    pub fn filtered(&self) -> Result<Self, Error> {
        const SHAPE: Shape = Shape("filter", "func(x: T, ..) -> bool");
        match &self.params[..] {
            [x, rest @ ..] if self.value_type() == Type::Bool => {
                let items = list_of(x);
                let kept = items.ty.clone();
                self.applied([&[items], rest].concat(), kept)
            }
            _ => Err(SHAPE.unlike(self)),
        }
    }

    /// `func(x: T, ..) -> list<U>` applied to each element, the lists joined:
    /// `func(x: list<T>, ..) -> list<U>`.
    ///
    /// # Errors
    /// [`Error::Shape`] where the function is of another shape; [`Error::Type`] where the new type
    /// is beyond the limits.
    pub fn flat_mapped(&self) -> Result<Self, Error> {
        const SHAPE: Shape = Shape("flat-map", "func(x: T, ..) -> list<U>");
        match (&self.params[..], self.value_type()) {
            ([x, rest @ ..], list @ Type::List(_)) => {
                self.applied([&[list_of(x)], rest].concat(), list)
            }
            _ => Err(SHAPE.unlike(self)),
        }
    }

    /// `func(acc: A, x: T, ..) -> A` called along a list, each result being the next `acc`:
    /// `func(acc: A, x: list<T>, ..) -> A`.
    ///
    /// # Errors
    /// [`Error::Shape`] where the function is of another shape; [`Error::Type`] where the new type
    /// is beyond the limits.
    pub fn folded(&self) -> Result<Self, Error> {
        const SHAPE: Shape = Shape("fold", "func(acc: A, x: T, ..) -> A");
        match &self.params[..] {
            [acc, x, rest @ ..] if self.value_type() == acc.ty => {
                self.applied([&[acc.clone(), list_of(x)], rest].concat(), acc.ty.clone())
            }
            _ => Err(SHAPE.unlike(self)),
        }
    }

    /// `func(a: T, b: T, ..) -> T` called along a list, each result being the next `a`:
    /// `func(a: list<T>, ..) -> list<T>`, the last result in a list, which is empty where the list
    /// was.
    ///
    /// # Errors
    /// [`Error::Shape`] where the function is of another shape; [`Error::Type`] where the new type
    /// is beyond the limits.
    pub fn reduced(&self) -> Result<Self, Error> {
        const SHAPE: Shape = Shape("reduce", "func(a: T, b: T, ..) -> T");
        match &self.params[..] {
            [a, b, rest @ ..] if a.ty == b.ty && self.value_type() == a.ty => {
                let items = list_of(a);
                let one = items.ty.clone();
                self.applied([&[items], rest].concat(), one)
            }
            _ => Err(SHAPE.unlike(self)),
        }
    }

    /// A function that takes `params` and gives `value`, and fails as this one does.
    fn applied(&self, params: Vec<Param>, value: Type) -> Result<Self, Error> {
        let result = if self.is_fallible() {
            Type::result(value.non_unit(), self.error_type())
        } else {
            value
        };
        let applied = Self {
            params,
            result: Some(result),
        };
        applied.check()?;
        Ok(applied)
    }
}

fn list_of(param: &Param) -> Param {
    Param::new(param.name.clone(), Type::list(param.ty.clone()))
}

/// A way of applying a function, and what the function must look like for it.
struct Shape(&'static str, &'static str);

impl Shape {
    fn unlike(self, function: &FunctionType) -> Error {
        Error::Shape {
            applied: self.0,
            expected: self.1,
            got: function.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Apply = fn(&FunctionType) -> Result<FunctionType, Error>;

    fn check(apply: Apply, function: &str, expected: Result<&str, &str>) {
        let function: FunctionType = function.parse().unwrap();
        let applied = apply(&function).map(|ty| ty.to_string());
        let applied = applied.map_err(|error| error.to_string());
        assert_eq!(applied.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn the_first_parameter_becomes_a_list() {
        check(
            FunctionType::mapped,
            "func(x: u8, by: string) -> char",
            Ok("func(x: list<u8>, by: string) -> list<char>"),
        );
        check(
            FunctionType::filtered,
            "func(x: u8, by: string) -> bool",
            Ok("func(x: list<u8>, by: string) -> list<u8>"),
        );
        check(
            FunctionType::flat_mapped,
            "func(x: u8) -> list<char>",
            Ok("func(x: list<u8>) -> list<char>"),
        );
        check(
            FunctionType::folded,
            "func(acc: u64, x: u8, by: string) -> u64",
            Ok("func(acc: u64, x: list<u8>, by: string) -> u64"),
        );
        check(
            FunctionType::reduced,
            "func(a: u8, b: u8, by: string) -> u8",
            Ok("func(a: list<u8>, by: string) -> list<u8>"),
        );
    }

    #[test]
    fn what_returns_nothing_maps_to_units() {
        check(
            FunctionType::mapped,
            "func(x: u8)",
            Ok("func(x: list<u8>) -> list<tuple<>>"),
        );
    }

    #[test]
    fn errors_stay_errors() {
        check(
            FunctionType::mapped,
            "func(x: u8) -> result<char, string>",
            Ok("func(x: list<u8>) -> result<list<char>, string>"),
        );
        check(
            FunctionType::mapped,
            "func(x: u8) -> result",
            Ok("func(x: list<u8>) -> result<list<tuple<>>>"),
        );
        check(
            FunctionType::filtered,
            "func(x: u8) -> result<bool>",
            Ok("func(x: list<u8>) -> result<list<u8>>"),
        );
        check(
            FunctionType::flat_mapped,
            "func(x: u8) -> result<list<u8>, u32>",
            Ok("func(x: list<u8>) -> result<list<u8>, u32>"),
        );
        check(
            FunctionType::folded,
            "func(acc: tuple<>, x: u8) -> result<_, u32>",
            Ok("func(acc: tuple<>, x: list<u8>) -> result<_, u32>"),
        );
        check(
            FunctionType::reduced,
            "func(a: f64, b: f64) -> result<f64, u32>",
            Ok("func(a: list<f64>) -> result<list<f64>, u32>"),
        );
    }

    #[test]
    fn other_shapes_are_refused_with_the_one_needed() {
        check(
            FunctionType::mapped,
            "func() -> u8",
            Err("map needs func(x: T, ..) -> U, got func() -> u8"),
        );
        check(
            FunctionType::filtered,
            "func(x: u8) -> u8",
            Err("filter needs func(x: T, ..) -> bool, got func(x: u8) -> u8"),
        );
        check(
            FunctionType::flat_mapped,
            "func(x: u8) -> string",
            Err("flat-map needs func(x: T, ..) -> list<U>, got func(x: u8) -> string"),
        );
        check(
            FunctionType::folded,
            "func(acc: u8, x: u8) -> u16",
            Err("fold needs func(acc: A, x: T, ..) -> A, got func(acc: u8, x: u8) -> u16"),
        );
        check(
            FunctionType::folded,
            "func(acc: u8) -> u8",
            Err("fold needs func(acc: A, x: T, ..) -> A, got func(acc: u8) -> u8"),
        );
        check(
            FunctionType::reduced,
            "func(a: u8, b: u16) -> u8",
            Err("reduce needs func(a: T, b: T, ..) -> T, got func(a: u8, b: u16) -> u8"),
        );
        check(
            FunctionType::reduced,
            "func(a: u8, b: u8)",
            Err("reduce needs func(a: T, b: T, ..) -> T, got func(a: u8, b: u8)"),
        );
    }

    #[test]
    fn the_limits_of_types_hold() {
        let deepest = (1..Type::MAX_DEPTH).fold(Type::U8, |ty, _| Type::list(ty));
        let function = FunctionType {
            params: vec![Param::new("x", deepest)],
            result: None,
        };
        function.check().unwrap();
        let error = function.mapped().unwrap_err().to_string();
        assert_eq!(error, "type nests deeper than 64 levels");
    }
}
