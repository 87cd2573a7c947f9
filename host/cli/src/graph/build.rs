//! From a plan to delayed values.

use std::collections::{BTreeMap, HashMap};

use serde::{Serialize, Serializer};
use wask_client::{Client, Component, Dataset, Delayed, Encoded, Error, Function, call_operator};

use super::{
    Plan,
    document::place,
    plan::{Planned, PlannedCallee},
};
use crate::{
    component::Target,
    exit::{Failed, Result},
    expression::{Fill, FutureRef},
    job::{Places, scatter_large},
};

/// What delayed values are wanted for.
#[derive(Clone, Copy)]
pub(crate) enum Purpose<'a> {
    /// To run in this process.
    RunHere,
    /// To run on a cluster, to which large values are sent ahead.
    Run(&'a Client),
    /// To be drawn. Nothing is sent; pushed components are looked up.
    Draw(Option<&'a Client>),
}

impl Plan {
    /// The outputs as delayed values.
    pub(crate) async fn build(
        mut self,
        purpose: Purpose<'_>,
        datasets: &BTreeMap<String, Dataset>,
    ) -> Result<Vec<Delayed>> {
        let mut datasets = datasets.clone();
        let mut components = Components {
            targets: &self.targets,
            purpose,
            loaded: HashMap::new(),
        };
        let mut built: HashMap<String, Delayed> = HashMap::with_capacity(self.tasks.len());
        for planned in &mut self.tasks {
            if let Purpose::Run(client) = purpose {
                scatter_large(client, &mut planned.arguments, &mut datasets).await?;
            }
            let values = Values {
                places: Places {
                    datasets: &datasets,
                    item: (),
                },
                tasks: &built,
            };
            let delayed = delayed(planned, &mut components, &values).await;
            let delayed = delayed.map_err(|failed| failed.context(place(&planned.name)))?;
            let delayed = match &planned.callee {
                PlannedCallee::Function { .. } => delayed,
                PlannedCallee::Operator { .. } => delayed.labelled(&planned.name),
            };
            built.insert(planned.name.clone(), delayed);
        }
        let outputs = self.outputs.iter().map(|(name, _)| built[name].clone());
        Ok(outputs.collect())
    }
}

async fn delayed(
    planned: &Planned,
    components: &mut Components<'_>,
    values: &Values<'_>,
) -> Result<Delayed> {
    let arguments = planned.arguments.filled(values);
    let delayed = match &planned.callee {
        PlannedCallee::Function {
            component,
            function,
            options,
        } => {
            let component = components.load(component).await?;
            let function: Function = component.function(&function.name)?;
            function.with((**options).clone()).delayed(arguments)
        }
        PlannedCallee::Operator { operator, types } => call_operator(operator, types, arguments),
    };
    delayed.map_err(Failed::from)
}

/// Components, loaded as they are needed.
struct Components<'a> {
    targets: &'a BTreeMap<String, Target>,
    purpose: Purpose<'a>,
    loaded: HashMap<String, Component>,
}

impl Components<'_> {
    async fn load(&mut self, name: &str) -> Result<&Component> {
        if !self.loaded.contains_key(name) {
            let target = &self.targets[name];
            let component = match (self.purpose, target) {
                (Purpose::Run(client), _) => target.on(client).await?,
                (_, Target::File(component)) => Component::load(component.bytes().clone())?,
                (Purpose::Draw(Some(client)), Target::Named(_)) => target.on(client).await?,
                // The plan has refused it where there is no cluster.
                (Purpose::RunHere | Purpose::Draw(None), Target::Named(_)) => {
                    return Err(
                        Error::Usage("a component that was pushed needs its cluster").into(),
                    );
                }
            };
            self.loaded.insert(name.to_owned(), component);
        }
        Ok(&self.loaded[name])
    }
}

/// What stands in the places of arguments: futures, and tasks that were built before.
struct Values<'a> {
    places: Places<'a, ()>,
    tasks: &'a HashMap<String, Delayed>,
}

impl Fill for Values<'_> {
    fn known<S: Serializer>(&self, value: &Encoded, to: S) -> Result<S::Ok, S::Error> {
        self.places.known(value, to)
    }

    fn item<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.places.item(to)
    }

    fn future<S: Serializer>(&self, future: &FutureRef, to: S) -> Result<S::Ok, S::Error> {
        self.places.future(future, to)
    }

    fn task<S: Serializer>(&self, name: &str, to: S) -> Result<S::Ok, S::Error> {
        match self.tasks.get(name) {
            Some(delayed) => delayed.serialize(to),
            None => Err(serde::ser::Error::custom(format!(
                "there is no task `{name}` before this one"
            ))),
        }
    }
}
