//! Rust types: which of them a task can take and return.

use std::collections::HashMap;

use syn::{
    Error, Fields, GenericArgument, Ident, ItemEnum, ItemStruct, PathArguments, Type as RustType,
    TypePath, spanned::Spanned,
};

use crate::{
    docs,
    model::{Case, Field, Kind, Type, TypeDef},
    names::Name,
};

/// An item of the module that gives a name to a type.
#[derive(Clone, Copy)]
pub(crate) enum Item<'a> {
    Struct(&'a ItemStruct),
    Enum(&'a ItemEnum),
    Alias(&'a syn::ItemType),
}

/// Reads types, and with them the items of the module that they name.
pub(crate) struct Types<'a> {
    items: HashMap<String, Item<'a>>,
    /// Items that are being read, outermost first.
    open: Vec<&'a Ident>,
    /// Items that have been read.
    pub(crate) defs: Vec<TypeDef>,
}

impl<'a> Types<'a> {
    pub(crate) fn new(items: HashMap<String, Item<'a>>) -> Self {
        Self {
            items,
            open: Vec::new(),
            defs: Vec::new(),
        }
    }

    /// The type of a parameter, and whether it is taken by reference.
    pub(crate) fn param(&mut self, ty: &RustType) -> Result<(Type, bool), Error> {
        let RustType::Reference(reference) = ty else {
            return Ok((self.value(ty)?, false));
        };
        if let Some(mutability) = reference.mutability {
            return Err(unsupported(
                mutability,
                "`&mut`",
                "return the new value instead",
            ));
        }
        match &*reference.elem {
            RustType::Path(path) if path.path.is_ident("str") => Ok((Type::String, true)),
            RustType::Slice(slice) => Ok((Type::List(self.value(&slice.elem)?.into()), true)),
            _ => Err(unsupported(
                ty,
                "this reference",
                "take the value itself, `&str` or a slice",
            )),
        }
    }

    /// What a function returns, where that is anything.
    pub(crate) fn result(&mut self, ty: &RustType) -> Result<Option<Type>, Error> {
        match is_unit(ty) {
            true => Ok(None),
            false => self.value(ty).map(Some),
        }
    }

    /// The type of a value.
    fn value(&mut self, ty: &RustType) -> Result<Type, Error> {
        match ty {
            RustType::Path(path) => self.path(path),
            RustType::Tuple(tuple) if tuple.elems.is_empty() => Err(unsupported(
                ty,
                "the unit `()` inside another type",
                "leave it out",
            )),
            RustType::Tuple(tuple) => {
                let items = tuple.elems.iter().map(|item| self.value(item));
                Ok(Type::Tuple(items.collect::<Result<_, _>>()?))
            }
            RustType::Paren(inner) => self.value(&inner.elem),
            RustType::Group(inner) => self.value(&inner.elem),
            RustType::Array(_) => Err(unsupported(ty, "an array", "use `Vec` or a tuple")),
            RustType::Reference(_) => Err(unsupported(
                ty,
                "a reference in this place",
                "use an owned type",
            )),
            RustType::ImplTrait(_) | RustType::TraitObject(_) => {
                Err(unsupported(ty, "a trait", "name a concrete type"))
            }
            _ => Err(unsupported(
                ty,
                "this type",
                "tasks take and return plain values",
            )),
        }
    }

    fn path(&mut self, path: &TypePath) -> Result<Type, Error> {
        if let Some(ident) = path.path.get_ident()
            && let Some((name, item)) = self.items.get_key_value(&ident.to_string())
        {
            let (name, item) = (name.clone(), *item);
            return self.item(&name, item, ident);
        }
        let Some(name) = std_name(path) else {
            return Err(unknown(path));
        };
        if let Some(primitive) = primitive(&name) {
            return Ok(primitive);
        }
        let args = arguments(path)?;
        match (name.as_str(), &args[..]) {
            ("String", []) => Ok(Type::String),
            ("Vec", [item]) => Ok(Type::List(self.value(item)?.into())),
            ("Option", [some]) => Ok(Type::Option(self.value(some)?.into())),
            ("Result", [ok, err]) => {
                let ok = self.result(ok)?.map(Box::new);
                Ok(Type::Result(ok, self.result(err)?.map(Box::new)))
            }
            ("Result", _) => Err(Error::new(
                path.span(),
                "write both types of this `Result`: the error is part of the task's type",
            )),
            _ => Err(unknown(path)),
        }
    }

    fn item(&mut self, name: &str, item: Item<'a>, used: &Ident) -> Result<Type, Error> {
        let (ident, generics) = match item {
            Item::Struct(item) => (&item.ident, &item.generics),
            Item::Enum(item) => (&item.ident, &item.generics),
            Item::Alias(item) => (&item.ident, &item.generics),
        };
        if self.defs.iter().any(|def| def.name.ident == name) {
            return Ok(Type::Named(ident.clone()));
        }
        if self.open.contains(&ident) {
            let message = format!("`{used}` contains itself: WIT has no recursive types");
            return Err(Error::new(used.span(), message));
        }
        if !generics.params.is_empty() {
            return Err(unsupported(
                generics,
                "a generic type",
                "WIT has no generics",
            ));
        }
        self.open.push(ident);
        let read = match item {
            Item::Struct(item) => self.record(item).map(Some),
            Item::Enum(item) => self.variant(item).map(Some),
            Item::Alias(item) => {
                let aliased = self.value(&item.ty);
                self.open.pop();
                return aliased;
            }
        };
        self.open.pop();
        self.defs.extend(read?);
        Ok(Type::Named(ident.clone()))
    }

    fn record(&mut self, item: &ItemStruct) -> Result<TypeDef, Error> {
        let Fields::Named(fields) = &item.fields else {
            let message = "a struct of tasks needs named fields: it becomes a WIT record";
            return Err(Error::new(item.ident.span(), message));
        };
        if fields.named.is_empty() {
            return Err(Error::new(
                item.ident.span(),
                "a WIT record has at least one field",
            ));
        }
        let fields = fields.named.iter().map(|field| {
            // Named fields have names.
            let ident = field.ident.as_ref().unwrap_or(&item.ident);
            let (name, docs) = (Name::new(ident)?, docs::lines(&field.attrs));
            Ok(Field {
                name,
                docs,
                ty: self.value(&field.ty)?,
            })
        });
        let fields: Vec<Field> = fields.collect::<Result<_, Error>>()?;
        unique(fields.iter().map(|field| &field.name))?;
        let (name, docs) = (Name::new(&item.ident)?, docs::lines(&item.attrs));
        Ok(TypeDef {
            name,
            docs,
            kind: Kind::Record(fields),
        })
    }

    fn variant(&mut self, item: &ItemEnum) -> Result<TypeDef, Error> {
        if item.variants.is_empty() {
            return Err(Error::new(
                item.ident.span(),
                "a WIT enum has at least one case",
            ));
        }
        let cases = item.variants.iter().map(|case| {
            let ty = match &case.fields {
                Fields::Unit => None,
                Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                    Some(self.value(&fields.unnamed[0].ty)?)
                }
                fields => {
                    let message = "a case of a WIT variant carries one value: use one unnamed \
                                   field, of a struct or tuple type where there are several";
                    return Err(Error::new(fields.span(), message));
                }
            };
            Ok(Case {
                name: Name::new(&case.ident)?,
                docs: docs::lines(&case.attrs),
                ty,
            })
        });
        let cases: Vec<Case> = cases.collect::<Result<_, Error>>()?;
        unique(cases.iter().map(|case| &case.name))?;
        let plain = cases.iter().all(|case| case.ty.is_none());
        let kind = if plain {
            Kind::Enum(cases)
        } else {
            Kind::Variant(cases)
        };
        Ok(TypeDef {
            name: Name::new(&item.ident)?,
            docs: docs::lines(&item.attrs),
            kind,
        })
    }
}

