//! Graphs as pictures: DOT for graphviz and its kind, SVG for browsers.
//!
//! A picture is of the graph as it is now: calls that are not run, and futures with the states that
//! they have at this moment. It is the same, byte for byte, for the same graph in the same states.
//! Equal calls, which run once, are drawn once.

mod dot;
mod layout;
mod svg;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use wask_core::{Applied, Key, LimitRules, ResultLimits, TaskKind, TaskRules};
use wask_operator::Operator;
use wask_value::Type;

use super::{Graph, Input, Node, Part, Persist};
use crate::{Error, Status, blueprint::Place, handle::Handle};

/// Shapes that a picture may have. What has more is drawn in groups.
const SHAPES: usize = 300;
/// Characters of a label that are shown.
const LABEL: usize = 40;
/// Characters of a type that are shown.
const TYPE: usize = 300;
/// Whose keys tell equal calls apart. Any tenant's would do.
const TENANT: &str = "default";

/// Draws the graph of a delayed value, of a collection, or of a list of these.
///
/// Calls are boxes, with what they give in a tooltip; futures are ellipses, coloured by their
/// status; arrows go the way that data goes. What was asked for has a thick border. In a graph of
/// some hundred calls, those of one function and depth are drawn as one: `count-words × 200`.
///
/// ```no_run
/// # use wask_client::*;
/// # fn example(total: Delayed<u64>, parts: Partitions<u64>) -> Result<(), Box<dyn std::error::Error>> {
/// std::fs::write("total.svg", visualize(&total)?.svg())?;
/// std::fs::write("parts.dot", visualize(&parts)?.dot())?;
/// # Ok(()) }
/// ```
///
/// # Errors
/// What was wrong in the graph; [`Error::GraphTooLargeToDraw`].
pub fn visualize<P: Persist>(what: &P) -> Result<Picture, Error> {
    let roots: Vec<Input> = what.parts()?.into_iter().map(|Part(input)| input).collect();
    let picture = Picture::of(&roots)?;
    if picture.shapes.len() <= SHAPES {
        return Ok(picture);
    }
    let nodes = picture.shapes.len();
    let groups = picture.in_groups();
    match groups.shapes.len() {
        shapes if shapes > SHAPES => Err(Error::GraphTooLargeToDraw {
            nodes,
            groups: shapes,
            limit: SHAPES,
        }),
        _ => Ok(groups),
    }
}

/// A graph to be drawn: what [`visualize`] makes.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Each comes after those that point to it.
    shapes: Vec<Shape>,
    /// From what is used to what uses it.
    edges: BTreeSet<(usize, usize)>,
}

#[derive(Clone, Debug)]
struct Shape {
    label: String,
    /// What it has in common with others that are drawn as one with it: what is called, or the
    /// label of a future.
    group: String,
    /// What is called and what it gives, for whoever looks closer.
    details: String,
    kind: Kind,
    /// How many this stands for.
    count: usize,
    /// Whether it is among what was asked for.
    is_root: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// A call of a component's function.
    Call,
    /// A call of a built-in operator.
    Operator,
    /// What is written into the graph.
    Value,
    /// Futures, by their status.
    Future(BTreeMap<&'static str, usize>),
}

impl Shape {
    fn of_node(node: &Node) -> Self {
        let label = &node.description.label;
        let collect = Operator::Collect.to_string();
        let (kind, call) = match &node.blueprint.kind {
            TaskKind::Operator { name, .. } if **name == *collect && node.inputs.is_empty() => {
                (Kind::Value, String::from("values"))
            }
            TaskKind::Operator { name, .. } => (Kind::Operator, name.to_string()),
            TaskKind::Function {
                function, applied, ..
            } => (Kind::Call, format!("{}{function}", how(*applied))),
        };
        Self {
            label: match kind {
                Kind::Value => call.clone(),
                _ => shortened(label, LABEL),
            },
            details: format!("{call} -> {}", type_text(&node.description.ty)),
            group: shortened(&call, LABEL),
            kind,
            count: 1,
            is_root: false,
        }
    }

