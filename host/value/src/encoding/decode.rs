//! Bytes to dynamic values.

use super::{Cursor, element, item, named};
use crate::{Error, Type, Value};

/// The value that `bytes` encode.
///
/// # Errors
/// [`Error::Encoding`] where the bytes are not the one encoding of a value of the type, trailing
/// bytes included.
pub fn decode(ty: &Type, bytes: &[u8]) -> Result<Value, Error> {
    let mut cursor = Cursor::new(bytes);
    let value = read(&mut cursor, ty)?;
    cursor.end()?;
    Ok(value)
}

fn read(cursor: &mut Cursor<'_>, ty: &Type) -> Result<Value, Error> {
    Ok(match ty {
        Type::Bool => Value::Bool(cursor.bool()?),
        Type::S8 => Value::S8(i8::from_le_bytes(cursor.array()?)),
        Type::U8 => Value::U8(cursor.u8()?),
        Type::S16 => Value::S16(i16::from_le_bytes(cursor.array()?)),
        Type::U16 => Value::U16(u16::from_le_bytes(cursor.array()?)),
        Type::S32 => Value::S32(i32::from_le_bytes(cursor.array()?)),
        Type::U32 => Value::U32(cursor.u32()?),
        Type::S64 => Value::S64(i64::from_le_bytes(cursor.array()?)),
        Type::U64 => Value::U64(u64::from_le_bytes(cursor.array()?)),
        Type::F32 => Value::F32(cursor.f32()?),
        Type::F64 => Value::F64(cursor.f64()?),
        Type::Char => Value::Char(cursor.char()?),
        Type::String => Value::String(cursor.string()?.to_owned()),
        Type::List(_) if ty.is_bytes() => Value::Bytes(cursor.block()?.to_vec()),
        Type::List(inner) => Value::List(read_list(cursor, inner)?),
        Type::Option(inner) => match cursor.bool()? {
            false => Value::Option(None),
            true => Value::some(read(cursor, inner)?),
        },
        Type::Result(result) => match cursor.discriminant(2)? {
            0 => Value::Result(Ok(read_payload(cursor, "ok", result.ok.as_ref())?)),
            _ => Value::Result(Err(read_payload(cursor, "err", result.err.as_ref())?)),
        },
        Type::Tuple(types) => {
            if types.is_empty() {
                cursor.zero_sized(1)?;
            }
            let items = types.iter().enumerate();
            let items = items.map(|(i, ty)| read(cursor, ty).map_err(item(i)));
            Value::Tuple(items.collect::<Result<_, _>>()?)
        }
        Type::Record(fields) => {
            if fields.is_empty() {
                cursor.zero_sized(1)?;
            }
            let fields = fields
                .iter()
                .map(|f| read(cursor, &f.ty).map_err(named(&f.name)));
            Value::Record(fields.collect::<Result<_, _>>()?)
        }
        Type::Variant(cases) => {
            let number = cursor.discriminant(cases.len())?;
            let case = &cases[number as usize];
            Value::Variant(number, read_payload(cursor, &case.name, case.ty.as_ref())?)
        }
        Type::Enum(names) => Value::Enum(cursor.discriminant(names.len())?),
        Type::Flags(names) => {
            let bytes = cursor.flags(names.len())?;
            Value::Flags(
                (0..names.len())
                    .map(|i| bytes[i / 8] >> (i % 8) & 1 == 1)
                    .collect(),
            )
        }
    })
}

fn read_list(cursor: &mut Cursor<'_>, inner: &Type) -> Result<Vec<Value>, Error> {
    let count = cursor.count_of(inner)?;
    let mut values = Vec::with_capacity(count);
    for i in 0..count {
        values.push(read(cursor, inner).map_err(element(i))?);
    }
    Ok(values)
}

fn read_payload(
    cursor: &mut Cursor<'_>,
    case: &str,
    ty: Option<&Type>,
) -> Result<Option<Box<Value>>, Error> {
    match ty {
        Some(ty) => Ok(Some(Box::new(read(cursor, ty).map_err(named(case))?))),
        None => Ok(None),
    }
}
