//! The components that clients have uploaded.

use std::{collections::BTreeMap, ops::Bound, rc::Rc};

use bytes::Bytes;
use wask_component::Component;
use wask_core::{Digest, TenantId};
use wask_rpc::{
    Refusal, RefusalCode,
    wire::{ComponentInfo, FunctionInfo},
};

use crate::{Quotas, refusals::Refusals};

/// Characters of a digest: `blake3:`, and two for each byte.
const DIGEST_LEN: usize = 7 + 2 * 32;
/// The fewest that mean one: a slip of the finger should mean none.
const BEGINNING_LEN: usize = 7 + 6;

/// Components by digest, and each tenant's names for them.
pub(crate) struct Library {
    components: BTreeMap<Digest, Entry>,
    names: BTreeMap<(TenantId, String), Digest>,
    /// Why components of late were refused.
    refused: Refusals<Digest>,
    bytes: u64,
    bytes_max: u64,
    quotas: Quotas,
}

struct Entry {
    component: Rc<Component>,
    /// Who has given it, and as which file.
    tenants: BTreeMap<TenantId, String>,
}

impl Library {
    pub(crate) fn new(bytes_max: u64, quotas: &Quotas) -> Self {
        Self {
            components: BTreeMap::new(),
            names: BTreeMap::new(),
            refused: Refusals::new(),
            bytes: 0,
            bytes_max,
            quotas: quotas.clone(),
        }
    }

    /// Whether a component of this size may still come in.
    pub(crate) fn has_room(&self, size: u64) -> Result<(), Refusal> {
        if self.bytes.saturating_add(size) <= self.bytes_max {
            return Ok(());
        }
        let message = format!(
            "the scheduler keeps up to {} bytes of components, and {} are taken; restart it, or \
             start it with a higher limit",
            self.bytes_max, self.bytes
        );
        Err(Refusal::new(RefusalCode::Forbidden, message))
    }

    /// Keeps an admitted component for a tenant.
    pub(crate) fn insert(
        &mut self,
        tenant: TenantId,
        component: Component,
        file: String,
    ) -> Digest {
        let digest = digest_of(&component);
        let size = component.bytes().len() as u64;
        let entry = self.components.entry(digest).or_insert_with(|| {
            self.bytes += size;
            Entry {
                component: Rc::new(component),
                tenants: BTreeMap::new(),
            }
        });
        entry.tenants.entry(tenant).or_insert(file);
        self.refused.remove(tenant, &digest);
        digest
    }

    /// Remembers why a tenant's component was not taken in, for its tasks.
    pub(crate) fn refuse(&mut self, tenant: TenantId, digest: Digest, refusal: Refusal) {
        self.refused.insert(tenant, digest, Rc::new(refusal));
    }

    /// Why a tenant's component is not here.
    pub(crate) fn absence(&mut self, tenant: TenantId, digest: &Digest) -> Refusal {
        match self.refused.get(tenant, digest) {
            Some(refusal) => {
                let message = format!("component {digest} was refused: {refusal}");
                Refusal::new(refusal.code, message)
            }
            None => {
                let message = format!("component {digest} is not here; upload it before its tasks");
                Refusal::new(RefusalCode::NotFound, message)
            }
        }
    }

    /// A component that this tenant has uploaded.
    pub(crate) fn get(&self, tenant: TenantId, digest: &Digest) -> Option<Rc<Component>> {
        let entry = self.components.get(digest)?;
        entry
            .tenants
            .contains_key(&tenant)
            .then(|| entry.component.clone())
    }

    /// A component's bytes, for a worker.
    pub(crate) fn bytes(&self, digest: &Digest) -> Option<Bytes> {
        self.components
            .get(digest)
            .map(|entry| entry.component.bytes().clone())
    }

    /// Whether there is room for this name.
    pub(crate) fn has_room_for(&self, tenant: TenantId, name: &str) -> Result<(), Refusal> {
        self.quotas.check_name("component", name)?;
        let is_new = !name.is_empty() && !self.names.contains_key(&(tenant, name.to_owned()));
        if is_new && self.names.len() >= self.quotas.names {
            let message = format!(
                "the scheduler keeps up to {} names of components, and all are taken; use one of \
                 them again, or push the component without a name",
                self.quotas.names
            );
            return Err(Refusal::new(RefusalCode::Forbidden, message));
        }
        Ok(())
    }

