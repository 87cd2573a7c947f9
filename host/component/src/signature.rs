//! Signatures: from the validator's types to WIT value types.

use std::{collections::HashMap, ops::Deref, sync::Arc};

use wask_value::{Case, Field, FunctionType, Param, ResultType, Type};
use wasmparser::{
    PrimitiveValType as Primitive,
    component_types::{
        ComponentDefinedType as Defined, ComponentDefinedTypeId, ComponentFuncTypeId,
        ComponentValType,
    },
    types::TypesRef,
};

use crate::{Error, Limits};

/// Reads signatures, each named type once.
///
/// A component can share types so that a few bytes describe a type with more nodes, written out,
/// than there are atoms; so nodes are counted from the counts of the parts, and what is too large
/// is refused before anything walks it.
pub(crate) struct Signatures<'a> {
    types: TypesRef<'a>,
    seen: HashMap<ComponentDefinedTypeId, Result<Measured, Reason>>,
    /// Nodes that further signatures may have.
    budget: usize,
    /// Bytes of text that further signatures may have.
    text: usize,
    limits: &'a Limits,
}

/// Why a signature is refused, as a phrase: "holds a `stream`".
type Reason = Arc<str>;

/// A type and what it takes to walk it.
#[derive(Clone)]
struct Measured {
    ty: Type,
    nodes: usize,
    depth: usize,
}

impl<'a> Signatures<'a> {
    pub(crate) fn new(types: TypesRef<'a>, limits: &'a Limits) -> Self {
        Self {
            types,
            seen: HashMap::new(),
            budget: limits.max_type_nodes,
            text: limits.max_signature_bytes,
            limits,
        }
    }

    /// The type of a function, or why no task can call it.
    ///
    /// # Errors
    /// [`Error::TooMany`] when all signatures together have too many types, or too much text.
    pub(crate) fn read(
        &mut self,
        id: ComponentFuncTypeId,
    ) -> Result<Result<FunctionType, String>, Error> {
        let (ty, nodes) = match self.function(id) {
            Ok(function) => function,
            Err(reason) => return Ok(Err(reason)),
        };
        // Before anything walks the type.
        self.budget = self.budget.checked_sub(nodes).ok_or(Error::TooMany {
            what: "types in its functions' signatures",
            limit: self.limits.max_type_nodes,
        })?;
        if let Err(error) = ty.check() {
            let problem = format!("has a signature that is not supported: {error}");
            return Ok(Err(problem));
        }
        let bytes = ty.to_string().len();
        self.text = self.text.checked_sub(bytes).ok_or(Error::TooMany {
            what: "bytes in its functions' signatures",
            limit: self.limits.max_signature_bytes,
        })?;
        Ok(Ok(ty))
    }

    /// A function's type and its number of nodes.
    fn function(&mut self, id: ComponentFuncTypeId) -> Result<(FunctionType, usize), String> {
        let types = self.types;
        let function = &types[id];
        if function.async_ {
            return Err(
                "is asynchronous (`async func`): only plain functions are supported".into(),
            );
        }
        let mut nodes = 0;
        let mut params = Vec::with_capacity(function.params.len());
        for (name, ty) in &function.params {
            let name = self.name(name).map_err(|reason| reason.to_string())?;
            let part = self.value(*ty);
            let part =
                part.map_err(|reason| format!("has the parameter `{name}`, which {reason}"))?;
            nodes += part.nodes;
            params.push(Param { name, ty: part.ty });
        }
        let mut result = None;
        if let Some(ty) = function.result {
            let part = self.value(ty);
            let part = part.map_err(|reason| format!("has a result, which {reason}"))?;
            nodes += part.nodes;
            result = Some(part.ty);
        }
        Ok((FunctionType { params, result }, nodes))
    }

    /// A name of a reasonable length, as every signature that uses it repeats it.
    fn name(&self, name: &str) -> Result<Arc<str>, Reason> {
        let limit = self.limits.max_name_bytes;
        match name.len() > limit {
            true => Err(format!("has a name of more than {limit} bytes").into()),
            false => Ok(name.into()),
        }
    }

    fn value(&mut self, ty: ComponentValType) -> Result<Measured, Reason> {
        let id = match ty {
            ComponentValType::Primitive(primitive) => return leaf(primitive),
            ComponentValType::Type(id) => id,
        };
        if let Some(seen) = self.seen.get(&id) {
            return seen.clone();
        }
        // The validator bounds how deeply types nest, and they cannot be cyclic.
        let built = self.defined(id);
        self.seen.insert(id, built.clone());
        built
    }

