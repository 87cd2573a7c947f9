//! What a pattern matched and is not read, counted.

use std::fmt;

use crate::table::count;

/// Why something that a pattern matched is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Folder,
    /// A link to a folder, where `**` stands.
    LinkToFolder,
    /// A pipe, a socket or a device: only one that is named is read.
    Special,
    Dangling,
    /// It may not be read, or is gone.
    Unreadable,
    /// Another name of a file that is read already.
    AnotherName,
}

/// How many things were left out, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LeftOut([u64; 6]);

impl LeftOut {
    pub(super) fn add(&mut self, reason: Reason) {
        self.0[reason as usize] += 1;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|count| *count == 0)
    }
}

/// As in "2 folders, 1 link to nothing".
impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [folders, links, special, dangling, unreadable, names] = self.0;
        let one_or = |n: u64, one: &str, many: &str| {
            let what = if n == 1 { one } else { many };
            format!("{n} {what}")
        };
        let told = [
            (folders, count(folders, "folder")),
            (
                links,
                one_or(
                    links,
                    "link to a folder (--follow goes into it)",
                    "links to folders (--follow goes into them)",
                ),
            ),
            (
                special,
                one_or(
                    special,
                    "pipe, socket or device",
                    "pipes, sockets or devices",
                ),
            ),
            (
                dangling,
                one_or(dangling, "link to nothing", "links to nothing"),
            ),
            (unreadable, format!("{unreadable} unreadable")),
            (
                names,
                one_or(
                    names,
                    "other name of the same file",
                    "other names of the same files",
                ),
            ),
        ];
        let told = told.into_iter().filter(|(n, _)| *n > 0);
        let told: Vec<String> = told.map(|(_, text)| text).collect();
        f.write_str(&told.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_there_is_is_told() {
        let mut left_out = LeftOut::default();
        assert!(left_out.is_empty());
        left_out.add(Reason::Folder);
        left_out.add(Reason::Folder);
        left_out.add(Reason::Dangling);
        assert_eq!(left_out.to_string(), "2 folders, 1 link to nothing");
        left_out.add(Reason::Dangling);
        assert_eq!(left_out.to_string(), "2 folders, 2 links to nothing");
    }
}
