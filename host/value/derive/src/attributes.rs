//! What the attributes `#[wit(..)]` and `#[serde(..)]` say about a field or case.

use syn::{Attribute, Error, Expr, LitStr, Result, Token, meta::ParseNestedMeta, token};

/// Of one container, field or case.
#[derive(Default)]
pub(crate) struct Attributes {
    /// The name to use instead of Rust's.
    pub(crate) rename: Option<LitStr>,
    /// Left out by serde in both directions.
    pub(crate) skip: bool,
    /// A newtype in serde's eyes, whatever its shape.
    pub(crate) transparent: bool,
}

impl Attributes {
    pub(crate) fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut read = Self::default();
        for attribute in attributes
            .iter()
            .filter(|attribute| attribute.path().is_ident("serde"))
        {
            attribute.parse_nested_meta(|meta| read.serde(&meta))?;
        }
        // Last, so that they win.
        for attribute in attributes
            .iter()
            .filter(|attribute| attribute.path().is_ident("wit"))
        {
            attribute.parse_nested_meta(|meta| read.wit(&meta))?;
        }
        Ok(read)
    }

    fn wit(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        if !meta.path.is_ident("rename") {
            return Err(meta.error("unknown attribute, expected `rename = \"a-name\"`"));
        }
        let name: LitStr = meta.value()?.parse()?;
        if !crate::names::is_kebab_case(&name.value()) {
            return Err(Error::new(
                name.span(),
                "a WIT name is kebab-case, like `user-id`",
            ));
        }
        self.rename = Some(name);
        Ok(())
    }

    fn serde(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let is = |name: &str| meta.path.is_ident(name);
        for (name, instead) in [
            ("flatten", "write the fields out"),
            ("untagged", "cases of a variant have names"),
            ("tag", "WIT variants bring their own tag"),
            ("content", "WIT variants bring their own tag"),
            ("into", "implement WitType by hand"),
            ("from", "implement WitType by hand"),
            ("try_from", "implement WitType by hand"),
            ("with", "implement WitType by hand for a wrapper"),
            ("serialize_with", "implement WitType by hand for a wrapper"),
            (
                "deserialize_with",
                "implement WitType by hand for a wrapper",
            ),
            ("remote", "implement WitType by hand"),
        ] {
            if is(name) {
                let problem = format!("derive(WitType) cannot follow serde's `{name}`: {instead}");
                return Err(meta.error(problem));
            }
        }
        if is("rename") && meta.input.peek(Token![=]) {
            self.rename = Some(meta.value()?.parse()?);
            return Ok(());
        }
        self.skip |= is("skip");
        self.transparent |= is("transparent");
        skip_value(meta)
    }
}

/// Passes over what follows the name of an attribute that means nothing here.
fn skip_value(meta: &ParseNestedMeta<'_>) -> Result<()> {
    if meta.input.peek(Token![=]) {
        meta.value()?.parse::<Expr>()?;
    } else if meta.input.peek(token::Paren) {
        meta.parse_nested_meta(|inner| skip_value(&inner))?;
    }
    Ok(())
}
