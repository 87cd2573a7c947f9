//! What tasks call: a definition's parameters and the type of its result.
//!
//! Nothing that a client says of a function's type is believed: it is worked out here from the
//! component, or from the operator. What was worked out is remembered, for a graph may come in many
//! batches and have a definition for each of its tasks.

use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
    sync::Arc,
};

use wask_component::Component;
use wask_core::{Applied, Definition, TaskKind, TenantId, TypeId};
use wask_operator::Operator;
use wask_rpc::{Refusal, RefusalCode};
use wask_value::{FunctionType, Param, Type};

use crate::{library::Library, types::Types};

/// A definition, looked up.
pub(crate) struct Callee {
    /// One for all tasks that share it, in whichever batches they came.
    pub(crate) definition: Arc<Definition>,
    /// One for all definitions that call the same.
    pub(crate) signature: Rc<Signature>,
}

/// How something is called.
pub(crate) struct Signature {
    pub(crate) params: Vec<Param>,
    pub(crate) result_type: TypeId,
}

/// The callees of late, by their definitions' digests.
#[derive(Default)]
pub(crate) struct Callees {
    by_digest: BTreeMap<[u8; 32], Rc<Callee>>,
    /// Those of the callees, so that a wide type is worked out once for many definitions.
    signatures: HashMap<(TenantId, TaskKind), Rc<Signature>>,
    /// Of the texts in their definitions.
    bytes: usize,
}

/// How many callees are remembered. With one more, all are worked out anew as they come.
const CALLEES_MAX: usize = 4096;
/// How many bytes of texts their definitions have together.
const CALLEES_BYTES_MAX: usize = 64 << 20;

impl Callees {
    /// What a tenant's definition calls.
    pub(crate) fn resolve(
        &mut self,
        library: &mut Library,
        types: &mut Types,
        tenant: TenantId,
        definition: Arc<Definition>,
    ) -> Result<Rc<Callee>, Refusal> {
        // The digest names the tenant and all that the type depends on, but not every option.
        let known = self.by_digest.get(definition.digest());
        if let Some(callee) = known.filter(|callee| callee.definition == definition) {
            return Ok(callee.clone());
        }
        let call = (tenant, definition.kind.clone());
        let signature = match self.signatures.get(&call) {
            Some(signature) => signature.clone(),
            None => {
                let ty = function_type(library, tenant, &definition.kind)?;
                Rc::new(Signature {
                    result_type: types.id(&ty.value_type())?,
                    params: ty.params,
                })
            }
        };
        if self.by_digest.len() >= CALLEES_MAX || self.bytes >= CALLEES_BYTES_MAX {
            *self = Self::default();
        }
        self.bytes += text_bytes(&definition);
        self.signatures.insert(call, signature.clone());
        let digest = *definition.digest();
        let callee = Rc::new(Callee {
            definition,
            signature,
        });
        self.by_digest.insert(digest, callee.clone());
        Ok(callee)
    }

    /// The types of their results.
    pub(crate) fn types(&self) -> impl Iterator<Item = TypeId> {
        let signatures = self.signatures.values();
        signatures.map(|signature| signature.result_type)
    }
}

/// Bytes of what a definition calls and of the types that it names.
fn text_bytes(definition: &Definition) -> usize {
    match &definition.kind {
        TaskKind::Function { function, .. } => function.len(),
        TaskKind::Operator { name, types, .. } => {
            name.len() + types.iter().map(|ty| ty.len()).sum::<usize>()
        }
    }
}

fn function_type(
    library: &mut Library,
    tenant: TenantId,
    kind: &TaskKind,
) -> Result<FunctionType, Refusal> {
    match kind {
        TaskKind::Function {
            component: digest,
            function,
            applied,
        } => {
            let component = library
                .get(tenant, digest)
                .ok_or_else(|| library.absence(tenant, digest))?;
            let ty = &find_function(&component, function)?.ty;
            apply(ty, *applied).map_err(|error| invalid(format!("{function}: {error}")))
        }
        TaskKind::Operator {
            name,
            version,
            types,
        } => operator_type(name, *version, types),
    }
}

