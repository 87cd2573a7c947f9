//! Did you mean?

/// How alike (0 to 1) a name must be to be suggested.
const SIMILAR: f64 = 0.7;

/// The name most like `name`, if one is like it at all.
pub(crate) fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|known| (strsim::jaro_winkler(known, name), known))
        .filter(|(likeness, _)| *likeness >= SIMILAR)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_alike_is_suggested() {
        let known = ["counts", "texts"];
        assert_eq!(closest("count", known), Some("counts"));
        assert_eq!(closest("zebra", known), None);
    }
}
