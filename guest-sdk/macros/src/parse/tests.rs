use quote::quote;
use syn::spanned::Spanned;

use crate::wit;

/// The WIT package of a module.
#[track_caller]
fn package(module: &str) -> String {
    let module = syn::parse_str(module).unwrap();
    wit::package(&super::tasks(&module).unwrap())
}

/// The errors of a module with these items, each as the text that it points at and its message.
#[track_caller]
fn errors(items: &str) -> Vec<(String, String)> {
    let module = syn::parse_str(&format!("mod m {{ {items} }}")).unwrap();
    let error = super::tasks(&module).unwrap_err();
    let list = error.into_iter();
    list.map(|error| {
        (
            error.span().source_text().unwrap_or_default(),
            error.to_string(),
        )
    })
    .collect()
}

/// The one error of a module with these items points at `at` and contains `message`.
#[track_caller]
fn refused(items: &str, at: &str, message: &str) {
    let errors = errors(items);
    let [(place, text)] = &errors[..] else {
        panic!("{errors:?}")
    };
    assert_eq!(place, at, "{text}");
    assert!(text.contains(message), "{text}");
}

#[test]
fn public_functions_become_exports() {
    let module = "
        /// Counting words.
        mod word_count {
            use std::collections::BTreeMap;
            /// Counts words.
            ///
            /// They are separated by white space.
            pub fn count_words(text: &str) -> Vec<(String, u32)> { helper() }
            pub fn merge(mut parts: Vec<std::vec::Vec<(std::string::String, u32)>>) -> () {}
            pub(crate) fn hidden(x: usize) -> usize { x }
            fn helper() -> BTreeMap<String, u32> { todo!() }
            #[cfg(test)]
            mod tests {}
        }";
    assert_eq!(
        package(module),
        "package wask:word-count;

/// Counting words.
world tasks {
    /// Counts words.
    ///
    /// They are separated by white space.
    export count-words: func(text: string) -> list<tuple<string, u32>>;
    export merge: func(parts: list<list<tuple<string, u32>>>);
}
"
    );
}

#[test]
fn types_that_functions_use_become_wit_types() {
    let module = "
        mod geometry {
            /// A point.
            pub struct Point { pub x: f64, /** What to
            call it. */ pub label_text: Option<String>, r#type: u8 }
            pub enum Shape { Dot, /// Round.
                Circle(Point), Poly(Points) }
            pub enum Colour { Red, DarkBlue = 7 }
            type Points = Vec<Point>;
            pub struct Unused { size: usize }
            pub fn grow(s: Shape, c: Colour) -> Result<Points, String> { todo!() }
            pub fn flip(list: &[bool]) -> Result<(), Option<char>> { todo!() }
            pub fn world() -> Result<i8, ()> { todo!() }
        }";
    assert_eq!(
        package(module),
        "package wask:geometry;

interface types {
    /// A point.
    record point {
        x: f64,
        /// What to
        /// call it.
        label-text: option<string>,
        %type: u8,
    }

    variant shape {
        dot,
        /// Round.
        circle(point),
        poly(list<point>),
    }

    enum colour {
        red,
        dark-blue,
    }
}

world tasks {
    use types.{point, shape, colour};

    export grow: func(s: shape, c: colour) -> result<list<point>, string>;
    export flip: func(%list: list<bool>) -> result<_, option<char>>;
    export %world: func() -> result<s8>;
}
"
    );
}

#[test]
fn types_without_a_wit_counterpart_are_refused_where_they_stand() {
    for (ty, at, hint) in [
        (
            "usize",
            "usize",
            "`usize` is not supported in the signature of a task: its size differs",
        ),
        ("Vec<i128>", "i128", "64 bits"),
        (
            "HashMap<String, u32>",
            "HashMap<String, u32>",
            "use `Vec<(K, V)>`",
        ),
        ("Option<Box<u8>>", "Box<u8>", "use the value inside"),
        (
            "chrono::Duration",
            "chrono::Duration",
            "`chrono::Duration` is not supported",
        ),
        ("Elsewhere", "Elsewhere", "structs and enums of this module"),
        ("[u8; 4]", "[u8; 4]", "use `Vec` or a tuple"),
        ("&mut Vec<u8>", "mut", "return the new value"),
        (
            "&String",
            "&String",
            "take the value itself, `&str` or a slice",
        ),
        ("Vec<&str>", "&str", "use an owned type"),
        (
            "impl Iterator<Item = u8>",
            "impl Iterator<Item = u8>",
            "name a concrete type",
        ),
        ("Vec<()>", "()", "leave it out"),
        ("Result<u8>", "Result<u8>", "write both types"),
        ("fn(u8)", "fn(u8)", "plain values"),
    ] {
        refused(&format!("pub fn f(x: {ty}) {{}}"), at, hint);
    }
    refused(
        "pub fn f() -> &'static str { \"\" }",
        "&'static str",
        "use an owned type",
    );
}

#[test]
fn functions_that_are_more_than_plain_are_refused() {
    refused("pub async fn f() {}", "async", "cannot be async");
    refused("pub unsafe fn f() {}", "unsafe", "cannot be unsafe");
    refused(
        "pub extern \"C\" fn f() {}",
        "extern \"C\"",
        "cannot be extern",
    );
    refused("pub fn f<T>(x: T) {}", "<T>", "cannot be generic");
    refused("pub fn f(self) {}", "self", "without `self`");
    refused(
        "pub fn f((a, b): (u8, u8)) {}",
        "(a, b)",
        "needs a plain name",
    );
    refused(
        "#[cfg(unix)] pub fn f() {}",
        "#[cfg(unix)]",
        "cannot be conditional",
    );
    refused("fn f() {}", "m", "no task here");
}

#[test]
fn items_that_wit_cannot_say_are_refused() {
    let with = |item: &str| format!("{item} pub fn f(x: T) {{}}");
    refused(&with("struct T(u8);"), "T", "needs named fields");
    refused(&with("struct T {}"), "T", "at least one field");
    refused(&with("struct T { size: usize }"), "usize", "use `u32`");
    refused(&with("struct T<A> { a: A }"), "<A>", "no generics");
    refused(
        &with("struct T { next: Option<T> }"),
        "T",
        "contains itself",
    );
    refused(&with("enum T {}"), "T", "at least one case");
    refused(
        &with("enum T { A(u8, u8) }"),
        "(u8, u8)",
        "carries one value",
    );
    refused(
        &with("enum T { A { x: u8 } }"),
        "{ x: u8 }",
        "carries one value",
    );
    refused(&with("enum T { AB, Ab_ }"), "Ab_", "are both `ab` in WIT");
}

#[test]
fn names_that_meet_in_wit_are_refused() {
    refused(
        "pub fn f(a_b: u8, a__b: u8) {}",
        "a__b",
        "`a__b` and `a_b` are both `a-b` in WIT",
    );
    refused("pub fn f() {} pub fn F() {}", "F", "are both `f` in WIT");
    refused(
        "struct Point { x: u8 } pub fn point(p: Point) {}",
        "point",
        "both `point`",
    );
}

#[test]
fn all_faulty_functions_are_reported_together() {
    let errors = errors("pub fn f(x: usize) {} pub fn g() {} pub async fn h() {}");
    assert_eq!(errors.len(), 2, "{errors:?}");
}

#[test]
fn a_module_without_content_is_refused() {
    let module: syn::ItemMod = syn::parse2(quote!(
        mod m;
    ))
    .unwrap();
    let error = super::tasks(&module).unwrap_err();
    assert!(
        error.to_string().contains("in place"),
        "{} at {:?}",
        error,
        module.span()
    );
}
