//! From a type's definition to the expression that builds its WIT type.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{
    Data, DataEnum, DeriveInput, Error, Field, Fields, Generics, Ident, Result, parse_quote,
    spanned::Spanned,
};

use crate::{
    attributes::Attributes,
    names::{is_kebab_case, kebab_case},
};

/// `library` is the crate that has `WitType` and `Type`.
pub(crate) fn wit_type(input: &DeriveInput, library: &Ident) -> Result<TokenStream> {
    let attributes = Attributes::read(&input.attrs)?;
    if let Some(name) = &attributes.rename
        && input
            .attrs
            .iter()
            .any(|attribute| attribute.path().is_ident("wit"))
    {
        let problem = "WIT types are structural: only fields and cases have names";
        return Err(Error::new(name.span(), problem));
    }
    let ty = match &input.data {
        Data::Struct(data) => of_fields(&data.fields, attributes.transparent, library)?,
        Data::Enum(data) => of_enum(&input.ident, data, library)?,
        Data::Union(_) => {
            let problem = "a union has no WIT type: use an enum";
            return Err(Error::new(input.ident.span(), problem));
        }
    };
    let name = &input.ident;
    let generics = with_bounds(input.generics.clone(), library);
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics ::#library::WitType for #name #type_generics #where_clause {
            fn wit_type() -> ::#library::Type {
                #ty
            }
        }
    })
}

/// Every type parameter has to have a WIT type.
fn with_bounds(mut generics: Generics, library: &Ident) -> Generics {
    for param in generics.type_params_mut() {
        param.bounds.push(parse_quote!(::#library::WitType));
    }
    generics
}

/// The type that a struct with these fields has, or the payload of a case.
fn of_fields(fields: &Fields, transparent: bool, library: &Ident) -> Result<TokenStream> {
    let mut kept = Vec::new();
    for field in fields {
        let attributes = Attributes::read(&field.attrs)?;
        if !attributes.skip {
            kept.push((field, attributes));
        }
    }
    if transparent && let [(field, _)] = &kept[..] {
        return Ok(of_type(field, library));
    }
    match fields {
        Fields::Named(_) if !kept.is_empty() => {
            let mut names = Names::default();
            let mut items = Vec::new();
            for (field, attributes) in &kept {
                // A named field has a name.
                let Some(ident) = &field.ident else { continue };
                let name = names.add(ident, attributes, "field")?;
                let ty = of_type(field, library);
                items.push(quote!((#name, #ty)));
            }
            Ok(quote!(::#library::Type::record([#(#items),*])))
        }
        // serde counts the fields before it leaves any out.
        Fields::Unnamed(all) if all.unnamed.len() == 1 && kept.len() == 1 => {
            Ok(of_type(kept[0].0, library))
        }
        _ => {
            let items = kept.iter().map(|(field, _)| of_type(field, library));
            Ok(quote!(::#library::Type::tuple([#(#items),*])))
        }
    }
}

fn of_enum(name: &Ident, data: &DataEnum, library: &Ident) -> Result<TokenStream> {
    let mut names = Names::default();
    let mut cases = Vec::new();
    for variant in &data.variants {
        let attributes = Attributes::read(&variant.attrs)?;
        if !attributes.skip {
            cases.push((names.add(&variant.ident, &attributes, "case")?, variant));
        }
    }
    if cases.is_empty() {
        let problem = "an enum without cases has no WIT type: it has no values";
        return Err(Error::new(name.span(), problem));
    }
    if cases
        .iter()
        .all(|(_, variant)| matches!(variant.fields, Fields::Unit))
    {
        let names = cases.iter().map(|(name, _)| name);
        return Ok(quote!(::#library::Type::enumeration([#(#names),*])));
    }
    let mut items = Vec::new();
    for (name, variant) in &cases {
        let payload = match &variant.fields {
            Fields::Unit => quote!(::core::option::Option::None),
            fields => {
                let ty = of_fields(fields, false, library)?;
                quote!(#ty.non_unit())
            }
        };
        items.push(quote!((#name, #payload)));
    }
    Ok(quote!(::#library::Type::variant([#(#items),*])))
}

fn of_type(field: &Field, library: &Ident) -> TokenStream {
    let ty = &field.ty;
    let trait_method = format_ident!("wit_type", span = ty.span());
    quote!(<#ty as ::#library::WitType>::#trait_method())
}

/// The WIT names of one type, which must differ.
#[derive(Default)]
struct Names {
    taken: Vec<String>,
}

impl Names {
    fn add(&mut self, ident: &Ident, attributes: &Attributes, what: &str) -> Result<String> {
        let name = match &attributes.rename {
            // A WIT name already, or one that serde uses.
            Some(name) if is_kebab_case(&name.value()) => name.value(),
            Some(name) => kebab_case(&name.value()),
            None => kebab_case(&ident.to_string()),
        };
        if !is_kebab_case(&name) {
            let problem = format!(
                "`{ident}` has no WIT name, which has letters a to z, digits and hyphens only: \
                 add #[wit(rename = \"..\")]"
            );
            return Err(Error::new(ident.span(), problem));
        }
        if self.taken.contains(&name) {
            let problem = format!("another {what} has the WIT name `{name}` too");
            return Err(Error::new(ident.span(), problem));
        }
        self.taken.push(name.clone());
        Ok(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(code: &str, advice: &str) {
        let error = wit_type(&syn::parse_str(code).unwrap(), &format_ident!("wask_value"))
            .unwrap_err()
            .to_string();
        assert!(error.contains(advice), "{error}");
    }

    #[test]
    fn what_has_no_wit_type_is_refused_with_advice() {
        refused("union U { a: u8 }", "use an enum");
        refused("enum Never {}", "it has no values");
        refused(
            "#[serde(untagged)] enum E { A(u8) }",
            "cases of a variant have names",
        );
        refused(
            "struct S { #[serde(flatten)] a: T }",
            "write the fields out",
        );
        refused(
            r#"#[wit(rename = "b")] struct S { a: u8 }"#,
            "only fields and cases",
        );
    }

    #[test]
    fn names_are_wit_names_and_differ() {
        refused("struct S { größe: u8 }", "`größe` has no WIT name");
        refused(
            "struct S { a_b: u8, a__b: u8 }",
            "another field has the WIT name `a-b`",
        );
        refused(r#"enum E { Ab, #[wit(rename = "ab")] C }"#, "another case");
        refused(
            r#"struct S { #[wit(rename = "A_b")] a: u8 }"#,
            "is kebab-case",
        );
        refused(
            r#"struct S { #[wit(name = "b")] a: u8 }"#,
            "expected `rename",
        );
    }

    #[test]
    fn type_parameters_are_bound() {
        let input = parse_quote!(
            struct Pair<'a, A, B: Clone>(A, &'a B);
        );
        for library in ["wask_value", "wask"] {
            let code = wit_type(&input, &format_ident!("{library}"));
            let code = code.unwrap().to_string();
            let bounds = ["impl < 'a , A : ::", "B : Clone + ::"];
            for bound in bounds.map(|bound| format!("{bound} {library} :: WitType")) {
                assert!(code.contains(&bound), "{code}");
            }
        }
    }
}
