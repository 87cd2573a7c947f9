//! Generated types and values of them.

use proptest::{collection::vec, prelude::*, sample::subsequence};
use wask_value::{Type, Value};

/// Kebab-case names, keywords of WIT and WAVE among them, and one that no other language would
/// take.
const NAMES: [&str; 12] = [
    "a", "user-id", "list", "type", "some", "none", "true", "ok", "nan", "x1-2b", "HTTP", "inf",
];

/// Any type, up to a depth of four.
pub(crate) fn any_type() -> impl Strategy<Value = Type> {
    let leaf = prop_oneof![
        proptest::sample::select(vec![
            Type::Bool,
            Type::S8,
            Type::U8,
            Type::S16,
            Type::U16,
            Type::S32,
            Type::U32,
            Type::S64,
            Type::U64,
            Type::F32,
            Type::F64,
            Type::Char,
            Type::String,
        ]),
        names(1).prop_map(Type::enumeration),
        names(1).prop_map(Type::flags),
        (1..70usize).prop_map(|n| Type::flags((0..n).map(|i| format!("f{i}")))),
        (255..260usize).prop_map(|n| Type::enumeration((0..n).map(|i| format!("c{i}")))),
        Just(Type::bytes()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let maybe = || proptest::option::of(inner.clone());
        prop_oneof![
            inner.clone().prop_map(Type::list),
            inner.clone().prop_map(Type::option),
            (maybe(), maybe()).prop_map(|(ok, err)| Type::result(ok, err)),
            vec(inner.clone(), 0..4).prop_map(Type::tuple),
            (names(4), vec(inner.clone(), 4))
                .prop_map(|(names, types)| { Type::record(names.into_iter().zip(types)) }),
            (names(4), vec(maybe(), 4))
                .prop_map(|(names, types)| { Type::variant(names.into_iter().zip(types)) }),
        ]
    })
}

fn names(max: usize) -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(NAMES.to_vec(), 1..=max.max(3))
}

/// A type and any value of it.
pub(crate) fn typed_value() -> impl Strategy<Value = (Type, Value)> {
    any_type().prop_flat_map(|ty| {
        let value = any_value(&ty);
        (Just(ty), value)
    })
}

/// A value of the type.
pub(crate) fn any_value(ty: &Type) -> BoxedStrategy<Value> {
    match ty {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::S8 => any::<i8>().prop_map(Value::S8).boxed(),
        Type::U8 => any::<u8>().prop_map(Value::U8).boxed(),
        Type::S16 => any::<i16>().prop_map(Value::S16).boxed(),
        Type::U16 => any::<u16>().prop_map(Value::U16).boxed(),
        Type::S32 => any::<i32>().prop_map(Value::S32).boxed(),
        Type::U32 => any::<u32>().prop_map(Value::U32).boxed(),
        Type::S64 => any::<i64>().prop_map(Value::S64).boxed(),
        Type::U64 => any::<u64>().prop_map(Value::U64).boxed(),
        // By bits: every kind of NaN, subnormals and infinities.
        Type::F32 => any::<u32>()
            .prop_map(|bits| Value::F32(f32::from_bits(bits)))
            .boxed(),
        Type::F64 => prop_oneof![
            any::<u64>().prop_map(f64::from_bits),
            Just(f64::NAN),
            Just(-0.0),
            Just(f64::INFINITY),
        ]
        .prop_map(Value::F64)
        .boxed(),
        Type::Char => any::<char>().prop_map(Value::Char).boxed(),
        Type::String => any::<String>().prop_map(Value::String).boxed(),
        Type::List(_) if ty.is_bytes() => vec(any::<u8>(), 0..8).prop_map(Value::Bytes).boxed(),
        Type::List(inner) => vec(any_value(inner), 0..4).prop_map(Value::List).boxed(),
        Type::Option(inner) => proptest::option::of(any_value(inner).prop_map(Box::new))
            .prop_map(Value::Option)
            .boxed(),
        Type::Result(result) => prop_oneof![
            payload(result.ok.as_ref()).prop_map(|v| Value::Result(Ok(v))),
            payload(result.err.as_ref()).prop_map(|v| Value::Result(Err(v))),
        ]
        .boxed(),
        Type::Tuple(types) => all(types.iter()).prop_map(Value::Tuple).boxed(),
        Type::Record(fields) => all(fields.iter().map(|f| &f.ty))
            .prop_map(Value::Record)
            .boxed(),
        Type::Variant(cases) => {
            let cases = cases.iter().enumerate().map(|(i, case)| {
                payload(case.ty.as_ref())
                    .prop_map(move |v| Value::Variant(i as u32, v))
                    .boxed()
            });
            proptest::strategy::Union::new(cases).boxed()
        }
        Type::Enum(names) => (0..names.len() as u32).prop_map(Value::Enum).boxed(),
        Type::Flags(names) => vec(any::<bool>(), names.len())
            .prop_map(Value::Flags)
            .boxed(),
    }
}

fn all<'a>(types: impl Iterator<Item = &'a Type>) -> Vec<BoxedStrategy<Value>> {
    types.map(any_value).collect()
}

fn payload(ty: Option<&Type>) -> BoxedStrategy<Option<Box<Value>>> {
    match ty {
        Some(ty) => any_value(ty).prop_map(|v| Some(Box::new(v))).boxed(),
        None => Just(None).boxed(),
    }
}
