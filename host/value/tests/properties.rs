//! What holds for all types and values, and against all bytes and texts.

mod support;

use proptest::{collection::vec, prelude::*};
use support::{any_type, any_value, typed_value};
use wask_value::{
    FunctionType, Param, Segment, Type, Value, check_arguments, decode, encode, from_bytes, json,
    validate, wave,
};

proptest! {
    #[test]
    fn decoding_undoes_encoding((ty, value) in typed_value()) {
        let bytes = encode(&ty, &value).unwrap();
        prop_assert_eq!(&decode(&ty, &bytes).unwrap(), &value);
        validate(&ty, &bytes).unwrap();
    }

    #[test]
    fn values_are_equal_when_their_bytes_are(
        (ty, a, b) in any_type()
            .prop_flat_map(|ty| (Just(ty.clone()), any_value(&ty), any_value(&ty)))
    ) {
        let same_bytes = encode(&ty, &a).unwrap() == encode(&ty, &b).unwrap();
        prop_assert_eq!(same_bytes, a == b);
    }

    /// So every value has one encoding only: whatever is accepted is what encoding would have made.
    #[test]
    fn whatever_bytes_are_accepted_are_canonical(
        ty in any_type(),
        bytes in vec(prop_oneof![3 => 0..3u8, 1 => any::<u8>()], 0..48),
    ) {
        check_bytes(&ty, &bytes)?;
    }

    #[test]
    fn mutated_encodings_are_refused_or_canonical(
        (ty, value) in typed_value(),
        at in any::<proptest::sample::Index>(),
        byte in prop_oneof![0..3u8, any::<u8>()],
        cut in 0..3usize,
        extra in vec(any::<u8>(), 0..2),
    ) {
        let mut bytes = encode(&ty, &value).unwrap();
        bytes.truncate(bytes.len().saturating_sub(cut));
        bytes.extend(extra);
        check_bytes(&ty, &bytes)?;
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            check_bytes(&ty, &bytes)?;
        }
    }

    #[test]
    fn trailing_bytes_are_refused((ty, value) in typed_value(), byte in any::<u8>()) {
        let mut bytes = encode(&ty, &value).unwrap();
        bytes.push(byte);
        prop_assert!(decode(&ty, &bytes).is_err());
        prop_assert!(validate(&ty, &bytes).is_err());
    }

    #[test]
    fn the_text_of_a_type_is_read_back(ty in any_type()) {
        ty.check().unwrap();
        prop_assert_eq!(&ty.to_string().parse::<Type>().unwrap(), &ty);
    }

    #[test]
    fn the_text_of_a_function_is_read_back(
        params in vec(any_type(), 0..4),
        result in proptest::option::of(any_type()),
    ) {
        let params = params.into_iter().enumerate();
        let params = params.map(|(i, ty)| Param::new(format!("p{i}"), ty)).collect();
        let function = FunctionType { params, result };
        prop_assert_eq!(&function.to_string().parse::<FunctionType>().unwrap(), &function);
    }

    #[test]
    fn no_text_of_a_type_panics(
        text in r"[a-z<>{}(),:_% -]{0,40}|(list|option|result|tuple)<.{0,9}",
    ) {
        let _ = text.parse::<Type>();
        let _ = text.parse::<FunctionType>();
    }

    #[test]
    fn wave_is_read_back((ty, value) in typed_value()) {
        // WAVE has no word for the unit.
        prop_assume!(!holds_unit(&ty));
        let text = wave::to_string(&ty, &value).unwrap();
        prop_assert_eq!(&wave::parse(&ty, &text).unwrap(), &value, "{}", text);
        let call = format!("f({text}, _)");
        let call = wave::split_call(&call).unwrap();
        prop_assert_eq!(call.arguments, Some(vec![text.as_str(), "_"]));
    }

    #[test]
    fn no_wave_panics(ty in any_type(), text in r#"[a-z0-9\[\]{}(),:"'\\%.\n/é-]{0,30}"#) {
        let _ = wave::parse(&ty, &text);
        let _ = wave::split_call(&text);
    }

    #[test]
    fn json_is_read_back((ty, value) in typed_value()) {
        let text = json::to_json(&ty, &value).unwrap().to_string();
        let json = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&json::from_json(&ty, &json).unwrap(), &value, "{}", text);
    }

    /// Also through serde, which borrows the decoder's checks: what it skips it has checked.
    #[test]
    fn serde_accepts_what_decode_accepts(
        ty in any_type(),
        bytes in vec(prop_oneof![3 => 0..3u8, 1 => any::<u8>()], 0..48),
    ) {
        let ignored = from_bytes::<serde::de::IgnoredAny>(&ty, &bytes);
        prop_assert_eq!(ignored.is_ok(), decode(&ty, &bytes).is_ok());
    }

    #[test]
    fn a_filled_hole_is_as_good_as_its_value(
        types in vec(any_type(), 1..4),
        hole in any::<proptest::sample::Index>(),
        seed in any::<u64>(),
    ) {
        let hole = hole.index(types.len());
        let params: Vec<_> = types.iter().map(|ty| Param::new("p", ty.clone())).collect();
        let encode = |ty| encode(ty, &some_value(ty, seed)).unwrap();
        let encoded: Vec<_> = types.iter().map(encode).collect();
        let segments = encoded.iter().enumerate().map(|(i, bytes)| match i {
            i if i == hole => Segment::Hole(7),
            _ => Segment::Bytes(bytes),
        });
        check_arguments(&params, segments.clone(), |_| Some(&types[hole])).unwrap();
        prop_assert!(check_arguments(&params, segments, |_| None).is_err());

        let whole = encoded.iter().map(|bytes| Segment::Bytes(bytes));
        check_arguments(&params, whole, |_| None).unwrap();
        validate(&Type::tuple(types.clone()), &encoded.concat()).unwrap();
    }

    /// With a hole in the list the elements are walked one by one, without it as a block.
    #[test]
    fn holes_may_stand_in_lists(
        element in any_type(),
        (count, hole) in (1..5usize).prop_flat_map(|count| (Just(count), 0..count)),
        seed in any::<u64>(),
    ) {
        let value = encode(&element, &some_value(&element, seed)).unwrap();
        let param = [Param::new("p", Type::list(element.clone()))];
        let prefix = (count as u32).to_le_bytes();
        let (before, after) = (value.repeat(hole), value.repeat(count - hole - 1));
        let (start, end) = (Segment::Bytes(&before), Segment::Bytes(&after));
        let rope = [Segment::Bytes(&prefix), start, Segment::Hole(0), end];
        check_arguments(&param, rope, |_| Some(&element)).unwrap();

        let filled = [&prefix[..], &value.repeat(count)].concat();
        validate(&param[0].ty, &filled).unwrap();
    }
}

