//! Whether workers can link what a component imports.

use std::{cell::OnceCell, collections::HashSet};

use wasmparser::{
    component_types::{
        ComponentAnyTypeId, ComponentEntityType as Entity, ComponentInstanceTypeId, ResourceId,
    },
    types::TypesRef,
};

use crate::{Error, MissingImport, language::Language, text, validate::Validated, wasi};

/// Checks all imports.
///
/// # Errors
/// [`Error::MissingImports`] with every one that is missing.
pub(crate) fn check(binary: &[u8], component: &Validated) -> Result<(), Error> {
    let mut linker = Linker {
        types: component.types.as_ref(),
        resources: HashSet::new(),
        missing: Vec::new(),
        binary,
        language: OnceCell::new(),
    };
    for name in &component.imports {
        linker.link(name);
    }
    match linker.missing.is_empty() {
        true => Ok(()),
        false => Err(Error::MissingImports {
            missing: linker.missing,
        }),
    }
}

/// Does in names what a worker's linker does in earnest.
struct Linker<'a> {
    types: TypesRef<'a>,
    /// Resource types that an interface of WASI defines.
    resources: HashSet<ResourceId>,
    missing: Vec<MissingImport>,
    binary: &'a [u8],
    /// Looked for once, however much is missing.
    language: OnceCell<Option<Language>>,
}

impl Linker<'_> {
    fn link(&mut self, name: &str) {
        let Some(item) = self.types.component_item_for_import(name) else {
            return self.miss(name.to_owned());
        };
        match (item.ty, wasi::functions(name)) {
            (Entity::Instance(instance), Some(functions)) => {
                self.link_wasi(name, instance, functions);
            }
            (Entity::Instance(instance), None) if self.has_only_types(instance) => {}
            (Entity::Type { created, .. }, None) if self.is_known_type(created) => {}
            _ => self.miss(name.to_owned()),
        }
    }

    fn link_wasi(&mut self, name: &str, id: ComponentInstanceTypeId, functions: &[&str]) {
        let types = self.types;
        for (export, item) in &types[id].exports {
            match item.ty {
                Entity::Func(_) if functions.contains(&export.as_str()) => {}
                Entity::Type {
                    created: ComponentAnyTypeId::Resource(resource),
                    ..
                } => {
                    self.resources.insert(resource.resource());
                }
                Entity::Type { .. } => {}
                _ => self.miss(format!("{name}#{export}")),
            }
        }
    }

    /// Types need nobody to provide them, except resources, which somebody must define.
    fn has_only_types(&self, id: ComponentInstanceTypeId) -> bool {
        self.types[id].exports.values().all(|item| match item.ty {
            Entity::Type { created, .. } => self.is_known_type(created),
            _ => false,
        })
    }

    fn is_known_type(&self, id: ComponentAnyTypeId) -> bool {
        match id {
            ComponentAnyTypeId::Resource(resource) => self.resources.contains(&resource.resource()),
            _ => true,
        }
    }

    fn miss(&mut self, name: String) {
        let language = || *self.language.get_or_init(|| Language::of(self.binary));
        let hint = hint(&name, language);
        let name = text::start(&name, text::NAME_MAX).into_owned();
        self.missing.push(MissingImport { name, hint });
    }
}

fn hint(name: &str, language: impl FnOnce() -> Option<Language>) -> Option<&'static str> {
    if name.starts_with("wasi:http/") {
        return Some(Language::without_http(language()));
    }
    let hints = [
        (
            "wask:",
            "reserved: this version of wask grants no capabilities",
        ),
        ("wasi:nn/", "not part of WASI 0.2"),
        ("wasi:keyvalue/", "not part of WASI 0.2"),
    ];
    let known = hints
        .iter()
        .find(|(prefix, _)| name.starts_with(prefix))
        .map(|(_, hint)| *hint);
    known.or_else(|| match name.split_once('@') {
        Some((_, version)) if name.starts_with("wasi:") && !version.starts_with("0.2.") => {
            Some("wask links WASI 0.2: build for that version")
        }
        _ => None,
    })
}
