//! How far a job is, for people.

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use bytesize::ByteSize;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::table::count;

/// How often the bar is drawn, at most.
const DRAWS_PER_SECOND: u8 = 10;

/// A bar on stderr, where that is a terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
    start: Instant,
}

fn rate(state: &ProgressState, to: &mut dyn std::fmt::Write) {
    // A rate that nobody sees is none to worry about.
    let _ = write!(to, "{:.0} tasks/s", state.per_sec());
}

impl Progress {
    /// A bar for so many tasks, hidden where there is nobody to see it or `quiet`.
    pub(crate) fn new(tasks: u64, quiet: bool) -> Self {
        let target = match quiet || !std::io::stderr().is_terminal() {
            true => ProgressDrawTarget::hidden(),
            false => ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND),
        };
        let bar = ProgressBar::with_draw_target(Some(tasks), target);
        // The template is a constant; a wrong one shows as the default style.
        if let Ok(style) = ProgressStyle::with_template(
            "{wide_bar} {pos}/{len}  {rate}  {elapsed} (about {eta} left)",
        ) {
            bar.set_style(style.with_key("rate", rate));
        }
        Self {
            bar,
            start: Instant::now(),
        }
    }

    /// One task more is done.
    pub(crate) fn add(&self) {
        self.bar.inc(1);
    }

    /// So many of so many tasks are done.
    pub(crate) fn set(&self, done: u64, total: u64) {
        self.bar.set_length(total);
        self.bar.set_position(done);
    }

    /// All tasks, as far as is known.
    pub(crate) fn total(&self) -> u64 {
        self.bar.length().unwrap_or(0)
    }

    /// Writes something else to the terminal.
    pub(crate) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Takes the bar away and tells how long it all took.
    pub(crate) fn finish(&self) -> Duration {
        self.bar.finish_and_clear();
        self.start.elapsed()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// What a job was, in one line.
pub(crate) struct Summary {
    /// Items that were mapped over.
    pub(crate) items: u64,
    /// Tasks that combined results.
    pub(crate) reductions: u64,
    /// Items that have no result.
    pub(crate) failed: u64,
    /// Tasks whose results the cluster had already.
    pub(crate) were_there: u64,
    /// Of input.
    pub(crate) bytes: u64,
    /// From the first submission to the last result.
    pub(crate) time: Duration,
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tasks = self.items + self.reductions;
        f.write_str(&count(tasks, "task"))?;
        if self.reductions > 0 {
            write!(f, " ({} + {} to reduce)", self.items, self.reductions)?;
        }
        if self.failed > 0 {
            write!(f, ", {} failed", self.failed)?;
        }
        match self.were_there {
            0 => {}
            1 => f.write_str(", 1 was there already")?,
            many => write!(f, ", {many} were there already")?,
        }
        let seconds = self.time.as_secs_f64();
        let rate = count((tasks as f64 / seconds.max(1e-9)).round() as u64, "task");
        let bytes = ByteSize(self.bytes).display().si();
        write!(f, ", {bytes}, {seconds:.2} s, {rate}/s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_is_one_line() {
        let summary = Summary {
            items: 14_101,
            reductions: 941,
            failed: 0,
            were_there: 0,
            bytes: 216_000_000,
            time: Duration::from_millis(4200),
        };
        assert_eq!(
            summary.to_string(),
            "15042 tasks (14101 + 941 to reduce), 216.0 MB, 4.20 s, 3581 tasks/s"
        );
        let plain = Summary {
            reductions: 0,
            items: 1,
            failed: 1,
            were_there: 1,
            ..summary
        };
        assert_eq!(
            plain.to_string(),
            "1 task, 1 failed, 1 was there already, 216.0 MB, 4.20 s, 0 tasks/s"
        );
    }
}