fn apply(ty: &FunctionType, applied: Applied) -> Result<FunctionType, wask_value::Error> {
    match applied {
        Applied::Once => Ok(ty.clone()),
        Applied::Map => ty.mapped(),
        Applied::Filter => ty.filtered(),
        Applied::FlatMap => ty.flat_mapped(),
        Applied::Fold => ty.folded(),
        Applied::Reduce => ty.reduced(),
    }
}

fn find_function<'a>(
    component: &'a Component,
    name: &str,
) -> Result<&'a wask_component::Function, Refusal> {
    let not_found = |error| Refusal::new(RefusalCode::NotFound, error);
    let function = component
        .function(name)
        .map_err(|error| not_found(error.to_string()))?;
    // Keys hold the full name, so that equal tasks have equal keys.
    if *function.name != *name {
        return Err(not_found(format!(
            "the function `{name}` is called `{}`",
            function.name
        )));
    }
    Ok(function)
}

fn operator_type(name: &str, version: u32, types: &[Arc<str>]) -> Result<FunctionType, Refusal> {
    let operator: Operator = name.parse().map_err(invalid)?;
    if version != Operator::VERSION {
        let message = format!(
            "operator `{name}` has version {} here, and {version} in the task; use the same \
             version of wask on both sides",
            Operator::VERSION
        );
        return Err(Refusal::new(RefusalCode::Version, message));
    }
    let types: Result<Vec<Type>, _> = types.iter().map(|text| parse_type(name, text)).collect();
    operator.signature(&types?).map_err(invalid)
}

/// Keys hold types in their one usual spelling, so that equal tasks have equal keys.
fn parse_type(operator: &str, text: &str) -> Result<Type, Refusal> {
    let ty: Type = text
        .parse()
        .map_err(|error| invalid(format!("operator `{operator}`: {error}")))?;
    let usual = ty.to_string();
    if usual != text {
        return Err(invalid(format!(
            "operator `{operator}`: the type `{text}` is written `{usual}`"
        )));
    }
    Ok(ty)
}

fn invalid(error: impl std::fmt::Display) -> Refusal {
    Refusal::new(RefusalCode::Invalid, error)
}

#[cfg(test)]
mod tests {
    use wask_core::{Digest, Limit, ResultLimits, TaskOptions};

    use super::*;

    const TENANT: TenantId = TenantId(1);

