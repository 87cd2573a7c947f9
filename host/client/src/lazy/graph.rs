//! From lazy graphs to tasks.

use std::{collections::HashMap, sync::Arc};

use wask_core::{Arguments, Definition, Hole, Key, TaskSpec, TypeId};

use super::{Input, Node, node::common_session};
use crate::{
    Error,
    blueprint::{Blueprint, Place},
    handle::Handle,
    session::Session,
};

/// Tasks that are handed over at a time: while the next are prepared, they are on their way.
const ROWS: usize = 1_000;
/// Bytes of values that one graph may carry.
const GRAPH_BYTES: usize = 256 << 20;

/// All calls that some roots depend on, each after what it depends on, depth first.
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Arc<Node>>,
    places: HashMap<*const Node, usize>,
}

impl Graph {
    pub(crate) fn of<'a>(roots: impl IntoIterator<Item = &'a Input>) -> Self {
        let mut graph = Self {
            nodes: Vec::new(),
            places: HashMap::new(),
        };
        for root in roots {
            if let Input::Lazy(node) = root {
                graph.add(node);
            }
        }
        graph
    }

    fn add(&mut self, root: &Arc<Node>) {
        // A node, and which of its inputs to look at next. Graphs may be deep.
        let mut path = vec![(root, 0)];
        while let Some((node, next)) = path.last_mut() {
            let node = *node;
            if self.places.contains_key(&Arc::as_ptr(node)) {
                path.pop();
                continue;
            }
            match node.inputs.get(*next) {
                Some(Input::Lazy(input)) => {
                    *next += 1;
                    path.push((input, 0));
                }
                Some(Input::Future(_)) => *next += 1,
                None => {
                    self.places.insert(Arc::as_ptr(node), self.nodes.len());
                    self.nodes.push(node.clone());
                    path.pop();
                }
            }
        }
    }

    /// Where a call of this graph stands.
    pub(crate) fn place(&self, node: &Arc<Node>) -> usize {
        // Whatever a call depends on is in the graph.
        self.places[&Arc::as_ptr(node)]
    }

    /// The calls as tasks that run somewhere, each at its call's place.
    pub(crate) fn tasks(&self, place: Place<'_>) -> Result<Vec<TaskSpec>, Error> {
        let mut definitions = Definitions::new(place);
        let mut tasks: Vec<TaskSpec> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let keys = node.inputs.iter().map(|input| match input {
                Input::Future(future) => future.key,
                Input::Lazy(node) => tasks[self.place(node)].key,
            });
            let (arguments, dependencies) = with_keys(&node.arguments, keys);
            let definition = definitions.of(&node.blueprint)?;
            // The scheduler has its own numbers for types.
            let ty = TypeId::default();
            tasks.push(TaskSpec::new(
                definition,
                arguments,
                dependencies,
                node.salt,
                ty,
            ));
        }
        Ok(tasks)
    }
}

/// Definitions as they are in one place, one for each blueprint.
struct Definitions<'a> {
    place: Place<'a>,
    known: HashMap<*const Blueprint, Arc<Definition>>,
}

impl<'a> Definitions<'a> {
    fn new(place: Place<'a>) -> Self {
        Self {
            place,
            known: HashMap::new(),
        }
    }

    fn of(&mut self, blueprint: &Arc<Blueprint>) -> Result<Arc<Definition>, Error> {
        if let Some(known) = self.known.get(&Arc::as_ptr(blueprint)) {
            return Ok(known.clone());
        }
        let definition = blueprint.definition(self.place)?;
        let id = Arc::as_ptr(blueprint);
        self.known.insert(id, definition.clone());
        Ok(definition)
    }
}

/// Arguments whose holes are for these keys, and the keys, each once: two inputs may turn out to
/// be equal tasks.
fn with_keys(
    arguments: &Arguments,
    keys: impl ExactSizeIterator<Item = Key>,
) -> (Arguments, Box<[Key]>) {
    let count = keys.len();
    let mut unique: Vec<Key> = Vec::with_capacity(count);
    let mut seen = HashMap::with_capacity(if count > 1 { count } else { 0 });
    let places: Vec<u32> = keys
        .map(|key| {
            // As many as there were inputs, at most, which fit.
            let next = unique.len() as u32;
            let place = *seen.entry(key).or_insert(next);
            if place == next {
                unique.push(key);
            }
            place
        })
        .collect();
    let mut arguments = arguments.clone();
    if unique.len() < count {
        let holes = arguments.holes.iter().map(|hole| Hole {
            dependency: places[hole.dependency as usize],
            ..*hole
        });
        arguments.holes = holes.collect();
    }
    (arguments, unique.into())
}

