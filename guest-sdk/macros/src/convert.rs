//! Values between the module's types and those of the bindings, which are alike but not the same.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use crate::model::{Case, Field, Kind, Type, TypeDef};

/// The value of `expression`, converted from a type of one side to that of the other. What needs no
/// conversion is passed on as it is.
pub(crate) fn value(ty: &Type, expression: TokenStream) -> TokenStream {
    if !ty.needs_conversion() {
        return expression;
    }
    match ty {
        Type::Primitive { .. } | Type::String => expression,
        Type::Named(_) => quote!(::core::convert::Into::into(#expression)),
        Type::List(item) => {
            let item = value(item, quote!(item));
            quote!(#expression.into_iter().map(|item| #item).collect::<::std::vec::Vec<_>>())
        }
        Type::Option(some) => {
            let some = value(some, quote!(some));
            quote!(#expression.map(|some| #some))
        }
        Type::Result(ok, err) => {
            let side = |ty: &Option<Box<Type>>| match ty {
                Some(ty) => value(ty, quote!(side)),
                None => quote!(side),
            };
            let (ok, err) = (side(ok), side(err));
            quote!(match #expression {
                ::core::result::Result::Ok(side) => ::core::result::Result::Ok(#ok),
                ::core::result::Result::Err(side) => ::core::result::Result::Err(#err),
            })
        }
        Type::Tuple(items) => {
            let names: Vec<_> = (0..items.len()).map(|i| format_ident!("item{i}")).collect();
            let values = items
                .iter()
                .zip(&names)
                .map(|(item, name)| value(item, quote!(#name)));
            quote!({
                let (#(#names,)*) = #expression;
                (#(#values,)*)
            })
        }
    }
}

/// The conversions of a struct or enum, both ways.
pub(crate) fn impls(def: &TypeDef) -> TokenStream {
    let (own, bound) = (&def.name.ident, def.name.camel());
    let (to_own, to_bound) = match &def.kind {
        Kind::Record(fields) => record(fields),
        Kind::Variant(cases) | Kind::Enum(cases) => variant(cases, &bound, own),
    };
    quote! {
        impl ::core::convert::From<types::#bound> for super::#own {
            fn from(value: types::#bound) -> Self {
                #to_own
            }
        }
        impl ::core::convert::From<super::#own> for types::#bound {
            fn from(value: super::#own) -> Self {
                #to_bound
            }
        }
    }
}

fn record(fields: &[Field]) -> (TokenStream, TokenStream) {
    let field = |field: &Field, to_own: bool| {
        let (own, bound) = (field.name.ident.clone(), field.name.snake());
        let (to, from) = if to_own { (own, bound) } else { (bound, own) };
        let value = value(&field.ty, quote!(value.#from));
        quote!(#to: #value)
    };
    let to_own = fields.iter().map(|each| field(each, true));
    let to_bound = fields.iter().map(|each| field(each, false));
    (
        quote!(Self { #(#to_own,)* }),
        quote!(Self { #(#to_bound,)* }),
    )
}

fn variant(cases: &[Case], bound: &syn::Ident, own: &syn::Ident) -> (TokenStream, TokenStream) {
    let arm = |case: &Case, to_own: bool| {
        let (own_case, bound_case) = (case.name.ident.clone(), case.name.camel());
        let (from, to) = match to_own {
            true => (quote!(types::#bound::#bound_case), own_case),
            false => (quote!(super::#own::#own_case), bound_case),
        };
        match &case.ty {
            Some(ty) => {
                let value = value(ty, quote!(value));
                quote!(#from(value) => Self::#to(#value))
            }
            None => quote!(#from => Self::#to),
        }
    };
    let to_own = cases.iter().map(|case| arm(case, true));
    let to_bound = cases.iter().map(|case| arm(case, false));
    (
        quote!(match value { #(#to_own,)* }),
        quote!(match value { #(#to_bound,)* }),
    )
}