    /// Names a component. The name moves here if it meant another one before, as a tag does.
    pub(crate) fn name(
        &mut self,
        tenant: TenantId,
        name: &str,
        digest: Digest,
    ) -> Result<(), Refusal> {
        self.has_room_for(tenant, name)?;
        if !name.is_empty() {
            self.names.insert((tenant, name.to_owned()), digest);
        }
        Ok(())
    }

    /// Finds a component by name, by digest, or by the beginning of one that is no other's.
    pub(crate) fn find(&self, tenant: TenantId, name: &str) -> Result<ComponentInfo, Refusal> {
        let named = self.names.get(&(tenant, name.to_owned())).copied();
        let digest = match named {
            Some(digest) => Some(digest),
            None => self.digest(tenant, name)?,
        };
        let component = digest.and_then(|digest| self.get(tenant, &digest));
        component.map(|component| self.describe(tenant, &component)).ok_or_else(|| {
            let message = format!(
                "there is no component `{name}`; `wask components` lists them, `wask push` adds one"
            );
            Refusal::new(RefusalCode::NotFound, message)
        })
    }

    /// Takes a component from a tenant, with its names. Nothing may need it any more.
    pub(crate) fn remove(&mut self, tenant: TenantId, digest: &Digest) {
        self.names
            .retain(|(owner, _), named| *owner != tenant || named != digest);
        let Some(entry) = self.components.get_mut(digest) else {
            return;
        };
        entry.tenants.remove(&tenant);
        if entry.tenants.is_empty() {
            self.bytes -= entry.component.bytes().len() as u64;
            self.components.remove(digest);
        }
    }

    /// The components of a tenant after a digest, in its order.
    pub(crate) fn list_after(
        &self,
        tenant: TenantId,
        after: Option<Digest>,
    ) -> impl Iterator<Item = ComponentInfo> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let entries = self.components.range((from, Bound::Unbounded));
        let own = entries.filter(move |(_, entry)| entry.tenants.contains_key(&tenant));
        // Once for all of them; of several names the last one stays, and so the first is told.
        let names = self.names.iter().rev();
        let names = names.filter(|((owner, _), _)| *owner == tenant);
        let names: BTreeMap<Digest, &String> =
            names.map(|((_, name), digest)| (*digest, name)).collect();
        own.map(move |(digest, entry)| {
            let name = names.get(digest).map(|name| (*name).clone());
            described(&entry.component, name, entry.tenants.get(&tenant))
        })
    }

    /// The one digest that begins so, where there is one.
    fn digest(&self, tenant: TenantId, beginning: &str) -> Result<Option<Digest>, Refusal> {
        let whole = format!("{beginning:0<DIGEST_LEN$}").parse::<Digest>();
        let (Ok(from), BEGINNING_LEN..) = (whole, beginning.len()) else {
            return Ok(None);
        };
        let from = self.components.range(from..);
        let mut found = from
            .take_while(|(digest, _)| digest.to_string().starts_with(beginning))
            .filter(|(_, entry)| entry.tenants.contains_key(&tenant));
        match (found.next(), found.next()) {
            (Some((one, _)), Some((other, _))) => {
                let message = format!("`{beginning}` may be {one} or {other}: write more of it");
                Err(Refusal::new(RefusalCode::NotFound, message))
            }
            (found, _) => Ok(found.map(|(digest, _)| *digest)),
        }
    }

    /// What a client is told of a component.
    pub(crate) fn describe(&self, tenant: TenantId, component: &Component) -> ComponentInfo {
        let digest = digest_of(component);
        let name = self
            .names
            .iter()
            .find(|((owner, _), d)| *owner == tenant && **d == digest);
        let entry = self.components.get(&digest);
        let file = entry.and_then(|entry| entry.tenants.get(&tenant));
        described(component, name.map(|((_, name), _)| name.clone()), file)
    }
}

fn described(component: &Component, name: Option<String>, file: Option<&String>) -> ComponentInfo {
    let functions = component.functions().iter().map(|function| FunctionInfo {
        name: function.name.to_string(),
        ty: function.ty.to_string(),
        docs: function.docs.as_ref().map(ToString::to_string),
    });
    ComponentInfo {
        digest: digest_of(component),
        name,
        file: file.cloned(),
        size: component.bytes().len() as u64,
        functions: functions.collect(),
    }
}

fn digest_of(component: &Component) -> Digest {
    Digest(*component.digest().as_bytes())
}
