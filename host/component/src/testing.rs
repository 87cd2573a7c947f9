//! Components for tests, from WIT: their functions have the right signatures and trap.

use wit_component::{StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve};

use crate::{Component, Error};

/// A core module, with metadata, that implements the world of `wit`.
pub(crate) fn module(wit: &str) -> Vec<u8> {
    let (resolve, world) = resolve(wit);
    let mut module = dummy_module(&resolve, world, ManglingAndAbi::Legacy(LiftLowerAbi::Sync));
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    module
}

/// The text of a core module with the metadata of a world.
pub(crate) fn with_world(module: &str, wit: &str) -> Vec<u8> {
    let (resolve, world) = resolve(wit);
    let mut module = wat::parse_str(module).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    module
}

/// Loads a component that implements the world of `wit`.
pub(crate) fn load(wit: &str) -> Result<Component, Error> {
    Component::load(&module(wit))
}

fn resolve(wit: &str) -> (Resolve, wit_parser::WorldId) {
    let mut resolve = Resolve {
        all_features: true,
        ..Resolve::default()
    };
    let package = resolve.push_source("test.wit", wit).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    (resolve, world)
}
