//! Each operator by example; values in WAVE, as `TYPE = VALUE`.

use wask_value::{Value, decode, encode, wave};

use super::*;

const LIMITS: Limits<'_> = Limits {
    max_output: 1 << 20,
    is_cancelled: &|| false,
};

fn run(operator: &str, arguments: &[&str]) -> Result<String, String> {
    let operator: Operator = operator.parse().unwrap();
    let arguments = arguments.iter().map(|text| {
        let (ty, value) = text.split_once(" = ").unwrap();
        let ty: Type = ty.parse().unwrap();
        let value = wave::parse(&ty, value).unwrap();
        let encoded = Bytes::from(encode(&ty, &value).unwrap());
        (ty, encoded)
    });
    let (types, encoded): (Vec<_>, Vec<_>) = arguments.unzip();
    let types = operator.infer(&types).unwrap();
    let result = operator.run(&types, &encoded, &LIMITS);
    let result = result.map_err(|fault| fault.to_string())?;
    let ty = operator.signature(&types).unwrap().result.unwrap();
    Ok(wave::to_string(&ty, &decode(&ty, &result).unwrap()).unwrap())
}

fn gives(operator: &str, arguments: &[&str], result: &str) {
    let expected = Ok(result.to_owned());
    assert_eq!(
        run(operator, arguments),
        expected,
        "{operator} {arguments:?}"
    );
}

fn fails(operator: &str, arguments: &[&str], fault: &str) {
    let expected = Err(fault.to_owned());
    assert_eq!(
        run(operator, arguments),
        expected,
        "{operator} {arguments:?}"
    );
}

#[test]
fn arithmetic_of_integers_is_exact() {
    gives("add", &["u8 = 200", "u8 = 55"], "255");
    fails(
        "add",
        &["u8 = 200", "u8 = 100"],
        "add: 200 + 100 does not fit u8",
    );
    gives("sub", &["s8 = -100", "s8 = 28"], "-128");
    fails(
        "sub",
        &["u64 = 1", "u64 = 2"],
        "sub: 1 - 2 does not fit u64",
    );
    gives("mul", &["s64 = -3", "s64 = 4"], "-12");
    fails(
        "mul",
        &["s16 = 256", "s16 = 128"],
        "mul: 256 * 128 does not fit s16",
    );
    gives("div", &["s32 = -7", "s32 = 2"], "-3");
    fails("div", &["s32 = 7", "s32 = 0"], "div: 7 / 0 divides by zero");
    fails(
        "div",
        &["s8 = -128", "s8 = -1"],
        "div: -128 / -1 does not fit s8",
    );
    gives("rem", &["s32 = -7", "s32 = 2"], "-1");
    gives("rem", &["s8 = -128", "s8 = -1"], "0");
    fails("rem", &["u8 = 7", "u8 = 0"], "rem: 7 % 0 divides by zero");
    gives("neg", &["s8 = 127"], "-127");
    fails("neg", &["s8 = -128"], "neg: -(-128) does not fit s8");
}

#[test]
fn arithmetic_of_floats_is_that_of_ieee() {
    gives("add", &["f64 = 0.1", "f64 = 0.2"], "0.30000000000000004");
    gives("div", &["f32 = 1", "f32 = 0"], "inf");
    gives("div", &["f32 = 0", "f32 = 0"], "nan");
    gives("rem", &["f64 = -7.5", "f64 = 2"], "-1.5");
    gives("neg", &["f64 = nan"], "nan");
    gives("neg", &["f64 = 0"], "-0");
}

#[test]
fn every_nan_comes_out_as_the_canonical_one() {
    let canonical = encode(&Type::F64, &Value::F64(f64::NAN)).unwrap();
    let nan = Bytes::from(canonical.clone());
    let result = Operator::Neg.run(&[Type::F64], std::slice::from_ref(&nan), &LIMITS);
    assert_eq!(result.unwrap(), canonical);
    let list = [Bytes::from_static(&[1, 0, 0, 0]), nan];
    for operator in [
        Operator::Sum,
        Operator::Product,
        Operator::Mean,
        Operator::Max,
    ] {
        assert_eq!(
            operator.run(&[Type::F64], &list, &LIMITS).unwrap(),
            canonical
        );
    }
}

