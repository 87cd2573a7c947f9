//! What strangers have written into the log: few lines, and short ones.

use std::cell::Cell;

use tokio::time::Instant;

use crate::Limits;

/// Characters of a text of a peer's that are shown to people.
const SHOWN: usize = 200;

/// A text of a peer's, as it may be shown to people: cut where it is long, and escaped.
pub fn shown(text: &str) -> String {
    let mut shown = String::new();
    for each in text.chars().take(SHOWN) {
        match each {
            '"' | '\'' => shown.push(each),
            _ => shown.extend(each.escape_debug()),
        }
    }
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

/// How many lines strangers have had written of late, all together.
pub(crate) struct Lines {
    limits: Limits,
    since: Cell<Instant>,
    written: Cell<usize>,
    left_out: Cell<usize>,
}

impl Lines {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            limits: limits.clone(),
            since: Cell::new(Instant::now()),
            written: Cell::default(),
            left_out: Cell::default(),
        }
    }

    /// Whether one more may be written now; then, how many were left out since the last one.
    fn take(&self, now: Instant) -> Option<usize> {
        if now.duration_since(self.since.get()) >= self.limits.stranger_lines_every {
            self.since.set(now);
            self.written.set(0);
        }
        if self.written.get() >= self.limits.stranger_lines {
            self.left_out.set(self.left_out.get() + 1);
            return None;
        }
        self.written.set(self.written.get() + 1);
        Some(self.left_out.take())
    }

    /// Writes a line, unless there were too many of late.
    pub(crate) fn write(&self, line: &str) {
        match self.take(Instant::now()) {
            None => {}
            Some(0) => tracing::info!("{line}"),
            Some(left_out) => tracing::info!("{line} ({left_out} such lines were left out before)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_short_and_escaped() {
        assert_eq!(shown("dask"), "dask");
        assert_eq!(shown("a\n\u{1b}[2J\""), "a\\n\\u{1b}[2J\"");
        let long = shown(&"é".repeat(10_000));
        assert_eq!(long.chars().count(), SHOWN + 1);
        let hostile = shown(&"\u{202e}".repeat(10_000));
        assert!(hostile.len() < SHOWN * 12, "{hostile}");
    }

    #[test]
    fn lines_are_few_and_those_left_out_are_counted() {
        let limits = Limits {
            stranger_lines: 2,
            ..Limits::default()
        };
        let lines = Lines::new(&limits);
        let start = Instant::now();
        let taken: Vec<_> = (0..5).map(|_| lines.take(start)).collect();
        assert_eq!(taken, [Some(0), Some(0), None, None, None]);
        let later = start + limits.stranger_lines_every;
        assert_eq!([lines.take(later), lines.take(later)], [Some(3), Some(0)]);
        assert_eq!(lines.take(later), None);
    }
}
