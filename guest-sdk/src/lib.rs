//! What an author of Rust task functions may want, and never must have.
//!
//! Any component is a task library for wask: write a WIT world, implement it with `wit-bindgen`,
//! and nothing of this crate is needed. What it saves is the WIT: [`tasks`] reads it off plain
//! Rust functions.
//!
//! ```
//! #[wask_guest::tasks]
//! mod word_count {
//!     use std::collections::BTreeMap;
//!
//!     /// Counts the words of a text, which white space separates.
//!     pub fn count_words(text: &str) -> Vec<(String, u32)> {
//!         let mut counts = BTreeMap::new();
//!         for word in text.split_whitespace() {
//!             *counts.entry(word.to_owned()).or_default() += 1;
//!         }
//!         counts.into_iter().collect()
//!     }
//! }
//!
//! // Off a cluster, it is a function like any other.
//! assert_eq!(word_count::count_words("a b a"), [("a".to_owned(), 2), ("b".to_owned(), 1)]);
//! ```
//!
//! With `crate-type = ["cdylib"]`, `cargo build --release --target wasm32-wasip2` makes of this a
//! component that exports `count-words: func(text: string) -> list<tuple<string, u32>>`:
//!
//! ```text
//! wask call target/wasm32-wasip2/release/word_count.wasm 'count-words("a b a")'
//! ```
//!
//! Structs and enums of the module serve as types. A function that returns a `Result` makes a
//! future of what is in `Ok`; an `Err` is the task's error, with its value.
//!
//! ```
//! #[wask_guest::tasks]
//! mod geometry {
//!     /// A point in the plane.
//!     pub struct Point {
//!         pub x: f64,
//!         pub y: f64,
//!     }
//!
//!     pub enum Shape {
//!         Dot,
//!         Circle(f64),
//!         Polygon(Vec<Point>),
//!     }
//!
//!     /// The area of a shape.
//!     pub fn area(shape: Shape) -> Result<f64, String> {
//!         match shape {
//!             Shape::Dot => Ok(0.0),
//!             Shape::Circle(radius) => Ok(std::f64::consts::PI * radius * radius),
//!             Shape::Polygon(points) if points.len() < 3 => Err("not closed".to_owned()),
//!             Shape::Polygon(points) => Ok(shoelace(&points)),
//!         }
//!     }
//!
//!     fn shoelace(points: &[Point]) -> f64 {
//!         let next = points.iter().cycle().skip(1);
//!         points.iter().zip(next).map(|(a, b)| a.x * b.y - b.x * a.y).sum::<f64>() / 2.0
//!     }
//! }
//! # assert_eq!(geometry::area(geometry::Shape::Dot), Ok(0.0));
//! # let point = |x, y| geometry::Point { x, y };
//! # let square = vec![point(0.0, 0.0), point(1.0, 0.0), point(1.0, 1.0), point(0.0, 1.0)];
//! # assert_eq!(geometry::area(geometry::Shape::Polygon(square)), Ok(1.0));
//! ```
//!
//! What cannot be part of a signature is a compile error where it stands:
//!
//! ```compile_fail
//! #[wask_guest::tasks]
//! mod sizes {
//!     pub fn length(text: &str) -> usize {
//!         text.len()
//!     }
//! }
//! ```

pub use wask_guest_macros::tasks;

/// What expansions of [`tasks`] refer to. Not for use by hand.
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod __rt {
    pub use wit_bindgen;
}
