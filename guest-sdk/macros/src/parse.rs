//! From a module in Rust to the model.

use std::collections::HashMap;

use syn::{
    Error, FnArg, Item as RustItem, ItemFn, ItemMod, Pat, ReturnType, Signature, Visibility,
    spanned::Spanned,
};

use crate::{
    docs,
    model::{Function, Param, Tasks},
    names::Name,
    types::{Item, Types, unique},
};

/// Reads a module.
///
/// # Errors
/// All that cannot be part of a task, each where it stands.
pub(crate) fn tasks(module: &ItemMod) -> Result<Tasks, Error> {
    let Some((_, items)) = &module.content else {
        let message = "`tasks` needs the module's content in place: `mod name { .. }`";
        return Err(Error::new(module.span(), message));
    };
    let mut types = Types::new(named_items(items));
    let mut functions = Vec::new();
    let mut errors: Option<Error> = None;
    for item in items {
        let RustItem::Fn(item) = item else { continue };
        if !matches!(item.vis, Visibility::Public(_)) {
            continue;
        }
        match function(item, &mut types) {
            Ok(function) => functions.push(function),
            Err(error) => match &mut errors {
                Some(errors) => errors.combine(error),
                None => errors = Some(error),
            },
        }
    }
    if let Some(errors) = errors {
        return Err(errors);
    }
    if functions.is_empty() {
        let message = "no task here: each `pub fn` of the module becomes one";
        return Err(Error::new(module.ident.span(), message));
    }
    let types = types.defs;
    // Functions and types share one name space in a WIT world.
    let names = types.iter().map(|def| &def.name);
    unique(names.chain(functions.iter().map(|function| &function.name)))?;
    let (name, docs) = (Name::new(&module.ident)?, docs::lines(&module.attrs));
    Ok(Tasks {
        name,
        docs,
        functions,
        types,
    })
}

fn named_items(items: &[RustItem]) -> HashMap<String, Item<'_>> {
    let named = items.iter().filter_map(|item| match item {
        RustItem::Struct(item) => Some((item.ident.to_string(), Item::Struct(item))),
        RustItem::Enum(item) => Some((item.ident.to_string(), Item::Enum(item))),
        RustItem::Type(item) => Some((item.ident.to_string(), Item::Alias(item))),
        _ => None,
    });
    named.collect()
}

fn function(item: &ItemFn, types: &mut Types<'_>) -> Result<Function, Error> {
    let signature = &item.sig;
    check_plain(item)?;
    let params = signature.inputs.iter().map(|input| param(input, types));
    let params: Vec<Param> = params.collect::<Result<_, _>>()?;
    unique(params.iter().map(|param| &param.name))?;
    let result = match &signature.output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => types.result(ty)?,
    };
    let (name, docs) = (Name::new(&signature.ident)?, docs::lines(&item.attrs));
    Ok(Function {
        name,
        docs,
        params,
        result,
    })
}

/// Refuses what makes a function more than a plain one.
fn check_plain(item: &ItemFn) -> Result<(), Error> {
    let Signature {
        asyncness,
        unsafety,
        abi,
        generics,
        variadic,
        ..
    } = &item.sig;
    let refuse = |at: &dyn quote::ToTokens, what: &str| {
        Err(Error::new_spanned(
            at.to_token_stream(),
            format!("a task cannot be {what}"),
        ))
    };
    if let Some(keyword) = asyncness {
        return refuse(
            keyword,
            "async: it runs alone in its sandbox, so nothing is gained",
        );
    }
    if let Some(keyword) = unsafety {
        return refuse(keyword, "unsafe: nobody could keep its conditions");
    }
    if let Some(abi) = abi {
        return refuse(abi, "extern: its ABI is that of its WIT type");
    }
    if let Some(variadic) = variadic {
        return refuse(variadic, "variadic: take a `Vec`");
    }
    if !generics.params.is_empty() {
        return refuse(generics, "generic: it needs one WIT type");
    }
    if let Some(attribute) = item
        .attrs
        .iter()
        .find(|attribute| attribute.path().is_ident("cfg"))
    {
        return refuse(attribute, "conditional: put the condition on its module");
    }
    Ok(())
}

fn param(input: &FnArg, types: &mut Types<'_>) -> Result<Param, Error> {
    let typed = match input {
        FnArg::Typed(typed) => typed,
        FnArg::Receiver(receiver) => {
            return Err(Error::new(
                receiver.span(),
                "a task is a free function, without `self`",
            ));
        }
    };
    let Pat::Ident(pattern) = &*typed.pat else {
        let message = "a parameter of a task needs a plain name, which is part of its WIT type";
        return Err(Error::new(typed.pat.span(), message));
    };
    let name = Name::new(&pattern.ident)?;
    let (ty, by_ref) = types.param(&typed.ty)?;
    Ok(Param { name, ty, by_ref })
}

#[cfg(test)]
mod tests;
