//! The types of operators: what stands for their type parameters, and the signature that results.

use wask_value::{FunctionType, Param, Type};

use crate::{
    Error, Operator,
    error::list,
    order::{has_order, is_number, is_signed},
};

/// What an operator looks like before its types are known.
enum Form {
    /// `func(a: T) -> T`
    Unary,
    /// `func(a: T, b: T) -> T`
    Binary,
    /// `func(a: T, b: T) -> bool`
    Comparison,
    /// `func(a: bool, ..) -> bool`
    Logic,
    /// `func(items: list<T>, ..) -> ..`
    List,
    /// `func(a: list<A>, b: list<B>) -> list<tuple<A, B>>`
    Zip,
    /// `func(of: R) -> F`
    Field,
}

impl Operator {
    /// What stands for the type parameters, as the types of the arguments tell it.
    ///
    /// # Errors
    /// Where the operator does not take such arguments:
    /// `sum: expected a list of numbers, got list<string>`.
    pub fn infer(&self, arguments: &[Type]) -> Result<Vec<Type>, Error> {
        let expected = self.params().len();
        if arguments.len() != expected {
            return Err(Error::Arguments {
                operator: self.to_string(),
                expected,
                got: arguments.len(),
            });
        }
        let element = |ty: &Type| match ty {
            Type::List(element) => Ok((**element).clone()),
            other => Err(Error::mismatch(self, self.takes(), other.to_string())),
        };
        let types = match self.form() {
            Form::Logic => vec![],
            Form::Binary | Form::Comparison if arguments[0] != arguments[1] => {
                let expected = format!("two {} of one type", self.takes());
                return Err(Error::mismatch(self, expected, list(arguments)));
            }
            Form::Unary | Form::Binary | Form::Comparison | Form::Field => {
                vec![arguments[0].clone()]
            }
            Form::List => vec![element(&arguments[0])?],
            Form::Zip => arguments.iter().map(element).collect::<Result<_, _>>()?,
        };
        let signature = self.signature(&types)?;
        for (param, argument) in signature.params.iter().zip(arguments) {
            if param.ty != *argument {
                let expected = format!("{} as `{}`", param.ty, param.name);
                return Err(Error::mismatch(self, expected, argument.to_string()));
            }
        }
        Ok(types)
    }

    /// The signature with `types` for the type parameters.
    ///
    /// ```
    /// # use wask_operator::Operator;
    /// # use wask_value::Type;
    /// let sum = Operator::Sum.signature(&[Type::U32])?.to_string();
    /// assert_eq!(sum, "func(items: list<u32>) -> u32");
    /// # Ok::<(), wask_operator::Error>(())
    /// ```
    ///
    /// # Errors
    /// Where there are not as many types as type parameters, or the operator is not for such types.
    pub fn signature(&self, types: &[Type]) -> Result<FunctionType, Error> {
        let (params, result) = match (self.form(), types) {
            (Form::Logic, []) => (vec![Type::Bool; self.params().len()], Type::Bool),
            (Form::Zip, [a, b]) => {
                let lists = vec![Type::list(a.clone()), Type::list(b.clone())];
                (lists, Type::list(Type::tuple([a.clone(), b.clone()])))
            }
            (Form::Field, [of]) => (vec![of.clone()], self.field_of(of)?.1.clone()),
            (Form::Unary | Form::Binary | Form::Comparison | Form::List, [ty]) => {
                self.signature_of_one(ty)?
            }
            (form, _) => {
                return Err(Error::Types {
                    operator: self.to_string(),
                    expected: form.types(),
                    got: types.len(),
                });
            }
        };
        let names = self.params().iter().copied();
        let signature = FunctionType {
            params: names.zip(params).map(|(n, ty)| Param::new(n, ty)).collect(),
            result: Some(result),
        };
        match signature.check() {
            Ok(()) => Ok(signature),
            Err(error) => Err(Error::Signature {
                operator: self.to_string(),
                error,
            }),
        }
    }

    /// Parameters and result with one type for the one type parameter.
    fn signature_of_one(&self, ty: &Type) -> Result<(Vec<Type>, Type), Error> {
        let form = self.form();
        let first = match form {
            Form::List => Type::list(ty.clone()),
            _ => ty.clone(),
        };
        if !self.is_for(ty) {
            return Err(Error::mismatch(self, self.takes(), first.to_string()));
        }
        let more = match form {
            Form::List => Type::U64,
            _ => ty.clone(),
        };
        let result = match self {
            Self::Sum | Self::Product | Self::Min | Self::Max | Self::Item => ty.clone(),
            Self::Concat | Self::Flatten => ty.clone(),
            Self::Mean => Type::F64,
            Self::Count => Type::U64,
            _ if matches!(form, Form::Comparison) => Type::Bool,
            _ => first.clone(),
        };
        let mut params = vec![more; self.params().len()];
        params[0] = first;
        Ok((params, result))
    }

