//! Columns of text.

use crate::terminal;

/// Characters of a cell; the rest of a longer one stands in what programs read.
const CELL_MAX: usize = 28;
/// Characters of a line.
const LINE_MAX: usize = 80;
/// Characters that the last cell of a line has in any case.
const LAST_MIN: usize = 12;
/// Between two cells.
const GAP: usize = 2;

/// Lines in which the cells of each column begin below one another. A cell is on one line, and long
/// ones are shortened.
pub(crate) fn lines(rows: &[Vec<String>]) -> Vec<String> {
    let mut rows: Vec<Vec<String>> = rows.iter().map(|row| shortened(row, CELL_MAX)).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |rows: &[Vec<String>], column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let before = (0..columns.saturating_sub(1)).map(|column| width(&rows, column) + GAP);
    let room = LINE_MAX.saturating_sub(before.sum()).max(LAST_MIN);
    for row in rows.iter_mut().filter(|row| row.len() == columns) {
        if let Some(last) = row.last_mut() {
            *last = start(last, room);
        }
    }
    let widths: Vec<usize> = (0..columns).map(|column| width(&rows, column)).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths);
        let padded: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        padded.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// Cells on one line each; the last one is shortened to what the others leave.
fn shortened(row: &[String], max: usize) -> Vec<String> {
    let last = row.len().saturating_sub(1);
    let cells = row.iter().enumerate().map(|(column, cell)| {
        let cell = terminal::line(cell.as_bytes());
        start(&cell, if column == last { LINE_MAX } else { max })
    });
    cells.collect()
}

fn start(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some(_) => text.chars().take(max - 1).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

/// A row of texts.
pub(crate) fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).into()
}

/// "1 task", "2 tasks".
pub(crate) fn count(number: impl Into<u64>, what: &str) -> String {
    match number.into() {
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one() {
        assert_eq!(count(1u32, "task"), "1 task");
        assert_eq!(count(0u32, "task"), "0 tasks");
    }

    #[test]
    fn columns_line_up() {
        let rows = [row(["NAME", "N"]), row(["é", "10"]), row(["counts", "2"])];
        assert_eq!(lines(&rows), ["NAME    N", "é       10", "counts  2"]);
        assert!(lines(&[]).is_empty());
        let long = lines(&[vec!["n\n".repeat(5_000), "1".into()]]);
        assert_eq!(long[0].chars().count(), CELL_MAX + 3);
    }
}
