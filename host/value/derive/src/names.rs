//! Rust's names in WIT's spelling.

/// `user_id`, `UserId` and `userID` to `user-id`; `HTTPServer` to `http-server`.
pub(crate) fn kebab_case(name: &str) -> String {
    let chars: Vec<char> = name.strip_prefix("r#").unwrap_or(name).chars().collect();
    let mut kebab = String::with_capacity(chars.len() + 4);
    for (i, &c) in chars.iter().enumerate() {
        if c == '_' || c == '-' {
            push_hyphen(&mut kebab);
            continue;
        }
        if c.is_uppercase() && i > 0 {
            let after_word = !chars[i - 1].is_uppercase();
            let before_word = chars.get(i + 1).is_some_and(|next| next.is_lowercase());
            if after_word || before_word {
                push_hyphen(&mut kebab);
            }
        }
        kebab.extend(c.to_lowercase());
    }
    kebab.trim_end_matches('-').to_owned()
}

fn push_hyphen(kebab: &mut String) {
    if !kebab.is_empty() && !kebab.ends_with('-') {
        kebab.push('-');
    }
}

/// Whether WIT takes the name: words of ASCII letters and digits joined by `-`, each in one case,
/// the first starting with a letter.
pub(crate) fn is_kebab_case(name: &str) -> bool {
    let word = |word: &str| {
        let all = |in_case: fn(&u8) -> bool| {
            word.bytes()
                .all(|byte| in_case(&byte) || byte.is_ascii_digit())
        };
        !word.is_empty() && (all(u8::is_ascii_lowercase) || all(u8::is_ascii_uppercase))
    };
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.split('-').all(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_become_kebab_case() {
        for (rust, wit) in [
            ("user_id", "user-id"),
            ("UserId", "user-id"),
            ("userID", "user-id"),
            ("HTTPServer", "http-server"),
            ("Sha256", "sha256"),
            ("r#type", "type"),
            ("_private", "private"),
            ("A", "a"),
            ("x_1", "x-1"),
        ] {
            assert_eq!(kebab_case(rust), wit);
            assert!(is_kebab_case(wit));
        }
        assert!(!is_kebab_case(&kebab_case("größe")));
        assert!(!is_kebab_case(""));
    }
}
