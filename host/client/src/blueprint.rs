//! What a function's tasks have in common, before it is known where they run.
//!
//! A function, and a graph of its calls, belongs to no cluster. Whose its tasks are, and what they
//! may use where nothing is asked for, is settled where they are sent to, or computed: the limits
//! stand as plain values in each task then, and in its key.

#[cfg(any(test, feature = "local"))]
use std::sync::LazyLock;
use std::sync::{Arc, OnceLock};

use wask_core::{Definition, TaskKind, TaskOptions, TaskRules};

use crate::{Error, Options};

/// A function or operator, and how it is to be run.
pub(crate) struct Blueprint {
    pub(crate) kind: TaskKind,
    pub(crate) options: Options,
    /// As it is where it was first wanted, which mostly is the only place.
    first: OnceLock<(TaskRules, Arc<Definition>)>,
}

/// Where tasks run.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    /// Whose the tasks are.
    pub(crate) tenant: &'a str,
    /// What they may use.
    pub(crate) rules: &'a TaskRules,
    /// The scheduler's address; none in this process.
    pub(crate) scheduler: Option<&'a Arc<str>>,
}

#[cfg(any(test, feature = "local"))]
impl Place<'static> {
    /// This process, as a cluster whose operator says nothing: calls have the keys here that they
    /// have there.
    pub(crate) fn here() -> Self {
        static BUILT_IN: LazyLock<TaskRules> = LazyLock::new(TaskRules::default);
        Self {
            tenant: "default",
            rules: &BUILT_IN,
            scheduler: None,
        }
    }
}

impl Blueprint {
    pub(crate) fn new(kind: TaskKind, options: Options) -> Arc<Self> {
        Arc::new(Self {
            kind,
            options,
            first: OnceLock::new(),
        })
    }

    pub(crate) fn is_pure(&self) -> bool {
        self.options.task.pure
    }

    /// As it is in a place, with all limits settled.
    pub(crate) fn definition(&self, place: Place<'_>) -> Result<Arc<Definition>, Error> {
        if let Some((rules, definition)) = self.first.get()
            && *definition.tenant == *place.tenant
            && rules == place.rules
        {
            return Ok(definition.clone());
        }
        let definition = Arc::new(self.define(place)?);
        // Where another thread was faster, both are the same or are for different places.
        let _ = self.first.set((*place.rules, definition.clone()));
        Ok(definition)
    }

    /// Says where less time or fewer retries will be given than were asked for.
    fn tell_cuts(&self, rules: &TaskRules) {
        let asked = &self.options.task;
        let (timeout, retries) = rules.clamps.apply(asked);
        let label = || Definition::new("", self.kind.clone(), asked.clone()).label();
        if let (Some(asked), Some(most)) = (asked.timeout, timeout)
            && most < asked
        {
            tracing::warn!(
                "{}: the cluster gives a task {most:?} at most: the timeout of {asked:?} is cut",
                label()
            );
        }
        if retries < asked.retries {
            tracing::warn!(
                "{}: the cluster tries a task again {retries} times at most, not {}",
                label(),
                asked.retries
            );
        }
    }

    fn define(&self, place: Place<'_>) -> Result<Definition, Error> {
        let Options { task, asked } = &self.options;
        self.tell_cuts(place.rules);
        let limits = place.rules.limits.resolve(asked);
        let options = TaskOptions {
            limits: limits.map_err(|source| Error::Limit {
                function: Definition::new("", self.kind.clone(), task.clone()).label(),
                source,
                scheduler: place.scheduler.cloned(),
            })?,
            ..task.clone()
        };
        Ok(Definition::new(place.tenant, self.kind.clone(), options))
    }
}

#[cfg(test)]
mod tests {
    use wask_core::{Digest, Limit, LimitRules, ResultLimits};

    use super::*;

    fn rules(fuel: Limit) -> TaskRules {
        let limits = ResultLimits {
            fuel,
            ..ResultLimits::default()
        };
        TaskRules {
            limits: LimitRules::new(limits, limits).unwrap(),
            ..TaskRules::default()
        }
    }

    fn count(options: Options) -> Arc<Blueprint> {
        Blueprint::new(TaskKind::function(Digest([1; 32]), "count"), options)
    }

    #[test]
    fn limits_are_those_of_the_place() {
        let count = count(Options::new().memory_limit(7));
        let [small, large] = [1, 2].map(|fuel| rules(Limit::Of(fuel)));
        let definition = |rules, tenant| {
            let scheduler = None;
            let place = Place {
                tenant,
                rules,
                scheduler,
            };
            count.definition(place).unwrap()
        };
        for _ in 0..2 {
            for (rules, fuel) in [(&small, 1), (&large, 2)] {
                let limits = definition(rules, "a").options.limits;
                assert_eq!(limits.memory, 7);
                assert_eq!(limits.fuel, Limit::Of(fuel));
            }
        }
        assert_eq!(&*definition(&small, "b").tenant, "b");
        // All tasks of one place share one, which goes over the wire once.
        assert!(Arc::ptr_eq(
            &definition(&small, "a"),
            &definition(&small, "a")
        ));
    }

    #[test]
    fn what_is_too_much_is_refused_and_says_where_the_maximum_is_set() {
        let count = count(Options::new().fuel(11));
        let rules = rules(Limit::Of(10));
        let told = |scheduler: Option<&Arc<str>>| {
            let place = Place {
                tenant: "a",
                rules: &rules,
                scheduler,
            };
            count.definition(place).unwrap_err().to_string()
        };
        let most = "count: fuel: a limit of 11 units is more than a task may have, 10 units; ask \
                    for less";
        assert_eq!(told(None), most);
        assert_eq!(
            told(Some(&"tcp://s:1".into())),
            format!(
                "{most}, or have the scheduler at tcp://s:1 started with another --task-fuel-max"
            )
        );
    }
}
