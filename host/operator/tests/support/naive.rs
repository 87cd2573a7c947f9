//! What every operator gives, said in the simplest way, on decoded values.

use std::cmp::Ordering;

use wask_operator::Operator::{
    self, Add, And, Collect, Concat, Count, Distinct, Div, Eq, Field, Flatten, Ge, Gt, Item, Le,
    Lt, Max, Mean, Min, Mul, Ne, Neg, Not, Or, Part, Product, Rem, Slice, Sort, Sub, Sum, Take,
    Zip,
};
use wask_value::{Type, Value};

/// The result; `None` where the operator is undefined.
pub(crate) fn evaluate(operator: &Operator, types: &[Type], arguments: &[Value]) -> Option<Value> {
    Some(match (operator, arguments) {
        (Not, [Value::Bool(a)]) => Value::Bool(!a),
        (And, [Value::Bool(a), Value::Bool(b)]) => Value::Bool(*a & *b),
        (Or, [Value::Bool(a), Value::Bool(b)]) => Value::Bool(*a | *b),
        (Neg, [a]) if types[0].is_integer() => number(&types[0], -integer(a))?,
        (Neg, [Value::F32(a)]) => Value::F32(-a),
        (Neg, [Value::F64(a)]) => Value::F64(-a),
        (Add, [Value::String(a), Value::String(b)]) => Value::String(format!("{a}{b}")),
        (Eq, [a, b]) => Value::Bool(a == b),
        (Ne, [a, b]) => Value::Bool(a != b),
        (Lt, [a, b]) => Value::Bool(order(a, b).is_lt()),
        (Le, [a, b]) => Value::Bool(order(a, b).is_le()),
        (Gt, [a, b]) => Value::Bool(order(a, b).is_gt()),
        (Ge, [a, b]) => Value::Bool(order(a, b).is_ge()),
        (Add | Sub | Mul | Div | Rem, [a, b]) => binary(operator, &types[0], a, b)?,
        _ => return of_lists(operator, types, arguments),
    })
}

fn of_lists(operator: &Operator, types: &[Type], arguments: &[Value]) -> Option<Value> {
    Some(match (operator, arguments) {
        (Min, [list]) => items(list).into_iter().min_by(order)?,
        (Max, [list]) => items(list).into_iter().max_by(order)?,
        (Mean, [list]) => mean(&items(list))?,
        (Count, [list]) => Value::U64(items(list).len() as u64),
        (Collect, [list]) => list.clone(),
        (Concat | Flatten, [lists]) => concat(&types[0], items(lists)),
        (Zip, [a, b]) => {
            let (a, b) = (items(a), items(b));
            let pairs = a.iter().zip(&b);
            let pairs = pairs.map(|(a, b)| Value::Tuple(vec![a.clone(), b.clone()]));
            (a.len() == b.len()).then(|| Value::List(pairs.collect()))?
        }
        (Item, [list, Value::U64(index)]) => items(list).get(*index as usize)?.clone(),
        (Field(name), [Value::Tuple(values)]) => values[name.parse::<usize>().unwrap()].clone(),
        (Field(name), [Value::Record(values)]) => {
            let Type::Record(fields) = &types[0] else {
                panic!("{} is no record", types[0]);
            };
            let named = fields.iter().zip(values).find(|(f, _)| f.name == *name);
            named.unwrap().1.clone()
        }
        (Slice, [list, Value::U64(start), Value::U64(end)]) => {
            let run = (*start..*end).map_while(|i| items(list).get(i as usize).cloned());
            list_of(&types[0], run.collect())
        }
        (Take, [list, Value::U64(count)]) => {
            let run = items(list).into_iter().take(*count as usize);
            list_of(&types[0], run.collect())
        }
        (Part, [list, Value::U64(index), Value::U64(of)]) => {
            // Element i goes to the last part that begins at or before it.
            let values = items(list);
            let begin = |part: u64| part as u128 * values.len() as u128 / u128::from(*of);
            let is_in = |i: u128| begin(*index) <= i && i < begin(index + 1);
            let numbered = (0..).zip(&values);
            let part = numbered.filter(|(i, _)| *index < *of && is_in(*i));
            let part: Vec<_> = part.map(|(_, value)| value.clone()).collect();
            (index < of).then(|| list_of(&types[0], part))?
        }
        (Sort, [list]) => {
            let mut values = items(list);
            values.sort_by(order);
            list_of(&types[0], values)
        }
        (Distinct, [list]) => {
            let mut kept: Vec<Value> = vec![];
            for value in items(list) {
                if !kept.contains(&value) {
                    kept.push(value);
                }
            }
            list_of(&types[0], kept)
        }
        (Sum | Product, [list]) => reduce(operator, &types[0], &items(list))?,
        _ => panic!("{operator} of {arguments:?}"),
    })
}

/// `add` to `rem`
fn binary(operator: &Operator, ty: &Type, a: &Value, b: &Value) -> Option<Value> {
    macro_rules! apply {
        ($a:expr, $b:expr) => {
            match operator {
                Add => $a + $b,
                Sub => $a - $b,
                Mul => $a * $b,
                Div => $a / $b,
                Rem => $a % $b,
                _ => panic!("{operator} of {a:?} and {b:?}"),
            }
        };
    }
    match (a, b) {
        (Value::F32(a), Value::F32(b)) => Some(Value::F32(apply!(a, b))),
        (Value::F64(a), Value::F64(b)) => Some(Value::F64(apply!(a, b))),
        _ => match (operator, integer(a), integer(b)) {
            (Div | Rem, _, 0) => None,
            // The one product that an i128 does not hold.
            (Mul, a, b) if a.checked_mul(b).is_none() => None,
            (_, a, b) => number(ty, apply!(a, b)),
        },
    }
}

