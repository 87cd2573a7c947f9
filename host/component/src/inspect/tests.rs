use crate::{Component, Error, Limits, docs, testing::load};

/// The functions of the world's component, each as `name: type`.
#[track_caller]
fn functions(wit: &str) -> Vec<String> {
    let component = load(wit).unwrap();
    assert_eq!(component.interface().refused, []);
    let list = component.functions().iter();
    list.map(|function| format!("{}: {}", function.name, function.ty))
        .collect()
}

/// The refused exports of the world's component, each as `name reason`.
#[track_caller]
fn refused(wit: &str) -> Vec<String> {
    let component = load(wit).unwrap();
    let list = component.interface().refused.iter();
    list.map(|refused| format!("{} {}", refused.name, refused.reason))
        .collect()
}

#[test]
fn functions_of_worlds_and_interfaces_are_listed_in_order() {
    let wit = "package demo:text@1.2.0;
        interface words {
            record point { x: f64, label: option<string> }
            count: func(text: string) -> list<tuple<string, u32>>;
            grow: func(p: point, by: f32) -> result<point, string>;
        }
        world w {
            export merge-all: func(parts: list<list<u8>>) -> list<u8>;
            export words;
            export nothing: func();
        }";
    assert_eq!(
        functions(wit),
        [
            "merge-all: func(parts: list<list<u8>>) -> list<u8>",
            "nothing: func()",
            "demo:text/words@1.2.0#count: func(text: string) -> list<tuple<string, u32>>",
            "demo:text/words@1.2.0#grow: func(p: record { x: f64, label: option<string> }, \
             by: f32) -> result<record { x: f64, label: option<string> }, string>",
        ]
    );
}

#[test]
fn every_value_type_is_read() {
    let wit = "package a:b;
        interface types {
            type alias = s16;
            variant shape { dot, circle(f64) }
            enum colour { red, dark-blue }
            flags access { r, w }
        }
        world w {
            use types.{alias, shape, colour, access};
            export f: func(a: bool, b: s8, c: u8, d: alias, e: u16, f: s32, g: s64, h: u64, i: char)
                -> tuple<shape, colour, access, option<option<f32>>, result>;
            export g: func() -> result<_, list<result<string>>>;
        }";
    assert_eq!(
        functions(wit),
        [
            "f: func(a: bool, b: s8, c: u8, d: s16, e: u16, f: s32, g: s64, h: u64, i: char) -> \
             tuple<variant { dot, circle(f64) }, enum { red, dark-blue }, flags { r, w }, \
             option<option<f32>>, result>",
            "g: func() -> result<_, list<result<string>>>",
        ]
    );
}

#[test]
fn functions_with_handles_are_refused_and_others_kept() {
    let wit = "package a:b;
        interface files {
            resource file { constructor(path: string); read: func() -> list<u8>; }
            size: func(f: borrow<file>) -> u64;
            total: func(sizes: list<u64>) -> u64;
        }
        world w { export files; }";
    let component = load(wit).unwrap();
    assert_eq!(component.functions().len(), 1);
    assert_eq!(component.function("total").unwrap().name, "a:b/files#total");
    let refused = refused(wit);
    assert_eq!(refused.len(), 3, "{refused:?}");
    assert!(
        refused.contains(
            &"a:b/files#size has the parameter `f`, which holds a resource handle (`borrow<..>`)"
                .into()
        )
    );
    let error = component.function("size").unwrap_err().to_string();
    assert!(
        error.contains("cannot be a task: it has the parameter `f`"),
        "{error}"
    );
}

#[test]
fn what_workers_cannot_run_refuses_the_component_function_by_function() {
    let world = |ty: &str| {
        format!(
            "package a:b;
             world w {{ export good: func() -> u32; export bad: func(x: list<{ty}>); }}"
        )
    };
    for (ty, reason) in [
        ("stream<u8>", "holds a `stream`"),
        ("future<u8>", "holds a `future`"),
        ("list<u8, 4>", "holds a fixed-length list"),
        ("map<string, u32>", "holds a `map`"),
        ("error-context", "holds an `error-context`"),
    ] {
        let component = load(&world(ty)).unwrap_or_else(|error| panic!("{ty}: {error}"));
        assert_eq!(component.functions(), []);
        let bad = component.function("bad").unwrap_err().to_string();
        assert!(bad.contains(reason), "{ty}: {bad}");
        let good = component.function("good").unwrap_err().to_string();
        assert!(good.contains("workers do not run"), "{ty}: {good}");
    }
    let asynchronous = refused("package a:b; world w { export f: async func() -> u32; }");
    assert_eq!(asynchronous.len(), 1);
    assert!(
        asynchronous[0].contains("is asynchronous"),
        "{asynchronous:?}"
    );
}