#[test]
fn strings_add_up() {
    gives("add", &[r#"string = "añ""#, r#"string = "b""#], r#""añb""#);
}

#[test]
fn comparisons_follow_the_order_of_types() {
    gives("lt", &["s8 = -1", "s8 = 0"], "true");
    gives("lt", &["f64 = -0", "f64 = 0"], "true");
    gives("gt", &["f64 = nan", "f64 = inf"], "true");
    gives("ge", &["f32 = -1.5", "f32 = -1.25"], "false");
    gives("lt", &["string = \"Z\"", "string = \"a\""], "true");
    gives("lt", &["string = \"a\"", "string = \"a\\u{ffff}\""], "true");
    gives(
        "lt",
        &["string = \"\\u{ffff}\"", "string = \"\\u{10000}\""],
        "true",
    );
    gives("lt", &["char = 'ÿ'", "char = 'Ā'"], "true");
    gives("le", &["list<u16> = [1, 2]", "list<u16> = [1]"], "false");
    gives("lt", &["list<u16> = [256]", "list<u16> = [1, 1]"], "false");
    gives("lt", &["option<u8> = none", "option<u8> = 0"], "true");
    gives(
        "lt",
        &["result<u8, u8> = ok(9)", "result<u8, u8> = err(0)"],
        "true",
    );
    gives("lt", &["enum { z, a } = z", "enum { z, a } = a"], "true");
    gives(
        "gt",
        &["variant { a(u8), b } = a(2)", "variant { a(u8), b } = a(1)"],
        "true",
    );
    gives(
        "lt",
        &[
            "record { a: s16, b: bool } = {a: -1, b: true}",
            "record { a: s16, b: bool } = {a: 0, b: false}",
        ],
        "true",
    );
    gives("eq", &["f64 = nan", "f64 = nan"], "true");
    gives("eq", &["f64 = 0", "f64 = -0"], "false");
    gives(
        "ne",
        &["flags { r, w } = {r}", "flags { r, w } = {w}"],
        "true",
    );
}

#[test]
fn logic() {
    gives("not", &["bool = true"], "false");
    gives("and", &["bool = true", "bool = false"], "false");
    gives("and", &["bool = true", "bool = true"], "true");
    gives("or", &["bool = false", "bool = true"], "true");
    gives("or", &["bool = false", "bool = false"], "false");
}

#[test]
fn only_the_result_of_a_sum_or_product_must_fit() {
    gives("sum", &["list<s8> = [127, 1, -1]"], "127");
    fails(
        "sum",
        &["list<u8> = [200, 100]"],
        "sum: 300, of 2 numbers, does not fit u8",
    );
    gives("product", &["list<u8> = [200, 200, 0]"], "0");
    gives("product", &["list<s8> = [64, 2, -1]"], "-128");
    fails(
        "product",
        &["list<u8> = [16, 16]"],
        "product: 256, of 2 numbers, does not fit u8",
    );
    let huge = "18446744073709551615";
    fails(
        "product",
        &[&format!("list<u64> = [{huge}, {huge}, 3]")],
        "product: beyond ±2^127, of 3 numbers, does not fit u64",
    );
    gives(
        "product",
        &[&format!("list<u64> = [{huge}, {huge}, 0]")],
        "0",
    );
}

#[test]
fn floats_are_added_up_from_the_left() {
    gives("sum", &["list<f64> = [1e100, 1, -1e100]"], "0");
    gives("sum", &["list<f64> = [1e100, -1e100, 1]"], "1");
    gives("sum", &["list<f32> = [16777216, 1, 1]"], "16777216");
    gives("mean", &["list<f32> = [16777216, 1, 1]"], "5592406");
    gives("sum", &["list<f64> = [-0]"], "0");
}

#[test]
fn of_nothing_there_is_a_sum_but_no_least() {
    gives("sum", &["list<s8> = []"], "0");
    gives("sum", &["list<f64> = []"], "0");
    gives("product", &["list<f32> = []"], "1");
    gives("count", &["list<string> = []"], "0");
    fails("min", &["list<u8> = []"], "min: the list is empty");
    fails("max", &["list<string> = []"], "max: the list is empty");
    fails("mean", &["list<u8> = []"], "mean: the list is empty");
}

#[test]
fn means_of_integers_are_exact_before_they_are_divided() {
    gives("mean", &["list<u8> = [1, 2]"], "1.5");
    let max = u64::MAX;
    gives(
        "mean",
        &[&format!("list<u64> = [{max}, {max}]")],
        "1.8446744073709552e19",
    );
    let min = i64::MIN;
    gives(
        "mean",
        &[&format!("list<s64> = [{min}, {min}, 1]")],
        "-6.148914691236517e18",
    );
}

#[test]
fn extremes() {
    gives("min", &["list<s16> = [3, -1, 256]"], "-1");
    gives("max", &["list<f64> = [1, nan, inf]"], "nan");
    gives("min", &["list<f64> = [0, -0]"], "-0");
    gives("max", &[r#"list<string> = ["b", "ba", "a"]"#], r#""ba""#);
    gives("min", &["list<bool> = [true, false]"], "false");
    gives("max", &["list<char> = ['a', 'é']"], "'é'");
}

#[test]
fn lists_are_cut() {
    let words = r#"list<string> = ["a", "bc", "", "d"]"#;
    gives("slice", &[words, "u64 = 1", "u64 = 3"], r#"["bc", ""]"#);
    gives("slice", &[words, "u64 = 3", "u64 = 99"], r#"["d"]"#);
    gives("slice", &[words, "u64 = 3", "u64 = 1"], "[]");
    gives("slice", &[words, "u64 = 9", "u64 = 99"], "[]");
    gives("take", &[words, "u64 = 1"], r#"["a"]"#);
    gives(
        "take",
        &[words, &format!("u64 = {}", u64::MAX)],
        r#"["a", "bc", "", "d"]"#,
    );
    gives("item", &[words, "u64 = 1"], r#""bc""#);
    fails(
        "item",
        &[words, "u64 = 4"],
        "item: there is no item 4, counted from 0, in a list of 4",
    );
    gives("item", &["list<bool> = [false, true]", "u64 = 1"], "true");
}

#[test]
fn parts_are_even_and_make_the_whole() {
    let seven = "list<u8> = [1, 2, 3, 4, 5, 6, 7]";
    gives("part", &[seven, "u64 = 0", "u64 = 3"], "[1, 2]");
    gives("part", &[seven, "u64 = 1", "u64 = 3"], "[3, 4]");
    gives("part", &[seven, "u64 = 2", "u64 = 3"], "[5, 6, 7]");
    gives("part", &["list<u8> = [1]", "u64 = 0", "u64 = 3"], "[]");
    let (last, of) = (u64::MAX - 1, u64::MAX);
    gives(
        "part",
        &[seven, &format!("u64 = {last}"), &format!("u64 = {of}")],
        "[7]",
    );
    fails(
        "part",
        &[seven, "u64 = 3", "u64 = 3"],
        "part: there is no part 3 of 3, counted from 0",
    );
}

#[test]
fn lists_are_joined() {
    gives(
        "collect",
        &[r#"list<string> = ["a", "b"]"#],
        r#"["a", "b"]"#,
    );
    gives("concat", &[r#"list<string> = ["a", "", "é"]"#], r#""aé""#);
    gives(
        "concat",
        &["list<list<u8>> = [[1], [], [2, 3]]"],
        "[1, 2, 3]",
    );
    gives(
        "flatten",
        &[r#"list<list<string>> = [["a"], [], ["b", ""]]"#],
        r#"["a", "b", ""]"#,
    );
    gives(
        "zip",
        &["list<u8> = [1, 2]", r#"list<string> = ["a", "b"]"#],
        r#"[(1, "a"), (2, "b")]"#,
    );
    fails(
        "zip",
        &["list<u8> = [1, 2]", "list<u8> = [1]"],
        "zip: the lists have 2 and 1 elements, not equally many",
    );
}

#[test]
fn fields_are_found() {
    let record = r#"record { a: string, b: list<u8>, c: u16 } = {a: "x", b: [1], c: 7}"#;
    gives("field(a)", &[record], r#""x""#);
    gives("field(b)", &[record], "[1]");
    gives("field(c)", &[record], "7");
    gives("field(1)", &[r#"tuple<u8, string> = (1, "y")"#], r#""y""#);
}

#[test]
fn lists_are_ordered_and_thinned() {
    gives("sort", &["list<s16> = [3, -1, 256, 3]"], "[-1, 3, 3, 256]");
    gives(
        "sort",
        &["list<f64> = [nan, 1, -inf, -0, 0]"],
        "[-inf, -0, 0, 1, nan]",
    );
    gives(
        "sort",
        &[r#"list<string> = ["b", "", "ab"]"#],
        r#"["", "ab", "b"]"#,
    );
    gives(
        "sort",
        &["list<option<s8>> = [some(1), none, some(-1)]"],
        "[none, some(-1), some(1)]",
    );
    gives("distinct", &["list<u8> = [3, 1, 3, 2, 1]"], "[3, 1, 2]");
    gives(
        "distinct",
        &["list<f64> = [nan, 0, -0, nan]"],
        "[nan, 0, -0]",
    );
}

#[test]
fn results_are_not_copied_where_they_are_the_argument() {
    let list = Bytes::from_static(&[2, 0, 0, 0, 7, 8]);
    let collected = Operator::Collect.run(&[Type::U8], std::slice::from_ref(&list), &LIMITS);
    assert_eq!(collected.unwrap().as_ptr(), list.as_ptr());
    let arguments = [list.clone(), Bytes::from_static(&[9, 0, 0, 0, 0, 0, 0, 0])];
    let taken = Operator::Take.run(&[Type::U8], &arguments, &LIMITS);
    assert_eq!(taken.unwrap().as_ptr(), list.as_ptr());
}

/// Each argument is within the limit of values that take no bytes, together they are not.
#[test]
fn results_hold_no_more_units_than_a_value_may() {
    let half = (wask_value::encoding::MAX_ZERO_SIZED / 2 + 1) as u32;
    let list = Bytes::copy_from_slice(&half.to_le_bytes());
    let lists = [
        Bytes::from_static(&[2, 0, 0, 0]),
        list.clone(),
        list.clone(),
    ];
    let fault = Operator::Concat.run(&[Type::list(Type::unit())], &lists, &LIMITS);
    assert!(matches!(fault, Err(Fault::Malformed(_))), "{fault:?}");
    let fault = Operator::Zip.run(&[Type::unit(), Type::unit()], &lists[1..], &LIMITS);
    assert!(matches!(fault, Err(Fault::Malformed(_))), "{fault:?}");
}

#[test]
fn types_that_do_not_fit_are_refused() {
    let fault = Operator::Sum
        .run(&[Type::String], &[], &LIMITS)
        .unwrap_err();
    let message = "sum: expected a list of numbers, got list<string>";
    assert_eq!(fault, Fault::Undefined(message.into()));
}
