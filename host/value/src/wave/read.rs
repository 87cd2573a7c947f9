//! A parsed WAVE text, read by the type.

use std::str::FromStr;

use wasm_wave::{
    ast::{Node, NodeType},
    parser::ParserError,
    untyped::UntypedValue,
};

use crate::{
    Error, Field, Type, Value,
    encoding::{element, item, named},
    names,
};

pub(super) fn value(ty: &Type, text: &str) -> Result<Value, Error> {
    if ty.is_unit() && is_unit(text) {
        return Ok(Value::unit());
    }
    let untyped = UntypedValue::parse(text).map_err(|error| match is_unquoted(ty, text) {
        true => Error::wave(text, 0, unquoted(ty, text.trim())),
        false => syntax_error(text, &error),
    })?;
    Reader { text }.value(ty, untyped.node())
}

/// Whether a text is wanted and something else stands there, without a quote in front.
fn is_unquoted(ty: &Type, text: &str) -> bool {
    matches!(ty, Type::String | Type::Char) && !text.trim_start().starts_with(['"', '\''])
}

fn unquoted(ty: &Type, text: &str) -> String {
    let quoted = match ty {
        Type::Char => "single quotes, 'x'",
        _ => "double quotes, \"x\"",
    };
    format!("expected {ty}, got {}; write it in {quoted}", excerpt(text))
}

/// The text, the start of it where it is long.
fn excerpt(text: &str) -> String {
    const SHOWN_CHARS: usize = 40;
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// `()`, which WAVE itself does not have.
fn is_unit(text: &str) -> bool {
    let inside = text
        .trim()
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(')'));
    inside.is_some_and(|text| text.trim().is_empty())
}

fn syntax_error(text: &str, error: &ParserError) -> Error {
    let mut problem = error.kind().to_string();
    if let Some(detail) = error.detail() {
        problem = format!("{problem}: {detail}");
    }
    Error::wave(text, error.span().start, problem)
}

struct Reader<'a> {
    text: &'a str,
}

impl<'a> Reader<'a> {
    fn value(&self, ty: &Type, node: &Node) -> Result<Value, Error> {
        let wrong = |error: ParserError| self.wrong(ty, node, &error);
        Ok(match ty {
            Type::Bool => Value::Bool(node.as_bool().map_err(wrong)?),
            Type::S8 => Value::S8(self.number(ty, node)?),
            Type::U8 => Value::U8(self.number(ty, node)?),
            Type::S16 => Value::S16(self.number(ty, node)?),
            Type::U16 => Value::U16(self.number(ty, node)?),
            Type::S32 => Value::S32(self.number(ty, node)?),
            Type::U32 => Value::U32(self.number(ty, node)?),
            Type::S64 => Value::S64(self.number(ty, node)?),
            Type::U64 => Value::U64(self.number(ty, node)?),
            Type::F32 => Value::F32(self.float(ty, node, f32::is_infinite)?),
            Type::F64 => Value::F64(self.float(ty, node, f64::is_infinite)?),
            Type::Char => Value::Char(node.as_char(self.text).map_err(wrong)?),
            Type::String => Value::String(node.as_str(self.text).map_err(wrong)?.into_owned()),
            Type::List(inner) if **inner == Type::U8 => {
                let bytes = node.as_list().map_err(wrong)?.enumerate();
                let bytes = bytes.map(|(i, byte)| self.number(inner, byte).map_err(element(i)));
                Value::Bytes(bytes.collect::<Result<_, _>>()?)
            }
            Type::List(inner) => {
                let values = node.as_list().map_err(wrong)?.enumerate();
                let values = values.map(|(i, value)| self.value(inner, value).map_err(element(i)));
                Value::List(values.collect::<Result<_, _>>()?)
            }
            Type::Option(inner) => match node.ty() {
                NodeType::OptionNone => Value::none(),
                _ => match node.as_option() {
                    Ok(Some(value)) => Value::some(self.value(inner, value)?),
                    _ if may_be_bare(inner) => Value::some(self.value(inner, node)?),
                    _ => return Err(self.mismatch(ty, node)),
                },
            },
            Type::Tuple(types) => {
                let values = node.as_tuple().map_err(wrong)?;
                if values.len() != types.len() {
                    return Err(self.mismatch(ty, node));
                }
                let values = types.iter().zip(values).enumerate();
                let values = values.map(|(i, (ty, v))| self.value(ty, v).map_err(item(i)));
                Value::Tuple(values.collect::<Result<_, _>>()?)
            }
            Type::Record(fields) => self.record(ty, fields, node)?,
            Type::Flags(_) | Type::Variant(_) | Type::Enum(_) | Type::Result(_) => {
                self.names(ty, node)?
            }
        })
    }

    /// Values that are made of names.
    fn names(&self, ty: &Type, node: &Node) -> Result<Value, Error> {
        let wrong = |error: ParserError| self.wrong(ty, node, &error);
        match ty {
            Type::Flags(names) => {
                let mut flags = vec![false; names.len()];
                for name in node.as_flags(self.text).map_err(wrong)? {
                    let name = name.strip_prefix('%').unwrap_or(name);
                    flags[self.find(node, "flag", name, names.iter().map(|name| &**name))?] = true;
                }
                Ok(Value::Flags(flags))
            }
            Type::Enum(names) => {
                let name = node.as_enum(self.text).map_err(wrong)?;
                let number = self.find(node, "case", name, names.iter().map(|name| &**name))?;
                Ok(Value::Enum(number as u32))
            }
            Type::Variant(cases) => {
                let (name, payload) = node.as_variant(self.text).map_err(wrong)?;
                let names = cases.iter().map(|case| &*case.name);
                let number = self.find(node, "case", name, names)?;
                let payload = self.payload(node, name, cases[number].ty.as_ref(), payload)?;
                Ok(Value::Variant(number as u32, payload))
            }
            Type::Result(result) => match (node.as_result(), &result.ok) {
                (Ok(Ok(payload)), ok) => Ok(Value::Result(Ok(self.payload(
                    node,
                    "ok",
                    ok.as_ref(),
                    payload,
                )?))),
                (Ok(Err(payload)), _) => {
                    let payload = self.payload(node, "err", result.err.as_ref(), payload)?;
                    Ok(Value::Result(Err(payload)))
                }
                (Err(_), Some(ok)) if may_be_bare(ok) => {
                    Ok(Value::Result(Ok(Some(Box::new(self.value(ok, node)?)))))
                }
                _ => Err(self.mismatch(ty, node)),
            },
            _ => Err(self.mismatch(ty, node)),
        }
    }

