//! From the text of arguments to a [`Template`], directed by the parameters' types.

use std::{collections::BTreeMap, sync::Arc};

use wask_client::Encoded;
use wask_value::{Field, FunctionType, Type, wave};

use super::{FutureRef, Reference, Template, Tree, scan::has_reference, template::case_name};
use crate::{
    exit::{Failed, Result},
    reading::ReadLimit,
    suggest, terminal,
};

/// What a builder must know of a dataset.
#[derive(Clone, Debug)]
pub(crate) struct Dataset {
    /// Of each result.
    pub(crate) ty: Type,
    /// How many results there are.
    pub(crate) len: usize,
}

/// What a call may refer to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    pub(crate) datasets: BTreeMap<String, Dataset>,
    /// Whether `_` has a meaning.
    pub(crate) maps: bool,
    /// How much is read of a file, or of stdin.
    pub(crate) read_limit: ReadLimit,
}

impl Scope {
    /// Reads the arguments of a call of `function`.
    pub(crate) fn arguments(
        &self,
        function: &str,
        ty: &FunctionType,
        texts: &[&str],
    ) -> Result<Template> {
        if texts.len() != ty.params.len() {
            return Err(Failed::input(format!(
                "`{function}` takes {}, got {}: it is {ty}",
                arguments(ty.params.len()),
                texts.len(),
            )));
        }
        let mut builder = Builder::new(self);
        let mut arguments = Vec::with_capacity(texts.len());
        for (param, text) in ty.params.iter().zip(texts) {
            let built = builder.value(&param.ty, text);
            let place = || format!("`{function}`, parameter `{}`", param.name);
            arguments.push(built.map_err(|failed| failed.context(place()))?);
        }
        Ok(Template {
            arguments: Tree::Tuple(arguments),
            item: builder.item,
        })
    }

    /// Reads one value of type `ty`.
    pub(crate) fn value(&self, ty: &Type, text: &str) -> Result<Tree> {
        Builder::new(self).value(ty, text)
    }

    /// The futures of a dataset, or one of them, where a value of type `ty` is wanted.
    pub(crate) fn dataset(&self, ty: &Type, name: &str, index: Option<usize>) -> Result<Tree> {
        let Some(Dataset { ty: has, len }) = self.datasets.get(name) else {
            let known = self.datasets.keys().map(String::as_str);
            return Err(no_such_dataset(name, known));
        };
        // As in WAVE, a value may stand where an option is wanted.
        if let Type::Option(inner) = ty
            && ty != has
        {
            let some = self.dataset(inner, name, index)?;
            return Ok(Tree::Some(Box::new(some)));
        }
        let dataset: Arc<str> = name.into();
        let future = |index| {
            Tree::Future(FutureRef {
                dataset: dataset.clone(),
                index,
            })
        };
        let is_list = matches!(ty, Type::List(element) if **element == *has);
        match index {
            Some(index) if index >= *len => Err(Failed::input(format!(
                "`@{name}[{index}]` does not exist: `@{name}` holds {len}, counted from 0"
            ))),
            Some(index) if ty == has => Ok(future(index)),
            None if ty == has && *len == 1 => Ok(future(0)),
            None if is_list => Ok(Tree::List((0..*len).map(future).collect())),
            None if ty == has => Err(Failed::input(format!(
                "expected one {ty}, but `@{name}` holds {len}: write `@{name}[0]` for the first"
            ))),
            Some(index) => Err(Failed::input(format!(
                "expected {ty}, got `@{name}[{index}]`, a future of {has}"
            ))),
            None if *len == 1 => Err(Failed::input(format!(
                "expected {ty}, got `@{name}`, a future of {has}"
            ))),
            None => Err(Failed::input(format!(
                "expected {ty}, got `@{name}`, which is {len} futures of {has}"
            ))),
        }
    }
}

/// "1 argument", "2 arguments".
fn arguments(count: usize) -> String {
    match count {
        0 => "no arguments".into(),
        1 => "1 argument".into(),
        n => format!("{n} arguments"),
    }
}

/// The bytes of a file or of stdin as a value of `ty`.
pub(crate) fn data(ty: &Type, what: &str, bytes: Vec<u8>) -> Result<Tree> {
    match ty {
        Type::String => match String::from_utf8(bytes) {
            Ok(text) => Ok(Tree::Text(text)),
            Err(error) => Err(Failed::input(format!(
                "{what} is not UTF-8 (at byte {}), which a string must be; use a function that \
                 takes `list<u8>`",
                error.utf8_error().valid_up_to()
            ))),
        },
        Type::List(element) if **element == Type::U8 => Ok(Tree::Data(bytes)),
        _ => Err(Failed::input(format!(
            "expected {ty}, got {what}: a file is a `string` or a `list<u8>`"
        ))),
    }
}

pub(crate) fn no_such_dataset<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Failed {
    let advice = match suggest::closest(name, known) {
        Some(known) => format!("did you mean `@{known}`?"),
        None => "`wask datasets` lists them".into(),
    };
    Failed::input(format!("the cluster has no `@{name}`; {advice}"))
}

struct Builder<'a> {
    scope: &'a Scope,
    item: Option<Type>,
    stdin_taken: bool,
}

impl<'a> Builder<'a> {
    fn new(scope: &'a Scope) -> Self {
        Self {
            scope,
            item: None,
            stdin_taken: false,
        }
    }

