//! Golden vectors: the keys and seeds that belong to this engine profile.
//!
//! Clients and schedulers of different builds, and clients in other languages, compute the same
//! keys, and a result that was remembered under a key is that of the task. So a change that makes
//! this test fail is a change of what tasks mean: it needs a new `ENGINE_PROFILE` and a new
//! `golden.txt`, never the latter alone.

use wask_core::{
    Applied, Arguments, Definition, Digest, ENGINE_PROFILE, FunctionSeed, Hole, Key, Limit,
    ResultLimits, TaskKind, TaskOptions, TaskSpec,
};

const GOLDEN: &str = include_str!("golden.txt");
const TENANT: &str = "default";
const COMPONENT: Digest = Digest([0x11; 32]);
const DEPENDENCY: Key = Key([0x22; 32]);

fn function(applied: Applied) -> TaskKind {
    TaskKind::Function {
        component: COMPONENT,
        function: "demo:text/words#count".into(),
        applied,
    }
}

fn operator() -> TaskKind {
    TaskKind::Operator {
        name: "field(name)".into(),
        version: 1,
        types: ["record { name: string }".into(), "u32".into()].into(),
    }
}

fn bytes(text: &'static [u8]) -> Arguments {
    Arguments {
        bytes: text.into(),
        holes: [].into(),
    }
}

fn key(kind: TaskKind, change: impl FnOnce(&mut TaskOptions), salt: u64) -> Key {
    let mut options = TaskOptions::default();
    change(&mut options);
    let definition = Definition::new(TENANT, kind, options);
    TaskSpec::key_of(&definition, &bytes(b"abc"), &[], salt)
}

/// One key or seed of each kind, by name.
fn vectors() -> Vec<(&'static str, String)> {
    let once = || function(Applied::Once);
    let key = |kind, change: fn(&mut TaskOptions), salt| key(kind, change, salt).to_string();
    let limits = |options: &mut TaskOptions| {
        options.limits = ResultLimits {
            memory: 64 << 20,
            output: 1 << 20,
            fuel: Limit::Of(0),
        };
    };
    let holes = Arguments {
        holes: [0, 3]
            .map(|offset| Hole {
                offset,
                dependency: 0,
            })
            .into(),
        ..bytes(b"abc")
    };
    let plain = Definition::new(TENANT, once(), TaskOptions::default());
    let with_holes = TaskSpec::key_of(&plain, &holes, &[DEPENDENCY], 0);
    let seed = FunctionSeed::new(&COMPONENT, "demo:text/words#count");
    let seed = |nonce: Option<&Key>| Key(seed.of_call(nonce, [&b"abc"[..]])).to_string();
    vec![
        ("function", key(once(), |_| (), 0)),
        ("function, limits", key(once(), limits, 0)),
        (
            "function, impure",
            key(once(), |options| options.pure = false, 7),
        ),
        ("function, dependencies", with_holes.to_string()),
        ("map", key(function(Applied::Map), |_| (), 0)),
        ("filter", key(function(Applied::Filter), |_| (), 0)),
        ("flat-map", key(function(Applied::FlatMap), |_| (), 0)),
        ("fold", key(function(Applied::Fold), |_| (), 0)),
        ("reduce", key(function(Applied::Reduce), |_| (), 0)),
        ("operator", key(operator(), |_| (), 0)),
        (
            "data",
            Key::of_data(TENANT, "list<u8>", b"\x03\0\0\0abc").to_string(),
        ),
        ("seed", seed(None)),
        ("seed, impure", seed(Some(&DEPENDENCY))),
    ]
}

#[test]
fn keys_and_seeds_are_those_of_the_engine_profile() {
    let mut text = format!("engine profile: {ENGINE_PROFILE}\n");
    for (name, hex) in vectors() {
        text.push_str(&format!("{name}: {hex}\n"));
    }
    assert!(
        text == GOLDEN,
        "keys have changed: where that is meant, raise ENGINE_PROFILE and let golden.txt be\n{text}"
    );
}

#[test]
fn what_changes_no_result_is_in_no_key() {
    let plain = key(function(Applied::Once), |_| (), 0);
    let other = |options: &mut TaskOptions| {
        options.label = Some("night".into());
        options.priority = 9;
        options.retries = 3;
        options.timeout = Some(std::time::Duration::from_secs(1));
        options.resources = [("gpu".into(), 1)].into();
        options.workers = vec!["w".into()];
    };
    assert_eq!(key(function(Applied::Once), other, 0), plain);
}
