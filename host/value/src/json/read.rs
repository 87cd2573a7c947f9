//! JSON to values.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value as Json};

use super::BYTES;
use crate::{
    Error, Field, Type, Value,
    encoding::{element, item, named},
};

/// The value of the type that the JSON says, by the rules of [`json`](crate::json).
///
/// # Errors
/// Where it is no value of the type, with the path to the fault.
pub fn from_json(ty: &Type, json: &Json) -> Result<Value, Error> {
    Ok(match (ty, json) {
        (Type::Bool, Json::Bool(v)) => Value::Bool(*v),
        (Type::S8, _) => Value::S8(integer(ty, json)?),
        (Type::U8, _) => Value::U8(integer(ty, json)?),
        (Type::S16, _) => Value::S16(integer(ty, json)?),
        (Type::U16, _) => Value::U16(integer(ty, json)?),
        (Type::S32, _) => Value::S32(integer(ty, json)?),
        (Type::U32, _) => Value::U32(integer(ty, json)?),
        (Type::S64, _) => Value::S64(integer(ty, json)?),
        (Type::U64, _) => Value::U64(integer(ty, json)?),
        (Type::F32, _) => Value::F32(float32(ty, json)?),
        (Type::F64, _) => Value::F64(float(ty, json)?),
        (Type::Char, Json::String(v)) => {
            let mut chars = v.chars();
            match (chars.next(), chars.next()) {
                (Some(c), None) => Value::Char(c),
                _ => return Err(mismatch(ty, json)),
            }
        }
        (Type::String, Json::String(v)) => Value::String(v.clone()),
        (Type::List(_), _) if ty.is_bytes() => Value::Bytes(bytes(ty, json)?),
        (Type::List(ty), Json::Array(values)) => {
            let values = values.iter().enumerate();
            let values = values.map(|(i, v)| from_json(ty, v).map_err(element(i)));
            Value::List(values.collect::<Result<_, _>>()?)
        }
        (Type::Tuple(types), Json::Array(values)) if types.len() == values.len() => {
            let items = types.iter().zip(values).enumerate();
            let items = items.map(|(i, (ty, v))| from_json(ty, v).map_err(item(i)));
            Value::Tuple(items.collect::<Result<_, _>>()?)
        }
        (Type::Record(fields), Json::Object(values)) => record(fields, values)?,
        (Type::Option(_), Json::Null) => Value::none(),
        (Type::Option(inner), _) => match (&**inner, json) {
            (Type::Option(_), Json::Object(_)) => {
                let (_, some) = single(ty, json, &["some"])?;
                Value::some(from_json(inner, some)?)
            }
            (Type::Option(_), _) => return Err(mismatch(ty, json)),
            _ => Value::some(from_json(inner, json)?),
        },
        (Type::Result(result), _) => match single(ty, json, &["ok", "err"])? {
            (0, json) => Value::Result(Ok(payload("ok", result.ok.as_ref(), json)?)),
            (_, json) => Value::Result(Err(payload("err", result.err.as_ref(), json)?)),
        },
        (Type::Variant(cases), _) => {
            let names: Vec<&str> = cases.iter().map(|case| &*case.name).collect();
            let (number, json) = match json {
                Json::String(name) => (find("case", &names, name)?, &Json::Null),
                _ => single(ty, json, &names)?,
            };
            let case = &cases[number];
            Value::Variant(number as u32, payload(&case.name, case.ty.as_ref(), json)?)
        }
        (Type::Enum(names), Json::String(name)) => {
            let names: Vec<&str> = names.iter().map(|name| &**name).collect();
            Value::Enum(find("case", &names, name)? as u32)
        }
        (Type::Flags(names), Json::Array(set)) => {
            let names: Vec<&str> = names.iter().map(|name| &**name).collect();
            flags(&names, set)?
        }
        _ => return Err(mismatch(ty, json)),
    })
}

fn integer<T: TryFrom<i128>>(ty: &Type, json: &Json) -> Result<T, Error> {
    let number: Option<i128> = match json {
        Json::Number(number) => number
            .as_u64()
            .map(Into::into)
            .or_else(|| number.as_i64().map(Into::into)),
        Json::String(text) if matches!(ty, Type::U64 | Type::S64) => text.parse().ok(),
        _ => None,
    };
    number
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| mismatch(ty, json))
}

