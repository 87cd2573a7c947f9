//! Dynamic values to bytes.

use super::{Writer, element, item, named};
use crate::{Error, Type, Value};

/// The encoding of `value`.
///
/// # Errors
/// Where the value is not of the type ([`Error::Mismatch`] with the path), or a list is too long to
/// be counted.
pub fn encode(ty: &Type, value: &Value) -> Result<Vec<u8>, Error> {
    let mut writer = Writer::default();
    write(&mut writer, ty, value)?;
    Ok(writer.bytes)
}

fn write(writer: &mut Writer, ty: &Type, value: &Value) -> Result<(), Error> {
    match (ty, value) {
        (Type::Bool, Value::Bool(v)) => writer.u8(u8::from(*v)),
        (Type::S8, Value::S8(v)) => writer.put(&v.to_le_bytes()),
        (Type::U8, Value::U8(v)) => writer.u8(*v),
        (Type::S16, Value::S16(v)) => writer.put(&v.to_le_bytes()),
        (Type::U16, Value::U16(v)) => writer.put(&v.to_le_bytes()),
        (Type::S32, Value::S32(v)) => writer.put(&v.to_le_bytes()),
        (Type::U32, Value::U32(v)) => writer.put(&v.to_le_bytes()),
        (Type::S64, Value::S64(v)) => writer.put(&v.to_le_bytes()),
        (Type::U64, Value::U64(v)) => writer.put(&v.to_le_bytes()),
        (Type::F32, Value::F32(v)) => writer.f32(*v),
        (Type::F64, Value::F64(v)) => writer.f64(*v),
        (Type::Char, Value::Char(v)) => writer.put(&u32::from(*v).to_le_bytes()),
        (Type::String, Value::String(v)) => writer.block(v.as_bytes())?,
        _ => write_compound(writer, ty, value)?,
    }
    Ok(())
}

fn write_compound(writer: &mut Writer, ty: &Type, value: &Value) -> Result<(), Error> {
    match (ty, value) {
        (Type::List(_), Value::Bytes(bytes)) if ty.is_bytes() => writer.block(bytes),
        (Type::List(inner), Value::List(values)) if !ty.is_bytes() => {
            writer.count(values.len())?;
            let mut values = values.iter().enumerate();
            values.try_for_each(|(i, v)| write(writer, inner, v).map_err(element(i)))
        }
        (Type::Option(_), Value::Option(None)) => {
            writer.u8(0);
            Ok(())
        }
        (Type::Option(inner), Value::Option(Some(v))) => {
            writer.u8(1);
            write(writer, inner, v)
        }
        (Type::Result(result), Value::Result(v)) => {
            let (number, name, ty, v) = match v {
                Ok(v) => (0, "ok", &result.ok, v),
                Err(v) => (1, "err", &result.err, v),
            };
            writer.u8(number);
            payload(writer, name, ty.as_ref(), v.as_deref())
        }
        (Type::Tuple(types), Value::Tuple(values)) if types.len() == values.len() => {
            if types.is_empty() {
                writer.zero_sized()?;
            }
            let mut items = types.iter().zip(values).enumerate();
            items.try_for_each(|(i, (ty, v))| write(writer, ty, v).map_err(item(i)))
        }
        (Type::Record(fields), Value::Record(values)) if fields.len() == values.len() => {
            if fields.is_empty() {
                writer.zero_sized()?;
            }
            let mut fields = fields.iter().zip(values);
            fields.try_for_each(|(f, v)| write(writer, &f.ty, v).map_err(named(&f.name)))
        }
        (Type::Variant(cases), Value::Variant(number, v)) => {
            let Some(case) = cases.get(*number as usize) else {
                return Err(no_case(*number, cases.len()));
            };
            writer.discriminant(*number, cases.len());
            payload(writer, &case.name, case.ty.as_ref(), v.as_deref())
        }
        (Type::Enum(names), Value::Enum(number)) => {
            if *number as usize >= names.len() {
                return Err(no_case(*number, names.len()));
            }
            writer.discriminant(*number, names.len());
            Ok(())
        }
        (Type::Flags(names), Value::Flags(flags)) if names.len() == flags.len() => {
            writer.flags(flags)
        }
        _ => Err(Error::mismatch(ty, describe(value))),
    }
}

fn payload(
    writer: &mut Writer,
    case: &str,
    ty: Option<&Type>,
    value: Option<&Value>,
) -> Result<(), Error> {
    match (ty, value) {
        (Some(ty), Some(value)) => write(writer, ty, value).map_err(named(case)),
        (None, None) => Ok(()),
        (Some(ty), None) => Err(named(case)(Error::mismatch(ty, "no payload"))),
        (None, Some(value)) => Err(named(case)(Error::mismatch("no payload", describe(value)))),
    }
}

fn no_case(number: u32, cases: usize) -> Error {
    Error::mismatch(format_args!("the number of a case, below {cases}"), number)
}

/// The kind of the value, with the size where the size is what may be wrong.
fn describe(value: &Value) -> String {
    match value {
        Value::Tuple(values) => format!("a tuple of {}", values.len()),
        Value::Record(values) => format!("a record of {} fields", values.len()),
        Value::Flags(flags) => format!("{} flags", flags.len()),
        other => other.kind().into(),
    }
}
