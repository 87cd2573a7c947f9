//! How Rust's names and WIT's meet: `user_id`, `UserId` and `user-id` are one.

/// Which of `names` is meant by `name`: the one that is equal but for `_` and `-`, else the only
/// one that is equal when case and word boundaries are left out. `hint` is looked at first.
///
/// WIT cannot tell `UserId` and `userID` apart, so neither does this.
pub(crate) fn find<'a>(
    names: impl Iterator<Item = &'a str> + Clone,
    name: &str,
    hint: usize,
) -> Option<usize> {
    if names
        .clone()
        .nth(hint)
        .is_some_and(|candidate| same(candidate, name))
    {
        return Some(hint);
    }
    let exact = names.clone().position(|candidate| same(candidate, name));
    exact.or_else(|| {
        let mut alike = names
            .enumerate()
            .filter(|(_, candidate)| same_letters(candidate, name));
        let first = alike.next()?;
        alike.next().is_none().then_some(first.0)
    })
}

/// Names as a message lists them, the first of them where there are many.
pub(crate) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let mut names = names.map(|name| format!("`{name}`"));
    let shown: Vec<_> = names.by_ref().take(SHOWN).collect();
    match (shown.len(), names.count()) {
        (0, _) => "none".into(),
        (1, _) => shown[0].clone(),
        (_, 0) => format!("one of {}", shown.join(", ")),
        (_, more) => format!("one of {} and {more} more", shown.join(", ")),
    }
}

fn same(a: &str, b: &str) -> bool {
    let plain = |byte: u8| if byte == b'_' { b'-' } else { byte };
    a.len() == b.len() && a.bytes().zip(b.bytes()).all(|(a, b)| plain(a) == plain(b))
}

fn same_letters(a: &str, b: &str) -> bool {
    letters(a).eq(letters(b))
}

fn letters(name: &str) -> impl Iterator<Item = char> + '_ {
    name.chars()
        .filter(|c| !matches!(c, '_' | '-'))
        .map(|c| c.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find_in(names: &[&str], name: &str) -> Option<usize> {
        find(names.iter().copied(), name, 0)
    }

    #[test]
    fn spellings_of_one_name_meet() {
        let names = ["id", "user-id", "sha-256", "ok"];
        assert_eq!(find_in(&names, "user_id"), Some(1));
        assert_eq!(find_in(&names, "UserId"), Some(1));
        assert_eq!(find_in(&names, "Sha256"), Some(2));
        assert_eq!(find_in(&names, "Ok"), Some(3));
        assert_eq!(find_in(&names, "user"), None);
    }

    #[test]
    fn the_exact_spelling_wins_and_ambiguity_finds_nothing() {
        let names = ["ab-c", "a-bc"];
        assert_eq!(find_in(&names, "a_bc"), Some(1));
        assert_eq!(find_in(&names, "ABc"), None);
    }

    #[test]
    fn lists_are_cut() {
        assert_eq!(list(["a"].into_iter()), "`a`");
        assert_eq!(list(["a", "b"].into_iter()), "one of `a`, `b`");
        assert!(list(std::iter::repeat_n("x", 20)).ends_with("`x` and 8 more"));
    }
}
