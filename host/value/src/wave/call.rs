//! A call as it is typed: `count-words("to be", _)`.

use super::MAX_TEXT_BYTES;
use crate::Error;

/// A call, taken apart but not read: the arguments may be WAVE or what the command line has beyond
/// it, `_` and `@name`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call<'a> {
    /// The function, as typed: `count-words` or `demo:text/words#count`.
    pub name: &'a str,
    /// The text of each argument, without the space around it. `None` where a bare name stands for
    /// the call.
    pub arguments: Option<Vec<&'a str>>,
}

/// Takes a call apart: at the first `(`, and at commas that are not inside of strings, chars or
/// brackets.
///
/// ```
/// # use wask_value::wave::split_call;
/// let call = split_call("demo:text/words#count((1, \"a,b\"), _)")?;
/// assert_eq!(call.name, "demo:text/words#count");
/// assert_eq!(call.arguments, Some(vec!["(1, \"a,b\")", "_"]));
/// assert_eq!(split_call("count")?.arguments, None);
/// # Ok::<(), wask_value::Error>(())
/// ```
///
/// # Errors
/// [`Error::WaveText`] where brackets or quotes are not closed, an argument is empty, or the name
/// is missing.
pub fn split_call(text: &str) -> Result<Call<'_>, Error> {
    if text.len() > MAX_TEXT_BYTES {
        let problem = format!("the call is longer than {MAX_TEXT_BYTES} bytes: use @file(..)");
        return Err(Error::wave(text, MAX_TEXT_BYTES, problem));
    }
    let open = text.find('(');
    let name = text[..open.unwrap_or(text.len())].trim();
    if name.is_empty() {
        return Err(Error::wave(text, 0, "expected the name of a function"));
    }
    if let Some(at) = name.find(char::is_whitespace) {
        let at = at + (text.len() - text.trim_start().len());
        return Err(Error::wave(
            text,
            at,
            "expected `(` after the name of the function",
        ));
    }
    let Some(open) = open else {
        return Ok(Call {
            name,
            arguments: None,
        });
    };
    let (arguments, end) = Splitter { text, at: open + 1 }.arguments()?;
    let rest = &text[end..];
    if !rest.trim().is_empty() {
        let at = end + (rest.len() - rest.trim_start().len());
        return Err(Error::wave(text, at, "expected nothing after the call"));
    }
    Ok(Call {
        name,
        arguments: Some(arguments),
    })
}

struct Splitter<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Splitter<'a> {
    /// The arguments, and the place behind their closing bracket.
    fn arguments(mut self) -> Result<(Vec<&'a str>, usize), Error> {
        let open = self.at - 1;
        let mut arguments = Vec::new();
        let mut start = self.at;
        // The brackets that wait to be closed; the call's own is not among them.
        let mut expected = Vec::new();
        while let Some(c) = self.text[self.at..].chars().next() {
            let at = self.at;
            self.at += c.len_utf8();
            match c {
                '"' | '\'' => self.quoted(c, at)?,
                '/' if self.text[self.at..].starts_with('/') => self.comment(),
                '(' => expected.push(')'),
                '[' => expected.push(']'),
                '{' => expected.push('}'),
                ')' if expected.is_empty() => {
                    // A comma may come last, and there may be no arguments.
                    if !self.text[start..at].trim().is_empty() {
                        arguments.push(self.argument(start, at)?);
                    }
                    return Ok((arguments, self.at));
                }
                ')' | ']' | '}' if expected.pop() != Some(c) => {
                    return Err(self.error(at, format!("`{c}` closes nothing that is open")));
                }
                ',' if expected.is_empty() => {
                    arguments.push(self.argument(start, at)?);
                    start = self.at;
                }
                _ => {}
            }
        }
        Err(self.error(open, "`(` is never closed"))
    }

    fn argument(&self, start: usize, end: usize) -> Result<&'a str, Error> {
        match self.text[start..end].trim() {
            "" => Err(self.error(start, "expected an argument")),
            argument => Ok(argument),
        }
    }

    /// Passes over a string or char, whose first quote is read.
    fn quoted(&mut self, quote: char, start: usize) -> Result<(), Error> {
        if self.text[start..].starts_with(r#"""""#) {
            let inside = start + 3;
            let Some(end) = self.text[inside..].find(r#"""""#) else {
                return Err(self.error(start, "the string is never closed"));
            };
            self.at = inside + end + 3;
            return Ok(());
        }
        let mut escaped = false;
        for (i, c) in self.text[self.at..].char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                c if c == quote => {
                    self.at += i + 1;
                    return Ok(());
                }
                _ => {}
            }
        }
        let what = if quote == '"' { "string" } else { "char" };
        Err(self.error(start, format!("the {what} is never closed")))
    }

    fn comment(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.find('\n').unwrap_or(rest.len());
    }

    fn error(&self, at: usize, problem: impl ToString) -> Error {
        Error::wave(self.text, at, problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, name: &str, arguments: &[&str]) {
        let call = split_call(text).unwrap();
        assert_eq!(
            (call.name, call.arguments.as_deref()),
            (name, Some(arguments))
        );
    }

    #[test]
    fn calls_are_split_at_their_own_commas() {
        check("f()", "f", &[]);
        check(" f ( ) ", "f", &[]);
        check(
            "f(_, @name[3], @file(\"a,b\"))",
            "f",
            &["_", "@name[3]", "@file(\"a,b\")"],
        );
        check(
            r#"f("a\",b", ',', '\'', [1, 2], {a: (1, 2), b: ")"})"#,
            "f",
            &[
                r#""a\",b""#,
                "','",
                r"'\''",
                "[1, 2]",
                r#"{a: (1, 2), b: ")"}"#,
            ],
        );
        check(
            "demo:text/words@1.0.0#count(1,)",
            "demo:text/words@1.0.0#count",
            &["1"],
        );
        check(
            "f(\"\"\"\nit's, \"here\"\n\"\"\", \"\")",
            "f",
            &["\"\"\"\nit's, \"here\"\n\"\"\"", "\"\""],
        );
        check("f(1, // one, two)\n 2)", "f", &["1", "// one, two)\n 2"]);
        assert_eq!(
            split_call(" f ").unwrap(),
            Call {
                name: "f",
                arguments: None
            }
        );
    }

    #[test]
    fn what_is_no_call_is_refused_at_its_place() {
        for (text, error) in [
            (
                "",
                "wave text, character 1: expected the name of a function",
            ),
            (
                "(1)",
                "wave text, character 1: expected the name of a function",
            ),
            (
                "f g(1)",
                "wave text, character 2: expected `(` after the name of the function",
            ),
            ("f(1", "wave text, character 2: `(` is never closed"),
            (
                "f([1)",
                "wave text, character 5: `)` closes nothing that is open",
            ),
            (
                "f(1) 2",
                "wave text, character 6: expected nothing after the call",
            ),
            ("f(1,,2)", "wave text, character 5: expected an argument"),
            (
                "f(\"a)",
                "wave text, character 3: the string is never closed",
            ),
            (
                "f(é, 'a)",
                "wave text, character 6: the char is never closed",
            ),
        ] {
            assert_eq!(split_call(text).unwrap_err().to_string(), error);
        }
    }
}