    /// Position and type of the part that `field` means.
    pub(crate) fn field_of<'t>(&self, of: &'t Type) -> Result<(usize, &'t Type), Error> {
        let Self::Field(name) = self else {
            return Err(Error::mismatch(self, "no field", of.to_string()));
        };
        let found = match of {
            Type::Record(fields) => {
                let position = fields.iter().position(|field| field.name == *name);
                position.map(|i| (i, &fields[i].ty))
            }
            Type::Tuple(items) => {
                let mut numbered = items.iter().enumerate();
                numbered.find(|(i, _)| i.to_string() == **name)
            }
            _ => return Err(Error::mismatch(self, "a record or tuple", of.to_string())),
        };
        let what = match of {
            Type::Record(_) => format!("a record with the field `{name}`"),
            _ => format!("a tuple with the position {name}, counted from 0"),
        };
        found.ok_or_else(|| Error::mismatch(self, what, of.to_string()))
    }

    /// The names of the parameters.
    pub(crate) fn params(&self) -> &'static [&'static str] {
        match self {
            Self::Neg | Self::Not => &["a"],
            Self::Item => &["items", "index"],
            Self::Field(_) => &["of"],
            Self::Slice => &["items", "start", "end"],
            Self::Take => &["items", "count"],
            Self::Part => &["items", "index", "of"],
            Self::Concat | Self::Flatten => &["lists"],
            _ => match self.form() {
                Form::List => &["items"],
                _ => &["a", "b"],
            },
        }
    }

    /// Whether this is one of the five on two numbers.
    pub(crate) fn is_arithmetic(&self) -> bool {
        matches!(self.form(), Form::Binary)
    }

    fn form(&self) -> Form {
        match self {
            Self::Neg => Form::Unary,
            Self::Add | Self::Sub | Self::Mul | Self::Div | Self::Rem => Form::Binary,
            Self::Eq | Self::Ne | Self::Lt | Self::Le | Self::Gt | Self::Ge => Form::Comparison,
            Self::Not | Self::And | Self::Or => Form::Logic,
            Self::Zip => Form::Zip,
            Self::Field(_) => Form::Field,
            _ => Form::List,
        }
    }

    /// Whether the type parameter may stand for the type.
    fn is_for(&self, ty: &Type) -> bool {
        match self {
            Self::Add => is_number(ty) || *ty == Type::String,
            Self::Neg => is_signed(ty),
            Self::Sub | Self::Mul | Self::Div | Self::Rem => is_number(ty),
            Self::Sum | Self::Product | Self::Mean => is_number(ty),
            Self::Lt | Self::Le | Self::Gt | Self::Ge => has_order(ty),
            Self::Min | Self::Max | Self::Least | Self::Greatest | Self::Sort => has_order(ty),
            Self::Concat => matches!(ty, Type::List(_) | Type::String),
            Self::Flatten => matches!(ty, Type::List(_)),
            _ => true,
        }
    }

    /// What the first argument is to be, or both.
    fn takes(&self) -> &'static str {
        match self {
            Self::Add => "numbers or strings",
            Self::Neg => "a signed number",
            Self::Sub | Self::Mul | Self::Div | Self::Rem => "numbers",
            Self::Sum | Self::Product | Self::Mean => "a list of numbers",
            Self::Eq | Self::Ne => "values",
            Self::Lt | Self::Le | Self::Gt | Self::Ge => "values that have an order",
            Self::Min | Self::Max | Self::Least | Self::Greatest | Self::Sort => {
                "a list of values that have an order"
            }
            Self::Concat => "a list of lists or strings",
            Self::Flatten => "a list of lists",
            _ => "a list",
        }
    }
}

