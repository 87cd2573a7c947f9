//! The call syntax: `count-words(_, [1, @name[3]], @file("p"))`.
//!
//! Arguments are WAVE with references in it, at any depth: `_` for what is mapped over, `@name` and
//! `@name[3]` for futures that the cluster keeps, `@file("p")` and `@stdin` for data that is here.
//! A [`Template`] is what they become: values with places for items and futures.

mod build;
mod reference;
mod scan;
mod template;

pub(crate) use build::{Dataset, Scope, data, no_such_dataset, plain};
pub(crate) use reference::{Reference, is_name};
pub(crate) use scan::{dataset_names, has_item};
pub(crate) use template::{Fill, FutureRef, Template, Tree, case_name};
