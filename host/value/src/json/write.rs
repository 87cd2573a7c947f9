//! Values to JSON.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Number, Value as Json, json};

use super::{BYTES, EXACT_MAX};
use crate::{Error, Type, Value, encode};

/// The value as JSON, by the rules of [`json`](crate::json).
///
/// ```
/// # use wask_value::{Type, Value, json};
/// let ty: Type = "option<list<u8>>".parse()?;
/// let json = json::to_json(&ty, &Value::some(Value::Bytes(b"hi".to_vec())))?;
/// assert_eq!(json.to_string(), r#"{"$bytes":"aGk="}"#);
/// # Ok::<(), wask_value::Error>(())
/// ```
///
/// # Errors
/// Where the value is not of the type.
pub fn to_json(ty: &Type, value: &Value) -> Result<Json, Error> {
    // Names what is wrong and where; beyond it, values are of their type.
    encode(ty, value)?;
    write(ty, value)
}

fn write(ty: &Type, value: &Value) -> Result<Json, Error> {
    Ok(match (ty, value) {
        (_, Value::Bool(v)) => json!(v),
        (_, Value::S8(v)) => json!(v),
        (_, Value::U8(v)) => json!(v),
        (_, Value::S16(v)) => json!(v),
        (_, Value::U16(v)) => json!(v),
        (_, Value::S32(v)) => json!(v),
        (_, Value::U32(v)) => json!(v),
        (_, Value::S64(v)) if v.unsigned_abs() > EXACT_MAX => json!(v.to_string()),
        (_, Value::S64(v)) => json!(v),
        (_, Value::U64(v)) if *v > EXACT_MAX => json!(v.to_string()),
        (_, Value::U64(v)) => json!(v),
        (_, Value::F32(v)) => float(shortest(*v)),
        (_, Value::F64(v)) => float(*v),
        (_, Value::Char(v)) => json!(v),
        (_, Value::String(v)) => json!(v),
        (_, Value::Bytes(v)) => json!({ BYTES: BASE64_STANDARD.encode(v) }),
        (Type::List(ty), Value::List(values)) => Json::Array(
            values
                .iter()
                .map(|v| write(ty, v))
                .collect::<Result<_, _>>()?,
        ),
        (Type::Tuple(types), Value::Tuple(values)) => {
            let items = types.iter().zip(values).map(|(ty, v)| write(ty, v));
            Json::Array(items.collect::<Result<_, _>>()?)
        }
        (Type::Record(fields), Value::Record(values)) => {
            let fields = fields.iter().zip(values);
            let fields = fields.map(|(f, v)| Ok((f.name.to_string(), write(&f.ty, v)?)));
            Json::Object(fields.collect::<Result<Map<_, _>, Error>>()?)
        }
        (Type::Option(_), Value::Option(None)) => Json::Null,
        (Type::Option(ty), Value::Option(Some(v))) => match **ty {
            Type::Option(_) => json!({ "some": write(ty, v)? }),
            _ => write(ty, v)?,
        },
        (Type::Result(result), Value::Result(v)) => {
            let (case, ty, v) = match v {
                Ok(v) => ("ok", &result.ok, v),
                Err(v) => ("err", &result.err, v),
            };
            json!({ case: payload(ty.as_ref(), v.as_deref())?.unwrap_or(Json::Null) })
        }
        (Type::Variant(cases), Value::Variant(number, v)) => {
            let case = &cases[*number as usize];
            match payload(case.ty.as_ref(), v.as_deref())? {
                Some(payload) => json!({ case.name.as_ref(): payload }),
                None => json!(case.name.as_ref()),
            }
        }
        (Type::Enum(names), Value::Enum(number)) => json!(names[*number as usize].as_ref()),
        (Type::Flags(names), Value::Flags(flags)) => {
            let set = names.iter().zip(flags).filter(|(_, on)| **on);
            Json::Array(set.map(|(name, _)| json!(name.as_ref())).collect())
        }
        (ty, other) => return Err(Error::mismatch(ty, other.kind())),
    })
}

fn payload(ty: Option<&Type>, value: Option<&Value>) -> Result<Option<Json>, Error> {
    match (ty, value) {
        (Some(ty), Some(value)) => write(ty, value).map(Some),
        _ => Ok(None),
    }
}

fn float(value: f64) -> Json {
    match Number::from_f64(value) {
        Some(number) => Json::Number(number),
        None if value.is_nan() => json!("nan"),
        None if value > 0.0 => json!("inf"),
        None => json!("-inf"),
    }
}

/// The f64 with the fewest digits that is this f32 when it is rounded: 0.1 and not
/// 0.10000000149011612.
fn shortest(value: f32) -> f64 {
    match value.to_string().parse::<f64>() {
        Ok(short) if (short as f32).to_bits() == value.to_bits() => short,
        _ => value.into(),
    }
}
