//! From the JSON of arguments to a [`Tree`], directed by types.

use std::{collections::HashMap, path::Path};

use serde_json::{Map, Value as Json};
use wask_client::{Encoded, Operator};
use wask_value::{Error, Field, FunctionType, Step, Type, json};

use super::{
    order::in_args,
    reference::{Reference, has_reference, invalid},
};
use crate::{
    expression::{Scope, Tree, case_name, data},
    table::count,
    terminal,
};

/// What arguments may refer to.
pub(super) struct Reader<'a> {
    /// What each task before this one gives.
    pub(super) tasks: HashMap<&'a str, Type>,
    pub(super) scope: &'a Scope,
    /// Where relative paths start.
    pub(super) folder: &'a Path,
}

impl Reader<'_> {
    /// Reads the arguments of a call of a function.
    pub(super) fn arguments(
        &self,
        function: &str,
        ty: &FunctionType,
        args: &[Json],
    ) -> Result<Tree, Error> {
        if args.len() != ty.params.len() {
            return Err(invalid(format!(
                "`{function}` takes {}, got {}: it is {ty}",
                count(ty.params.len() as u64, "argument"),
                args.len()
            )));
        }
        let trees = ty.params.iter().zip(args).enumerate();
        let trees = trees.map(|(i, (param, arg))| {
            self.value(&param.ty, arg)
                .map_err(|error| in_args(error, i))
        });
        Ok(Tree::Tuple(trees.collect::<Result<_, _>>()?))
    }

    /// The types of an operator's arguments, as far as they tell them, or each other.
    pub(super) fn types(&self, operator: &Operator, args: &[Json]) -> Result<Vec<Type>, Error> {
        let told = args.iter().map(|arg| self.told(arg, takes_lists(operator)));
        let told: Vec<Option<Type>> = told
            .enumerate()
            .map(|(i, ty)| ty.map_err(|e| in_args(e, i)))
            .collect::<Result<_, _>>()?;
        let types = told.iter().enumerate().map(|(i, ty)| {
            let known = ty.clone().or_else(|| implied(operator, &told, i));
            known.ok_or_else(|| in_args(open(), i))
        });
        types.collect()
    }

    /// The type of a value, where it tells one.
    fn told(&self, json: &Json, in_list: bool) -> Result<Option<Type>, Error> {
        Ok(match Reference::parse(json)? {
            Some(Reference::Task(name)) => self.tasks.get(name).cloned(),
            Some(Reference::Value { ty, .. }) => Some(ty),
            Some(Reference::File(_)) => None,
            Some(Reference::Dataset { name, index }) => {
                let dataset = self.scope.datasets.get(name);
                dataset.map(|dataset| match (index, dataset.len) {
                    (None, 2..) => Type::list(dataset.ty.clone()),
                    (None, _) if in_list && !matches!(dataset.ty, Type::List(_)) => {
                        Type::list(dataset.ty.clone())
                    }
                    _ => dataset.ty.clone(),
                })
            }
            None => match json {
                Json::Bool(_) => Some(Type::Bool),
                Json::Array(items) => {
                    let mut types = items.iter().map(|item| self.told(item, false));
                    let first = types.find_map(Result::transpose).transpose()?;
                    first.map(Type::list)
                }
                _ => None,
            },
        })
    }

    fn value(&self, ty: &Type, json: &Json) -> Result<Tree, Error> {
        match Reference::parse(json)? {
            Some(reference) => self.reference(ty, reference),
            None if has_reference(json) => self.compound(ty, json),
            None => known(ty, json),
        }
    }

    fn reference(&self, ty: &Type, reference: Reference<'_>) -> Result<Tree, Error> {
        match reference {
            Reference::Task(name) => match self.tasks.get(name) {
                Some(has) => task(ty, name, has),
                // The order has found each.
                None => Err(invalid(format!("there is no task `{name}`"))),
            },
            Reference::Dataset { name, index } => {
                let tree = self.scope.dataset(ty, name, index);
                tree.map_err(|failed| invalid(failed.to_string()))
            }
            Reference::File(path) => {
                let path = self.folder.join(path);
                let what = format!("the file {}", terminal::path(&path));
                let bytes = self.scope.read_limit.file(&path);
                let tree = bytes.and_then(|bytes| data(ty, &what, bytes));
                tree.map_err(|failed| invalid(failed.to_string()))
            }
            Reference::Value { json, ty: given } if given == *ty => self.value(ty, json),
            Reference::Value { ty: given, .. } => Err(Error::Mismatch {
                path: Default::default(),
                expected: ty.to_string(),
                got: format!("a value that is said to be {given}"),
            }),
        }
    }

    /// A value with references somewhere inside, by the rules of [`json`].
    fn compound(&self, ty: &Type, json: &Json) -> Result<Tree, Error> {
        match (ty, json) {
            (Type::List(element), Json::Array(items)) => {
                let trees = items.iter().enumerate();
                let trees = trees.map(|(i, item)| {
                    let tree = self.value(element, item);
                    tree.map_err(|error| error.within(Step::Element(i)))
                });
                Ok(Tree::List(trees.collect::<Result<_, _>>()?))
            }
            (Type::Tuple(types), Json::Array(items)) if types.len() == items.len() => {
                let trees = types.iter().zip(items).enumerate();
                let trees = trees.map(|(i, (ty, item))| {
                    let tree = self.value(ty, item);
                    tree.map_err(|error| error.within(Step::Item(i)))
                });
                Ok(Tree::Tuple(trees.collect::<Result<_, _>>()?))
            }
            (Type::Record(fields), Json::Object(object)) => self.record(fields, object),
            (Type::Option(inner), _) => {
                let json = match **inner {
                    Type::Option(_) => self.case(ty, json, [("some", Some(&**inner))])?.1,
                    _ => json,
                };
                Ok(Tree::Some(Box::new(self.value(inner, json)?)))
            }
            (Type::Result(result), _) => {
                let cases = [("ok", result.ok.as_ref()), ("err", result.err.as_ref())];
                self.variant(ty, json, cases)
            }
            (Type::Variant(cases), _) => {
                let cases = cases.iter().map(|case| (&*case.name, case.ty.as_ref()));
                self.variant(ty, json, cases)
            }
            // Where no reference may be, the reader of plain JSON says what is wrong.
            _ => known(ty, json),
        }
    }

    fn record(&self, fields: &[Field], object: &Map<String, Json>) -> Result<Tree, Error> {
        let names = || fields.iter().map(|field| &*field.name);
        if let Some(name) = object.keys().find(|key| names().all(|name| name != *key)) {
            return Err(unknown("field", name, names()));
        }
        let trees = object.iter().filter_map(|(name, json)| {
            let field = fields.iter().find(|field| *field.name == **name)?;
            let tree = self.value(&field.ty, json);
            let tree = tree.map_err(|error| error.within(Step::Name(field.name.clone())));
            Some(tree.map(|tree| (name.clone(), tree)))
        });
        let trees: Vec<_> = trees.collect::<Result<_, _>>()?;
        let is_given = |name: &str| trees.iter().any(|(given, _)| given == name);
        let mut missing = fields.iter().filter(|field| !is_given(&field.name));
        match missing.find(|field| !matches!(field.ty, Type::Option(_))) {
            Some(field) => Err(Error::MissingField {
                path: Default::default(),
                name: field.name.to_string(),
            }),
            None => Ok(Tree::Record(trees)),
        }
    }

    fn variant<'c>(
        &self,
        ty: &Type,
        json: &Json,
        cases: impl IntoIterator<Item = (&'c str, Option<&'c Type>)>,
    ) -> Result<Tree, Error> {
        let ((name, payload), json) = self.case(ty, json, cases)?;
        let Some(payload) = payload else {
            return Err(Error::Mismatch {
                path: Default::default(),
                expected: "null".into(),
                got: "a reference".into(),
            }
            .within(Step::Name(name.into())));
        };
        let tree = self.value(payload, json);
        let tree = tree.map_err(|error| error.within(Step::Name(name.into())))?;
        Ok(Tree::Case(case_name(name), Box::new(tree)))
    }

    /// Which case an object of one entry is, and what is in it.
    fn case<'c, 'j, T>(
        &self,
        ty: &Type,
        json: &'j Json,
        cases: impl IntoIterator<Item = (&'c str, T)>,
    ) -> Result<((&'c str, T), &'j Json), Error> {
        let entry = json.as_object().filter(|object| object.len() == 1);
        let Some((key, json)) = entry.and_then(|object| object.iter().next()) else {
            return Err(Error::Mismatch {
                path: Default::default(),
                expected: format!("{ty} as an object of one entry"),
                got: "something else".into(),
            });
        };
        let cases: Vec<(&str, T)> = cases.into_iter().collect();
        let names: Vec<&str> = cases.iter().map(|(name, _)| *name).collect();
        let found = cases.into_iter().find(|(name, _)| name == key);
        let found = found.ok_or_else(|| unknown("case", key, names.into_iter()))?;
        Ok((found, json))
    }
}

/// What a task gives, where a value of `ty` is wanted.
fn task(ty: &Type, name: &str, has: &Type) -> Result<Tree, Error> {
    match ty {
        _ if ty == has => Ok(Tree::Task(name.into())),
        // As in WAVE, a value may stand where an option is wanted.
        Type::Option(inner) if **inner == *has => Ok(Tree::Some(Box::new(Tree::Task(name.into())))),
        _ => Err(Error::Mismatch {
            path: Default::default(),
            expected: ty.to_string(),
            got: format!("what task `{name}` gives, {has}"),
        }),
    }
}

fn known(ty: &Type, json: &Json) -> Result<Tree, Error> {
    let value = json::from_json(ty, json)?;
    let encoded = Encoded::from_value(ty.clone(), &value);
    encoded
        .map(Tree::Known)
        .map_err(|error| invalid(error.to_string()))
}

fn unknown<'a>(what: &'static str, name: &str, known: impl Iterator<Item = &'a str>) -> Error {
    let known: Vec<String> = known.map(|name| format!("`{name}`")).collect();
    Error::UnknownName {
        path: Default::default(),
        what,
        name: name.to_owned(),
        known: match known.len() {
            1 => known.concat(),
            _ => format!("one of {}", known.join(", ")),
        },
    }
}

