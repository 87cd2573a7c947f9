//! What was refused of late, and why.
//!
//! What is refused is not kept, but others may name it: a task's dependents, which may come in a
//! later batch, and the tasks of a component. They are refused for the same reason.

use std::{collections::BTreeMap, mem, rc::Rc};

use wask_core::TenantId;
use wask_rpc::Refusal;

/// How many refusals are remembered for certain; up to twice as many are.
const RECENT_MAX: usize = 16 << 10;

/// The refusals of late by whose and what they are.
pub(crate) struct Refusals<K> {
    recent: Generation<K>,
    /// What was recent until there was too much of it.
    old: Generation<K>,
}

type Generation<K> = BTreeMap<(TenantId, K), Rc<Refusal>>;

impl<K: Ord + Copy> Refusals<K> {
    pub(crate) fn new() -> Self {
        Self {
            recent: BTreeMap::new(),
            old: BTreeMap::new(),
        }
    }

    /// Remembers why something of a tenant was refused.
    pub(crate) fn insert(&mut self, tenant: TenantId, of: K, refusal: Rc<Refusal>) {
        if self.recent.len() >= RECENT_MAX {
            self.old = mem::take(&mut self.recent);
        }
        self.recent.insert((tenant, of), refusal);
    }

    /// Why it was refused, if that is remembered. What is asked for stays recent.
    pub(crate) fn get(&mut self, tenant: TenantId, of: &K) -> Option<Rc<Refusal>> {
        let place = (tenant, *of);
        if let Some(refusal) = self.recent.get(&place) {
            return Some(refusal.clone());
        }
        let refusal = self.old.remove(&place)?;
        self.insert(tenant, *of, refusal.clone());
        Some(refusal)
    }

    /// It has been accepted now.
    pub(crate) fn remove(&mut self, tenant: TenantId, of: &K) {
        self.recent.remove(&(tenant, *of));
        self.old.remove(&(tenant, *of));
    }
}

#[cfg(test)]
mod tests {
    use wask_rpc::RefusalCode;

    use super::*;

    const TENANT: TenantId = TenantId(1);

    fn refusal(reason: &str) -> Rc<Refusal> {
        Rc::new(Refusal::new(RefusalCode::Invalid, reason))
    }

    #[test]
    fn a_refusal_is_its_tenants_until_it_is_taken_back() {
        let mut refusals = Refusals::new();
        refusals.insert(TENANT, 7, refusal("no"));
        assert_eq!(refusals.get(TENANT, &7), Some(refusal("no")));
        assert_eq!(refusals.get(TenantId(2), &7), None);
        refusals.remove(TENANT, &7);
        assert_eq!(refusals.get(TENANT, &7), None);
    }

    #[test]
    fn what_is_asked_for_outlives_what_is_not() {
        let mut refusals = Refusals::new();
        refusals.insert(TENANT, 0, refusal("asked for"));
        refusals.insert(TENANT, 1, refusal("not"));
        for other in 2..4 * RECENT_MAX {
            refusals.insert(TENANT, other, refusal("other"));
            assert_eq!(refusals.get(TENANT, &0), Some(refusal("asked for")));
        }
        assert_eq!(refusals.get(TENANT, &1), None);
        assert!(refusals.recent.len() <= RECENT_MAX && refusals.old.len() <= RECENT_MAX);
    }
}
