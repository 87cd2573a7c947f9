//! Pictures as SVG.

use std::fmt::Write;

use super::{Kind, Picture, Shape, layout::layout};

/// All sizes in pixels.
const MARGIN: i64 = 16;
/// About, of a character.
const CHARACTER: i64 = 7;
const LINE: i64 = 16;
/// Around the text of a shape.
const PADDING: i64 = 10;
/// Of a layer, two lines being the most that a shape has.
const LAYER: i64 = 2 * LINE + 2 * PADDING + 44;

impl Picture {
    /// The picture as SVG, with tooltips.
    pub fn svg(&self) -> String {
        let widths: Vec<i64> = self.shapes.iter().map(width).collect();
        let laid = layout(&widths, &self.edges);
        let point = |slot: usize, layer: usize| {
            let x = MARGIN + laid.middles[slot];
            (x, MARGIN + LAYER * layer as i64 + LAYER / 2)
        };
        let (width, height) = (
            laid.width + 2 * MARGIN,
            laid.layer_count as i64 * LAYER + 2 * MARGIN,
        );
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\" \
             text-anchor=\"middle\">\n\
             <defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" \
             markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\">\
             <path d=\"M 0 0 L 8 4 L 0 8 z\" fill=\"#868e96\"/></marker></defs>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
             <g fill=\"none\" stroke=\"#868e96\" marker-end=\"url(#arrow)\">\n"
        );
        for ((from, to), path) in self.edges.iter().zip(&laid.paths) {
            let mut points: Vec<_> = path.iter().map(|(s, l)| point(*s, *l)).collect();
            let last = points.len() - 1;
            points[0].1 += height_of(&self.shapes[*from]) / 2;
            points[last].1 -= height_of(&self.shapes[*to]) / 2;
            // A string takes all that is written.
            let _ = writeln!(text, "<path d=\"{}\"/>", curve(&points));
        }
        text.push_str("</g>\n");
        for (index, shape) in self.shapes.iter().enumerate() {
            draw(
                &mut text,
                shape,
                point(index, laid.layers[index]),
                widths[index],
            );
        }
        text.push_str("</svg>\n");
        text
    }
}

fn width(shape: &Shape) -> i64 {
    let lines = shape.lines();
    let longest = lines.iter().map(|line| line.chars().count()).max();
    let text = longest.unwrap_or(0) as i64 * CHARACTER;
    // An ellipse is narrower where its text begins.
    match shape.kind {
        Kind::Future(_) => text * 5 / 4 + 3 * PADDING,
        _ => text + 2 * PADDING,
    }
}

fn height_of(shape: &Shape) -> i64 {
    shape.lines().len() as i64 * LINE + 2 * PADDING
}

/// A line that leaves and enters everything from above.
fn curve(points: &[(i64, i64)]) -> String {
    let mut path = format!("M {} {}", points[0].0, points[0].1);
    for pair in points.windows(2) {
        let [(x0, y0), (x1, y1)] = [pair[0], pair[1]];
        let middle = (y0 + y1) / 2;
        let _ = write!(path, " C {x0} {middle}, {x1} {middle}, {x1} {y1}");
    }
    path
}

fn draw(text: &mut String, shape: &Shape, (x, y): (i64, i64), width: i64) {
    let height = height_of(shape);
    let border = if shape.is_root { 2 } else { 1 };
    let look = format!(
        "fill=\"{}\" stroke=\"#495057\" stroke-width=\"{border}\"",
        shape.fill()
    );
    let (rx, ry) = (width / 2, height / 2);
    let (left, top) = (x - rx, y - ry);
    let form = match shape.kind {
        Kind::Future(_) => {
            format!("<ellipse cx=\"{x}\" cy=\"{y}\" rx=\"{rx}\" ry=\"{ry}\" {look}/>")
        }
        Kind::Call | Kind::Operator | Kind::Value => {
            let more = match shape.kind {
                Kind::Call => " rx=\"8\"",
                Kind::Value => " stroke-dasharray=\"4 3\"",
                _ => "",
            };
            format!(
                "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" {look}{more}/>"
            )
        }
    };
    let _ = write!(text, "<g><title>{}</title>{form}", escaped(&shape.details));
    let lines = shape.lines();
    let first = y - (lines.len() as i64 - 1) * LINE / 2 + 4;
    for (number, line) in lines.iter().enumerate() {
        let y = first + number as i64 * LINE;
        let _ = write!(text, "<text x=\"{x}\" y=\"{y}\">{}</text>", escaped(line));
    }
    text.push_str("</g>\n");
}

/// What may stand in XML.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            // XML has no place for these, not even escaped.
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}
