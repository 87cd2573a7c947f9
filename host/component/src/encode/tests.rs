use crate::{Component, Error, testing};

const ADD: &str = "package a:b; world w { export add: func(a: s32, b: s32) -> s32; }";
const ADD_MODULE: &str = r#"(module (func (export "add") (param i32 i32) (result i32)
    (i32.add (local.get 0) (local.get 1))))"#;

#[track_caller]
fn error(module: &[u8]) -> String {
    Component::load(module).unwrap_err().to_string()
}

#[test]
fn a_module_with_its_world_becomes_a_component() {
    let module = testing::with_world(ADD_MODULE, ADD);
    let component = Component::load(&module).unwrap();
    assert_eq!(
        component.function("add").unwrap().ty.to_string(),
        "func(a: s32, b: s32) -> s32"
    );
    // The digest is that of the component, which loads as itself, and is made the same every time.
    let again = Component::load(component.bytes()).unwrap();
    assert_eq!(again.digest(), component.digest());
    assert_eq!(
        Component::load(&module).unwrap().digest(),
        component.digest()
    );
}

#[test]
fn a_module_in_text_becomes_a_component() {
    let binary = testing::with_world(ADD_MODULE, ADD);
    // What embedding appended to the module, as an annotation in the text.
    let plain = wat::parse_str(ADD_MODULE).unwrap();
    let name = b"component-type";
    let section = &binary[plain.len()..];
    let start = section
        .windows(name.len())
        .position(|window| window == name)
        .unwrap();
    let data = &section[start + name.len()..];
    let escaped: String = data.iter().map(|byte| format!("\\{byte:02x}")).collect();
    let text = ADD_MODULE.trim_end_matches(')').to_owned()
        + &format!(")))\n(@custom \"component-type\" \"{escaped}\"))");
    assert_eq!(
        Component::load(text.as_bytes()).unwrap().functions().len(),
        1
    );
}

#[test]
fn preview_1_is_adapted() {
    let module = r#"(module
        (import "wasi_snapshot_preview1" "random_get" (func $r (param i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
        (func (export "add") (param i32 i32) (result i32)
            (call $r (i32.const 0) (i32.const 8))))"#;
    let component = Component::load(&testing::with_world(module, ADD)).unwrap();
    assert_eq!(component.functions().len(), 1);
    let imports = &component.interface().imports;
    assert!(
        imports
            .iter()
            .any(|import| import.starts_with("wasi:random/random@0.2."))
    );
}

#[test]
fn a_module_without_a_world_says_how_to_embed_one() {
    let module = wat::parse_str(ADD_MODULE).unwrap();
    assert!(matches!(
        Component::load(&module),
        Err(Error::NoComponentType { .. })
    ));
    assert!(error(&module).contains("wasm-tools component embed"));
    assert!(error(ADD_MODULE.as_bytes()).contains("wasm-tools component embed"));
}

#[test]
fn a_module_that_does_not_fit_its_world_says_what_is_missing() {
    let module = testing::with_world(
        r#"(module (func (export "sub") (param i32 i32) (result i32) (i32.const 0)))"#,
        ADD,
    );
    assert!(error(&module).contains("`add`"), "{}", error(&module));

    let module = testing::with_world(
        r#"(module (import "env" "abort" (func)) (func (export "add") (param i32 i32) (result i32)
            (i32.const 0)))"#,
        ADD,
    );
    assert!(error(&module).contains("env"), "{}", error(&module));
}

#[test]
fn metadata_that_is_no_world_is_an_error() {
    let mut module = wat::parse_str(ADD_MODULE).unwrap();
    let section = b"component-typeXYZ";
    module.push(0);
    module.push(1 + section.len() as u8);
    module.push(14);
    module.extend_from_slice(section);
    assert!(error(&module).starts_with("cannot turn the core module into a component: "));
}

#[test]
fn an_invalid_module_is_refused_before_it_is_encoded() {
    let text = r#"(module (func (export "add") (param i32 i32) (result i32)))"#;
    let module = testing::with_world(text, ADD);
    assert!(matches!(
        Component::load(&module),
        Err(Error::Invalid { .. })
    ));
}
