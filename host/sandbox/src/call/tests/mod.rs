//! Whether the dynamic pair does what wasmtime's own `Val` does.

mod hostile;
#[expect(dead_code, reason = "not all that generates types is needed here")]
#[path = "../../../../value/tests/support/mod.rs"]
mod support;
mod wat;

use std::sync::LazyLock;

use bytes::Bytes;
use proptest::{collection::vec, prelude::*};
use wask_value::{Type, Value};
use wasmtime::{
    Config, Engine, Store,
    component::{Component, Instance, Linker, Val},
};

use super::{Allowance, Arguments, Refusal, Returned};

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let mut config = Config::new();
    config.concurrency_support(false);
    Engine::new(&config).unwrap()
});

/// A component of which each call gets a fresh instance.
struct Guest(Component);

impl Guest {
    fn new(wat: &str) -> Self {
        let compiled = ::wat::parse_str(wat)
            .map_err(wasmtime::Error::new)
            .and_then(|bytes| Component::new(&ENGINE, bytes));
        match compiled {
            Ok(component) => Self(component),
            Err(error) => panic!("{error:#}\n{wat}"),
        }
    }

    fn instance(&self) -> (Store<()>, Instance) {
        let mut store = Store::new(&ENGINE, ());
        // What wasmtime's own values take is not what is tested.
        store.set_hostcall_fuel(usize::MAX);
        let instance = Linker::new(&ENGINE)
            .instantiate(&mut store, &self.0)
            .unwrap();
        (store, instance)
    }

    fn call(&self, name: &str, arguments: &[Bytes]) -> wasmtime::Result<Returned> {
        self.call_limited(name, arguments, usize::MAX)
    }

    fn call_limited(
        &self,
        name: &str,
        arguments: &[Bytes],
        max_output: usize,
    ) -> wasmtime::Result<Returned> {
        let (mut store, instance) = self.instance();
        let _allowance = Allowance::of(max_output);
        instance
            .get_typed_func::<Arguments<'_>, Returned>(&mut store, name)?
            .call(&mut store, Arguments(arguments))
    }

    fn call_val(&self, name: &str, arguments: &[Val]) -> Val {
        let (mut store, instance) = self.instance();
        let function = instance.get_func(&mut store, name).unwrap();
        let mut results = [Val::Bool(false)];
        function.call(&mut store, arguments, &mut results).unwrap();
        let [result] = results;
        result
    }
}

fn any_params() -> impl Strategy<Value = Vec<(Type, Value)>> {
    let ty = support::any_type().prop_map(|ty| wat::realizable(&ty));
    let param = ty.prop_flat_map(|ty| {
        let value = support::any_value(&ty);
        (Just(ty), value)
    });
    vec(param, 1..6)
}

/// The value's bytes, and the value with canonical NaNs.
fn encoded(ty: &Type, value: &Value) -> (Vec<u8>, Value) {
    let bytes = wask_value::encode(ty, value).unwrap();
    let value = wask_value::decode(ty, &bytes).unwrap();
    (bytes, value)
}

/// Cuts bytes into pieces, anywhere.
fn cut(bytes: &[u8], at: &[prop::sample::Index]) -> Vec<Bytes> {
    let mut at: Vec<usize> = at.iter().map(|at| at.index(bytes.len() + 1)).collect();
    at.extend([0, bytes.len()]);
    at.sort_unstable();
    let piece = |pair: &[usize]| Bytes::copy_from_slice(&bytes[pair[0]..pair[1]]);
    at.windows(2).map(piece).collect()
}

/// What the function `lowered` returns by `Val`, encoded.
fn lowered(result: Val) -> Vec<u8> {
    let Val::Tuple(parts) = result else {
        panic!("{result:?} is no tuple")
    };
    let mut bytes = Vec::new();
    for part in parts {
        let Val::List(items) = part else {
            panic!("{part:?} is no list")
        };
        bytes.extend(u32::try_from(items.len()).unwrap().to_le_bytes());
        for item in items {
            match item {
                Val::U64(slot) => bytes.extend(slot.to_le_bytes()),
                Val::U8(byte) => bytes.push(byte),
                other => panic!("{other:?} is no number"),
            }
        }
    }
    bytes
}

/// What a function that returns this value returns.
fn returned(ty: &Type, encoding: &[u8]) -> Returned {
    match (ty, encoding.split_first()) {
        (Type::Result(_), Some((0, ok))) => Returned::Value(ok.to_vec()),
        (Type::Result(_), Some((_, err))) => Returned::Error(err.to_vec()),
        _ => Returned::Value(encoding.to_vec()),
    }
}

fn encoding() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["utf8", "utf16", "latin1+utf16"])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Arguments reach the guest as by `Val`, to the last bit of slots and memory.
    #[test]
    fn lowering_equals_val(
        params in any_params(),
        cuts in vec(any::<prop::sample::Index>(), 0..4),
        encoding in encoding(),
    ) {
        let types: Vec<Type> = params.iter().map(|(ty, _)| ty.clone()).collect();
        let guest = Guest::new(&wat::component(&types, encoding));
        let (mut bytes, mut vals) = (Vec::new(), Vec::new());
        for (ty, value) in &params {
            let (encoding, value) = encoded(ty, value);
            bytes.extend(encoding);
            vals.push(wat::val(ty, &value));
        }
        let ours = guest.call("lowered", &cut(&bytes, &cuts)).unwrap();
        prop_assert_eq!(ours, Returned::Value(lowered(guest.call_val("lowered", &vals))));
    }

    /// Results leave the guest as their encoding.
    #[test]
    fn lifting_is_the_encoding(params in any_params(), encoding in encoding()) {
        let (ty, value) = &params[0];
        let guest = Guest::new(&wat::component(std::slice::from_ref(ty), encoding));
        let (bytes, value) = encoded(ty, value);
        let list = [Bytes::from_static(&[1, 0, 0, 0]), bytes.clone().into()];
        prop_assert_eq!(guest.call("first", &list).unwrap(), returned(ty, &bytes));
        let val = wat::val(ty, &value);
        prop_assert_eq!(guest.call_val("first", &[Val::List(vec![val.clone()])]), val);
    }

    /// Bytes are accepted exactly if they are encodings, and refused without harm else.
    #[test]
    fn only_encodings_are_accepted(
        params in any_params(),
        flips in vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        length in any::<prop::sample::Index>(),
    ) {
        let types: Vec<Type> = params.iter().map(|(ty, _)| ty.clone()).collect();
        let guest = Guest::new(&wat::component(&types, "utf8"));
        let mut bytes = Vec::new();
        for (ty, value) in &params {
            bytes.extend(encoded(ty, value).0);
        }
        for (at, mask) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= mask;
        }
        bytes.truncate(length.index(2 * bytes.len()));
        let valid = wask_value::validate(&Type::tuple(types), &bytes).is_ok();
        match guest.call("lowered", &[bytes.into()]) {
            Ok(_) => prop_assert!(valid),
            Err(error) => {
                prop_assert!(!valid, "{error:#}");
                let refusal = error.downcast_ref::<Refusal>();
                prop_assert!(matches!(refusal, Some(Refusal::BadArguments(_))), "{error:#}");
            }
        }
    }
}
