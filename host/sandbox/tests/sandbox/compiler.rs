//! Compilers that are processes of their own, and do not do what they should. Those that do are
//! `wask` itself: `tests/e2e`.

use std::{fs, path::Path, time::Duration};

use wask_sandbox::{Cancel, CodeStats, Compiler, Config, Error, Sandbox};

use crate::support::{component, module_component};

/// A shell that compiles in its own way.
fn shell(script: &str) -> Compiler {
    Compiler::new("sh", &["-c", script])
}

fn sandbox(compiler: Compiler, cache: &Path) -> Sandbox {
    Sandbox::new(Config {
        slots: 1,
        cache_dir: Some(cache.into()),
        compiler: Some(compiler),
        ..Config::default()
    })
    .unwrap()
}

fn nop() -> wask_component::Component {
    let module = r#"(memory (export "memory") 1) (func (export "f"))"#;
    component(&module_component(module, &[("f", "")]))
}

/// What becomes of a component, of which nothing is left.
fn error(compiler: Compiler, cancel: &Cancel) -> Error {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("code");
    let sandbox = sandbox(compiler, &cache);
    let error = sandbox.compile_until(&nop(), false, cancel).err().unwrap();
    assert_eq!(fs::read_dir(&cache).unwrap().count(), 0);
    assert_eq!(sandbox.code_stats(), CodeStats::default());
    error
}

fn message(compiler: Compiler) -> String {
    error(compiler, &Cancel::new()).to_string()
}

/// Children of this process that have not been waited for.
fn children() -> usize {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let children = tasks.map_while(Result::ok).map(|task| {
        let children = fs::read_to_string(task.path().join("children"));
        children.map_or(0, |children| children.split_whitespace().count())
    });
    children.sum()
}

#[test]
fn a_compiler_that_dies_is_a_refusal_that_says_how() {
    let told = message(shell("cat > /dev/null; echo it hurts >&2; kill -9 $$"));
    assert!(
        told.contains("signal: 9") && told.contains("it hurts"),
        "{told}"
    );
    let told = message(shell("exit 3"));
    assert!(told.contains("the compiler died"), "{told}");
    let told = message(shell(
        "echo memory allocation of 99 bytes failed >&2; kill -6 $$",
    ));
    assert!(told.contains("more memory than 2 GiB"), "{told}");
    let long = message(shell("head -c 1000000 /dev/zero | tr '\\0' x >&2"));
    assert!(long.len() < 10_000, "{} bytes", long.len());
    assert_eq!(children(), 0);
}

/// A system that is short of memory kills what it likes.
#[test]
fn a_compiler_that_was_killed_once_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("tried");
    let script = format!(
        "cat > /dev/null; if [ -e {mark:?} ]; then echo twice >&2; exit 3; fi; touch {mark:?}; kill -9 $$"
    );
    let told = message(shell(&script));
    assert!(told.contains("twice"), "{told}");
}

#[test]
fn a_compiler_that_answers_nonsense_is_refused() {
    // An answer of code, eight bytes of it, which wasmtime does not take for code.
    let told = message(shell(
        r"printf '\000\010\000\000\000\000\000\000\000nonsense'",
    ));
    assert!(told.contains("failed to compile"), "{told}");
    let told = message(shell(r"printf '\000\377\377\377\377\377\377\377\377'; cat"));
    assert!(told.contains("512 MiB is the limit"), "{told}");
    let told = message(shell(r"printf '\001\002\000\000\000\000\000\000\000no'"));
    assert!(told.ends_with(": no"), "{told}");
}

#[test]
fn a_compiler_that_is_not_there_is_named() {
    let error = error(Compiler::new("/nowhere/wask", &[]), &Cancel::new());
    assert!(matches!(&error, Error::Compiler { .. }), "{error}");
    assert!(error.to_string().contains("/nowhere/wask"), "{error}");
}

#[test]
fn a_compiler_that_takes_too_long_is_killed() {
    let compiler = Compiler {
        timeout: Duration::from_millis(50),
        ..shell("exec sleep 1000")
    };
    let told = message(compiler);
    assert!(told.contains("longer than 50ms"), "{told}");
    assert_eq!(children(), 0);
}

#[test]
fn a_compiler_that_nobody_waits_for_is_killed() {
    let cancel = Cancel::new();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| error(shell("exec sleep 1000"), &cancel));
        while children() == 0 {
            std::thread::yield_now();
        }
        cancel.cancel();
        assert!(matches!(waiting.join().unwrap(), Error::Cancelled { .. }));
    });
    assert_eq!(children(), 0);
    // One that was cancelled before is not even started.
    let error = error(Compiler::new("/nowhere/wask", &[]), &cancel);
    assert!(matches!(error, Error::Cancelled { .. }));
}

#[test]
fn who_waits_for_the_compiler_of_another_gets_one_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    // The first never ends, the second refuses.
    let script =
        "mkdir \"$0\" && exec sleep 1000; printf '\\001\\002\\000\\000\\000\\000\\000\\000\\000no'";
    let mut compiler = shell(script);
    compiler.arguments.push(folder.path().join("first").into());
    let sandbox = sandbox(compiler, &folder.path().join("code"));
    let (first, second) = (Cancel::new(), Cancel::new());
    std::thread::scope(|scope| {
        let one = scope.spawn(|| sandbox.compile_until(&nop(), false, &first).err().unwrap());
        while !folder.path().join("first").exists() {
            std::thread::yield_now();
        }
        let other = scope.spawn(|| sandbox.compile_until(&nop(), false, &second).err().unwrap());
        first.cancel();
        assert!(matches!(one.join().unwrap(), Error::Cancelled { .. }));
        assert!(matches!(other.join().unwrap(), Error::Compile { .. }));
    });
}
