//! The expansion: the module as it was, and within it a hidden one with its WIT world, the bindings
//! of that, and the conversions between the two.

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use syn::{Error, ItemMod};

use crate::{
    convert, docs,
    model::{Function, Tasks, Type},
    parse, wit,
};

/// Expands `#[tasks(attribute)] item`.
pub(crate) fn tasks(attribute: TokenStream, item: TokenStream) -> Result<TokenStream, Error> {
    if !attribute.is_empty() {
        return Err(Error::new_spanned(attribute, "`tasks` takes no arguments"));
    }
    let mut module: ItemMod = syn::parse2(item).map_err(|error| {
        let message = "`tasks` stands before a module, whose public functions become tasks";
        Error::new(error.span(), message)
    })?;
    let bindings = bindings(&parse::tasks(&module)?)?;
    if let Some((_, items)) = &mut module.content {
        items.push(syn::Item::Verbatim(bindings));
    }
    Ok(quote!(#module))
}

fn bindings(tasks: &Tasks) -> Result<TokenStream, Error> {
    let world = raw_string(&wit::package(tasks))?;
    let package = tasks.name.snake();
    let use_types = (!tasks.types.is_empty()).then(|| quote!(use self::wask::#package::types;));
    let conversions = tasks.types.iter().map(convert::impls);
    let functions = tasks.functions.iter().map(|each| function(each, tasks));
    let docs = docs_section(tasks);
    Ok(quote! {
        // On the host the module stays what it is, so that its functions can be tested there.
        #[cfg(target_family = "wasm")]
        #[doc(hidden)]
        #[allow(warnings, unsafe_code, missing_docs, clippy::all, reason = "generated")]
        mod __wask {
            ::wask_guest::__rt::wit_bindgen::generate!({
                inline: #world,
                runtime_path: "::wask_guest::__rt::wit_bindgen::rt",
                generate_all,
            });
            #use_types
            #(#conversions)*
            struct __Tasks;
            impl Guest for __Tasks {
                #(#functions)*
            }
            export!(__Tasks);
            #docs
        }
    })
}

/// The function of the bindings that calls the module's.
fn function(function: &Function, tasks: &Tasks) -> TokenStream {
    let (own, bound) = (&function.name.ident, function.name.snake());
    let params = function.params.iter().map(|param| {
        let (name, ty) = (param.name.snake(), bindings_type(&param.ty, tasks));
        quote!(#name: #ty)
    });
    let arguments = function.params.iter().map(|param| {
        let name = param.name.snake();
        let argument = convert::value(&param.ty, quote!(#name));
        if param.by_ref {
            quote!(&#argument)
        } else {
            argument
        }
    });
    let call = quote!(super::#own(#(#arguments),*));
    match &function.result {
        Some(ty) => {
            let (call, ty) = (convert::value(ty, call), bindings_type(ty, tasks));
            quote!(fn #bound(#(#params),*) -> #ty { #call })
        }
        None => quote!(fn #bound(#(#params),*) { #call }),
    }
}

/// A type as the bindings have it.
fn bindings_type(ty: &Type, tasks: &Tasks) -> TokenStream {
    let of = |ty: &Type| bindings_type(ty, tasks);
    match ty {
        Type::Primitive { rust, .. } => {
            let rust = syn::Ident::new(rust, proc_macro2::Span::call_site());
            quote!(#rust)
        }
        Type::String => quote!(::std::string::String),
        Type::List(item) => {
            let item = of(item);
            quote!(::std::vec::Vec<#item>)
        }
        Type::Option(some) => {
            let some = of(some);
            quote!(::core::option::Option<#some>)
        }
        Type::Result(ok, err) => {
            let side = |ty: &Option<Box<Type>>| ty.as_deref().map_or_else(|| quote!(()), of);
            let (ok, err) = (side(ok), side(err));
            quote!(::core::result::Result<#ok, #err>)
        }
        Type::Tuple(items) => {
            let items = items.iter().map(of);
            quote!((#(#items,)*))
        }
        Type::Named(ident) => {
            let def = tasks.types.iter().find(|def| def.name.ident == *ident);
            let name = def.map(|def| def.name.camel());
            let name = name.unwrap_or_else(|| ident.clone());
            quote!(types::#name)
        }
    }
}

/// The custom section `wask:docs`, from where wask takes the docs of functions.
fn docs_section(tasks: &Tasks) -> Option<TokenStream> {
    let json = docs::section(tasks)?;
    let (len, bytes) = (json.len(), Literal::byte_string(json.as_bytes()));
    Some(quote! {
        #[unsafe(link_section = "wask:docs")]
        #[used]
        static DOCS: [u8; #len] = *#bytes;
    })
}

/// A raw string literal, which shows the text as it is.
fn raw_string(text: &str) -> Result<Literal, Error> {
    let mut hashes = String::from("#");
    while text.contains(&format!("\"{hashes}")) {
        hashes.push('#');
    }
    let literal: Literal = format!("r{hashes}\"\n{text}\"{hashes}").parse()?;
    Ok(literal)
}

#[cfg(test)]
mod tests;
