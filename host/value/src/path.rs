//! Where in a value a fault lies: `args.1[3].name`.

use std::{fmt, sync::Arc};

/// One step from a value into a part of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// A record's field, a variant's case, or `ok` and `err`: `.name`. An option is no step.
    Name(Arc<str>),
    /// An item of a tuple or of the arguments: `.0`
    Item(usize),
    /// An element of a list: `[3]`
    Element(usize),
}

/// The steps from the outermost value to the part meant. Empty means the value itself.
///
/// Paths are built on the way out of a failed walk, so that a walk that succeeds pays nothing for
/// them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Path {
    /// Innermost first.
    steps: Vec<Step>,
}

impl Path {
    /// Puts a step in front: the value that this path started from was itself such a part.
    pub fn prepend(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// The steps, outermost first.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().rev()
    }

    /// Whether the path means the whole value.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The path as the start of a message: `a.b: `, or nothing where the path is empty.
    pub(crate) fn prefix(&self) -> String {
        if self.is_empty() {
            String::new()
        } else {
            format!("{self}: ")
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.steps().enumerate() {
            match step {
                Step::Name(name) if i == 0 => f.write_str(name)?,
                Step::Name(name) => write!(f, ".{name}")?,
                Step::Item(n) => write!(f, ".{n}")?,
                Step::Element(n) => write!(f, "[{n}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displays_outermost_first() {
        let mut path = Path::default();
        assert_eq!(path.prefix(), "");
        path.prepend(Step::Name("name".into()));
        path.prepend(Step::Element(3));
        assert_eq!(path.to_string(), "[3].name");
        path.prepend(Step::Item(1));
        path.prepend(Step::Name("args".into()));
        assert_eq!(path.prefix(), "args.1[3].name: ");
    }
}
