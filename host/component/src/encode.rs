//! Core module to component.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as PREVIEW1,
    WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER as PREVIEW1_ADAPTER,
};
use wasmparser::{Parser, Payload, Validator};
use wit_component::ComponentEncoder;

use crate::{Error, language::Language, validate};

/// How the custom sections begin that say which world a module implements.
const COMPONENT_TYPE: &str = "component-type";

/// Wraps a core module into the component that its metadata describes. Where the module imports
/// WASI preview 1, as Go's, Zig's and older C's do, the adapter to WASI 0.2 is built in.
pub(crate) fn component_from_module(module: &[u8]) -> Result<Vec<u8>, Error> {
    let needs = Needs::of(module)?;
    if !needs.component_type {
        let advice = Language::to_component(Language::of(module));
        return Err(Error::NoComponentType { advice });
    }
    Validator::new_with_features(validate::features())
        .validate_all(module)
        .map_err(|error| validate::refusal(&error))?;
    // The encoder is made for what compilers write and asserts what it expects of them; the module
    // may come from anywhere.
    let encoded = catch_unwind(AssertUnwindSafe(|| {
        let mut encoder = ComponentEncoder::default().module(module)?;
        if needs.preview1 {
            encoder = encoder.adapter(PREVIEW1, PREVIEW1_ADAPTER)?;
        }
        encoder.encode()
    }));
    match encoded {
        Ok(Ok(component)) => Ok(component),
        Ok(Err(error)) => Err(Error::Encode {
            reason: format!("{error:#}"),
        }),
        Err(_) => Err(Error::Encode {
            reason: "its component-type metadata is malformed".into(),
        }),
    }
}

/// What a module needs to become a component.
#[derive(Default)]
struct Needs {
    component_type: bool,
    preview1: bool,
}

impl Needs {
    fn of(module: &[u8]) -> Result<Self, Error> {
        let mut needs = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload.map_err(|error| validate::refusal(&error))? {
                Payload::CustomSection(section) => {
                    needs.component_type |= section.name().starts_with(COMPONENT_TYPE);
                }
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        let import = import.map_err(|error| validate::refusal(&error))?;
                        needs.preview1 |= import.module == PREVIEW1;
                    }
                }
                _ => {}
            }
        }
        Ok(needs)
    }
}

#[cfg(test)]
mod tests;
