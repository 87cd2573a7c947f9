//! Exports that a language's toolchain adds for itself.

use std::sync::LazyLock;

use wask_value::{FunctionType, Type};

/// An export of a toolchain, known by its name and its whole signature: a task of somebody's own
/// may well be called `init`.
struct Export {
    name: &'static str,
    signature: &'static str,
}

const EXPORTS: &[Export] = &[
    // componentize-qjs, by which the JavaScript program is read in at build time.
    Export {
        name: "init",
        signature: "func(shim: string, script: string, entry-path: option<string>, \
                    disable-gc: bool) -> result<_, string>",
    },
    // componentize-py, likewise for Python.
    Export {
        name: "exports#init",
        signature: "func(app-name: string, symbols: record { \
            exports: list<record { \
                kind: variant { \
                    freestanding(record { protocol: string, name: string }), \
                    constructor(record { module: string, protocol: string }), \
                    method(string), \
                    static(record { module: string, protocol: string, name: string }) \
                }, \
                return-style: variant { none, normal, %result } \
            }>, \
            resources: list<record { package: string, name: string }>, \
            records: list<record { package: string, name: string, fields: list<string> }>, \
            flags: list<record { package: string, name: string, u32-count: u32 }>, \
            tuples: list<record { count: u32 }>, \
            variants: list<record { \
                package: string, name: string, \
                cases: list<record { name: string, has-payload: bool }> \
            }>, \
            enums: list<record { package: string, name: string, count: u32 }>, \
            options: list<enum { non-nesting, nesting }>, \
            results: list<record { has-ok: bool, has-err: bool }> \
        }, stub-wasi: bool) -> result<_, string>",
    },
];

static SIGNATURES: LazyLock<Vec<(&str, Option<FunctionType>)>> = LazyLock::new(|| {
    let parse = |export: &Export| (export.name, export.signature.parse().ok());
    EXPORTS.iter().map(parse).collect()
});

/// Whether this export is one of a toolchain's own.
pub(crate) fn is_own_export(name: &str, ty: &FunctionType) -> bool {
    SIGNATURES
        .iter()
        .any(|(own, signature)| *own == name && signature.as_ref() == Some(ty))
}

/// Whether this is the entry point of a command, `wasi:cli/run`: not a task, and nobody's secret.
pub(crate) fn is_command_entry(name: &str, ty: &FunctionType) -> bool {
    let run = name
        .strip_prefix("wasi:cli/run@")
        .and_then(|rest| rest.split_once('#'));
    matches!(run, Some((version, "run")) if version.starts_with("0.2."))
        && ty.params.is_empty()
        && ty.result == Some(Type::result(None, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_exports_are_known_by_name_and_signature_together() {
        for export in EXPORTS {
            let ty: FunctionType = export.signature.parse().unwrap();
            assert!(is_own_export(export.name, &ty), "{}", export.name);
            assert!(!is_own_export("start", &ty));
            assert!(!is_own_export(
                export.name,
                &"func(x: u32) -> u32".parse().unwrap()
            ));
        }
    }

    #[test]
    fn a_command_is_known_by_interface_and_signature() {
        let run: FunctionType = "func() -> result".parse().unwrap();
        assert!(is_command_entry("wasi:cli/run@0.2.6#run", &run));
        assert!(!is_command_entry("run", &run));
        assert!(!is_command_entry(
            "wasi:cli/run@0.2.6#run",
            &"func()".parse().unwrap()
        ));
    }
}