/// Submits all that some roots depend on, but for what the session holds already, and holds the
/// roots.
pub(crate) fn submit(session: &Arc<Session>, roots: &[Input]) -> Result<Vec<Arc<Handle>>, Error> {
    if let Some(home) = common_session(roots)?
        && !Arc::ptr_eq(&home, session)
    {
        return Err(Error::Usage(
            "a future of another client stands in the graph: compute it with that client",
        ));
    }
    let graph = Graph::of(roots);
    let tasks = graph.tasks(session.place())?;
    let mut sending = Sending::new(session, &graph, &tasks, roots);
    sending.check_sizes(&tasks)?;
    sending.name(&tasks);
    sending.upload();
    sending.send(tasks)?;
    let handle = |root: &Input| match root {
        Input::Future(future) => Some(future.clone()),
        Input::Lazy(node) => sending.handles[graph.place(node)].clone(),
    };
    // All roots have been sent, or were held.
    Ok(roots.iter().filter_map(handle).collect())
}

/// A graph on its way to the scheduler.
///
/// Every task is held until all that depend on it have been sent, since the scheduler forgets what
/// nobody wants; the roots are held on.
struct Sending<'a> {
    session: &'a Arc<Session>,
    graph: &'a Graph,
    handles: Vec<Option<Arc<Handle>>>,
    /// How many holds on each call's task there are still to be: its dependents that are to be
    /// sent, and one for a root. 0 from the start for what is not to be sent.
    uses: Vec<u32>,
    is_held: Vec<bool>,
}

impl<'a> Sending<'a> {
    /// Finds what is to be sent: what the roots depend on, down to what is held already.
    fn new(
        session: &'a Arc<Session>,
        graph: &'a Graph,
        tasks: &[TaskSpec],
        roots: &[Input],
    ) -> Self {
        let count = graph.nodes.len();
        let mut sending = Self {
            session,
            graph,
            handles: vec![None; count],
            uses: vec![0; count],
            is_held: vec![false; count],
        };
        for root in roots {
            if let Input::Lazy(node) = root {
                sending.uses[graph.place(node)] += 1;
            }
        }
        // Dependents come after what they depend on.
        for place in (0..count).rev() {
            if sending.uses[place] == 0 {
                continue;
            }
            let description = &graph.nodes[place].description;
            sending.handles[place] = Handle::again(session, tasks[place].key, description);
            if sending.handles[place].is_some() {
                sending.is_held[place] = true;
                continue;
            }
            for input in graph.nodes[place].lazy_inputs() {
                sending.uses[graph.place(input)] += 1;
            }
        }
        sending
    }

    fn is_to_be_sent(&self, place: usize) -> bool {
        self.uses[place] > 0 && !self.is_held[place]
    }

    fn check_sizes(&self, tasks: &[TaskSpec]) -> Result<(), Error> {
        let mut sum = 0;
        for (place, task) in tasks.iter().enumerate() {
            if !self.is_to_be_sent(place) {
                continue;
            }
            self.session.check_size(task)?;
            sum += task.arguments.bytes.len();
        }
        match sum > GRAPH_BYTES {
            true => Err(Error::GraphTooLarge {
                bytes: sum,
                limit: GRAPH_BYTES,
            }),
            false => Ok(()),
        }
    }

    /// Gives the cluster the components that it may not have.
    fn upload(&self) {
        let mut last = None;
        for (place, node) in self.graph.nodes.iter().enumerate() {
            // Mostly it is that of the call before.
            if let Some(component) = &node.component
                && self.is_to_be_sent(place)
                && last.replace(component.digest()) != Some(component.digest())
            {
                self.session.admit(component);
            }
        }
    }

    /// Remembers what this program calls the tasks that have names of their own, such as those of
    /// a collection's parts: the cluster knows only their functions.
    fn name(&self, tasks: &[TaskSpec]) {
        let names = self
            .graph
            .nodes
            .iter()
            .zip(tasks)
            .filter_map(|(node, task)| {
                let name = &node.description.label;
                (**name != *task.label()).then(|| (task.key, name.clone()))
            });
        self.session.names.extend(names);
    }

    fn send(&mut self, tasks: Vec<TaskSpec>) -> Result<(), Error> {
        let to_send: Vec<_> = (0..tasks.len())
            .zip(tasks)
            .filter(|(place, _)| self.is_to_be_sent(*place))
            .collect();
        let mut to_send = to_send.into_iter().peekable();
        while to_send.peek().is_some() {
            let mut places = Vec::with_capacity(ROWS);
            let rows = to_send.by_ref().take(ROWS).map(|(place, task)| {
                places.push(place);
                (task, self.graph.nodes[place].description.clone())
            });
            let rows = rows.collect();
            let handles = Handle::submit(self.session, rows)?;
            for (place, handle) in places.iter().zip(handles) {
                self.handles[*place] = Some(handle);
            }
            for place in places {
                self.let_go_of_inputs(place);
            }
        }
        Ok(())
    }

    fn let_go_of_inputs(&mut self, place: usize) {
        for input in self.graph.nodes[place].lazy_inputs() {
            let input = self.graph.place(input);
            self.uses[input] -= 1;
            if self.uses[input] == 0 {
                self.handles[input] = None;
            }
        }
    }
}

#[cfg(test)]
mod tests;
