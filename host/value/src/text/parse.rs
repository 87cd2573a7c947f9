//! Reads types and functions. Every list of parts may end with a comma.

use std::{str::FromStr, sync::Arc};

use super::PRIMITIVES;
use crate::{Case, Error, Field, FunctionType, Param, Type, types::is_kebab_case};

/// The longest type text that is read, in bytes.
const MAX_TEXT_BYTES: usize = 256 * 1024;

impl FromStr for Type {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut parser = Parser::new(text)?;
        let ty = parser.ty(1)?;
        parser.end()?;
        ty.check()?;
        Ok(ty)
    }
}

impl FromStr for FunctionType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut parser = Parser::new(text)?;
        let function = parser.function()?;
        parser.end()?;
        function.check()?;
        Ok(function)
    }
}

/// By recursive descent, as deep as types may nest.
struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Result<Self, Error> {
        if text.len() > MAX_TEXT_BYTES {
            let problem = format!("is longer than {MAX_TEXT_BYTES} bytes");
            return Err(Error::Type { problem });
        }
        Ok(Self { text, at: 0 })
    }

    fn function(&mut self) -> Result<FunctionType, Error> {
        self.keyword("func")?;
        self.expect('(')?;
        let params = self.items(')', |parser| {
            let name = parser.name()?;
            parser.expect(':')?;
            Ok(Param {
                name,
                ty: parser.ty(1)?,
            })
        })?;
        let result = if self.peek() == Some('-') {
            self.expect('-')?;
            self.expect('>')?;
            Some(self.ty(1)?)
        } else {
            None
        };
        Ok(FunctionType { params, result })
    }

    fn ty(&mut self, depth: usize) -> Result<Type, Error> {
        if depth > Type::MAX_DEPTH {
            return Err(Error::type_too_deep());
        }
        let start = self.skip_space();
        let word = self.word();
        if let Some((_, ty)) = PRIMITIVES.iter().find(|(name, _)| *name == word) {
            return Ok(ty.clone());
        }
        match word {
            "list" => Ok(Type::list(self.argument(depth)?)),
            "option" => Ok(Type::option(self.argument(depth)?)),
            "result" => self.result(depth),
            "tuple" => {
                self.expect('<')?;
                Ok(Type::tuple(self.items('>', |parser| parser.ty(depth + 1))?))
            }
            "record" => Ok(Type::Record(self.record(depth)?.into())),
            "variant" => Ok(Type::Variant(self.variant(depth)?.into())),
            "enum" => Ok(Type::Enum(self.names()?.into())),
            "flags" => Ok(Type::Flags(self.names()?.into())),
            "" => Err(self.unexpected("a type")),
            other => {
                self.at = start;
                Err(self.error(match other {
                    "stream" | "future" | "map" | "error-context" | "own" | "borrow" => {
                        format!("`{other}` is not a type of task values")
                    }
                    _ => format!("unknown type `{other}`"),
                }))
            }
        }
    }

    fn argument(&mut self, depth: usize) -> Result<Type, Error> {
        self.expect('<')?;
        let ty = self.ty(depth + 1)?;
        self.expect('>')?;
        Ok(ty)
    }

    fn result(&mut self, depth: usize) -> Result<Type, Error> {
        if self.peek() != Some('<') {
            return Ok(Type::result(None, None));
        }
        self.expect('<')?;
        let ok = if self.peek() == Some('_') {
            self.expect('_')?;
            None
        } else {
            Some(self.ty(depth + 1)?)
        };
        let err = if self.peek() == Some(',') {
            self.expect(',')?;
            Some(self.ty(depth + 1)?)
        } else {
            None
        };
        self.expect('>')?;
        Ok(Type::result(ok, err))
    }

    fn record(&mut self, depth: usize) -> Result<Vec<Field>, Error> {
        self.expect('{')?;
        self.items('}', |parser| {
            let name = parser.name()?;
            parser.expect(':')?;
            Ok(Field {
                name,
                ty: parser.ty(depth + 1)?,
            })
        })
    }

    fn variant(&mut self, depth: usize) -> Result<Vec<Case>, Error> {
        self.expect('{')?;
        self.items('}', |parser| {
            let name = parser.name()?;
            if parser.peek() != Some('(') {
                return Ok(Case { name, ty: None });
            }
            parser.expect('(')?;
            let ty = parser.ty(depth + 1)?;
            parser.expect(')')?;
            Ok(Case { name, ty: Some(ty) })
        })
    }

    fn names(&mut self) -> Result<Vec<Arc<str>>, Error> {
        self.expect('{')?;
        self.items('}', Self::name)
    }

    /// Items up to `close`, which is consumed.
    fn items<T>(
        &mut self,
        close: char,
        mut item: impl FnMut(&mut Self) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let mut items = Vec::new();
        while self.peek() != Some(close) {
            items.push(item(self)?);
            if self.peek() != Some(',') {
                break;
            }
            self.expect(',')?;
        }
        self.expect(close)?;
        Ok(items)
    }

    fn name(&mut self) -> Result<Arc<str>, Error> {
        if self.peek() == Some('%') {
            self.at += 1;
        } else {
            self.skip_space();
        }
        let start = self.at;
        let word = self.word();
        if word.is_empty() {
            return Err(self.unexpected("a name"));
        }
        if !is_kebab_case(word) {
            self.at = start;
            return Err(self.error(format!("the name `{word}` is not kebab-case")));
        }
        Ok(word.into())
    }

    fn keyword(&mut self, keyword: &str) -> Result<(), Error> {
        let start = self.skip_space();
        if self.word() == keyword {
            return Ok(());
        }
        self.at = start;
        Err(self.unexpected(&format!("`{keyword}`")))
    }

    fn word(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn expect(&mut self, wanted: char) -> Result<(), Error> {
        if self.peek() != Some(wanted) {
            return Err(self.unexpected(&format!("`{wanted}`")));
        }
        self.skip_space();
        self.at += wanted.len_utf8();
        Ok(())
    }

    fn end(&mut self) -> Result<(), Error> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.unexpected("the end of the type")),
        }
    }

    /// The next character that is not space, which is left where it is.
    fn peek(&mut self) -> Option<char> {
        let at = self.skip_space();
        self.text[at..].chars().next()
    }

    fn skip_space(&mut self) -> usize {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        self.at
    }

    fn unexpected(&mut self, wanted: &str) -> Error {
        let got = match self.peek() {
            Some(c) => format!("`{c}`"),
            None => "the end".into(),
        };
        self.error(format!("expected {wanted}, got {got}"))
    }

    fn error(&self, problem: String) -> Error {
        Error::TypeText {
            position: self.text[..self.at].chars().count() + 1,
            problem,
        }
    }
}
