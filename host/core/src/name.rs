//! What workers, datasets and components may be called.

/// Whether names may have a character: people type them, and terminals show them.
fn is_in_names(c: char) -> bool {
    c.is_alphanumeric() || "-_.:/+@".contains(c)
}

/// Whether something of this kind may be called so: letters and digits of any script, and
/// `-_.:/+@`, of `max` bytes together.
///
/// # Errors
/// What is wrong, and what to do.
pub fn check_name(what: &str, name: &str, max: usize) -> Result<(), String> {
    if let Some(bad) = name.chars().find(|c| !is_in_names(*c)) {
        let bad = bad.escape_debug();
        return Err(format!(
            "the name of a {what} has letters, digits and `-_.:/+@`, but no `{bad}`"
        ));
    }
    match name.len() > max {
        true => Err(format!(
            "the name of a {what} has {} bytes, the limit is {max}; choose a shorter one",
            name.len()
        )),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_can_be_typed_and_shown() {
        for name in [
            "a",
            "worker-1.local:8786",
            "zählung",
            "数",
            "user@host/x+y_z",
        ] {
            assert_eq!(check_name("worker", name, 100), Ok(()), "{name}");
        }
        for name in ["a b", "\u{1b}[31m", "a\nb", "\u{202e}x", "`", "\0"] {
            assert!(check_name("worker", name, 100).is_err(), "{name:?}");
        }
        assert!(
            check_name("worker", "abc", 2)
                .unwrap_err()
                .contains("has 3 bytes")
        );
    }
}
