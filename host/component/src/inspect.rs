//! From a validated component to its interface.

use wasmparser::{
    component_types::{ComponentEntityType as Entity, ComponentFuncTypeId},
    types::TypesRef,
};

use crate::{
    Error, Function, Interface, Limits, Refused, signature::Signatures, toolchain,
    validate::Validated,
};

/// Lists what a valid component exports and imports.
pub(crate) fn interface(component: Validated, limits: &Limits) -> Result<Interface, Error> {
    let types = component.types.as_ref();
    let mut exports = Exports {
        types,
        limits,
        component: &component,
        signatures: Signatures::new(types, limits),
        interface: Interface::default(),
    };
    for name in &component.exports {
        if let Some(item) = types.component_item_for_export(name) {
            exports.add(name, item.ty)?;
        }
    }
    let interface = exports.interface;
    Ok(Interface {
        imports: component.imports,
        ..interface
    })
}

struct Exports<'a> {
    types: TypesRef<'a>,
    limits: &'a Limits,
    component: &'a Validated,
    signatures: Signatures<'a>,
    interface: Interface,
}

impl Exports<'_> {
    fn add(&mut self, name: &str, export: Entity) -> Result<(), Error> {
        match export {
            Entity::Func(id) => self.add_function(name.to_owned(), id),
            Entity::Instance(id) => {
                let types = self.types;
                for (member, item) in &types[id].exports {
                    self.check_name(member)?;
                    let name = format!("{name}#{member}");
                    match item.ty {
                        Entity::Func(id) => self.add_function(name, id)?,
                        Entity::Instance(_) => self.refuse(name, "is an interface in another")?,
                        other => self.add(&name, other)?,
                    }
                }
                Ok(())
            }
            Entity::Component(_) => self.refuse(name.to_owned(), "is a component, not a function"),
            Entity::Module(_) => self.refuse(name.to_owned(), "is a core module, not a function"),
            Entity::Type { .. } | Entity::Value(_) => Ok(()),
        }
    }

    fn add_function(&mut self, name: String, id: ComponentFuncTypeId) -> Result<(), Error> {
        let ty = match self.signatures.read(id)? {
            Ok(ty) => ty,
            Err(reason) => return self.refuse(name, reason),
        };
        if toolchain::is_own_export(&name, &ty) {
            return Ok(());
        }
        if toolchain::is_command_entry(&name, &ty) {
            return self.refuse(name, "is the entry point of a command-line program");
        }
        if let Some(feature) = &self.component.unsupported {
            let reason = format!("is in a component that uses {feature}, which workers do not run");
            return self.refuse(name, reason);
        }
        let docs = self.component.docs.of(&name);
        self.interface.functions.push(Function { name, ty, docs });
        self.check_count()
    }

    fn refuse(&mut self, name: String, reason: impl Into<String>) -> Result<(), Error> {
        self.interface.refused.push(Refused {
            name,
            reason: reason.into(),
        });
        self.check_count()
    }

    fn check_name(&self, name: &str) -> Result<(), Error> {
        let limit = self.limits.max_name_bytes;
        match name.len() > limit {
            true => Err(Error::TooMany {
                what: "bytes in a name",
                limit,
            }),
            false => Ok(()),
        }
    }

    fn check_count(&self) -> Result<(), Error> {
        let (functions, refused) = (&self.interface.functions, &self.interface.refused);
        let limit = self.limits.max_functions;
        match functions.len() + refused.len() > limit {
            true => Err(Error::TooMany {
                what: "exports",
                limit,
            }),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