    fn value(&mut self, ty: &Type, text: &str) -> Result<Tree> {
        let text = text.trim();
        if !has_reference(text) {
            return plain(ty, text);
        }
        match Reference::parse(text)? {
            Some(reference) => self.reference(ty, reference),
            None => self.compound(ty, text),
        }
    }

    fn reference(&mut self, ty: &Type, reference: Reference) -> Result<Tree> {
        match reference {
            Reference::Item => self.item(ty),
            Reference::Dataset { name, index } => self.scope.dataset(ty, &name, index),
            Reference::File(path) => {
                let what = format!("the file {}", terminal::path(&path));
                data(ty, &what, self.scope.read_limit.file(&path)?)
            }
            Reference::Stdin if self.stdin_taken => Err(Failed::input(
                "@stdin stands twice, but can be read only once",
            )),
            Reference::Stdin => {
                self.stdin_taken = true;
                data(ty, "stdin", self.scope.read_limit.stdin()?)
            }
        }
    }

    fn item(&mut self, ty: &Type) -> Result<Tree> {
        if !self.scope.maps {
            return Err(Failed::input(
                "`_` stands for what is mapped over; only `wask map` has that",
            ));
        }
        match &self.item {
            Some(other) if other != ty => Err(Failed::input(format!(
                "`_` stands for a {other} and here for a {ty}: it must be one thing"
            ))),
            _ => {
                self.item = Some(ty.clone());
                Ok(Tree::Item)
            }
        }
    }

    /// A value with references somewhere inside.
    fn compound(&mut self, ty: &Type, text: &str) -> Result<Tree> {
        match ty {
            Type::List(element) => match parts(text, '[', ']')? {
                Some(parts) => {
                    let trees = parts.iter().map(|part| self.value(element, part));
                    Ok(Tree::List(trees.collect::<Result<_>>()?))
                }
                None => plain(ty, text),
            },
            Type::Tuple(types) => match parts(text, '(', ')')? {
                Some(parts) if parts.len() == types.len() => {
                    let parts = types.iter().zip(&parts);
                    let trees = parts.map(|(ty, part)| self.value(ty, part));
                    Ok(Tree::Tuple(trees.collect::<Result<_>>()?))
                }
                _ => Err(Failed::input(format!("expected {ty}, got `{text}`"))),
            },
            Type::Record(fields) => match parts(text, '{', '}')? {
                Some(parts) => self.record(ty, fields, &parts),
                None => plain(ty, text),
            },
            Type::Option(inner) => match payload(text, "some") {
                Some(part) => self.value(inner, part).map(Box::new).map(Tree::Some),
                None if matches!(**inner, Type::Option(_) | Type::Result(_)) => plain(ty, text),
                None => self.value(inner, text).map(Box::new).map(Tree::Some),
            },
            Type::Result(result) => {
                let cases = [("ok", &result.ok), ("err", &result.err)];
                self.case(ty, cases.map(|(name, ty)| (name, ty.as_ref())), text)
            }
            Type::Variant(cases) => {
                let cases = cases.iter().map(|case| (&*case.name, case.ty.as_ref()));
                self.case(ty, cases, text)
            }
            _ => plain(ty, text),
        }
    }

    fn record(&mut self, ty: &Type, fields: &[Field], parts: &[String]) -> Result<Tree> {
        let mut trees: Vec<(String, Tree)> = Vec::new();
        for part in parts {
            let Some((name, text)) = part.split_once(':') else {
                return Err(Failed::input(format!(
                    "expected `field: value`, got `{part}`"
                )));
            };
            let name = name.trim().trim_start_matches('%');
            let field = fields.iter().find(|field| *field.name == *name);
            let is_new = !trees.iter().any(|(other, _)| other == name);
            let Some(field) = field.filter(|_| is_new) else {
                return Err(Failed::input(format!(
                    "field `{name}` is given twice or is none of {ty}"
                )));
            };
            trees.push((name.to_owned(), self.value(&field.ty, text)?));
        }
        Ok(Tree::Record(trees))
    }

    fn case<'c>(
        &mut self,
        ty: &Type,
        cases: impl IntoIterator<Item = (&'c str, Option<&'c Type>)>,
        text: &str,
    ) -> Result<Tree> {
        let mut cases = cases.into_iter();
        let found = cases.find_map(|(name, ty)| Some((name, ty?, payload(text, name)?)));
        let Some((name, payload, text)) = found else {
            return plain(ty, text);
        };
        let tree = Box::new(self.value(payload, text)?);
        Ok(Tree::Case(case_name(name), tree))
    }
}

/// WAVE without references.
pub(crate) fn plain(ty: &Type, text: &str) -> Result<Tree> {
    let value = wave::parse(ty, text)?;
    Ok(Tree::Known(Encoded::from_value(ty.clone(), &value)?))
}

/// The parts between commas of a bracketed text; `None` where it is not bracketed so.
fn parts(text: &str, open: char, close: char) -> Result<Option<Vec<String>>> {
    let inside = text
        .strip_prefix(open)
        .and_then(|text| text.strip_suffix(close));
    let Some(inside) = inside else {
        return Ok(None);
    };
    // A call's arguments are split in just this way.
    let call = format!("x({inside})");
    let parts = wave::split_call(&call)?.arguments.unwrap_or_default();
    Ok(Some(parts.into_iter().map(str::to_owned).collect()))
}

/// What stands in `name(…)`.
fn payload<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let rest = text.trim_start_matches('%').strip_prefix(name)?;
    rest.trim_start().strip_prefix('(')?.strip_suffix(')')
}

#[cfg(test)]
mod tests;
