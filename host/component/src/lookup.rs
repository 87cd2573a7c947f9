//! Finding a function by what a person types.

use crate::{Error, Function, Interface};

/// How alike (0 to 1) a name must be to be suggested.
const SIMILAR: f64 = 0.7;

/// Longer names, in bytes, are not compared: the time goes with the product of the lengths.
const COMPARED: usize = 256;

impl Interface {
    /// The function called `name`: by its full name, with underscores for hyphens, or by the end of
    /// its full name where only one has it (`count` or `words#count` for `demo:text/words#count`).
    ///
    /// # Errors
    /// [`Error::UnknownFunction`], [`Error::AmbiguousFunction`], or [`Error::RefusedFunction`] for
    /// an export that no task can call.
    pub fn function(&self, name: &str) -> Result<&Function, Error> {
        let kebab = name.replace('_', "-");
        let exact = |known: &str| known == name || known == kebab;
        if let Some(function) = self.functions.iter().find(|function| exact(&function.name)) {
            return Ok(function);
        }
        if let Some(refused) = self.refused.iter().find(|refused| exact(&refused.name)) {
            return Err(refused.error());
        }
        let short: Vec<&Function> = self
            .functions
            .iter()
            .filter(|function| short_names(&function.name).any(|short| exact(&short)))
            .collect();
        match *short {
            [function] => return Ok(function),
            [] => {}
            _ => {
                let candidates = short.iter().map(|function| function.name.clone()).collect();
                return Err(Error::AmbiguousFunction {
                    name: name.into(),
                    candidates,
                });
            }
        }
        let refused = &self.refused;
        match refused
            .iter()
            .find(|refused| short_names(&refused.name).any(|short| exact(&short)))
        {
            Some(refused) => Err(refused.error()),
            None => Err(self.unknown(name, &kebab)),
        }
    }

    fn unknown(&self, name: &str, kebab: &str) -> Error {
        let likeness = |function: &Function| {
            let names = short_names(&function.name).chain([function.name.clone()]);
            names
                .map(|known| strsim::jaro_winkler(&known, kebab))
                .fold(0.0, f64::max)
        };
        let best = self
            .functions
            .iter()
            .filter(|_| name.len() <= COMPARED)
            .map(|function| (likeness(function), &function.name))
            .filter(|(likeness, _)| *likeness >= SIMILAR)
            .max_by(|(a, _), (b, _)| a.total_cmp(b));
        Error::UnknownFunction {
            name: name.into(),
            suggestion: best.map(|(_, name)| name.clone()),
            functions: self
                .functions
                .iter()
                .map(|function| function.name.clone())
                .collect(),
        }
    }
}

impl crate::Refused {
    fn error(&self) -> Error {
        Error::RefusedFunction {
            name: self.name.clone(),
            reason: self.reason.clone(),
        }
    }
}

/// Shorter names of a function in an interface. Of `demo:text/words@1.0.0#count`: `count`,
/// `words#count` and `demo:text/words#count`.
fn short_names(full: &str) -> impl Iterator<Item = String> {
    let names = full.split_once('#').map(|(interface, function)| {
        let unversioned = interface.split('@').next().unwrap_or(interface);
        let last = unversioned.rsplit('/').next().unwrap_or(unversioned);
        [
            function.to_owned(),
            format!("{last}#{function}"),
            format!("{unversioned}#{function}"),
        ]
    });
    names.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Refused;

    fn interface() -> Interface {
        let function = |name: &str| Function {
            name: name.into(),
            ty: "func()".parse().unwrap(),
            docs: None,
        };
        Interface {
            functions: [
                "count-words",
                "demo:text/words@1.0.0#count",
                "demo:text/lines#split-all",
                "demo:text/words@1.0.0#split-all",
            ]
            .map(function)
            .into(),
            refused: vec![Refused {
                name: "a:b/c#read".into(),
                reason: "holds a `stream`".into(),
            }],
            imports: Vec::new(),
        }
    }

    #[track_caller]
    fn finds(asked: &str, full: &str) {
        assert_eq!(interface().function(asked).unwrap().name, full);
    }

    #[test]
    fn full_and_short_names_are_found() {
        finds("count-words", "count-words");
        finds("count_words", "count-words");
        finds("count", "demo:text/words@1.0.0#count");
        finds("words#count", "demo:text/words@1.0.0#count");
        finds("demo:text/words#count", "demo:text/words@1.0.0#count");
        finds("lines#split_all", "demo:text/lines#split-all");
    }

    #[track_caller]
    fn fails(asked: &str, message: &str) {
        assert_eq!(
            interface().function(asked).unwrap_err().to_string(),
            message
        );
    }

    #[test]
    fn others_are_not() {
        fails(
            "cuont-words",
            "no function `cuont-words`; did you mean `count-words`?",
        );
        fails(
            "coutn",
            "no function `coutn`; did you mean `demo:text/words@1.0.0#count`?",
        );
        fails(
            "read",
            "function `a:b/c#read` cannot be a task: it holds a `stream`",
        );
        fails(
            "a:b/c#read",
            "function `a:b/c#read` cannot be a task: it holds a `stream`",
        );
        fails(
            "split-all",
            "function name `split-all` is ambiguous: it could be `demo:text/lines#split-all`, \
             `demo:text/words@1.0.0#split-all`",
        );
        fails(
            "zzz",
            "no function `zzz`; the component exports `count-words`, \
             `demo:text/words@1.0.0#count`, `demo:text/lines#split-all`, \
             `demo:text/words@1.0.0#split-all`",
        );
    }

    #[test]
    fn a_component_without_functions_says_so() {
        let error = Interface::default().function("f").unwrap_err().to_string();
        assert_eq!(
            error,
            "no function `f`: the component exports no function that a task can call"
        );
    }
}
