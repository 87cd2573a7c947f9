//! Every operator against the simplest evaluation of decoded values, and against any bytes.

#[path = "support/naive.rs"]
mod naive;
#[expect(dead_code, reason = "shared with the tests of wask-value")]
#[path = "../../value/tests/support/mod.rs"]
mod support;

use bytes::Bytes;
use proptest::{collection::vec, prelude::*, sample::select};
use support::{any_type, any_value};
use wask_operator::{Fault, Limits, Operator};
use wask_value::{Type, Value, decode, encode, validate};

const LIMITS: Limits<'_> = Limits {
    max_output: u64::MAX,
    is_cancelled: &|| false,
};

/// An operator with types and arguments that fit.
#[derive(Clone, Debug)]
struct Call {
    operator: Operator,
    types: Vec<Type>,
    arguments: Vec<Value>,
}

impl Call {
    fn argument_types(&self) -> Vec<Type> {
        let signature = self.operator.signature(&self.types).unwrap();
        signature.params.into_iter().map(|param| param.ty).collect()
    }

    fn result_type(&self) -> Type {
        let signature = self.operator.signature(&self.types).unwrap();
        signature.result.unwrap()
    }

    fn encoded(&self) -> Vec<Bytes> {
        let types = self.argument_types();
        let encoded = types.iter().zip(&self.arguments);
        let encoded = encoded.map(|(ty, value)| encode(ty, value).unwrap().into());
        encoded.collect()
    }

    fn run(&self, pieces: &[Bytes], limits: &Limits<'_>) -> Result<Bytes, Fault> {
        self.operator.run(&self.types, pieces, limits)
    }
}

fn any_call() -> impl Strategy<Value = Call> {
    prop_oneof![
        2 => arithmetic(),
        2 => reduction(),
        2 => comparison(),
        4 => on_list(),
        2 => joining(),
        1 => zip(),
        1 => field(),
        1 => logic(),
    ]
}

fn arithmetic() -> impl Strategy<Value = Call> {
    let binary = (
        select(vec!["add", "sub", "mul", "div", "rem"]),
        number_type(),
    );
    let binary = binary
        .prop_flat_map(|(name, ty)| call(name, vec![ty.clone()], vec![number(&ty), number(&ty)]));
    let signed = vec![
        Type::S8,
        Type::S16,
        Type::S32,
        Type::S64,
        Type::F32,
        Type::F64,
    ];
    let unary = select(signed).prop_flat_map(|ty| call("neg", vec![ty.clone()], vec![number(&ty)]));
    let string = || any_value(&Type::String);
    let strings = call("add", vec![Type::String], vec![string(), string()]);
    prop_oneof![6 => binary, 1 => unary, 1 => strings]
}

fn reduction() -> impl Strategy<Value = Call> {
    let names = vec!["sum", "product", "mean", "min", "max", "sort", "distinct"];
    (select(names), number_type()).prop_flat_map(|(name, ty)| {
        let numbers = list(&ty, vec(number(&ty), 0..6));
        call(name, vec![ty], vec![numbers])
    })
}

fn comparison() -> impl Strategy<Value = Call> {
    let names = vec!["eq", "ne", "lt", "le", "gt", "ge"];
    (select(names), ordered_type()).prop_flat_map(|(name, ty)| {
        let pair = few_values(&ty, 2..3);
        pair.prop_map(move |arguments| Call {
            operator: name.parse().unwrap(),
            types: vec![ty.clone()],
            arguments,
        })
    })
}

fn on_list() -> impl Strategy<Value = Call> {
    let names = vec![
        "min", "max", "sort", "distinct", "count", "collect", "item", "slice", "take", "part",
    ];
    (select(names), ordered_type()).prop_flat_map(|(name, ty)| {
        let mut arguments = vec![list(&ty, few_values(&ty, 0..6))];
        let more = match name {
            "slice" | "part" => 2,
            "take" | "item" => 1,
            _ => 0,
        };
        let place = prop_oneof![8 => 0..8_u64, 1 => any::<u64>()].prop_map(Value::U64);
        arguments.extend((0..more).map(|_| place.clone().boxed()));
        call(name, vec![ty], arguments)
    })
}

fn joining() -> impl Strategy<Value = Call> {
    let lists = (select(vec!["concat", "flatten"]), any_type()).prop_flat_map(|(name, ty)| {
        let ty = Type::list(ty);
        let lists = vec(any_value(&ty), 0..4).prop_map(Value::List);
        call(name, vec![ty], vec![lists.boxed()])
    });
    let strings = vec(any_value(&Type::String), 0..4).prop_map(Value::List);
    let strings = call("concat", vec![Type::String], vec![strings.boxed()]);
    prop_oneof![4 => lists, 1 => strings]
}

