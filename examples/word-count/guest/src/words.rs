//! Counting words, and adding counts up: plain functions over text.

mod scan;

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use hashbrown::HashMap;

use scan::split_whitespace;

// Source code has a new word about every 32 bytes; room for them at once saves growing the table.
// Long texts repeat themselves more.
const BYTES_PER_DISTINCT_WORD: usize = 32;
const MAX_RESERVED: usize = 4096;

/// Words and how often each occurs, sorted by word, each word once.
pub type Counts = Vec<(String, u32)>;

/// Counts the words of `text`.
pub fn count(text: &str) -> Counts {
    // Keys point into the text: only words that the result names are ever copied, once each.
    let mut counts: HashMap<Key<'_>, u32> =
        HashMap::with_capacity((text.len() / BYTES_PER_DISTINCT_WORD).min(MAX_RESERVED));
    for word in split_whitespace(text) {
        let count = counts.entry(Key::new(word)).or_insert(0);
        *count = count.saturating_add(1);
    }

    let mut counts: Vec<(Key<'_>, u32)> = counts.into_iter().collect();
    counts.sort_unstable_by_key(|&(word, _)| word);
    counts
        .into_iter()
        .map(|(word, count)| (word.text.to_owned(), count))
        .collect()
}

/// Adds up `parts`.
pub fn merge(parts: Vec<Counts>) -> Counts {
    // The stable sort finds the parts' own order and merges them; no word is copied.
    let mut all: Counts = parts.into_iter().flatten().collect();
    all.sort_by(|a, b| Key::new(&a.0).cmp(&Key::new(&b.0)));
    all.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 = kept.1.saturating_add(next.1);
        }
        same
    });
    all
}

/// A word with its first eight bytes as a number, which settles most comparisons at once.
///
/// It is ordered, and equal, as its text is.
#[derive(Clone, Copy)]
struct Key<'a> {
    head: u64,
    text: &'a str,
}

impl<'a> Key<'a> {
    fn new(text: &'a str) -> Self {
        let mut head = 0;
        match text.as_bytes().first_chunk::<8>() {
            Some(first) => head = u64::from_be_bytes(*first),
            None => {
                for (index, &byte) in text.as_bytes().iter().enumerate() {
                    head |= u64::from(byte) << (56 - 8 * index);
                }
            }
        }
        Self { head, text }
    }

    /// What follows the first eight bytes.
    fn tail(&self) -> &'a [u8] {
        self.text.as_bytes().get(8..).unwrap_or_default()
    }
}

impl Ord for Key<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.head
            .cmp(&other.head)
            .then_with(|| self.text.cmp(other.text))
    }
}

impl PartialOrd for Key<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.head == other.head
            && self.text.len() == other.text.len()
            && self.tail() == other.tail()
    }
}

impl Eq for Key<'_> {}

impl Hash for Key<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.head);
        if !self.tail().is_empty() {
            state.write(self.tail());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn counts<const N: usize>(counts: [(&str, u32); N]) -> Counts {
        counts
            .map(|(word, count)| (word.to_owned(), count))
            .to_vec()
    }

    #[test]
    fn counts_are_sorted_by_word() {
        let expected = counts([("be", 2), ("not", 1), ("or", 1), ("to", 2)]);
        assert_eq!(count("to be or not to be"), expected);
        assert_eq!(count(" \n\t"), []);
    }

    #[test]
    fn counts_agree_with_the_obvious_way() {
        let words = [
            "a",
            "a\0",
            "",
            "a\0b",
            "abcdefgh",
            "abcdefgh\0",
            "abcdefghi",
            "é",
            "Zebra",
        ];
        let text: Vec<&str> = (0..1000).map(|i| words[i * i % 97 % words.len()]).collect();
        let text = text.join("\u{2003}");

        let mut expected: BTreeMap<String, u32> = BTreeMap::new();
        for word in text.split_whitespace() {
            *expected.entry(word.to_owned()).or_default() += 1;
        }
        assert_eq!(count(&text), expected.into_iter().collect::<Counts>());
    }

    #[test]
    fn merging_counts_equals_counting_all() {
        let texts = ["to be or not", "to be", "", "that is the question to be"];
        let parts = texts.iter().map(|text| count(text)).collect();
        assert_eq!(merge(parts), count(&texts.join(" ")));
        assert_eq!(merge(Vec::new()), []);
    }

    #[test]
    fn a_count_stops_at_the_largest() {
        let parts = vec![counts([("a", u32::MAX - 1)]), counts([("a", 5), ("b", 1)])];
        assert_eq!(merge(parts), counts([("a", u32::MAX), ("b", 1)]));
    }
}