fn float(ty: &Type, json: &Json) -> Result<f64, Error> {
    match json {
        Json::Number(number) => number.as_f64().ok_or_else(|| mismatch(ty, json)),
        Json::String(text) => match text.as_str() {
            "nan" => Ok(f64::NAN),
            "inf" => Ok(f64::INFINITY),
            "-inf" => Ok(f64::NEG_INFINITY),
            _ => Err(mismatch(ty, json)),
        },
        _ => Err(mismatch(ty, json)),
    }
}

/// The nearest f32. A number beyond all of them is an error, not infinity.
fn float32(ty: &Type, json: &Json) -> Result<f32, Error> {
    let wide = float(ty, json)?;
    let narrow = wide as f32;
    if wide.is_finite() && !narrow.is_finite() {
        return Err(mismatch(ty, json));
    }
    Ok(narrow)
}

fn bytes(ty: &Type, json: &Json) -> Result<Vec<u8>, Error> {
    if let Json::Array(numbers) = json {
        let numbers = numbers.iter().enumerate();
        return numbers
            .map(|(i, v)| integer(&Type::U8, v).map_err(element(i)))
            .collect();
    }
    match single(ty, json, &[BYTES])? {
        (_, Json::String(text)) => BASE64_STANDARD
            .decode(text)
            .map_err(|error| Error::invalid(format!("`{BYTES}` is not base64: {error}"))),
        _ => Err(mismatch(ty, json)),
    }
}

fn record(fields: &[Field], values: &Map<String, Json>) -> Result<Value, Error> {
    let names = || fields.iter().map(|field| &*field.name);
    if let Some(name) = values
        .keys()
        .find(|key| names().all(|name| name != key.as_str()))
    {
        return Err(Error::unknown("field", name, names()));
    }
    let read = fields
        .iter()
        .map(|field| match (values.get(&*field.name), &field.ty) {
            (Some(json), ty) => from_json(ty, json).map_err(named(&field.name)),
            (None, Type::Option(_)) => Ok(Value::none()),
            (None, _) => Err(Error::missing(&field.name)),
        });
    Ok(Value::Record(read.collect::<Result<_, _>>()?))
}

fn flags(names: &[&str], set: &[Json]) -> Result<Value, Error> {
    let mut flags = vec![false; names.len()];
    for (i, name) in set.iter().enumerate() {
        let Json::String(name) = name else {
            return Err(element(i)(Error::mismatch(
                "the name of a flag",
                kind(name),
            )));
        };
        let index = find("flag", names, name)?;
        if std::mem::replace(&mut flags[index], true) {
            return Err(Error::duplicate("flag", name));
        }
    }
    Ok(Value::Flags(flags))
}

fn payload(case: &str, ty: Option<&Type>, json: &Json) -> Result<Option<Box<Value>>, Error> {
    match (ty, json) {
        (Some(ty), json) => Ok(Some(Box::new(from_json(ty, json).map_err(named(case))?))),
        (None, Json::Null) => Ok(None),
        (None, other) => Err(named(case)(Error::mismatch("null", kind(other)))),
    }
}

/// The only entry of an object: which of `keys` it has, and its value.
fn single<'j>(ty: &Type, json: &'j Json, keys: &[&str]) -> Result<(usize, &'j Json), Error> {
    let Json::Object(object) = json else {
        return Err(mismatch(ty, json));
    };
    let mut entries = object.iter();
    match (entries.next(), entries.next()) {
        (Some((key, value)), None) => Ok((find("case", keys, key)?, value)),
        _ => {
            let got = format_args!("an object of {} entries", object.len());
            Err(Error::mismatch(
                format_args!("{ty} as an object of one entry"),
                got,
            ))
        }
    }
}

fn find(what: &'static str, names: &[&str], name: &str) -> Result<usize, Error> {
    let known = || names.iter().copied();
    known()
        .position(|known| known == name)
        .ok_or_else(|| Error::unknown(what, name, known()))
}

fn mismatch(ty: &Type, json: &Json) -> Error {
    Error::mismatch(ty, kind(json))
}

fn kind(json: &Json) -> String {
    match json {
        Json::Null => "null".into(),
        Json::Bool(_) => "a bool".into(),
        Json::Number(number) => number.to_string(),
        Json::String(_) => "a string".into(),
        Json::Array(values) => format!("an array of {}", values.len()),
        Json::Object(_) => "an object".into(),
    }
}