/// Decoding, validating and checking as an argument agree, down to the error's text; and nothing
/// but what encoding makes is accepted.
fn check_bytes(ty: &Type, bytes: &[u8]) -> Result<(), TestCaseError> {
    let decoded = decode(ty, bytes);
    prop_assert_eq!(decoded.is_ok(), validate(ty, bytes).is_ok());
    let param = [Param::new("p", ty.clone())];
    let cut = bytes.len() / 2;
    let rope = [Segment::Bytes(&bytes[..cut]), Segment::Bytes(&bytes[cut..])];
    prop_assert_eq!(
        decoded.is_ok(),
        check_arguments(&param, rope, |_| None).is_ok()
    );
    if let Ok(value) = decoded {
        prop_assert_eq!(encode(ty, &value).unwrap(), bytes);
    }
    Ok(())
}

fn holds_unit(ty: &Type) -> bool {
    match ty {
        Type::Tuple(items) => items.is_empty() || items.iter().any(holds_unit),
        Type::List(inner) | Type::Option(inner) => holds_unit(inner),
        Type::Result(result) => result.ok.iter().chain(&result.err).any(holds_unit),
        Type::Record(fields) => fields.iter().any(|field| holds_unit(&field.ty)),
        Type::Variant(cases) => cases
            .iter()
            .filter_map(|case| case.ty.as_ref())
            .any(holds_unit),
        _ => false,
    }
}

/// One value of the type, the same for the same seed.
fn some_value(ty: &Type, seed: u64) -> Value {
    use proptest::{
        strategy::ValueTree,
        test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed.to_le_bytes(); 4].concat());
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    any_value(ty).new_tree(&mut runner).unwrap().current()
}
