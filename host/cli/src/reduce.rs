//! Tree reduction: results are combined a few at a time, as soon as there are enough of them.

/// Combines what is pushed, in order, at most `fan_in` at a time, until one is left.
pub(crate) struct Reduction<T> {
    fan_in: usize,
    /// What waits to be combined: `levels[0]` was pushed, `levels[1]` was combined once, and so on.
    levels: Vec<Vec<T>>,
}

impl<T> Reduction<T> {
    /// `fan_in` is at least 2.
    pub(crate) fn new(fan_in: usize) -> Self {
        Self {
            fan_in: fan_in.max(2),
            levels: vec![Vec::new()],
        }
    }

    /// Takes one more, and combines whatever there are enough of.
    pub(crate) fn push<E>(
        &mut self,
        item: T,
        combine: &mut impl FnMut(Vec<T>) -> Result<T, E>,
    ) -> Result<(), E> {
        self.push_at(0, item, combine)
    }

    fn push_at<E>(
        &mut self,
        level: usize,
        item: T,
        combine: &mut impl FnMut(Vec<T>) -> Result<T, E>,
    ) -> Result<(), E> {
        if level == self.levels.len() {
            self.levels.push(Vec::new());
        }
        self.levels[level].push(item);
        if self.levels[level].len() < self.fan_in {
            return Ok(());
        }
        let full = std::mem::take(&mut self.levels[level]);
        self.push_at(level + 1, combine(full)?, combine)
    }

    /// Combines the rest. What was pushed is combined at least once, even where it is only one;
    /// `None` where nothing was.
    pub(crate) fn finish<E>(
        mut self,
        combine: &mut impl FnMut(Vec<T>) -> Result<T, E>,
    ) -> Result<Option<T>, E> {
        let mut level = 0;
        while level < self.levels.len() {
            let mut rest = std::mem::take(&mut self.levels[level]);
            let is_last = self.levels[level + 1..].iter().all(Vec::is_empty);
            match rest.len() {
                0 => {}
                1 if is_last && level > 0 => return Ok(rest.pop()),
                // Alone it needs not be combined here; further up it will be.
                1 if !is_last => {
                    let alone = rest.remove(0);
                    self.push_at(level + 1, alone, combine)?;
                }
                _ => self.push_at(level + 1, combine(rest)?, combine)?,
            }
            level += 1;
        }
        Ok(None)
    }
}

/// How often so many items are combined.
pub(crate) fn combinations(items: u64, fan_in: usize) -> u64 {
    let mut count = 0;
    let mut combine = |_: Vec<()>| {
        count += 1;
        Ok::<(), std::convert::Infallible>(())
    };
    let mut reduction = Reduction::new(fan_in);
    for _ in 0..items {
        let Ok(()) = reduction.push((), &mut combine);
    }
    let Ok(_) = reduction.finish(&mut combine);
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each combination in brackets.
    fn tree(items: u32, fan_in: usize) -> Option<String> {
        let mut combine = |parts: Vec<String>| {
            assert!(parts.len() <= fan_in);
            Ok::<_, ()>(format!("({})", parts.join(" ")))
        };
        let mut reduction = Reduction::new(fan_in);
        for item in 0..items {
            reduction.push(item.to_string(), &mut combine).unwrap();
        }
        reduction.finish(&mut combine).unwrap()
    }

    #[test]
    fn items_are_combined_in_order() {
        assert_eq!(tree(0, 2), None);
        assert_eq!(tree(1, 2).unwrap(), "(0)");
        assert_eq!(tree(2, 2).unwrap(), "(0 1)");
        assert_eq!(tree(3, 2).unwrap(), "((0 1) 2)");
        assert_eq!(tree(5, 2).unwrap(), "(((0 1) (2 3)) 4)");
        assert_eq!(tree(7, 3).unwrap(), "((0 1 2) (3 4 5) 6)");
        assert_eq!(tree(9, 3).unwrap(), "((0 1 2) (3 4 5) (6 7 8))");
        assert_eq!(tree(10, 3).unwrap(), "(((0 1 2) (3 4 5) (6 7 8)) 9)");
    }

    #[test]
    fn every_item_comes_once_and_in_order() {
        for fan_in in [2, 3, 16] {
            for items in 1..200 {
                let flat = tree(items, fan_in).unwrap().replace(['(', ')'], "");
                let expected: Vec<_> = (0..items).map(|item| item.to_string()).collect();
                assert_eq!(flat, expected.join(" "));
            }
        }
    }

    #[test]
    fn combinations_are_counted_beforehand() {
        assert_eq!(combinations(0, 16), 0);
        assert_eq!(combinations(1, 16), 1);
        assert_eq!(combinations(16, 16), 1);
        assert_eq!(combinations(17, 16), 2);
        assert_eq!(combinations(256, 16), 17);
    }
}
