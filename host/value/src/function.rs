//! The type of a function: what it takes and what its future holds.

use std::sync::Arc;

use crate::{Error, ResultType, Type, types::is_kebab_case};

/// A parameter of a function.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Param {
    /// In kebab-case.
    pub name: Arc<str>,
    /// What the parameter takes.
    pub ty: Type,
}

impl Param {
    /// `name: ty`
    pub fn new(name: impl Into<Arc<str>>, ty: Type) -> Self {
        Self {
            name: name.into(),
            ty,
        }
    }
}

/// The type of a function, in text `func(text: string) -> list<u32>`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FunctionType {
    /// What it takes, in order.
    pub params: Vec<Param>,
    /// What it returns, if anything.
    pub result: Option<Type>,
}

impl FunctionType {
    /// How many parameters a function may have.
    pub const MAX_PARAMS: usize = 1024;

    /// The type of the future that a call makes: `T` of `result<T, E>`, and the unit where there is
    /// nothing.
    pub fn value_type(&self) -> Type {
        match &self.result {
            Some(Type::Result(result)) => result.ok.clone().unwrap_or_else(Type::unit),
            Some(ty) => ty.clone(),
            None => Type::unit(),
        }
    }

    /// The type of the error that a call may return: `E` of `result<T, E>`.
    pub fn error_type(&self) -> Option<Type> {
        self.fallible().and_then(|result| result.err.clone())
    }

    /// Whether the function returns a `result`, and so may return an error.
    pub fn is_fallible(&self) -> bool {
        self.fallible().is_some()
    }

    /// The parameters as one tuple type, which the encoded arguments are a value of.
    pub fn arguments_type(&self) -> Type {
        Type::tuple(self.params.iter().map(|param| param.ty.clone()))
    }

    /// Whether all types in the signature are within the limits and well formed, see
    /// [`Type::check`].
    ///
    /// # Errors
    /// [`Error::Type`], which says what is wrong.
    pub fn check(&self) -> Result<(), Error> {
        if self.params.len() > Self::MAX_PARAMS {
            let problem = format!("has more than {} parameters", Self::MAX_PARAMS);
            return Err(Error::Type { problem });
        }
        for (i, param) in self.params.iter().enumerate() {
            if !is_kebab_case(&param.name) {
                let problem = format!("has the parameter `{}`, not kebab-case", param.name);
                return Err(Error::Type { problem });
            }
            if self.params[..i]
                .iter()
                .any(|earlier| earlier.name == param.name)
            {
                let problem = format!("has the parameter `{}` twice", param.name);
                return Err(Error::Type { problem });
            }
            param.ty.check()?;
        }
        self.result.as_ref().map_or(Ok(()), Type::check)
    }

    fn fallible(&self) -> Option<&ResultType> {
        match &self.result {
            Some(Type::Result(result)) => Some(result),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(text: &str) -> FunctionType {
        text.parse().unwrap()
    }

    #[test]
    fn a_result_splits_into_value_and_error() {
        let f = function("func(a: u8) -> result<string, u32>");
        assert_eq!(f.value_type(), Type::String);
        assert_eq!(f.error_type(), Some(Type::U32));
        assert!(f.is_fallible());

        let f = function("func() -> result");
        assert_eq!(f.value_type(), Type::unit());
        assert_eq!(f.error_type(), None);
        assert!(f.is_fallible());
    }

    #[test]
    fn anything_else_is_plain_data() {
        let f = function("func() -> option<result<u8>>");
        assert_eq!(f.value_type().to_string(), "option<result<u8>>");
        assert!(!f.is_fallible());
        assert_eq!(function("func()").value_type(), Type::unit());
    }

    #[test]
    fn signatures_are_checked() {
        let error = "func(a: u8, a: u8)".parse::<FunctionType>().unwrap_err();
        assert_eq!(error.to_string(), "type has the parameter `a` twice");
    }
}
