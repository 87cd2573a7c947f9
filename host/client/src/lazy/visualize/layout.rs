//! Where the shapes of a picture stand: in layers, after Sugiyama.
//!
//! Each shape is in the layer below the last that it depends on. Edges that cross layers get a
//! bend in each. Layers are put into an order in which few edges cross, by barycenters, then their
//! slots are moved towards what they are connected with. All in whole numbers, so that the same
//! picture is laid out in the same way everywhere.

use std::collections::BTreeSet;

/// Between neighbours in a layer.
const GAP: i64 = 24;
/// Sweeps over all layers, down and up.
const SWEEPS: usize = 12;
/// Bends that are made at most. Beyond them, long edges go straight.
const BENDS: usize = 5_000;
/// What orders are computed in, so that means can be whole numbers.
const SCALE: i64 = 1_000;

/// Shapes and bends in their places.
pub(super) struct Layout {
    /// The layer of each shape.
    pub(super) layers: Vec<usize>,
    /// The middle of each slot: first the shapes, then the bends.
    pub(super) middles: Vec<i64>,
    /// For each edge, in order, the slots that it goes through, and their layers.
    pub(super) paths: Vec<Vec<(usize, usize)>>,
    pub(super) width: i64,
    pub(super) layer_count: usize,
}

/// Lays shapes out, given their widths and the edges between them, which go from a lower number
/// to a higher one.
pub(super) fn layout(widths: &[i64], edges: &BTreeSet<(usize, usize)>) -> Layout {
    let layers = layers(widths.len(), edges);
    let mut slots = Slots::new(widths, &layers, edges);
    for _ in 0..SWEEPS {
        slots.order();
    }
    slots.place();
    let left = slots.left();
    let middles: Vec<i64> = slots.middles.iter().map(|middle| middle - left).collect();
    let ends = middles.iter().zip(&slots.widths);
    Layout {
        width: ends.map(|(x, width)| x + width / 2).max().unwrap_or(0),
        layer_count: slots.rows.len(),
        paths: slots.paths,
        layers,
        middles,
    }
}

fn layers(count: usize, edges: &BTreeSet<(usize, usize)>) -> Vec<usize> {
    let mut layers = vec![0; count];
    // In ascending order of where they come from, whose layer is final by then.
    for (from, to) in edges {
        layers[*to] = layers[*to].max(layers[*from] + 1);
    }
    // What depends on nothing stands right above what uses it first.
    let has_inputs: BTreeSet<usize> = edges.iter().map(|(_, to)| *to).collect();
    for shape in 0..count {
        let uses = edges.range((shape, 0)..(shape + 1, 0));
        let first = uses.map(|(_, to)| layers[*to]).min();
        if let (false, Some(first)) = (has_inputs.contains(&shape), first) {
            layers[shape] = first - 1;
        }
    }
    layers
}

struct Slots {
    widths: Vec<i64>,
    middles: Vec<i64>,
    /// The slots of each layer, from left to right.
    rows: Vec<Vec<usize>>,
    above: Vec<Vec<usize>>,
    below: Vec<Vec<usize>>,
    paths: Vec<Vec<(usize, usize)>>,
}

impl Slots {
    fn new(widths: &[i64], layers: &[usize], edges: &BTreeSet<(usize, usize)>) -> Self {
        let count = layers.iter().max().map_or(0, |last| last + 1);
        let mut slots = Self {
            widths: widths.to_vec(),
            middles: vec![0; widths.len()],
            rows: vec![Vec::new(); count],
            above: vec![Vec::new(); widths.len()],
            below: vec![Vec::new(); widths.len()],
            paths: Vec::with_capacity(edges.len()),
        };
        for (shape, layer) in layers.iter().enumerate() {
            slots.rows[*layer].push(shape);
        }
        let bends: usize = edges.iter().map(|(a, b)| layers[*b] - layers[*a] - 1).sum();
        for (from, to) in edges {
            let between = match bends <= BENDS {
                true => layers[*from] + 1..layers[*to],
                false => 0..0,
            };
            let mut path = vec![(*from, layers[*from])];
            path.extend(between.map(|layer| (slots.bend(layer), layer)));
            path.push((*to, layers[*to]));
            for pair in path.windows(2) {
                slots.below[pair[0].0].push(pair[1].0);
                slots.above[pair[1].0].push(pair[0].0);
            }
            slots.paths.push(path);
        }
        slots
    }

    fn bend(&mut self, layer: usize) -> usize {
        let slot = self.widths.len();
        self.widths.push(0);
        self.middles.push(0);
        self.above.push(Vec::new());
        self.below.push(Vec::new());
        self.rows[layer].push(slot);
        slot
    }