fn zip() -> impl Strategy<Value = Call> {
    let sizes = prop_oneof![4 => (0..4_usize).prop_map(|n| (n, n)), 1 => (0..3_usize, 0..3_usize)];
    (any_type(), any_type(), sizes).prop_flat_map(|(a, b, (a_size, b_size))| {
        let lists = vec![
            list(&a, vec(any_value(&a), a_size)),
            list(&b, vec(any_value(&b), b_size)),
        ];
        call("zip", vec![a, b], lists)
    })
}

fn field() -> impl Strategy<Value = Call> {
    (vec(any_type(), 1..4), any::<bool>()).prop_flat_map(|(types, is_record)| {
        (0..types.len()).prop_flat_map(move |position| {
            let names = ["a", "user-id", "list"];
            let (name, ty) = if is_record {
                let fields = names.into_iter().zip(types.clone());
                (names[position].to_owned(), Type::record(fields))
            } else {
                (position.to_string(), Type::tuple(types.clone()))
            };
            call(
                &format!("field({name})"),
                vec![ty.clone()],
                vec![any_value(&ty)],
            )
        })
    })
}

fn logic() -> impl Strategy<Value = Call> {
    select(vec!["not", "and", "or"]).prop_flat_map(|name| {
        let bools = if name == "not" { 1 } else { 2 };
        call(name, vec![], vec![any_value(&Type::Bool); bools])
    })
}

fn call(name: &str, types: Vec<Type>, arguments: Vec<BoxedStrategy<Value>>) -> BoxedStrategy<Call> {
    let operator: Operator = name.parse().unwrap();
    let call = arguments.prop_map(move |arguments| Call {
        operator: operator.clone(),
        types: types.clone(),
        arguments,
    });
    call.boxed()
}

fn number_type() -> impl Strategy<Value = Type> {
    let all = "s8 u8 s16 u16 s32 u32 s64 u64 f32 f64".split(' ');
    select(all.map(|ty| ty.parse().unwrap()).collect::<Vec<Type>>())
}

/// Mostly small, so that sums and products often fit.
fn number(ty: &Type) -> BoxedStrategy<Value> {
    let of = ty.clone();
    let small = (-3..12_i128).prop_map(move |n| {
        naive::number(&of, n).unwrap_or_else(|| naive::number(&of, -n).unwrap())
    });
    prop_oneof![2 => small, 1 => any_value(ty)].boxed()
}

fn ordered_type() -> impl Strategy<Value = Type> {
    any_type().prop_filter("must have an order", |ty| {
        Operator::Lt.signature(std::slice::from_ref(ty)).is_ok()
    })
}

/// Of few different values, so that some are equal.
fn few_values(ty: &Type, size: std::ops::Range<usize>) -> BoxedStrategy<Vec<Value>> {
    let values = vec(any_value(ty), 1..4);
    let picks = vec(any::<proptest::sample::Index>(), size);
    let picked = |(values, picks): (Vec<Value>, Vec<proptest::sample::Index>)| {
        picks.iter().map(|pick| pick.get(&values).clone()).collect()
    };
    (values, picks).prop_map(picked).boxed()
}

fn list(
    element: &Type,
    values: impl Strategy<Value = Vec<Value>> + 'static,
) -> BoxedStrategy<Value> {
    let is_bytes = *element == Type::U8;
    let list = values.prop_map(move |values| match is_bytes {
        false => Value::List(values),
        true => {
            let bytes = values.into_iter().map(|value| match value {
                Value::U8(byte) => byte,
                other => panic!("{other:?} is no u8"),
            });
            Value::Bytes(bytes.collect())
        }
    });
    list.boxed()
}

