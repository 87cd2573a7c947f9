//! A pattern, part by part: which names it goes on with, and where it ends.

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt,
    path::{Component, Path, PathBuf},
};

use glob::PatternError;

use super::braces;
use crate::exit::{Exit, Failed, OrExit, Result};

/// Characters with a meaning in a pattern.
const MEANINGFUL: [u8; 5] = [b'*', b'?', b'[', b'{', b'\\'];

/// What is to be found beneath a folder.
#[derive(Debug)]
pub(super) struct Pattern {
    /// Where to begin, without anything to be matched.
    pub(super) root: PathBuf,
    parts: Vec<Part>,
}

/// What one name of a path must be.
#[derive(Debug)]
enum Part {
    Name(OsString),
    /// Names that fit; a hidden one where the pattern begins with its dot.
    Names {
        glob: glob::Pattern,
        hidden: bool,
    },
    /// `**`: any folders, none too.
    Folders,
    /// What is in a folder.
    Anything,
}

/// How far a path has come in a pattern: the parts that may come next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Progress(Vec<usize>);

impl Pattern {
    /// The patterns that one as it is typed stands for.
    pub(super) fn parse(typed: &OsStr) -> Result<Vec<Self>> {
        let shown = || format!("`{}` is no pattern", typed.display());
        let Some(text) = typed.to_str() else {
            return Self::of(Path::new(typed))
                .or_exit(Exit::Input, shown)
                .map(|one| vec![one]);
        };
        if ["[[:", "[[.", "[[="]
            .iter()
            .any(|class| text.contains(class))
        {
            return Err(Failed::input(format!(
                "{}: classes of characters are written as in `[a-z]`",
                shown()
            )));
        }
        let patterns = braces::expand(text)?;
        if patterns.iter().any(|text| goes_back(Path::new(text))) {
            return Err(Failed::input(format!(
                "{}: `..` stands before all wildcards; write the path that is meant",
                shown()
            )));
        }
        let patterns = patterns.iter().map(|text| Self::of(Path::new(text)));
        patterns
            .collect::<Result<_, PatternError>>()
            .or_exit(Exit::Input, shown)
    }

    fn of(path: &Path) -> Result<Self, PatternError> {
        let mut components = path.components().peekable();
        let mut root = PathBuf::new();
        while let Some(component) = components.next_if(|each| !is_glob(each.as_os_str())) {
            root.push(component);
        }
        let mut parts = components.map(Part::of).collect::<Result<Vec<_>, _>>()?;
        // Only folders are meant, and a folder stands for all that is in it.
        if !parts.is_empty() && path.as_os_str().as_bytes().ends_with(b"/") {
            parts.extend([Part::Folders, Part::Anything]);
        }
        Ok(Self { root, parts })
    }

    /// All that is beneath a folder and not hidden.
    pub(super) fn beneath(root: PathBuf) -> Self {
        Self {
            root,
            parts: vec![Part::Folders],
        }
    }

    /// Whether a name that was typed matches others too, wherever a file of just this name is.
    pub(super) fn is_wild(typed: &OsStr) -> bool {
        typed.as_bytes().iter().any(|byte| b"*?{".contains(byte))
    }

    /// Whether there is nothing to be matched.
    pub(super) fn is_plain(&self) -> bool {
        self.parts.is_empty()
    }

    pub(super) fn start(&self) -> Progress {
        self.closed([0])
    }

    /// Where a path is that goes on with this name, of a folder or a file.
    pub(super) fn step(&self, from: &Progress, name: &OsStr) -> Progress {
        let next = from.0.iter().filter_map(|at| match self.parts.get(*at)? {
            Part::Folders => (!is_hidden(name)).then_some(*at),
            part => part.is(name).then_some(at + 1),
        });
        self.closed(next)
    }

    /// As [`step`](Self::step), for a link to a folder, which `**` does not go through.
    pub(super) fn step_through_link(&self, from: &Progress, name: &OsStr) -> Progress {
        let next = from.0.iter().filter_map(|at| match self.parts.get(*at)? {
            Part::Folders => None,
            part => part.is(name).then_some(at + 1),
        });
        self.closed(next)
    }

    /// With those that come next where `**` stands for nothing.
    fn closed(&self, places: impl IntoIterator<Item = usize>) -> Progress {
        let mut all: Vec<usize> = places.into_iter().collect();
        let mut from = 0;
        while let Some(at) = all.get(from).copied() {
            if matches!(self.parts.get(at), Some(Part::Folders)) && !all.contains(&(at + 1)) {
                all.push(at + 1);
            }
            from += 1;
        }
        all.sort_unstable();
        all.dedup();
        Progress(all)
    }

    /// Whether a path that is here is meant.
    pub(super) fn is_match(&self, at: &Progress) -> bool {
        at.0.contains(&self.parts.len())
    }

