//! Pictures as DOT.

use std::fmt::Write;

use super::{Kind, Picture, Shape};

impl Picture {
    /// The picture in DOT, the language of graphviz.
    pub fn dot(&self) -> String {
        let mut text = String::from(
            "digraph wask {\n  node [fontname=\"sans-serif\", fontsize=12, style=\"filled\"];\n",
        );
        for (index, shape) in self.shapes.iter().enumerate() {
            // A string takes all that is written.
            let _ = writeln!(text, "  n{index} [{}];", attributes(shape));
        }
        for (from, to) in &self.edges {
            let _ = writeln!(text, "  n{from} -> n{to};");
        }
        text.push_str("}\n");
        text
    }
}

fn attributes(shape: &Shape) -> String {
    let lines: Vec<String> = shape.lines().iter().map(|line| escaped(line)).collect();
    let (form, style) = match shape.kind {
        Kind::Call => ("box", "filled,rounded"),
        Kind::Operator => ("box", "filled"),
        Kind::Value => ("box", "filled,dashed"),
        Kind::Future(_) => ("ellipse", "filled"),
    };
    let width = if shape.is_root { 2 } else { 1 };
    format!(
        "label=\"{}\", tooltip=\"{}\", shape={form}, style=\"{style}\", fillcolor=\"{}\", \
         penwidth={width}",
        lines.join("\\n"),
        escaped(&shape.details),
        shape.fill()
    )
}

/// What may stand between quotes.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
