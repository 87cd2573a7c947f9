//! Lists of files, as `find` and `fd` print them.

use std::{
    ffi::OsString,
    os::unix::ffi::OsStringExt,
    path::{Path, PathBuf},
};

use crate::{exit::Result, reading::ReadLimit};

/// The paths in a list, or in stdin where it is called `-`: one a line, or each with a null byte
/// after it. They are names, in which nothing is matched.
pub(super) fn paths(list: &Path, null_data: bool, limit: ReadLimit) -> Result<Vec<PathBuf>> {
    let bytes = match list == Path::new("-") {
        true => limit.stdin()?,
        false => limit.file(list)?,
    };
    Ok(split(&bytes, null_data))
}

fn split(bytes: &[u8], null_data: bool) -> Vec<PathBuf> {
    let end = if null_data { 0 } else { b'\n' };
    let names = bytes.split(|byte| *byte == end);
    names
        .filter(|name| !name.is_empty())
        .map(|name| OsString::from_vec(name.to_vec()).into())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bytes_between_ends() {
        let paths = |bytes: &[u8], null_data| -> Vec<Vec<u8>> {
            let paths = split(bytes, null_data).into_iter();
            paths.map(|path| path.into_os_string().into_vec()).collect()
        };
        assert_eq!(paths(b"a b\n\n*.t\xff\n", false), [&b"a b"[..], b"*.t\xff"]);
        assert_eq!(paths(b"a\nb\0c", true), [&b"a\nb"[..], b"c"]);
        assert!(paths(b"", false).is_empty());
    }
}
