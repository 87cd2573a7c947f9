//! Compiling once, in memory and on disk.

use std::{fs, thread};

use wask_sandbox::{CodeStats, Config, Error, Sandbox};

use crate::support::{component, module_component};

fn nop(number: u32) -> wask_component::Component {
    let module = format!(
        r#"(memory (export "memory") 1) (func (export "f") (result i32) (i32.const {number}))"#
    );
    component(&module_component(&module, &[("f", "(result u32)")]))
}

fn sandbox(cache_dir: Option<&std::path::Path>, max_components: usize) -> Sandbox {
    Sandbox::new(Config {
        slots: 1,
        cache_dir: cache_dir.map(Into::into),
        max_components,
        ..Config::default()
    })
    .unwrap()
}

#[test]
fn many_who_ask_at_once_wait_for_one_compilation() {
    let sandbox = sandbox(None, 8);
    let component = nop(1);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| sandbox.compile(&component).unwrap());
        }
    });
    assert_eq!(
        sandbox.code_stats(),
        CodeStats {
            compiled: 1,
            loaded: 0
        }
    );
}

#[test]
fn the_least_recently_used_is_dropped() {
    let sandbox = sandbox(None, 2);
    for number in [1, 2, 1, 3, 1] {
        sandbox.compile(&nop(number)).unwrap();
    }
    assert_eq!(sandbox.code_stats().compiled, 3);
    sandbox.compile(&nop(2)).unwrap();
    assert_eq!(sandbox.code_stats().compiled, 4);
}

#[test]
fn code_on_disk_serves_the_next_process_and_damage_is_repaired() {
    let dir = tempfile::tempdir().unwrap();
    let cache = dir.path().join("code");
    let stats = || {
        let sandbox = sandbox(Some(&cache), 8);
        let compiled = sandbox.compile(&nop(1)).unwrap();
        assert!(compiled.function("f").is_some());
        sandbox.code_stats()
    };
    assert_eq!(
        stats(),
        CodeStats {
            compiled: 1,
            loaded: 0
        }
    );
    assert_eq!(
        stats(),
        CodeStats {
            compiled: 0,
            loaded: 1
        }
    );
    let file = fs::read_dir(&cache)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let mut content = fs::read(&file).unwrap();
    *content.last_mut().unwrap() ^= 1;
    fs::write(&file, content).unwrap();
    assert_eq!(
        stats(),
        CodeStats {
            compiled: 1,
            loaded: 0
        }
    );
    assert_eq!(
        stats(),
        CodeStats {
            compiled: 0,
            loaded: 1
        }
    );
}

#[test]
fn what_sandboxes_do_not_have_is_said() {
    let error = Sandbox::new(Config {
        slots: 0,
        ..Config::default()
    });
    let message = error.err().unwrap().to_string();
    assert!(message.contains("between 1 and 16384"), "{message}");
    // More memories than a task has room for.
    let memories = "(memory 1)".repeat(9);
    let many = component(&module_component(
        &format!(r#"(memory (export "memory") 1) {memories} (func (export "f"))"#),
        &[("f", "")],
    ));
    let error = sandbox(None, 8).compile(&many).err().unwrap();
    assert!(matches!(error, Error::Compile { .. }), "{error}");
    assert!(
        error.to_string().contains(&many.digest().to_string()),
        "{error}"
    );
}