/// `sum` and `product`
fn reduce(operator: &Operator, ty: &Type, values: &[Value]) -> Option<Value> {
    let (single, start, step) = match operator {
        Sum => (Add, 0_i8, i128::checked_add as fn(_, _) -> _),
        Product => (Mul, 1, i128::checked_mul as fn(_, _) -> _),
        _ => panic!("{operator} of {values:?}"),
    };
    if ty.is_integer() {
        if *operator == Product && values.iter().any(|value| integer(value) == 0) {
            return number(ty, 0);
        }
        let mut integers = values.iter().map(integer);
        return number(ty, integers.try_fold(start.into(), step)?);
    }
    let start = match ty {
        Type::F32 => Value::F32(start.into()),
        _ => Value::F64(start.into()),
    };
    let mut values = values.iter();
    values.try_fold(start, |sum, next| binary(&single, ty, &sum, next))
}

fn mean(values: &[Value]) -> Option<Value> {
    let sum = match values.first()? {
        Value::F32(_) | Value::F64(_) => values.iter().fold(0.0, |sum, value| match value {
            Value::F32(number) => sum + f64::from(*number),
            Value::F64(number) => sum + number,
            _ => panic!("{value:?} is no float"),
        }),
        _ => values.iter().map(integer).sum::<i128>() as f64,
    };
    Some(Value::F64(sum / values.len() as f64))
}

fn concat(ty: &Type, lists: Vec<Value>) -> Value {
    match ty {
        Type::List(element) => list_of(element, lists.iter().flat_map(items).collect()),
        _ => {
            let strings = lists.into_iter().map(|value| match value {
                Value::String(text) => text,
                other => panic!("{other:?} is no string"),
            });
            Value::String(strings.collect())
        }
    }
}

fn items(list: &Value) -> Vec<Value> {
    match list {
        Value::Bytes(bytes) => bytes.iter().copied().map(Value::U8).collect(),
        Value::List(values) => values.clone(),
        other => panic!("{other:?} is no list"),
    }
}

fn list_of(element: &Type, values: Vec<Value>) -> Value {
    match element {
        Type::U8 => Value::Bytes(values.iter().map(|byte| integer(byte) as u8).collect()),
        _ => Value::List(values),
    }
}

fn integer(value: &Value) -> i128 {
    match *value {
        Value::S8(n) => n.into(),
        Value::U8(n) => n.into(),
        Value::S16(n) => n.into(),
        Value::U16(n) => n.into(),
        Value::S32(n) => n.into(),
        Value::U32(n) => n.into(),
        Value::S64(n) => n.into(),
        Value::U64(n) => n.into(),
        ref other => panic!("{other:?} is no integer"),
    }
}

/// The number as a value of the type, if it is one; of an integer type, any other is `None`.
pub(crate) fn number(ty: &Type, n: i128) -> Option<Value> {
    Some(match ty {
        Type::S8 => Value::S8(n.try_into().ok()?),
        Type::U8 => Value::U8(n.try_into().ok()?),
        Type::S16 => Value::S16(n.try_into().ok()?),
        Type::U16 => Value::U16(n.try_into().ok()?),
        Type::S32 => Value::S32(n.try_into().ok()?),
        Type::U32 => Value::U32(n.try_into().ok()?),
        Type::S64 => Value::S64(n.try_into().ok()?),
        Type::U64 => Value::U64(n.try_into().ok()?),
        Type::F32 => Value::F32(n as f32),
        Type::F64 => Value::F64(n as f64),
        other => panic!("{other} is no type of numbers"),
    })
}

fn order(a: &Value, b: &Value) -> Ordering {
    let canonical = |n: f64| if n.is_nan() { f64::NAN.abs() } else { n };
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::F32(a), Value::F32(b)) => canonical((*a).into()).total_cmp(&canonical((*b).into())),
        (Value::F64(a), Value::F64(b)) => canonical(*a).total_cmp(&canonical(*b)),
        (Value::Char(a), Value::Char(b)) => a.cmp(b),
        (Value::String(a), Value::String(b)) => a.chars().cmp(b.chars()),
        (Value::Bytes(_), Value::Bytes(_)) => all(&items(a), &items(b)),
        (Value::List(a), Value::List(b))
        | (Value::Tuple(a), Value::Tuple(b))
        | (Value::Record(a), Value::Record(b)) => all(a, b),
        (Value::Option(a), Value::Option(b)) => payload(a, b),
        (Value::Result(Ok(a)), Value::Result(Ok(b))) => payload(a, b),
        (Value::Result(Err(a)), Value::Result(Err(b))) => payload(a, b),
        (Value::Result(a), Value::Result(b)) => a.is_err().cmp(&b.is_err()),
        (Value::Variant(a, x), Value::Variant(b, y)) => a.cmp(b).then_with(|| payload(x, y)),
        (Value::Enum(a), Value::Enum(b)) => a.cmp(b),
        _ => integer(a).cmp(&integer(b)),
    }
}

fn payload(a: &Option<Box<Value>>, b: &Option<Box<Value>>) -> Ordering {
    all(
        a.as_deref().map_or(&[], std::slice::from_ref),
        b.as_deref().map_or(&[], std::slice::from_ref),
    )
}

fn all(a: &[Value], b: &[Value]) -> Ordering {
    let mut orders = a.iter().zip(b).map(|(a, b)| order(a, b));
    let differing = orders.find(|order| order.is_ne());
    differing.unwrap_or_else(|| a.len().cmp(&b.len()))
}