#[test]
fn a_toolchains_own_exports_are_left_out_by_their_shape_only() {
    let world = |init: &str| {
        format!(
            "package a:b; world w {{ export add: func(a: s32) -> s32; export init: func{init}; }}"
        )
    };
    let quickjs = "(shim: string, script: string, entry-path: option<string>, disable-gc: bool) \
                   -> result<_, string>";
    assert_eq!(functions(&world(quickjs)), ["add: func(a: s32) -> s32"]);
    assert_eq!(
        functions(&world("(x: u32) -> u32")),
        ["add: func(a: s32) -> s32", "init: func(x: u32) -> u32"]
    );
}

#[test]
fn a_commands_entry_is_no_task() {
    let wit = "package wasi:cli@0.2.6; interface run { run: func() -> result; }
        world w { export run; }";
    assert_eq!(
        refused(wit),
        ["wasi:cli/run@0.2.6#run is the entry point of a command-line program"]
    );
    assert_eq!(
        functions("package a:b; world w { export run: func() -> result; }").len(),
        1
    );
}

#[test]
fn docs_are_those_of_the_component() {
    let component = load("package a:b; world w { export f: func(); export g: func(); }").unwrap();
    let texts = [
        ("f".to_owned(), "Does f.\n".to_owned()),
        ("h".into(), "Nothing.".into()),
    ];
    let documented = docs::append(component.bytes(), &texts.into());
    let documented = Component::from_binary(documented, &Limits::default()).unwrap();
    assert_eq!(
        documented.function("f").unwrap().docs.as_deref(),
        Some("Does f.")
    );
    assert_eq!(documented.function("g").unwrap().docs, None);
    assert_ne!(documented.digest(), component.digest());
}

#[test]
fn docs_are_found_in_the_module_that_a_compiler_wrote() {
    let mut module = crate::testing::module("package a:b; world w { export f: func(); }");
    // A custom section is the same in a module and in a component.
    module = docs::append(&module, &[("f".to_owned(), "Does f.".to_owned())].into());
    let component = Component::load(&module).unwrap();
    assert_eq!(
        component.function("f").unwrap().docs.as_deref(),
        Some("Does f.")
    );
}

/// `levels` tuples, each of which holds the one before twice.
fn doubling(levels: usize) -> String {
    let mut wit = String::from("package a:b; interface i { type t0 = tuple<u8, u8>;\n");
    for level in 1..levels {
        let before = level - 1;
        wit += &format!("type t{level} = tuple<t{before}, t{before}>;\n");
    }
    wit + "}\n"
}

#[test]
fn types_that_share_their_parts_are_bounded_as_written_out() {
    let world = |levels: usize| {
        let last = levels - 1;
        doubling(levels)
            + &format!(
                "world w {{ use i.{{t{last}}};
                 export f: func(x: list<t{last}>); export g: func(); }}"
            )
    };
    assert_eq!(functions(&world(5)).len(), 2);
    // 2^16 nodes are more than one type may have, and less than the validator's own limit.
    let refused = refused(&world(15));
    assert_eq!(refused.len(), 1);
    assert!(refused[0].starts_with("f has the parameter `x`, which has a type of more than"));
}

#[test]
fn nesting_is_bounded() {
    let world = |depth: usize| {
        let (open, close) = ("list<".repeat(depth), ">".repeat(depth));
        format!("package a:b; world w {{ export f: func(x: {open}u8{close}); }}")
    };
    assert_eq!(functions(&world(60)).len(), 1);
    assert!(refused(&world(70))[0].contains("nests types deeper than 64"));
}

#[test]
fn counts_are_bounded() {
    let wit = "package a:b; interface i { f: func(x: list<u8>); g: func(); h: func(); }
        world w { export i; }";
    let component = load(wit).unwrap();
    let with = |limits: Limits| Component::from_binary(component.bytes().clone(), &limits);
    for (limits, message) in [
        (
            Limits {
                max_name_bytes: 4,
                ..Limits::default()
            },
            "too many bytes in a name: the limit is 4",
        ),
        (
            Limits {
                max_nesting: 1,
                ..Limits::default()
            },
            "too many levels of nested components",
        ),
        (
            Limits {
                max_functions: 2,
                ..Limits::default()
            },
            "too many exports: the limit is 2",
        ),
        (
            Limits {
                max_type_nodes: 1,
                ..Limits::default()
            },
            "too many types in its functions'",
        ),
        (
            Limits {
                max_signature_bytes: 20,
                ..Limits::default()
            },
            "too many bytes in its functions' signatures: the limit is 20",
        ),
        (
            Limits {
                max_bytes: 100,
                ..Limits::default()
            },
            "the limit is 100 bytes",
        ),
    ] {
        let error = with(limits).unwrap_err();
        assert!(matches!(
            error,
            Error::TooMany { .. } | Error::TooLarge { .. }
        ));
        assert!(error.to_string().contains(message), "{error}");
    }
}