    /// Orders each layer by where its neighbours above stand, then by those below.
    fn order(&mut self) {
        let mut places = vec![0; self.widths.len()];
        let number = |places: &mut Vec<i64>, row: &[usize]| {
            for (place, slot) in row.iter().enumerate() {
                places[*slot] = place as i64 * SCALE;
            }
        };
        for row in &self.rows {
            number(&mut places, row);
        }
        for row in &mut self.rows {
            row.sort_by_key(|slot| mean(&self.above[*slot], &places).unwrap_or(places[*slot]));
            number(&mut places, row);
        }
        for row in self.rows.iter_mut().rev() {
            row.sort_by_key(|slot| mean(&self.below[*slot], &places).unwrap_or(places[*slot]));
            number(&mut places, row);
        }
    }

    /// Moves slots to the middle of their neighbours, as far as their order and room allow.
    fn place(&mut self) {
        for row in 0..self.rows.len() {
            self.place_row(row, |_, _| None);
        }
        for _ in 0..SWEEPS {
            for row in 0..self.rows.len() {
                self.place_row(row, |slots, slot| mean(&slots.above[slot], &slots.middles));
            }
            for row in (0..self.rows.len()).rev() {
                self.place_row(row, |slots, slot| mean(&slots.below[slot], &slots.middles));
            }
        }
    }

    /// Gives each slot of a row what it wishes, else where it stands, without overlap: what lies
    /// between being pushed to the right and being pushed to the left.
    fn place_row(&mut self, row: usize, wish: impl Fn(&Self, usize) -> Option<i64>) {
        let row = self.rows[row].clone();
        let wishes = row
            .iter()
            .map(|slot| wish(self, *slot).unwrap_or(self.middles[*slot]));
        let wishes: Vec<i64> = wishes.collect();
        let apart = |a: usize, b: usize| (self.widths[row[a]] + self.widths[row[b]]) / 2 + GAP;
        let mut to_right = wishes.clone();
        for i in 1..row.len() {
            to_right[i] = to_right[i].max(to_right[i - 1] + apart(i - 1, i));
        }
        let mut to_left = wishes;
        for i in (1..row.len()).rev() {
            to_left[i - 1] = to_left[i - 1].min(to_left[i] - apart(i - 1, i));
        }
        // Both keep the distances, so their means do.
        let middles = to_right
            .iter()
            .zip(&to_left)
            .map(|(a, b)| (a + b).div_euclid(2));
        for (slot, middle) in row.iter().zip(middles) {
            self.middles[*slot] = middle;
        }
    }

    fn left(&self) -> i64 {
        let starts = self.middles.iter().zip(&self.widths);
        starts.map(|(x, width)| x - width / 2).min().unwrap_or(0)
    }
}

fn mean(of: &[usize], values: &[i64]) -> Option<i64> {
    let sum: i64 = of.iter().map(|slot| values[*slot]).sum();
    (!of.is_empty()).then(|| sum.div_euclid(of.len() as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_flows_down_and_nothing_overlaps() {
        // A diamond with a long edge, and a source that is used late.
        let edges = BTreeSet::from([
            (0, 1),
            (0, 2),
            (1, 3),
            (2, 3),
            (0, 4),
            (3, 4),
            (5, 6),
            (4, 6),
        ]);
        let widths = [50, 100, 80, 60, 70, 90, 40];
        let laid = layout(&widths, &edges);
        assert_eq!(laid.layers, [0, 1, 1, 2, 3, 3, 4]);
        for (a, b) in (0..7).flat_map(|a| (a + 1..7).map(move |b| (a, b))) {
            if laid.layers[a] == laid.layers[b] {
                let apart = (laid.middles[a] - laid.middles[b]).abs();
                assert!(apart >= (widths[a] + widths[b]) / 2 + GAP - 1, "{a} {b}");
            }
        }
        let ends = laid.middles.iter().zip(widths);
        assert!(
            ends.clone()
                .all(|(x, w)| x - w / 2 >= 0 && x + w / 2 <= laid.width)
        );
        let long = &laid.paths[edges.iter().position(|edge| *edge == (0, 4)).unwrap()];
        assert_eq!(
            long.iter().map(|(_, layer)| *layer).collect::<Vec<_>>(),
            [0, 1, 2, 3]
        );
    }

    #[test]
    fn nothing_at_all_has_a_layout() {
        let laid = layout(&[], &BTreeSet::new());
        assert_eq!((laid.width, laid.layer_count), (0, 0));
    }

    /// Every shape depends on all before it: more bends than are made.
    #[test]
    fn dense_graphs_are_laid_out() {
        let edges = (0..100).flat_map(|to| (0..to).map(move |from| (from, to)));
        let laid = layout(&[30; 100], &edges.collect());
        assert!(laid.paths.iter().all(|path| path.len() == 2));
        assert_eq!(laid.layer_count, 100);
    }
}