    /// Functions of one number and of two.
    const COMPONENT: &str = r#"(component
        (core module $m
            (func (export "half") (param i32) (result i32) local.get 0)
            (func (export "odd") (param i32) (result i32) local.get 0)
            (func (export "add") (param i32 i32) (result i32) local.get 0))
        (core instance $i (instantiate $m))
        (func (export "half") (param "x" u32) (result u16) (canon lift (core func $i "half")))
        (func (export "odd") (param "x" u32) (result bool) (canon lift (core func $i "odd")))
        (func (export "add") (param "a" u32) (param "b" u32) (result u32)
            (canon lift (core func $i "add"))))"#;

    struct Fixture {
        callees: Callees,
        library: Library,
        types: Types,
        component: Digest,
    }

    impl Fixture {
        fn new() -> Self {
            let mut library = Library::new(1 << 20, &crate::Quotas::default());
            let component = Component::load(COMPONENT.as_bytes()).unwrap();
            Self {
                component: library.insert(TENANT, component, String::new()),
                library,
                callees: Callees::default(),
                types: Types::new(1 << 20),
            }
        }

        fn resolve(&mut self, definition: Definition) -> Result<Rc<Callee>, Refusal> {
            let definition = Arc::new(definition);
            let Self {
                callees,
                library,
                types,
                ..
            } = self;
            callees.resolve(library, types, TENANT, definition)
        }

        /// The type, but for names, or why there is none.
        fn type_of(&mut self, kind: TaskKind) -> String {
            let definition = Definition::new("tenant", kind, TaskOptions::default());
            match self.resolve(definition) {
                Ok(callee) => {
                    let Signature {
                        params,
                        result_type,
                    } = &*callee.signature;
                    let params: Vec<_> = params.iter().map(|p| p.ty.to_string()).collect();
                    let result = self.types.get(*result_type).unwrap();
                    format!("({}) -> {result}", params.join(", "))
                }
                Err(refusal) => refusal.message,
            }
        }

        fn applied(&mut self, function: &str, applied: Applied) -> String {
            self.type_of(TaskKind::Function {
                component: self.component,
                function: function.into(),
                applied,
            })
        }
    }

    fn operator(name: &str, version: u32, types: &[&str]) -> TaskKind {
        TaskKind::Operator {
            name: name.into(),
            version,
            types: types.iter().map(|ty| Arc::from(*ty)).collect(),
        }
    }

    #[test]
    fn functions_are_typed_by_how_they_are_applied() {
        let mut f = Fixture::new();
        for (function, applied, expected) in [
            ("half", Applied::Once, "(u32) -> u16"),
            ("half", Applied::Map, "(list<u32>) -> list<u16>"),
            ("odd", Applied::Filter, "(list<u32>) -> list<u32>"),
            ("add", Applied::Fold, "(u32, list<u32>) -> u32"),
            ("add", Applied::Reduce, "(list<u32>) -> list<u32>"),
        ] {
            assert_eq!(f.applied(function, applied), expected, "{applied:?}");
        }
    }

    #[test]
    fn a_function_that_cannot_be_applied_so_is_refused() {
        let mut f = Fixture::new();
        for (function, applied) in [
            ("half", Applied::Filter),
            ("half", Applied::FlatMap),
            ("odd", Applied::Fold),
            ("half", Applied::Reduce),
        ] {
            let message = f.applied(function, applied);
            let named = format!("{function}: ");
            assert!(message.starts_with(&named), "{message}");
        }
    }

    #[test]
    fn operators_are_typed_by_what_stands_for_their_type_parameters() {
        let mut f = Fixture::new();
        let version = Operator::VERSION;
        for (kind, expected) in [
            (operator("sum", version, &["u32"]), "(list<u32>) -> u32"),
            (
                operator("zip", version, &["u32", "string"]),
                "(list<u32>, list<string>) -> list<tuple<u32, string>>",
            ),
            (
                operator("field(1)", version, &["tuple<u8, list<bool>>"]),
                "(tuple<u8, list<bool>>) -> list<bool>",
            ),
        ] {
            assert_eq!(f.type_of(kind), expected);
        }
    }

    #[test]
    fn an_operator_that_is_not_the_same_here_is_refused() {
        let mut f = Fixture::new();
        let version = Operator::VERSION;
        for (kind, expected) in [
            (operator("shuffle", version, &["u32"]), "shuffle"),
            (operator("sum", version + 1, &["u32"]), "and 2 in the task"),
            (operator("sum", version, &["string"]), "sum: expected"),
            (operator("sum", version, &["u32", "u32"]), "expected 1 type"),
            (operator("sum", version, &["u33"]), "operator `sum`: "),
            (
                operator("count", version, &["list< u8 >"]),
                "is written `list<u8>`",
            ),
        ] {
            let message = f.type_of(kind);
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn tasks_of_one_definition_share_it_across_batches() {
        let mut f = Fixture::new();
        let labelled = |label: Option<&str>| {
            let options = TaskOptions {
                label: label.map(Into::into),
                ..TaskOptions::default()
            };
            Definition::new("tenant", operator("not", Operator::VERSION, &[]), options)
        };
        let first = f.resolve(labelled(None)).unwrap();
        let again = f.resolve(labelled(None)).unwrap();
        assert!(Rc::ptr_eq(&first, &again));
        let other = f.resolve(labelled(Some("other"))).unwrap();
        assert_eq!(other.definition.label().as_ref(), "other");
        assert_eq!(first.definition.digest(), other.definition.digest());
        assert!(Rc::ptr_eq(&first.signature, &other.signature));
    }

    #[test]
    fn no_more_is_remembered_than_the_limit() {
        let mut f = Fixture::new();
        let not = || operator("not", Operator::VERSION, &[]);
        for fuel in 0..=CALLEES_MAX as u64 {
            let options = TaskOptions {
                limits: ResultLimits {
                    fuel: Limit::Of(fuel),
                    ..ResultLimits::default()
                },
                ..TaskOptions::default()
            };
            f.resolve(Definition::new("tenant", not(), options))
                .unwrap();
        }
        assert_eq!(f.callees.by_digest.len(), 1);
        assert_eq!(f.callees.signatures.len(), 1);
    }
}
