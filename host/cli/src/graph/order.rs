//! An order in which each task comes after those that it refers to.

use std::collections::HashMap;

use wask_value::Step;

use super::{
    document::{Task, no_such, place},
    reference::{Reference, references},
};
use crate::exit::{Failed, Result};

/// Orders tasks, or tells a cycle: `a -> b -> a`, each needing the next.
pub(super) fn order(tasks: Vec<Task>) -> Result<Vec<Task>> {
    let needs = needs(&tasks)?;
    let mut order = Vec::with_capacity(tasks.len());
    let mut states = vec![State::New; tasks.len()];
    for start in 0..tasks.len() {
        // A task, and which of its needs to look at next. Graphs may be deep.
        let mut path = vec![(start, 0)];
        while let Some((task, next)) = path.last_mut() {
            let task = *task;
            if *next == 0 && states[task] != State::New {
                path.pop();
                continue;
            }
            states[task] = State::Open;
            match needs[task].get(*next) {
                Some(need) if states[*need] == State::Open => {
                    return Err(cycle(&tasks, &path, *need));
                }
                Some(need) => {
                    *next += 1;
                    path.push((*need, 0));
                }
                None => {
                    states[task] = State::Done;
                    order.push(task);
                    path.pop();
                }
            }
        }
    }
    let mut tasks: Vec<Option<Task>> = tasks.into_iter().map(Some).collect();
    Ok(order
        .into_iter()
        .filter_map(|task| tasks[task].take())
        .collect())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    /// On the path that is being walked.
    Open,
    Done,
}

/// The tasks that each refers to, in order.
fn needs(tasks: &[Task]) -> Result<Vec<Vec<usize>>> {
    let names = tasks.iter().enumerate();
    let places: HashMap<&str, usize> = names.map(|(i, task)| (&*task.name, i)).collect();
    let of_task = |task: &Task| {
        let mut needs = Vec::new();
        for (index, arg) in task.args.iter().enumerate() {
            let mut found = Vec::new();
            let read = references(arg, &mut found);
            read.map_err(|error| Failed::from(in_args(error, index)).context(place(&task.name)))?;
            for reference in found {
                let Reference::Task(name) = reference else {
                    continue;
                };
                let Some(need) = places.get(name) else {
                    let known = tasks.iter().map(|task| task.name.as_str());
                    return Err(no_such("task", name, known).context(place(&task.name)));
                };
                needs.push(*need);
            }
        }
        Ok(needs)
    };
    tasks.iter().map(of_task).collect()
}

/// An error in an argument, with its place.
pub(super) fn in_args(error: wask_value::Error, index: usize) -> wask_value::Error {
    error
        .within(Step::Element(index))
        .within(Step::Name("args".into()))
}

fn cycle(tasks: &[Task], path: &[(usize, usize)], back_to: usize) -> Failed {
    let on_path = path.iter().map(|(task, _)| *task);
    let cycle = on_path.skip_while(|task| *task != back_to).chain([back_to]);
    let names: Vec<&str> = cycle.map(|task| tasks[task].name.as_str()).collect();
    /// Names that are shown of a long one, at its start.
    const SHOWN: usize = 20;
    let text = match names.len() {
        0..=SHOWN => names.join(" -> "),
        length => format!(
            "{} -> .. ({} more) .. -> {}",
            names[..SHOWN].join(" -> "),
            length - SHOWN - 1,
            names[length - 1]
        ),
    };
    Failed::input(format!("the tasks need each other, in a cycle: {text}"))
}
