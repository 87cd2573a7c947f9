/// Shapes.
pub mod geometry {
    pub struct Point {
        pub x: f64,
        pub r#type: u8,
    }
    pub enum Shape {
        Dot,
        Poly(Vec<Point>),
    }
    /// Says "hello".
    pub fn grow(shape: Shape, by: &str) -> Result<Vec<Point>, String> {
        helper(shape, by)
    }
    pub fn first(points: &[Point]) -> Option<(Point, u8)> {
        None
    }
    pub fn bytes(bytes: Vec<u8>) {}
    fn helper(shape: Shape, by: &str) -> Result<Vec<Point>, String> {
        Err(by.into())
    }
    #[cfg(target_family = "wasm")]
    #[doc(hidden)]
    #[allow(warnings, unsafe_code, missing_docs, clippy::all, reason = "generated")]
    mod __wask {
        ::wask_guest::__rt::wit_bindgen::generate!(
            { inline :
            r#"
package wask:geometry;

interface types {
    record point {
        x: f64,
        %type: u8,
    }

    variant shape {
        dot,
        poly(list<point>),
    }
}

/// Shapes.
world tasks {
    use types.{point, shape};

    /// Says "hello".
    export grow: func(shape: shape, by: string) -> result<list<point>, string>;
    export first: func(points: list<point>) -> option<tuple<point, u8>>;
    export bytes: func(bytes: list<u8>);
}
"#,
            runtime_path : "::wask_guest::__rt::wit_bindgen::rt", generate_all, }
        );
        use self::wask::geometry::types;
        impl ::core::convert::From<types::Point> for super::Point {
            fn from(value: types::Point) -> Self {
                Self {
                    x: value.x,
                    r#type: value.type_,
                }
            }
        }
        impl ::core::convert::From<super::Point> for types::Point {
            fn from(value: super::Point) -> Self {
                Self {
                    x: value.x,
                    type_: value.r#type,
                }
            }
        }
        impl ::core::convert::From<types::Shape> for super::Shape {
            fn from(value: types::Shape) -> Self {
                match value {
                    types::Shape::Dot => Self::Dot,
                    types::Shape::Poly(value) => {
                        Self::Poly(
                            value
                                .into_iter()
                                .map(|item| ::core::convert::Into::into(item))
                                .collect::<::std::vec::Vec<_>>(),
                        )
                    }
                }
            }
        }
        impl ::core::convert::From<super::Shape> for types::Shape {
            fn from(value: super::Shape) -> Self {
                match value {
                    super::Shape::Dot => Self::Dot,
                    super::Shape::Poly(value) => {
                        Self::Poly(
                            value
                                .into_iter()
                                .map(|item| ::core::convert::Into::into(item))
                                .collect::<::std::vec::Vec<_>>(),
                        )
                    }
                }
            }
        }
        struct __Tasks;
        impl Guest for __Tasks {
            fn grow(
                shape: types::Shape,
                by: ::std::string::String,
            ) -> ::core::result::Result<
                ::std::vec::Vec<types::Point>,
                ::std::string::String,
            > {
                match super::grow(::core::convert::Into::into(shape), &by) {
                    ::core::result::Result::Ok(side) => {
                        ::core::result::Result::Ok(
                            side
                                .into_iter()
                                .map(|item| ::core::convert::Into::into(item))
                                .collect::<::std::vec::Vec<_>>(),
                        )
                    }
                    ::core::result::Result::Err(side) => {
                        ::core::result::Result::Err(side)
                    }
                }
            }
            fn first(
                points: ::std::vec::Vec<types::Point>,
            ) -> ::core::option::Option<(types::Point, u8)> {
                super::first(
                        &points
                            .into_iter()
                            .map(|item| ::core::convert::Into::into(item))
                            .collect::<::std::vec::Vec<_>>(),
                    )
                    .map(|some| {
                        let (item0, item1) = some;
                        (::core::convert::Into::into(item0), item1)
                    })
            }
            fn bytes(bytes: ::std::vec::Vec<u8>) {
                super::bytes(bytes)
            }
        }
        export!(__Tasks);
        #[unsafe(link_section = "wask:docs")]
        #[used]
        static DOCS: [u8; 26usize] = *b"{\"grow\":\"Says \\\"hello\\\".\"}";
    }
}
