//! A component that is ready to run.

use std::collections::HashMap;

use wask_component::Digest;
use wasmtime::{
    Engine,
    component::{Component, ComponentExportIndex, InstancePre},
};

use crate::{Error, guest::Guest};

/// A component, compiled and linked, whose functions can be called any number of times at once.
pub struct Compiled {
    digest: Digest,
    metered: bool,
    functions: HashMap<String, FunctionHandle>,
    exports: Vec<ComponentExportIndex>,
    pre: InstancePre<Guest>,
}

/// A function of a [`Compiled`] component. Means nothing to another component.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FunctionHandle(u32);

impl Compiled {
    /// Resolves the functions `names` of a linked component.
    pub(crate) fn new<'a>(
        digest: Digest,
        metered: bool,
        component: &Component,
        pre: InstancePre<Guest>,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, Error> {
        let mut functions = HashMap::new();
        let mut exports = Vec::new();
        for (number, name) in (0..).zip(names) {
            let Some(export) = find(component, name) else {
                let function = name.to_owned();
                return Err(Error::NoFunction { digest, function });
            };
            functions.insert(name.to_owned(), FunctionHandle(number));
            exports.push(export);
        }
        Ok(Self {
            digest,
            metered,
            functions,
            exports,
            pre,
        })
    }

    /// The digest of the component's bytes.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Whether its tasks count fuel.
    pub fn is_metered(&self) -> bool {
        self.metered
    }

    /// The function with this full name, `count` or `demo:text/words#count`.
    pub fn function(&self, name: &str) -> Option<FunctionHandle> {
        self.functions.get(name).copied()
    }

    pub(crate) fn export(&self, function: FunctionHandle) -> Option<&ComponentExportIndex> {
        self.exports.get(function.0 as usize)
    }

    pub(crate) fn pre(&self) -> &InstancePre<Guest> {
        &self.pre
    }

    pub(crate) fn engine(&self) -> &Engine {
        self.pre.engine()
    }
}

fn find(component: &Component, name: &str) -> Option<ComponentExportIndex> {
    match name.split_once('#') {
        Some((interface, function)) => {
            let instance = component.get_export_index(None, interface)?;
            component.get_export_index(Some(&instance), function)
        }
        None => component.get_export_index(None, name),
    }
}