    fn of_future(future: &Handle) -> Self {
        let description = &future.description;
        let ty = type_text(&description.ty);
        let label = shortened(&description.label, LABEL);
        Self {
            // The parts of a dataset are `name[0]`, `name[1]`, and so on.
            group: label.split('[').next().unwrap_or_default().to_owned(),
            label,
            details: format!("future {}: {ty}", future.key.short()),
            kind: Kind::Future([(status_name(future.status()), 1)].into()),
            count: 1,
            is_root: false,
        }
    }

    /// What is written on it, line by line.
    fn lines(&self) -> Vec<String> {
        // How it is applied says more than its name alone: `map of f`.
        let name = match self.group.ends_with(&self.label) {
            true => &self.group,
            false => &self.label,
        };
        let label = match self.count {
            1 => name.clone(),
            count => format!("{name} × {count}"),
        };
        let Kind::Future(states) = &self.kind else {
            // What it is called, and what it calls.
            return match *name == self.group {
                true => vec![label],
                false => vec![label, self.group.clone()],
            };
        };
        let states: Vec<String> = STATES
            .iter()
            .filter_map(|(name, _)| Some((name, states.get(name)?)))
            .map(|(name, count)| match states.len() {
                1 => (*name).to_owned(),
                _ => format!("{count} {name}"),
            })
            .collect();
        vec![label, states.join(", ")]
    }

    /// The colour inside: that of the state that should be seen first.
    fn fill(&self) -> &'static str {
        match &self.kind {
            Kind::Call => "#dbe9ff",
            Kind::Operator => "#f1f3f5",
            Kind::Value => "#ffffff",
            Kind::Future(states) => {
                let first = STATES.iter().find(|(name, _)| states.contains_key(name));
                first.map_or("#ffffff", |(_, colour)| colour)
            }
        }
    }
}

/// The states of futures and their colours: those that should be seen come first.
const STATES: [(&str, &str); 5] = [
    ("error", "#ffc9c9"),
    ("lost", "#e5dbff"),
    ("cancelled", "#ced4da"),
    ("pending", "#fff3bf"),
    ("finished", "#d3f9d8"),
];

fn status_name(status: Status) -> &'static str {
    match status {
        Status::Pending => "pending",
        Status::Finished => "finished",
        Status::Error => "error",
        Status::Cancelled => "cancelled",
        Status::Lost => "lost",
    }
}

fn how(applied: Applied) -> &'static str {
    match applied {
        Applied::Once => "",
        Applied::Map => "map of ",
        Applied::Filter => "filter by ",
        Applied::FlatMap => "flat map of ",
        Applied::Fold => "fold by ",
        Applied::Reduce => "reduce by ",
    }
}

fn type_text(ty: &Type) -> String {
    shortened(&ty.to_string(), TYPE)
}

/// The text, its end left out where it is longer, on one line.
fn shortened(text: &str, limit: usize) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    match text.chars().count() > limit {
        false => text.chars().map(clean).collect(),
        true => {
            let start = text.chars().take(limit - 1).map(clean);
            start.chain(['…']).collect()
        }
    }
}

impl Picture {
    fn of(roots: &[Input]) -> Result<Self, Error> {
        let graph = Graph::of(roots);
        let rules = TaskRules {
            limits: LimitRules::without_max(ResultLimits::default()),
            ..TaskRules::default()
        };
        let tasks = graph.tasks(Place {
            tenant: TENANT,
            rules: &rules,
            scheduler: None,
        })?;
        let mut drawing = Drawing {
            picture: Self {
                shapes: Vec::new(),
                edges: BTreeSet::new(),
            },
            calls: HashMap::new(),
            futures: HashMap::new(),
        };
        for (node, task) in graph.nodes.iter().zip(&tasks) {
            let key = |input: &Input| match input {
                Input::Lazy(node) => tasks[graph.place(node)].key,
                Input::Future(future) => future.key,
            };
            drawing.call(node, task.key, key);
        }
        for root in roots {
            let shape = match root {
                Input::Lazy(node) => drawing.calls[&tasks[graph.place(node)].key],
                Input::Future(future) => drawing.future(future),
            };
            drawing.picture.shapes[shape].is_root = true;
        }
        Ok(drawing.picture)
    }

