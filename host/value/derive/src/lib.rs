//! `#[derive(WitType)]` for wask-value, documented at its trait `WitType`.

mod attributes;
mod expand;
mod names;

use proc_macro::TokenStream;
use quote::format_ident;
use syn::{DeriveInput, parse_macro_input};

/// Implements `WitType`: the WIT type that a Rust type's serde form fits.
#[proc_macro_derive(WitType, attributes(wit))]
pub fn derive_wit_type(input: TokenStream) -> TokenStream {
    derive(input, "wask_value")
}

/// The same for programs that depend on `wask`, which hands it on as `WitType`.
#[proc_macro_derive(WitTypeOfWask, attributes(wit))]
pub fn derive_wit_type_of_wask(input: TokenStream) -> TokenStream {
    derive(input, "wask")
}

fn derive(input: TokenStream, library: &str) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::wit_type(&input, &format_ident!("{library}"))
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