    fn record(&self, ty: &Type, fields: &[Field], node: &Node) -> Result<Value, Error> {
        let given = node
            .as_record(self.text)
            .map_err(|error| self.wrong(ty, node, &error))?;
        let mut values: Vec<Option<Value>> = vec![None; fields.len()];
        // The parser has refused a field that is given twice.
        for (name, value) in given {
            let names = fields.iter().map(|field| &*field.name);
            let index = self.find(node, "field", name, names)?;
            let value = self.value(&fields[index].ty, value).map_err(named(name))?;
            values[index] = Some(value);
        }
        let values =
            values
                .into_iter()
                .zip(fields)
                .map(|(value, field)| match (value, &field.ty) {
                    (Some(value), _) => Ok(value),
                    (None, Type::Option(_)) => Ok(Value::none()),
                    (None, _) => Err(self.error(node, format!("missing field `{}`", field.name))),
                });
        Ok(Value::Record(values.collect::<Result<_, _>>()?))
    }

    fn payload(
        &self,
        node: &Node,
        case: &str,
        ty: Option<&Type>,
        payload: Option<&Node>,
    ) -> Result<Option<Box<Value>>, Error> {
        match (ty, payload) {
            (Some(ty), Some(payload)) => Ok(Some(Box::new(
                self.value(ty, payload).map_err(named(case))?,
            ))),
            (None, None) => Ok(None),
            (Some(ty), None) => Err(self.error(node, format!("expected {case}({ty}), got {case}"))),
            (None, Some(_)) => Err(self.error(node, format!("expected {case} without a payload"))),
        }
    }

    fn number<T: FromStr>(&self, ty: &Type, node: &Node) -> Result<T, Error> {
        node.as_number(self.text)
            .map_err(|_| self.mismatch(ty, node))
    }

    /// A number that is too great for the type would become an infinite one.
    fn float<T: FromStr + Copy>(
        &self,
        ty: &Type,
        node: &Node,
        is_infinite: impl Fn(T) -> bool,
    ) -> Result<T, Error> {
        let number = self.number(ty, node)?;
        let is_typed_so = self.text[node.span()].ends_with("inf");
        match is_infinite(number) && !is_typed_so {
            true => Err(self.error(
                node,
                format!(
                    "{} is too great for an {ty}; write `inf` for what is infinite",
                    self.excerpt(node)
                ),
            )),
            false => Ok(number),
        }
    }

    fn find<'n>(
        &self,
        node: &Node,
        what: &str,
        name: &str,
        mut known: impl Iterator<Item = &'n str> + Clone,
    ) -> Result<usize, Error> {
        let names = known.clone();
        known
            .position(|candidate| candidate == name)
            .ok_or_else(|| {
                let names = names::list(names);
                self.error(node, format!("unknown {what} `{name}`, expected {names}"))
            })
    }

    /// A node that is not a value of the type, or has a fault of its own inside of it.
    fn wrong(&self, ty: &Type, node: &Node, error: &ParserError) -> Error {
        use wasm_wave::parser::ParserErrorKind::{InvalidType, InvalidValue};
        match error.kind() {
            InvalidType | InvalidValue => self.mismatch(ty, node),
            _ => syntax_error(self.text, error),
        }
    }

    fn mismatch(&self, ty: &Type, node: &Node) -> Error {
        if is_unquoted(ty, &self.text[node.span()]) {
            return self.error(node, unquoted(ty, &self.excerpt(node)));
        }
        let advice = match self.case_like_keyword(ty, node) {
            Some(case) => format!("; write `%{case}` for the case of this name"),
            None => String::new(),
        };
        let got = self.excerpt(node);
        self.error(node, format!("expected {ty}, got {got}{advice}"))
    }

    /// The case that is meant where it is called like a word of WAVE: `none`, `ok`, `inf`.
    fn case_like_keyword<'t>(&self, ty: &'t Type, node: &Node) -> Option<&'t str> {
        let text = &self.text[node.span()];
        let word = text.split(['(', ' ']).next()?;
        let is_word = |name: &&'t str| *name == word;
        match ty {
            Type::Enum(names) | Type::Flags(names) => {
                names.iter().map(|name| &**name).find(is_word)
            }
            Type::Variant(cases) => cases.iter().map(|case| &*case.name).find(is_word),
            _ => None,
        }
    }

    fn error(&self, node: &Node, problem: String) -> Error {
        Error::wave(self.text, node.span().start, problem)
    }

    fn excerpt(&self, node: &Node) -> String {
        excerpt(&self.text[node.span()])
    }
}

/// Whether `some` and `ok` may be left out around a value of this type.
fn may_be_bare(ty: &Type) -> bool {
    !matches!(ty, Type::Option(_) | Type::Result(_))
}
