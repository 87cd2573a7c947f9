//! Splitting text at white space: the words of `str::split_whitespace`, found eight bytes at a time.
//!
//! Nearly every byte of real text is plain: a space, or an ASCII character that is none. Only where
//! a byte is neither is a character decoded.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x80 * ONES;

/// The words of `text`: what Unicode white space separates.
pub(crate) fn split_whitespace(text: &str) -> impl Iterator<Item = &str> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = skip_spaces(text, at)?;
        at = skip_word(text, start);
        Some(&text[start..at])
    })
}

/// Where the first character at or after `at` stands that is no white space.
fn skip_spaces(text: &str, mut at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    loop {
        while *bytes.get(at)? == b' ' {
            at += 1;
        }
        match space_width(text, at) {
            0 => return Some(at),
            width => at += width,
        }
    }
}

/// Where the first white space at or after `at` stands, or the text ends.
fn skip_word(text: &str, mut at: usize) -> usize {
    let bytes = text.as_bytes();
    while at < bytes.len() {
        if let Some(chunk) = bytes[at..].first_chunk() {
            let plain = plain_bytes(u64::from_le_bytes(*chunk));
            at += plain;
            if plain == 8 {
                continue;
            }
        }
        if space_width(text, at) > 0 {
            return at;
        }
        at += 1;
    }
    at
}

/// How many of eight bytes, from the lowest, are plain ASCII and certainly no white space.
fn plain_bytes(chunk: u64) -> usize {
    // Of each byte, the high bit: set where the byte is below '!' (a borrow may set it in bytes
    // above the first such one too, which is why only the first counts) or is not ASCII.
    let others = (chunk.wrapping_sub(u64::from(b'!') * ONES) | chunk) & HIGH_BITS;
    (others.trailing_zeros() / 8) as usize
}

/// How many bytes the white space at byte `at` takes; 0 where there is none, or in mid-character.
fn space_width(text: &str, at: usize) -> usize {
    match text.as_bytes()[at] {
        b'\t'..=b'\r' | b' ' => 1,
        // The only bytes with which other white space begins.
        0xc2 | 0xe1..=0xe3 => {
            let char = text[at..].chars().next();
            char.filter(|char| char.is_whitespace())
                .map_or(0, char::len_utf8)
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_separates_as_in_the_standard_library() {
        for char in '\0'..=char::MAX {
            let text = format!("{char}one{char}{char}two-and-more{char}");
            let words: Vec<&str> = split_whitespace(&text).collect();
            assert_eq!(
                words,
                text.split_whitespace().collect::<Vec<_>>(),
                "{char:?}"
            );
        }
    }

    #[test]
    fn words_of_every_length_end_where_they_should() {
        for length in 1..40 {
            for separator in [" ", "\t", "\u{85}", "\u{3000}"] {
                let words = [
                    "x".repeat(length),
                    "é".repeat(length),
                    "\u{7f}".repeat(length),
                ];
                assert!(split_whitespace(&words.join(separator)).eq(&words));
            }
        }
    }
}