    /// Whether a path that is here is meant by its name, and not only as one of all that is beneath
    /// a folder.
    pub(super) fn is_named(&self, at: &Progress) -> bool {
        self.is_match(at) && !matches!(self.parts.last(), Some(Part::Folders | Part::Anything))
    }

    /// Whether something beneath a path that is here may be meant.
    pub(super) fn goes_on(&self, at: &Progress) -> bool {
        at.0.iter().any(|at| *at < self.parts.len())
    }
}

impl Part {
    fn of(component: Component<'_>) -> Result<Self, PatternError> {
        let name = component.as_os_str();
        match name.to_str() {
            Some("**") => Ok(Self::Folders),
            Some(text) if is_glob(name) => Ok(Self::Names {
                glob: glob::Pattern::new(&in_brackets(&one_star(text)))?,
                hidden: text.trim_start_matches('\\').starts_with('.'),
            }),
            _ => Ok(Self::Name(name.to_owned())),
        }
    }

    fn is(&self, name: &OsStr) -> bool {
        match self {
            Self::Name(meant) => meant == name,
            Self::Names { glob, hidden } => {
                // Characters are matched, and what is none counts as one.
                (*hidden || !is_hidden(name)) && glob.matches(&name.to_string_lossy())
            }
            Self::Folders | Self::Anything => !is_hidden(name),
        }
    }
}

/// Whether it goes up from a folder that any may be.
fn goes_back(path: &Path) -> bool {
    let mut rest = path
        .components()
        .skip_while(|each| !is_glob(each.as_os_str()));
    rest.any(|component| component == Component::ParentDir)
}

/// Several stars among other letters are one, to a shell.
fn one_star(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for letter in text.chars() {
        let is_again = letter == '*' && written.ends_with('*') && !written.ends_with("\\*");
        if !is_again {
            written.push(letter);
        }
    }
    written
}

/// As the library writes what a shell writes otherwise: `\*` is `[*]`, `[^a]` is `[!a]`.
fn in_brackets(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, chars.clone().next()) {
            ('\\', Some(meant @ ('*' | '?' | '['))) => {
                written.extend(['[', meant, ']']);
                chars.next();
            }
            ('\\', Some(meant)) => {
                written.push(meant);
                chars.next();
            }
            ('[', Some('^')) => {
                written.push_str("[!");
                chars.next();
            }
            _ => written.push(c),
        }
    }
    written
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_bytes().starts_with(b".")
}

/// Whether there is something to be matched. What is not UTF-8 is a name.
fn is_glob(name: &OsStr) -> bool {
    let mut bytes = name.as_bytes().iter();
    name.to_str().is_some() && bytes.any(|byte| MEANINGFUL.contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_match(pattern: &str, path: &str) -> bool {
        Pattern::parse(OsStr::new(pattern))
            .unwrap()
            .iter()
            .any(|pattern| {
                let Ok(rest) = Path::new(path).strip_prefix(&pattern.root) else {
                    return false;
                };
                let steps = rest.iter();
                let end = steps.fold(pattern.start(), |at, name| pattern.step(&at, name));
                pattern.is_match(&end)
            })
    }

    #[test]
    fn names_match_as_in_a_shell() {
        for (pattern, path, expected) in [
            ("*.txt", "a.txt", true),
            ("*.txt", ".a.txt", false),
            (".*.txt", ".a.txt", true),
            ("*", "sub/a", false),
            ("**/*.txt", "a.txt", true),
            ("**/*.txt", "x/y/a.txt", true),
            ("**/*.txt", "x/.y/a.txt", false),
            ("**/.y/*.txt", "x/.y/a.txt", true),
            ("sub/**", "sub/x/y", true),
            ("sub/**", "sub/.x/y", false),
            ("a/**/b/**/c", "a/b/c", true),
            ("a/**/b/**/c", "a/x/b/y/z/c", true),
            ("a/**/b/**/c", "a/x/y/c", false),
            ("{a,b/c}/*.rs", "b/c/x.rs", true),
            ("[ab].txt", "b.txt", true),
            ("[!ab].txt", "b.txt", false),
            ("[^ab].txt", "c.txt", true),
            (r"\**", "*x", true),
            (r"\**", "x", false),
            (r"\[ab].txt", "[ab].txt", true),
            ("?.txt", "é.txt", true),
            ("./*.txt", "./a.txt", true),
        ] {
            assert_eq!(is_match(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn names_that_are_not_utf8_match_too() {
        let name = OsStr::from_bytes(b"g\xff.txt");
        let pattern = &Pattern::parse(OsStr::new("g*.txt")).unwrap()[0];
        assert!(pattern.is_match(&pattern.step(&pattern.start(), name)));
        assert!(Pattern::parse(name).unwrap()[0].is_plain());
    }
}
