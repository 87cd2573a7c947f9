//! A component that is ready to run.

use std::collections::HashMap;

use wask_component::{Digest, Function};
use wask_value::FunctionType;
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
    exports: Vec<(ComponentExportIndex, FunctionType)>,
    pre: InstancePre<Guest>,
}

/// A function of a [`Compiled`] component. Means nothing to another component.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FunctionHandle(u32);

impl Compiled {
    /// Resolves the functions of a linked component.
    pub(crate) fn new(
        digest: Digest,
        metered: bool,
        component: &Component,
        pre: InstancePre<Guest>,
        signatures: &[Function],
    ) -> Result<Self, Error> {
        let mut functions = HashMap::new();
        let mut exports = Vec::new();
        for (number, Function { name, ty, .. }) in (0..).zip(signatures) {
            let Some(export) = find(component, name) else {
                let function = name.clone();
                return Err(Error::NoFunction { digest, function });
            };
            functions.insert(name.clone(), FunctionHandle(number));
            exports.push((export, ty.clone()));
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

    /// The type of a function; `None` for one of another component.
    pub fn function_type(&self, function: FunctionHandle) -> Option<&FunctionType> {
        self.exports.get(function.0 as usize).map(|(_, ty)| ty)
    }

    pub(crate) fn export(
        &self,
        function: FunctionHandle,
    ) -> Option<&(ComponentExportIndex, FunctionType)> {
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
