//! Guests that return what their types do not allow, and what the encoding does not know.

use super::*;

/// A guest whose function `f` returns `ty` by the core function `body`, over a page of memory that
/// begins with `data`.
fn guest(ty: &str, core: &str, body: &str, data: &str, encoding: &str) -> Guest {
    Guest::new(&format!(
        r#"(component
        (core module $m
          (memory (export "memory") 1)
          (data (i32.const 0) "{data}")
          (func (export "f") (result {core}) {body}))
        (core instance $i (instantiate $m))
        (type $e' (enum "a" "b" "c")) (export $e "e" (type $e'))
        (type $f' (flags "a" "b" "c")) (export $f "f3" (type $f'))
        (func (export "f") (result {ty}) (canon lift (core func $i "f")
          (memory (core memory $i "memory")) string-encoding={encoding})))"#
    ))
}

/// What a result that is one core value is read as.
fn flat(ty: &str, core: &str, value: &str) -> Result<Vec<u8>, String> {
    let body = format!("({core}.const {value})");
    outcome(&guest(ty, core, &body, "", "utf8"))
}

/// What a result at address 0 is read as.
fn memory(ty: &str, data: &str, encoding: &str) -> Result<Vec<u8>, String> {
    outcome(&guest(ty, "i32", "(i32.const 0)", data, encoding))
}

fn outcome(guest: &Guest) -> Result<Vec<u8>, String> {
    match guest.call("f", &[]) {
        Ok(Returned::Value(bytes)) => Ok(bytes),
        Ok(Returned::Error(_)) => Err("an err".to_owned()),
        Err(error) => match error.downcast_ref() {
            Some(Refusal::BadResult(fault)) => Err(fault.clone()),
            _ => panic!("{error:#}"),
        },
    }
}

#[test]
fn flat_results_are_made_canonical_or_refused() {
    assert_eq!(flat("bool", "i32", "2"), Ok(vec![1]));
    assert_eq!(flat("bool", "i32", "0x100"), Ok(vec![1]));
    assert_eq!(flat("u8", "i32", "0x1ff"), Ok(vec![0xff]));
    assert_eq!(flat("s16", "i32", "-2"), Ok(vec![0xfe, 0xff]));
    assert_eq!(flat("$f", "i32", "-1"), Ok(vec![7]));
    assert_eq!(flat("$e", "i32", "2"), Ok(vec![2]));
    assert!(flat("$e", "i32", "3").unwrap_err().contains("no case 3"));
    assert!(flat("$e", "i32", "-1").is_err());
    assert!(
        flat("char", "i32", "0xd800")
            .unwrap_err()
            .contains("no character")
    );
    assert!(flat("char", "i32", "0x110000").is_err());
    assert!(flat("(result)", "i32", "2").is_err());
    assert_eq!(flat("(result)", "i32", "1").unwrap_err(), "an err");
}

#[test]
fn every_nan_is_the_canonical_one() {
    assert_eq!(
        flat("f32", "f32", "-nan:0x200001"),
        Ok(0x7fc0_0000_u32.to_le_bytes().into())
    );
    assert_eq!(
        flat("f64", "f64", "-nan:0x4000000000001"),
        Ok(0x7ff8_0000_0000_0000_u64.to_le_bytes().into())
    );
    // A list at address 8 of two: a signalling NaN and an infinity.
    let data = r"\08\00\00\00\02\00\00\00\01\00\80\ff\00\00\80\ff";
    assert_eq!(
        memory("(list f32)", data, "utf8").unwrap(),
        [2, 0, 0, 0, 0, 0, 0xc0, 0x7f, 0, 0, 0x80, 0xff]
    );
    // A record of floats is a block too.
    assert_eq!(
        memory(
            "(list (tuple f32 f32))",
            &data.replace(r"\02", r"\01"),
            "utf8"
        )
        .unwrap(),
        [1, 0, 0, 0, 0, 0, 0xc0, 0x7f, 0, 0, 0x80, 0xff]
    );
}

