use quote::quote;

use super::tasks;

#[test]
fn a_module_expands_to_itself_and_its_bindings() {
    let module = quote! {
        /// Shapes.
        pub mod geometry {
            pub struct Point { pub x: f64, pub r#type: u8 }
            pub enum Shape { Dot, Poly(Vec<Point>) }

            /// Says "hello".
            pub fn grow(shape: Shape, by: &str) -> Result<Vec<Point>, String> {
                helper(shape, by)
            }
            pub fn first(points: &[Point]) -> Option<(Point, u8)> { None }
            pub fn bytes(bytes: Vec<u8>) {}
            fn helper(shape: Shape, by: &str) -> Result<Vec<Point>, String> { Err(by.into()) }
        }
    };
    let expanded = tasks(quote!(), module).unwrap();
    let expanded = prettyplease::unparse(&syn::parse2(expanded).unwrap());
    let expected = include_str!("geometry.expanded.rs");
    assert_eq!(expanded, expected, "\n{expanded}");
}

#[test]
fn only_a_module_without_arguments_is_taken() {
    let error = tasks(
        quote!(world),
        quote!(
            mod m {
                pub fn f() {}
            }
        ),
    )
    .unwrap_err();
    assert_eq!(error.to_string(), "`tasks` takes no arguments");
    let error = tasks(
        quote!(),
        quote!(
            pub fn f() {}
        ),
    )
    .unwrap_err();
    assert!(
        error.to_string().contains("stands before a module"),
        "{error}"
    );
}

#[test]
fn text_that_ends_a_raw_string_does_not() {
    let text = super::raw_string("a\"#b\"##c").unwrap().to_string();
    assert_eq!(text, "r###\"\na\"#b\"##c\"###");
}
