//! Named keys of a tenant, which outlive the session that named them.

use std::{collections::BTreeMap, fmt, sync::Arc};

use super::{SchedulerCore, tasks::TaskId, transition::Due};
use crate::{Key, TenantId};

/// What a name stands for.
#[derive(Debug)]
pub(super) struct Dataset {
    /// The type of each key's value, as WIT text.
    pub(super) ty: Arc<str>,
    pub(super) tasks: Box<[TaskId]>,
}

/// Why keys are not published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatasetError {
    /// The tenant has no such key.
    Unknown(Key),
    /// The name is in use, and was not to be replaced.
    Taken,
}

impl fmt::Display for DatasetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(key) => write!(f, "{} is not known", key.short()),
            Self::Taken => f.write_str("the name is in use"),
        }
    }
}

impl std::error::Error for DatasetError {}

impl SchedulerCore {
    /// Whether a tenant's keys may be published under a name, as the event that does it will find
    /// if it comes next.
    ///
    /// # Errors
    /// Why not.
    pub fn may_publish(
        &self,
        tenant: TenantId,
        name: &str,
        keys: &[Key],
        replace: bool,
    ) -> Result<(), DatasetError> {
        let mut keys = keys.iter();
        if let Some(key) = keys.find(|key| self.tenant_of(key) != Some(tenant)) {
            return Err(DatasetError::Unknown(*key));
        }
        match self.find_dataset(tenant, name) {
            Some(_) if !replace => Err(DatasetError::Taken),
            _ => Ok(()),
        }
    }

    pub(super) fn dataset_published(
        &mut self,
        tenant: TenantId,
        name: Arc<str>,
        ty: Arc<str>,
        keys: &[Key],
        replace: bool,
    ) {
        if self.may_publish(tenant, &name, keys, replace).is_err() {
            self.counts.total_stale += 1;
            return;
        }
        // The new one first: what is in both is wanted all the time.
        let tasks: Box<[TaskId]> = keys.iter().filter_map(|key| self.tasks.find(key)).collect();
        for id in &tasks {
            self.tasks[*id].datasets += 1;
            self.agenda.push_back(Due::Want(*id));
        }
        self.dataset_unpublished(tenant, &name);
        let datasets = self.datasets.entry(tenant).or_default();
        datasets.insert(name, Dataset { ty, tasks });
    }

    pub(super) fn dataset_unpublished(&mut self, tenant: TenantId, name: &str) {
        let Some(datasets) = self.datasets.get_mut(&tenant) else {
            return;
        };
        let tasks = datasets.remove(name).map(|dataset| dataset.tasks);
        for id in tasks.into_iter().flatten() {
            self.tasks[id].datasets -= 1;
            self.agenda.push_back(Due::Relax(id));
        }
        if datasets.is_empty() {
            self.datasets.remove(&tenant);
        }
    }

    fn find_dataset(&self, tenant: TenantId, name: &str) -> Option<&Dataset> {
        self.datasets.get(&tenant)?.get(name)
    }

    /// The keys of a dataset, in order.
    pub fn dataset(&self, tenant: TenantId, name: &str) -> Option<Vec<Key>> {
        let tasks = &self.find_dataset(tenant, name)?.tasks;
        Some(tasks.iter().map(|id| self.tasks[*id].key).collect())
    }

    /// The type of each key's value in a dataset, as WIT text.
    pub fn dataset_type(&self, tenant: TenantId, name: &str) -> Option<&Arc<str>> {
        Some(&self.find_dataset(tenant, name)?.ty)
    }

    /// How many datasets there are, of all tenants.
    pub fn dataset_count(&self) -> usize {
        self.datasets.values().map(BTreeMap::len).sum()
    }

    /// How many keys all datasets have together.
    pub fn dataset_keys(&self) -> usize {
        let datasets = self.datasets.values().flat_map(BTreeMap::values);
        datasets.map(|dataset| dataset.tasks.len()).sum()
    }

    /// Bytes of the types of all datasets.
    pub fn dataset_type_bytes(&self) -> usize {
        let datasets = self.datasets.values().flat_map(BTreeMap::values);
        datasets.map(|dataset| dataset.ty.len()).sum()
    }

    /// The names of a tenant's datasets, in order.
    pub fn datasets(&self, tenant: TenantId) -> Vec<Arc<str>> {
        let datasets = self.datasets.get(&tenant).into_iter();
        datasets.flat_map(BTreeMap::keys).cloned().collect()
    }
}