#[test]
fn wrong_pointers_are_refused() {
    let list = |ty: &str, data: &str| memory(ty, data, "utf8").unwrap_err();
    assert!(list("(list u8)", r"\00\00\01\00\01\00\00\00").contains("out of bounds"));
    assert!(list("(list u8)", r"\ff\ff\ff\ff\ff\ff\ff\ff").contains("out of bounds"));
    assert!(list("(list u64)", r"\00\00\00\00\ff\ff\ff\ff").contains("out of bounds"));
    assert!(list("(list u32)", r"\02\00\00\00\01\00\00\00").contains("not aligned"));
    assert!(list("string", r"\00\00\01\00\01\00\00\00").contains("out of bounds"));
    assert!(list("string", r"\08\00\00\00\01\00\00\00\ff").contains("UTF-8"));
    // The end of memory is not beyond it.
    assert_eq!(
        memory("(list u8)", r"\00\00\01\00\00\00\00\00", "utf8").unwrap(),
        [0; 4]
    );
    let pointer = |at: &str| {
        let body = format!("(i32.const {at})");
        outcome(&guest("(tuple u64 u64)", "i32", &body, "", "utf8")).unwrap_err()
    };
    assert!(pointer("4").contains("not aligned"));
    assert!(pointer("0xfff8").contains("out of bounds"));
    assert!(pointer("-8").contains("out of bounds"));
}

#[test]
fn wrong_cases_in_memory_are_refused() {
    assert!(
        memory("(option u32)", r"\02", "utf8")
            .unwrap_err()
            .contains("no case 2")
    );
    assert!(memory("(result u32)", r"\07", "utf8").is_err());
    assert!(memory("(tuple $e $e)", r"\00\03", "utf8").is_err());
    assert!(memory("(tuple char char)", r"\00\d8\00\00", "utf8").is_err());
    // Padding and unused bits are not part of the value.
    assert_eq!(
        memory("(tuple $f u16 bool)", r"\fa\ff\03\04\05", "utf8").unwrap(),
        [2, 3, 4, 1]
    );
}

#[test]
fn other_string_encodings_are_read() {
    let text = |data: &str, encoding: &str| memory("string", data, encoding);
    let utf16 = r"\08\00\00\00\03\00\00\00\e9\00\3d\d8\00\de";
    let expected = [&[6, 0, 0, 0][..], "é😀".as_bytes()].concat();
    assert_eq!(text(utf16, "utf16").unwrap(), expected);
    assert!(
        text(&utf16.replace(r"\03\00", r"\02\00"), "utf16")
            .unwrap_err()
            .contains("UTF-16")
    );
    let tagged = utf16.replace(r"\03\00\00\00", r"\03\00\00\80");
    assert_eq!(text(&tagged, "latin1+utf16").unwrap(), expected);
    let latin1 = r"\08\00\00\00\02\00\00\00\e9\41";
    assert_eq!(
        text(latin1, "latin1+utf16").unwrap(),
        [&[3, 0, 0, 0][..], "éA".as_bytes()].concat()
    );
    assert!(text(&latin1.replacen(r"\08", r"\09", 1), "latin1+utf16").is_err());
}

#[test]
fn output_is_charged_before_it_is_copied() {
    // A list of 1,000 lists, all of which are the same 60,000 bytes.
    let guest = Guest::new(
        r#"(component
        (core module $m
          (memory (export "memory") 1)
          (func (export "f") (result i32) (local $i i32)
            (loop $next
              (i64.store (i32.shl (local.get $i) (i32.const 3)) (i64.const 0x0000_ea60_0000_0000))
              (local.set $i (i32.add (local.get $i) (i32.const 1)))
              (br_if $next (i32.lt_u (local.get $i) (i32.const 1000))))
            (i64.store (i32.const 8000) (i64.const 0x0000_03e8_0000_0000))
            (i32.const 8000)))
        (core instance $i (instantiate $m))
        (func (export "f") (result (list (list u8))) (canon lift (core func $i "f")
          (memory (core memory $i "memory")))))"#,
    );
    let size = 4 + 1000 * (4 + 60_000);
    assert!(matches!(
        guest.call_limited("f", &[], size),
        Ok(Returned::Value(bytes)) if bytes.len() == size
    ));
    let error = guest.call_limited("f", &[], size - 1).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Refusal::OutputTooLarge));
}