/// The bytes cut at these places.
fn cut(bytes: &[u8], places: &[proptest::sample::Index]) -> Vec<Bytes> {
    let mut places: Vec<_> = places
        .iter()
        .map(|place| place.index(bytes.len() + 1))
        .collect();
    places.sort_unstable();
    let starts = [0].into_iter().chain(places.clone());
    let ends = places.iter().copied().chain([bytes.len()]);
    starts
        .zip(ends)
        .map(|(start, end)| Bytes::copy_from_slice(&bytes[start..end]))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn results_are_those_of_a_naive_evaluation(call in any_call()) {
        prop_assert_eq!(call.operator.infer(&call.argument_types()), Ok(call.types.clone()));
        let expected = naive::evaluate(&call.operator, &call.types, &call.arguments);
        match (call.run(&call.encoded(), &LIMITS), expected) {
            (Ok(result), Some(expected)) => {
                prop_assert_eq!(decode(&call.result_type(), &result), Ok(expected));
            }
            (Err(Fault::Undefined(message)), None) => {
                let name = format!("{}: ", call.operator);
                prop_assert!(message.starts_with(&name), "{}", message);
            }
            (got, expected) => prop_assert!(false, "{:?}, expected {:?}", got, expected),
        }
    }

    #[test]
    fn pieces_may_be_cut_anywhere(
        call in any_call(),
        places in vec(any::<proptest::sample::Index>(), 0..6),
    ) {
        let encoded = call.encoded();
        let pieces = cut(&encoded.concat(), &places);
        prop_assert_eq!(call.run(&pieces, &LIMITS), call.run(&encoded, &LIMITS));
    }

    #[test]
    fn results_are_as_large_as_the_limit_or_none(call in any_call()) {
        let Ok(result) = call.run(&call.encoded(), &LIMITS) else {
            return Ok(());
        };
        let size = result.len() as u64;
        let limits = |max_output| Limits { max_output, ..LIMITS };
        prop_assert_eq!(call.run(&call.encoded(), &limits(size)), Ok(result));
        if size > 0 {
            let fault = call.run(&call.encoded(), &limits(size - 1));
            prop_assert_eq!(fault, Err(Fault::OutputTooLarge));
        }
    }

    #[test]
    fn malformed_arguments_do_not_panic(
        call in any_call(),
        at in any::<proptest::sample::Index>(),
        byte in prop_oneof![0..4_u8, any::<u8>()],
        dropped in 0..3_usize,
        extra in vec(any::<u8>(), 0..3),
        places in vec(any::<proptest::sample::Index>(), 0..3),
    ) {
        let mut bytes = call.encoded().concat();
        bytes.truncate(bytes.len().saturating_sub(dropped));
        bytes.extend(extra);
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let result = call.run(&cut(&bytes, &places), &LIMITS);
        // Whatever was damaged but still fits the signature gives a result that fits it, too.
        if let Ok(result) = result && validate(&Type::tuple(call.argument_types()), &bytes).is_ok() {
            validate(&call.result_type(), &result).unwrap();
        }
    }

    #[test]
    fn any_bytes_do_not_panic(call in any_call(), bytes in vec(0..4_u8, 0..40)) {
        let _ = call.run(&[bytes.into()], &LIMITS);
    }

    #[test]
    fn cancelled_runs_end(call in any_call()) {
        let limits = Limits { is_cancelled: &|| true, ..LIMITS };
        prop_assert_eq!(call.run(&call.encoded(), &limits), Err(Fault::Cancelled));
    }
}

#[test]
fn long_lists_are_walked_in_batches() {
    let list: Vec<u16> = (0..150_000_u32).map(|n| (n * 31 % 65_521) as u16).collect();
    let encoded = list.iter().flat_map(|number| number.to_le_bytes());
    let count = (list.len() as u32).to_le_bytes();
    let encoded: Bytes = count.into_iter().chain(encoded).collect();
    let run = |operator: Operator| {
        let result = operator.run(&[Type::U16], std::slice::from_ref(&encoded), &LIMITS);
        result.unwrap()
    };
    assert_eq!(
        run(Operator::Max)[..],
        list.iter().max().unwrap().to_le_bytes()
    );
    let sum: u64 = list.iter().copied().map(u64::from).sum();
    let mean = sum as f64 / list.len() as f64;
    assert_eq!(run(Operator::Mean)[..], mean.to_le_bytes());
    assert_eq!(run(Operator::Distinct)[..4], 65_521_u32.to_le_bytes());
}

#[test]
fn long_runs_are_cancelled_midway() {
    let items = [1_u8, 2].repeat(50_000);
    let list = [&(items.len() as u32).to_le_bytes()[..], &items].concat();
    let strings = [&list[..4], &[0; 400_000]].concat();
    for (name, ty, arguments) in [
        ("sum", Type::U8, vec![&list]),
        ("product", Type::U8, vec![&list]),
        ("mean", Type::U8, vec![&list]),
        ("min", Type::U8, vec![&list]),
        ("sort", Type::U8, vec![&list]),
        ("distinct", Type::U8, vec![&list]),
        ("max", Type::String, vec![&strings]),
        ("sort", Type::String, vec![&strings]),
        ("concat", Type::String, vec![&strings]),
        ("le", Type::list(Type::String), vec![&strings, &strings]),
        ("zip", Type::U8, vec![&list, &list]),
    ] {
        let operator: Operator = name.parse().unwrap();
        let types = match operator {
            Operator::Zip => vec![ty.clone(), ty],
            _ => vec![ty],
        };
        let asked = std::cell::Cell::new(0);
        let is_cancelled = || asked.replace(asked.get() + 1) > 0;
        let limits = Limits {
            is_cancelled: &is_cancelled,
            ..LIMITS
        };
        let arguments: Vec<_> = arguments
            .into_iter()
            .map(|bytes| Bytes::copy_from_slice(bytes))
            .collect();
        let result = operator.run(&types, &arguments, &limits);
        assert_eq!(result, Err(Fault::Cancelled), "{name}");
    }
}
