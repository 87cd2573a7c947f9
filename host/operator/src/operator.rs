//! The operators by name.

use std::{fmt, str::FromStr, sync::Arc};

use crate::Error;

/// A built-in function. What each does stands in the [crate's table](crate#the-operators).
///
/// [`Display`](fmt::Display) and [`FromStr`] write and read the name that tasks and keys have:
/// `sum`, or with the one static parameter that there is, `field(user-id)`.
///
/// ```
/// use wask_operator::Operator;
///
/// assert_eq!("sum".parse(), Ok(Operator::Sum));
/// assert_eq!(Operator::Field("user-id".into()).to_string(), "field(user-id)");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[expect(missing_docs, reason = "the crate's table says what each does")]
pub enum Operator {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    Neg,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Not,
    And,
    Or,
    Sum,
    Product,
    Min,
    Max,
    Least,
    Greatest,
    Mean,
    Count,
    Collect,
    Concat,
    Flatten,
    Zip,
    Item,
    /// With the name of a record's field, or the position in a tuple in decimal digits.
    Field(Arc<str>),
    Slice,
    Take,
    Part,
    Sort,
    Distinct,
}

/// All but `field`.
const NAMES: [(&str, Operator); 33] = [
    ("add", Operator::Add),
    ("sub", Operator::Sub),
    ("mul", Operator::Mul),
    ("div", Operator::Div),
    ("rem", Operator::Rem),
    ("neg", Operator::Neg),
    ("eq", Operator::Eq),
    ("ne", Operator::Ne),
    ("lt", Operator::Lt),
    ("le", Operator::Le),
    ("gt", Operator::Gt),
    ("ge", Operator::Ge),
    ("not", Operator::Not),
    ("and", Operator::And),
    ("or", Operator::Or),
    ("sum", Operator::Sum),
    ("product", Operator::Product),
    ("min", Operator::Min),
    ("max", Operator::Max),
    ("least", Operator::Least),
    ("greatest", Operator::Greatest),
    ("mean", Operator::Mean),
    ("count", Operator::Count),
    ("collect", Operator::Collect),
    ("concat", Operator::Concat),
    ("flatten", Operator::Flatten),
    ("zip", Operator::Zip),
    ("item", Operator::Item),
    ("slice", Operator::Slice),
    ("take", Operator::Take),
    ("part", Operator::Part),
    ("sort", Operator::Sort),
    ("distinct", Operator::Distinct),
];

impl Operator {
    /// The version of all operators together. It is part of the keys of tasks: whatever changes an
    /// operator's results changes it.
    pub const VERSION: u32 = 1;
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Field(field) = self {
            return write!(f, "field({field})");
        }
        let named = NAMES.iter().find(|(_, operator)| operator == self);
        f.write_str(named.map_or("", |(name, _)| name))
    }
}

impl FromStr for Operator {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let field = text.strip_prefix("field(");
        if let Some(field) = field.and_then(|rest| rest.strip_suffix(')'))
            && !field.is_empty()
        {
            return Ok(Self::Field(field.into()));
        }
        let named = NAMES.iter().find(|(name, _)| *name == text);
        named
            .map(|(_, operator)| operator.clone())
            .ok_or_else(|| unknown(text))
    }
}

fn unknown(name: &str) -> Error {
    let known: Vec<_> = NAMES.iter().map(|(name, _)| *name).collect();
    Error::Unknown {
        name: name.into(),
        known: known.join(", ") + ", field(NAME)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for (name, operator) in &NAMES {
            assert_eq!(&operator.to_string(), name);
            assert_eq!(name.parse::<Operator>().as_ref(), Ok(operator));
        }
        for text in ["field(a)", "field(user-id)", "field(0)"] {
            assert_eq!(text.parse::<Operator>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn other_names_are_refused_with_those_that_there_are() {
        let error = "summ".parse::<Operator>().unwrap_err().to_string();
        assert!(error.starts_with("unknown operator `summ`, expected one of add, sub, "));
        assert!(error.ends_with(", distinct, field(NAME)"), "{error}");
        for text in ["", "Sum", " sum", "field", "field()", "field(a", "sum(a)"] {
            text.parse::<Operator>().unwrap_err();
        }
    }
}