    fn defined(&mut self, id: ComponentDefinedTypeId) -> Result<Measured, Reason> {
        let types = self.types;
        let mut parts = Parts::new(self);
        let ty = match &types[id] {
            Defined::Primitive(primitive) => return leaf(*primitive),
            Defined::List { element, .. } => Type::List(Arc::new(parts.add(*element)?)),
            Defined::Option { ty, .. } => Type::Option(Arc::new(parts.add(*ty)?)),
            Defined::Result { ok, err, .. } => Type::Result(Arc::new(ResultType {
                ok: parts.add_optional(*ok)?,
                err: parts.add_optional(*err)?,
            })),
            Defined::Tuple(tuple) => {
                let items = tuple.types.iter().map(|ty| parts.add(*ty));
                Type::Tuple(items.collect::<Result<_, _>>()?)
            }
            Defined::Record(record) => {
                let fields = record.fields.iter().map(|(name, ty)| {
                    Ok::<_, Reason>(Field {
                        name: parts.name(name)?,
                        ty: parts.add(*ty)?,
                    })
                });
                Type::Record(fields.collect::<Result<_, _>>()?)
            }
            Defined::Variant(variant) => {
                let cases = variant.cases.iter().map(|(name, case)| {
                    Ok::<_, Reason>(Case {
                        name: parts.name(name)?,
                        ty: parts.add_optional(case.ty)?,
                    })
                });
                Type::Variant(cases.collect::<Result<_, _>>()?)
            }
            Defined::Enum(names) => Type::Enum(parts.names(names)?),
            Defined::Flags(names) => Type::Flags(parts.names(names)?),
            Defined::Own(_) => return Err("holds a resource handle (`own<..>`)".into()),
            Defined::Borrow(_) => return Err("holds a resource handle (`borrow<..>`)".into()),
            Defined::Future { .. } => return Err("holds a `future` of the component model".into()),
            Defined::Stream { .. } => return Err("holds a `stream`".into()),
            Defined::Map { .. } => {
                return Err("holds a `map`: use `list<tuple<..>>` instead".into());
            }
            Defined::FixedLengthList { .. } => {
                return Err("holds a fixed-length list: use `list<..>` or a tuple instead".into());
            }
        };
        parts.finish(ty)
    }
}

/// What a compound type is made of, counted.
struct Parts<'s, 'a> {
    signatures: &'s mut Signatures<'a>,
    nodes: usize,
    depth: usize,
}

impl<'s, 'a> Parts<'s, 'a> {
    fn new(signatures: &'s mut Signatures<'a>) -> Self {
        Self {
            signatures,
            nodes: 1,
            depth: 0,
        }
    }

    fn add(&mut self, ty: ComponentValType) -> Result<Type, Reason> {
        let part = self.signatures.value(ty)?;
        self.nodes += part.nodes;
        self.depth = self.depth.max(part.depth);
        Ok(part.ty)
    }

    fn add_optional(&mut self, ty: Option<ComponentValType>) -> Result<Option<Type>, Reason> {
        ty.map(|ty| self.add(ty)).transpose()
    }

    fn name(&mut self, name: &str) -> Result<Arc<str>, Reason> {
        self.nodes += 1;
        self.signatures.name(name)
    }

    fn names<'n>(
        &mut self,
        names: impl IntoIterator<Item = &'n (impl Deref<Target = str> + 'n)>,
    ) -> Result<Arc<[Arc<str>]>, Reason> {
        names.into_iter().map(|name| self.name(name)).collect()
    }

    fn finish(self, ty: Type) -> Result<Measured, Reason> {
        let (nodes, depth) = (self.nodes, self.depth + 1);
        if nodes > Type::MAX_NODES {
            let limit = Type::MAX_NODES;
            return Err(format!("has a type of more than {limit} parts, written out").into());
        }
        if depth > Type::MAX_DEPTH {
            return Err(format!("nests types deeper than {}", Type::MAX_DEPTH).into());
        }
        Ok(Measured { ty, nodes, depth })
    }
}

fn leaf(primitive: Primitive) -> Result<Measured, Reason> {
    let ty = match primitive {
        Primitive::Bool => Type::Bool,
        Primitive::S8 => Type::S8,
        Primitive::U8 => Type::U8,
        Primitive::S16 => Type::S16,
        Primitive::U16 => Type::U16,
        Primitive::S32 => Type::S32,
        Primitive::U32 => Type::U32,
        Primitive::S64 => Type::S64,
        Primitive::U64 => Type::U64,
        Primitive::F32 => Type::F32,
        Primitive::F64 => Type::F64,
        Primitive::Char => Type::Char,
        Primitive::String => Type::String,
        Primitive::ErrorContext => return Err("holds an `error-context`".into()),
    };
    Ok(Measured {
        ty,
        nodes: 1,
        depth: 1,
    })
}