/// The type of an argument that does not tell it, by the operator and its other arguments.
fn implied(operator: &Operator, told: &[Option<Type>], index: usize) -> Option<Type> {
    use Operator as Op;
    match operator {
        Op::Item | Op::Slice | Op::Take | Op::Part if index > 0 => Some(Type::U64),
        Op::Not | Op::And | Op::Or => Some(Type::Bool),
        Op::Add
        | Op::Sub
        | Op::Mul
        | Op::Div
        | Op::Rem
        | Op::Eq
        | Op::Ne
        | Op::Lt
        | Op::Le
        | Op::Gt
        | Op::Ge => told.iter().flatten().next().cloned(),
        _ => None,
    }
}

fn takes_lists(operator: &Operator) -> bool {
    use Operator as Op;
    matches!(
        operator,
        Op::Sum
            | Op::Product
            | Op::Min
            | Op::Max
            | Op::Mean
            | Op::Count
            | Op::Collect
            | Op::Concat
            | Op::Flatten
            | Op::Zip
            | Op::Item
            | Op::Slice
            | Op::Take
            | Op::Part
            | Op::Sort
            | Op::Distinct
    )
}

fn open() -> Error {
    invalid(
        "of what type this is, nobody can tell: write {\"$value\": .., \"type\": \"list<u32>\"}"
            .into(),
    )
}
