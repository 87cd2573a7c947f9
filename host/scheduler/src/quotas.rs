//! How much peers can make a scheduler keep.

use std::{cell::Cell, rc::Rc};

use wask_core::bytes_text;
use wask_rpc::{Refusal, RefusalCode, wire::JoinInfo};

/// How much peers can make a scheduler keep. What would be more is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Tasks and scattered values that are known at a time, of all clients.
    pub tasks: u64,
    /// Bytes of the arguments that came with them.
    pub argument_bytes: u64,
    /// Bytes of the names in one definition of tasks (label, resources, workers), and of those that
    /// a worker joins with.
    pub definition_bytes: usize,
    /// Bytes of WIT text of the types that results have.
    pub type_bytes: usize,
    /// Names of components, and as many of datasets.
    pub names: usize,
    /// Bytes of each name.
    pub name_bytes: usize,
    /// Keys of one dataset, which are told in one message.
    pub keys_in_a_dataset: usize,
    /// Keys of all datasets together.
    pub dataset_keys: usize,
    /// Uploads and scatters that one session has begun and not finished.
    pub transfers: usize,
    /// Bytes of the components that one session has begun to upload.
    pub upload_bytes: u64,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            tasks: 10_000_000,
            argument_bytes: 8 << 30,
            definition_bytes: 64 << 10,
            type_bytes: 64 << 20,
            names: 10_000,
            name_bytes: 256,
            keys_in_a_dataset: 200_000,
            dataset_keys: 10_000_000,
            transfers: 256,
            upload_bytes: 512 << 20,
        }
    }
}

impl Quotas {
    /// Whether something may be called so.
    pub(crate) fn check_name(&self, what: &str, name: &str) -> Result<(), Refusal> {
        let checked = wask_core::check_name(what, name, self.name_bytes);
        checked.map_err(|message| Refusal::new(RefusalCode::Invalid, message))
    }

    /// Whether a worker says no more of itself than is within reason.
    pub(crate) fn check_worker(&self, join: &JoinInfo) -> Result<(), Refusal> {
        self.check_name("worker", &join.info.name)?;
        let resources = join.info.resources.keys().map(|name| name.len());
        let bytes = join.contact_address.len() + resources.sum::<usize>();
        if bytes <= self.definition_bytes {
            return Ok(());
        }
        Err(Refusal::new(
            RefusalCode::Invalid,
            format!(
                "the address and the resources of this worker have {bytes} bytes, the limit is {}; \
                 name fewer resources",
                self.definition_bytes
            ),
        ))
    }
}

/// What one session has begun and not finished.
#[derive(Clone, Default)]
pub(crate) struct Begun {
    /// How many transfers, and the bytes of those that are uploads.
    own: Rc<Cell<(usize, u64)>>,
    /// The bytes of all sessions.
    all: Rc<Cell<u64>>,
}

impl Begun {
    /// For a new session; `all` counts the bytes of all sessions.
    pub(crate) fn new(all: Rc<Cell<u64>>) -> Self {
        let own = Rc::default();
        Self { own, all }
    }

    /// Begins a transfer, which lasts until what this gives is dropped. `bytes` are those of a
    /// component: other values are the workers' to keep, and to refuse.
    pub(crate) fn begin(&self, bytes: u64, quotas: &Quotas) -> Result<Transfer, Refusal> {
        let (count, before) = self.own.get();
        let refuse = |message: String| Err(Refusal::new(RefusalCode::Unavailable, message));
        if count >= quotas.transfers {
            return refuse(format!(
                "this client has begun {count} uploads and scatters and finished none of them; \
                 finish some before it begins another"
            ));
        }
        let all = before.saturating_add(bytes);
        if bytes > 0 && all > quotas.upload_bytes {
            return refuse(format!(
                "this client has begun uploads of {} and would begin another of {}, and up to {} \
                 may be under way at a time; finish some first",
                bytes_text(before),
                bytes_text(bytes),
                bytes_text(quotas.upload_bytes)
            ));
        }
        self.own.set((count + 1, all));
        self.all.set(self.all.get() + bytes);
        Ok(Transfer {
            begun: self.clone(),
            bytes,
        })
    }
}

/// A transfer that has begun.
pub(crate) struct Transfer {
    begun: Begun,
    bytes: u64,
}

impl Drop for Transfer {
    fn drop(&mut self) {
        let Begun { own, all } = &self.begun;
        let (count, bytes) = own.get();
        own.set((count - 1, bytes - self.bytes));
        all.set(all.get() - self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_has_names_within_reason() {
        let mut join = JoinInfo {
            info: wask_core::scheduler::WorkerInfo {
                name: "w1".into(),
                slots: 1,
                memory_limit: 1,
                task_memory: 1,
                resources: [("gpu".into(), 1)].into(),
                returning: false,
                previous: None,
            },
            previous: None,
            contact_address: "tcp://10.0.0.1:1".into(),
            software_version: "1".into(),
            protocol_version: 1,
            engine_profile: 1,
            process_id: 1,
        };
        let quotas = Quotas::default();
        assert_eq!(quotas.check_worker(&join), Ok(()));
        join.info.resources = (0..10_000).map(|n| (format!("{n:07}").into(), 1)).collect();
        let refusal = quotas.check_worker(&join).unwrap_err();
        assert!(refusal.message.contains("have 70016 bytes"), "{refusal}");
        join.info.name = "x".repeat(257).into();
        let refusal = quotas.check_worker(&join).unwrap_err();
        assert!(refusal.message.contains("has 257 bytes"), "{refusal}");
    }

    #[test]
    fn what_is_begun_and_not_finished_is_bounded() {
        let quotas = Quotas {
            transfers: 3,
            upload_bytes: 100,
            ..Quotas::default()
        };
        let all = Rc::default();
        let begun = Begun::new(Rc::clone(&all));
        let told = |bytes| begun.begin(bytes, &quotas).err().map(|it| it.message);
        let first = begun.begin(60, &quotas);
        assert!(told(41).is_some_and(|why| why.contains("begun uploads of 60")));
        let second = begun.begin(40, &quotas);
        assert_eq!(all.get(), 100);
        let third = begun.begin(0, &quotas);
        assert!(told(0).is_some_and(|why| why.contains("begun 3 uploads")));
        drop((first, third));
        assert_eq!(told(60), None);
        drop(second);
        assert_eq!((begun.own.get(), all.get()), ((0, 0), 0));
    }
}
