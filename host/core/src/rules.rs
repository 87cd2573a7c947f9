//! What tasks of a cluster may use, all together.

use std::sync::Arc;

use crate::{Clamps, Definition, LimitRules, Refusal, RefusalCode};

/// What tasks of a cluster may use. The same on all workers, since it can change results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskRules {
    /// Memory, output and fuel, by default and at most. Clients are told at login, and their tasks
    /// are checked as they come in: what asks for more is refused.
    pub limits: LimitRules,
    /// The most time and retries. They change no result, so what is more is cut; clients know, and
    /// say so.
    pub clamps: Clamps,
}

impl TaskRules {
    /// A definition as it may be.
    ///
    /// # Errors
    /// Where it asks for more than it may have.
    pub fn apply(&self, mut definition: Arc<Definition>) -> Result<Arc<Definition>, Refusal> {
        let options = &definition.options;
        self.limits.check(&options.limits).map_err(|error| {
            let option = error.kind.max_option();
            let message = format!(
                "{}: {error}; ask for less, or have the scheduler started with another {option}",
                definition.label()
            );
            Refusal::new(RefusalCode::Forbidden, message)
        })?;
        let (timeout, retries) = self.clamps.apply(options);
        if (timeout, retries) != (options.timeout, options.retries) {
            let options = &mut Arc::make_mut(&mut definition).options;
            (options.timeout, options.retries) = (timeout, retries);
        }
        Ok(definition)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Digest, Limit, ResultLimits, TaskKind, TaskOptions};

    fn definition(change: impl FnOnce(&mut TaskOptions)) -> Arc<Definition> {
        let mut options = TaskOptions::default();
        change(&mut options);
        let kind = TaskKind::function(Digest([1; 32]), "count");
        Arc::new(Definition::new("default", kind, options))
    }

    #[test]
    fn limits_beyond_the_maximum_are_refused_with_the_option_that_sets_it() {
        let max = ResultLimits {
            fuel: Limit::Of(10),
            ..ResultLimits::default()
        };
        let rules = TaskRules {
            limits: LimitRules::new(max, max).unwrap(),
            ..TaskRules::default()
        };
        assert!(
            rules
                .apply(definition(|options| options.limits = max))
                .is_ok()
        );
        let unlimited = definition(|options| options.limits.fuel = Limit::Unlimited);
        let refusal = rules.apply(unlimited).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::Forbidden);
        assert_eq!(
            refusal.message,
            "count: fuel: a limit of any amount is more than a task may have, 10 units; ask for \
             less, or have the scheduler started with another --task-fuel-max"
        );
    }

    #[test]
    fn time_and_retries_are_cut_and_the_key_stays() {
        let second = Duration::from_secs(1);
        let rules = TaskRules {
            clamps: Clamps {
                timeout: Some(second),
                retries: Some(1),
            },
            ..TaskRules::default()
        };
        let asked = definition(|options| options.retries = 9);
        let given = rules.apply(asked.clone()).unwrap();
        assert_eq!(given.options.timeout, Some(second));
        assert_eq!(given.options.retries, 1);
        assert_eq!(given.digest(), asked.digest());
        // What is within them stays the one definition that it was.
        assert!(Arc::ptr_eq(&rules.apply(given.clone()).unwrap(), &given));
    }
}