/// Refuses names that differ in Rust and are the same in WIT.
pub(crate) fn unique<'n>(names: impl IntoIterator<Item = &'n Name>) -> Result<(), Error> {
    let mut seen = HashMap::new();
    for name in names {
        if let Some(earlier) = seen.insert(name.kebab.as_str(), &name.ident) {
            let message = format!(
                "`{}` and `{earlier}` are both `{}` in WIT",
                name.ident, name.kebab
            );
            return Err(Error::new(name.ident.span(), message));
        }
    }
    Ok(())
}

fn is_unit(ty: &RustType) -> bool {
    matches!(ty, RustType::Tuple(tuple) if tuple.elems.is_empty())
}

fn primitive(name: &str) -> Option<Type> {
    const PRIMITIVES: [(&str, &str); 12] = [
        ("bool", "bool"),
        ("i8", "s8"),
        ("u8", "u8"),
        ("i16", "s16"),
        ("u16", "u16"),
        ("i32", "s32"),
        ("u32", "u32"),
        ("i64", "s64"),
        ("u64", "u64"),
        ("f32", "f32"),
        ("f64", "f64"),
        ("char", "char"),
    ];
    let found = PRIMITIVES.iter().find(|(rust, _)| *rust == name);
    found.map(|&(rust, wit)| Type::Primitive { rust, wit })
}

/// The last part of a path that is a name alone or leads into the standard library.
fn std_name(path: &TypePath) -> Option<String> {
    let segments = &path.path.segments;
    let of_std = ["std", "core", "alloc"]
        .iter()
        .any(|root| segments[0].ident == root);
    let plain = path.qself.is_none() && (segments.len() == 1 || of_std);
    plain.then(|| segments[segments.len() - 1].ident.to_string())
}

fn arguments(path: &TypePath) -> Result<Vec<&RustType>, Error> {
    let last = &path.path.segments[path.path.segments.len() - 1];
    match &last.arguments {
        PathArguments::None => Ok(Vec::new()),
        PathArguments::AngleBracketed(arguments) => {
            let types = arguments.args.iter().map(|argument| match argument {
                GenericArgument::Type(ty) => Ok(ty),
                other => Err(unsupported(
                    other,
                    "this argument",
                    "only types may stand here",
                )),
            });
            types.collect()
        }
        PathArguments::Parenthesized(_) => Err(unknown(path)),
    }
}

fn unknown(path: &TypePath) -> Error {
    let name = std_name(path).unwrap_or_default();
    let hint = match name.as_str() {
        "usize" | "isize" => "its size differs between machines: use `u32`, `u64` or `i64`",
        "u128" | "i128" => "WIT has integers up to 64 bits: use two of them, or `String`",
        "HashMap" | "BTreeMap" => "use `Vec<(K, V)>`",
        "HashSet" | "BTreeSet" | "VecDeque" => "use `Vec`",
        "Box" | "Rc" | "Arc" | "Cow" => "use the value inside",
        "str" => "use `String`, or `&str` for a parameter",
        "PathBuf" | "OsString" => "use `String`; tasks have no files",
        "Self" => "write the type's name",
        _ => {
            "tasks take and return Rust's plain values and the structs and enums of this module: \
             define it here, or convert it"
        }
    };
    let shown = quote::quote!(#path).to_string().replace(' ', "");
    unsupported(path, &format!("`{shown}`"), hint)
}

fn unsupported(at: impl quote::ToTokens, what: &str, hint: &str) -> Error {
    let message = format!("{what} is not supported in the signature of a task: {hint}");
    Error::new_spanned(at, message)
}
