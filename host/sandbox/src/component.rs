//! A component that is ready to run.

use std::collections::HashMap;

use wask_component::{self as admitted, Digest, Function};
use wask_core::FunctionSeed;
use wask_value::FunctionType;
use wasmtime::{
    Engine,
    component::{Component, ComponentExportIndex, InstancePre},
};

use crate::{Error, guest::Guest};

/// The package of the interfaces by which a guest gets randomness.
const RANDOMNESS: &str = "wasi:random/";

/// A component, compiled and linked, whose functions can be called any number of times at once.
pub struct Compiled {
    digest: Digest,
    metered: bool,
    functions: HashMap<String, FunctionHandle>,
    exports: Vec<Export>,
    /// Whether it can ask for randomness at all.
    imports_randomness: bool,
    pre: InstancePre<Guest>,
}

/// What calls of one function need.
pub(crate) struct Export {
    pub(crate) index: ComponentExportIndex,
    pub(crate) ty: FunctionType,
    pub(crate) seed: FunctionSeed,
}

/// A function of a [`Compiled`] component. Means nothing to another component.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FunctionHandle(u32);

impl Compiled {
    /// Resolves the functions of a linked component.
    pub(crate) fn new(
        admitted: &admitted::Component,
        metered: bool,
        component: &Component,
        pre: InstancePre<Guest>,
    ) -> Result<Self, Error> {
        let digest = admitted.digest();
        let mut functions = HashMap::new();
        let mut exports = Vec::new();
        for (number, Function { name, ty, .. }) in (0..).zip(admitted.functions()) {
            let Some(index) = find(component, name) else {
                let function = name.clone();
                return Err(Error::NoFunction { digest, function });
            };
            functions.insert(name.clone(), FunctionHandle(number));
            exports.push(Export {
                index,
                ty: ty.clone(),
                seed: FunctionSeed::new(&wask_core::Digest(*digest.as_bytes()), name),
            });
        }
        let imports = &admitted.interface().imports;
        Ok(Self {
            digest,
            metered,
            functions,
            exports,
            imports_randomness: imports.iter().any(|name| name.starts_with(RANDOMNESS)),
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
        self.export(function).map(|export| &export.ty)
    }

    pub(crate) fn export(&self, function: FunctionHandle) -> Option<&Export> {
        self.exports.get(function.0 as usize)
    }

    pub(crate) fn imports_randomness(&self) -> bool {
        self.imports_randomness
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