impl Form {
    /// How many type parameters there are.
    fn types(&self) -> usize {
        match self {
            Self::Logic => 0,
            Self::Zip => 2,
            _ => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn infer(operator: &str, arguments: &[&str]) -> Result<String, String> {
        let operator: Operator = operator.parse().unwrap();
        let arguments: Vec<Type> = arguments.iter().map(|ty| ty.parse().unwrap()).collect();
        let types = operator.infer(&arguments).map_err(|e| e.to_string())?;
        Ok(operator.signature(&types).unwrap().to_string())
    }

    fn gives(operator: &str, arguments: &[&str], signature: &str) {
        assert_eq!(infer(operator, arguments).as_deref(), Ok(signature));
    }

    fn fails(operator: &str, arguments: &[&str], error: &str) {
        assert_eq!(infer(operator, arguments), Err(error.into()));
    }

    #[test]
    fn every_operator_has_its_signature() {
        for (operator, signature) in [
            ("add", "func(a: u8, b: u8) -> u8"),
            ("add", "func(a: string, b: string) -> string"),
            ("sub", "func(a: f64, b: f64) -> f64"),
            ("mul", "func(a: s64, b: s64) -> s64"),
            ("div", "func(a: u8, b: u8) -> u8"),
            ("rem", "func(a: u8, b: u8) -> u8"),
            ("neg", "func(a: s8) -> s8"),
            ("neg", "func(a: f32) -> f32"),
            ("eq", "func(a: flags { r, w }, b: flags { r, w }) -> bool"),
            ("ne", "func(a: char, b: char) -> bool"),
            ("lt", "func(a: string, b: string) -> bool"),
            ("le", "func(a: option<u8>, b: option<u8>) -> bool"),
            ("gt", "func(a: u8, b: u8) -> bool"),
            ("ge", "func(a: list<char>, b: list<char>) -> bool"),
            ("not", "func(a: bool) -> bool"),
            ("and", "func(a: bool, b: bool) -> bool"),
            ("or", "func(a: bool, b: bool) -> bool"),
            ("sum", "func(items: list<f32>) -> f32"),
            ("product", "func(items: list<u8>) -> u8"),
            ("min", "func(items: list<string>) -> string"),
            (
                "max",
                "func(items: list<tuple<u8, char>>) -> tuple<u8, char>",
            ),
            ("mean", "func(items: list<u8>) -> f64"),
            ("count", "func(items: list<string>) -> u64"),
            (
                "collect",
                "func(items: list<result<u8>>) -> list<result<u8>>",
            ),
            ("concat", "func(lists: list<list<u8>>) -> list<u8>"),
            ("concat", "func(lists: list<string>) -> string"),
            ("flatten", "func(lists: list<list<char>>) -> list<char>"),
            (
                "zip",
                "func(a: list<u8>, b: list<char>) -> list<tuple<u8, char>>",
            ),
            ("item", "func(items: list<string>, index: u64) -> string"),
            ("field(b)", "func(of: record { a: u8, b: char }) -> char"),
            ("field(1)", "func(of: tuple<u8, char>) -> char"),
            (
                "slice",
                "func(items: list<u8>, start: u64, end: u64) -> list<u8>",
            ),
            ("take", "func(items: list<u8>, count: u64) -> list<u8>"),
            (
                "part",
                "func(items: list<u8>, index: u64, of: u64) -> list<u8>",
            ),
            (
                "sort",
                "func(items: list<result<u8, char>>) -> list<result<u8, char>>",
            ),
            (
                "distinct",
                "func(items: list<flags { a }>) -> list<flags { a }>",
            ),
        ] {
            let function: FunctionType = signature.parse().unwrap();
            let params = function.params.iter().map(|param| param.ty.to_string());
            let params: Vec<_> = params.collect();
            let arguments: Vec<_> = params.iter().map(String::as_str).collect();
            gives(operator, &arguments, signature);
        }
    }

    #[test]
    fn errors_name_the_operator_and_the_types() {
        fails(
            "sum",
            &["list<string>"],
            "sum: expected a list of numbers, got list<string>",
        );
        fails("sum", &["u8"], "sum: expected a list of numbers, got u8");
        fails("sum", &[], "sum: expected 1 argument, got 0");
        fails("add", &["u8"], "add: expected 2 arguments, got 1");
        fails(
            "add",
            &["u8", "u16"],
            "add: expected two numbers or strings of one type, got u8 and u16",
        );
        fails(
            "add",
            &["char", "char"],
            "add: expected numbers or strings, got char",
        );
        fails("neg", &["u32"], "neg: expected a signed number, got u32");
        fails("and", &["bool", "u8"], "and: expected bool as `b`, got u8");
        fails(
            "eq",
            &["u8", "bool"],
            "eq: expected two values of one type, got u8 and bool",
        );
        fails(
            "lt",
            &["flags { a }", "flags { a }"],
            "lt: expected values that have an order, got flags { a }",
        );
        fails(
            "sort",
            &["list<option<flags { a }>>"],
            "sort: expected a list of values that have an order, got list<option<flags { a }>>",
        );
        fails(
            "item",
            &["list<u8>", "u32"],
            "item: expected u64 as `index`, got u32",
        );
        fails(
            "concat",
            &["list<u8>"],
            "concat: expected a list of lists or strings, got list<u8>",
        );
        fails(
            "flatten",
            &["list<string>"],
            "flatten: expected a list of lists, got list<string>",
        );
        fails("zip", &["list<u8>", "u8"], "zip: expected a list, got u8");
        fails(
            "field(b)",
            &["record { a: u8 }"],
            "field(b): expected a record with the field `b`, got record { a: u8 }",
        );
        fails(
            "field(01)",
            &["tuple<u8, u8>"],
            "field(01): expected a tuple with the position 01, counted from 0, got tuple<u8, u8>",
        );
        fails(
            "field(0)",
            &["u8"],
            "field(0): expected a record or tuple, got u8",
        );
    }

    #[test]
    fn signatures_want_as_many_types_as_there_are_parameters() {
        let error = |operator: Operator, types: &[Type]| {
            let error = operator.signature(types).unwrap_err();
            error.to_string()
        };
        assert_eq!(
            error(Operator::Zip, &[Type::U8]),
            "zip: expected 2 types, got 1"
        );
        assert_eq!(error(Operator::Sum, &[]), "sum: expected 1 type, got 0");
        assert_eq!(
            error(Operator::Not, &[Type::Bool]),
            "not: expected 0 types, got 1"
        );
    }

    #[test]
    fn signatures_are_within_the_limits_of_types() {
        let deepest = (1..Type::MAX_DEPTH).fold(Type::U8, |ty, _| Type::list(ty));
        let error = Operator::Collect.signature(&[deepest]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "collect: type nests deeper than 64 levels"
        );
    }
}