    /// How many shapes are in a row before each, at most.
    fn depths(&self) -> Vec<usize> {
        let mut depths = vec![0; self.shapes.len()];
        let mut uses: Vec<Vec<usize>> = vec![Vec::new(); self.shapes.len()];
        for (from, to) in &self.edges {
            uses[*from].push(*to);
        }
        for from in 0..self.shapes.len() {
            for to in &uses[from] {
                depths[*to] = depths[*to].max(depths[from] + 1);
            }
        }
        depths
    }

    /// The same graph, with one shape for all of one depth that call the same.
    fn in_groups(&self) -> Self {
        let depths = self.depths();
        let mut groups: BTreeMap<(usize, &str, u8), Vec<usize>> = BTreeMap::new();
        for (index, shape) in self.shapes.iter().enumerate() {
            let kind = match shape.kind {
                Kind::Call => 0,
                Kind::Operator => 1,
                Kind::Value => 2,
                Kind::Future(_) => 3,
            };
            let group = groups.entry((depths[index], &shape.group, kind));
            group.or_default().push(index);
        }
        let mut place = vec![0; self.shapes.len()];
        let shapes = groups.values().enumerate().map(|(group, members)| {
            for member in members {
                place[*member] = group;
            }
            self.group(members)
        });
        let shapes = shapes.collect();
        let edges = self.edges.iter();
        Self {
            shapes,
            edges: edges.map(|(from, to)| (place[*from], place[*to])).collect(),
        }
    }

    fn group(&self, members: &[usize]) -> Shape {
        let mut group = self.shapes[members[0]].clone();
        group.count = members.len();
        for member in &members[1..] {
            let shape = &self.shapes[*member];
            group.is_root |= shape.is_root;
            if let (Kind::Future(all), Kind::Future(states)) = (&mut group.kind, &shape.kind) {
                for (name, count) in states {
                    *all.entry(*name).or_default() += count;
                }
            }
            if shape.details != group.details {
                group.details = format!("{} of {}", members.len(), group.group);
            }
            if shape.label != group.label {
                group.label = group.group.clone();
            }
        }
        group
    }
}

/// A picture that is being made.
struct Drawing {
    picture: Picture,
    calls: HashMap<Key, usize>,
    futures: HashMap<Key, usize>,
}

impl Drawing {
    /// Draws a call, unless an equal one is there. What it depends on comes before it.
    fn call(&mut self, node: &Node, key: Key, key_of: impl Fn(&Input) -> Key) {
        if self.calls.contains_key(&key) {
            return;
        }
        let inputs: Vec<usize> = node
            .inputs
            .iter()
            .map(|input| match input {
                Input::Lazy(_) => self.calls[&key_of(input)],
                Input::Future(future) => self.future(future),
            })
            .collect();
        let shape = self.add(Shape::of_node(node));
        self.calls.insert(key, shape);
        let edges = inputs.into_iter().map(|input| (input, shape));
        self.picture.edges.extend(edges);
    }

    fn future(&mut self, future: &Handle) -> usize {
        if let Some(shape) = self.futures.get(&future.key) {
            return *shape;
        }
        let shape = self.add(Shape::of_future(future));
        self.futures.insert(future.key, shape);
        shape
    }

    fn add(&mut self, shape: Shape) -> usize {
        self.picture.shapes.push(shape);
        self.picture.shapes.len() - 1
    }
}

#[cfg(test)]
mod tests;
