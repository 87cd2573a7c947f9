//! Named sets of keys that outlive their session.

use super::*;
use crate::scheduler::DatasetError;

impl Harness {
    fn publish<const N: usize>(&mut self, name: &str, keys: [&str; N]) {
        self.publish_instead(name, keys, false);
    }

    fn publish_instead<const N: usize>(&mut self, name: &str, keys: [&str; N], replace: bool) {
        self.send(Event::DatasetPublished {
            tenant: TENANT,
            name: name.into(),
            ty: "u32".into(),
            keys: keys.map(|name| self.key(name)).into(),
            replace,
        });
    }

    fn unpublish(&mut self, name: &str) {
        self.send(Event::DatasetUnpublished {
            tenant: TENANT,
            name: name.into(),
        });
    }
}

#[test]
fn a_dataset_holds_its_keys_in_order() {
    let mut h = Harness::with_workers(1, 2);
    h.submit(1, [task("a"), task("b")], ["a", "b"]);
    h.publish("set", ["b", "a", "b"]);
    h.close(1);
    h.expect(["w1: compute a#1", "w1: compute b#1"]);
    h.finish(1, "a", 1);
    h.finish(1, "b", 1);
    h.expect([]);
    let keys = ["b", "a", "b"].map(|name| h.key(name));
    assert_eq!(h.core.dataset(TENANT, "set").as_deref(), Some(&keys[..]));
    assert_eq!(h.core.datasets(TENANT), ["set".into()]);
    assert_eq!(h.core.dataset(TenantId(2), "set"), None);
    h.unpublish("set");
    h.expect(["w1: free b,a"]);
    h.expect_empty();
    assert_eq!(h.core.datasets(TENANT), []);
}

#[test]
fn what_a_dataset_lost_is_computed_again_without_a_session() {
    let mut h = Harness::with_workers(2, 1);
    h.submit(1, [task("a")], ["a"]);
    h.finish(1, "a", 1);
    h.publish("set", ["a"]);
    h.close(1);
    h.lose(1);
    h.expect(["w1: compute a#1", "w2: compute a#2", "s1: a finished"]);
}

#[test]
fn cancelling_leaves_a_dataset_its_keys() {
    let mut h = Harness::with_workers(1, 1);
    h.submit(1, [task("a")], ["a"]);
    h.publish("set", ["a"]);
    h.cancel(1, ["a"]);
    h.expect(["w1: compute a#1", "s1: a cancelled"]);
    h.unpublish("nothing");
    h.unpublish("set");
    h.expect(["w1: cancel a#1"]);
}

#[test]
fn a_name_that_is_in_use_is_replaced_only_where_that_is_wanted() {
    let mut h = Harness::with_workers(1, 2);
    h.submit(1, [task("a"), task("b")], ["a", "b"]);
    h.publish("set", ["a"]);
    let [a, b] = ["a", "b"].map(|name| h.key(name));
    let may = |h: &Harness, keys: &[Key], replace| h.core.may_publish(TENANT, "set", keys, replace);
    assert_eq!(may(&h, &[b], false), Err(DatasetError::Taken));
    h.publish("set", ["b"]);
    assert_eq!(h.core.dataset(TENANT, "set"), Some(vec![a]));
    assert_eq!(may(&h, &[b], true), Ok(()));
    h.publish_instead("set", ["b"], true);
    assert_eq!(h.core.dataset(TENANT, "set"), Some(vec![b]));
    // Keys that are not the tenant's, or no one's, are published by nobody.
    let other = h.core.may_publish(TenantId(2), "set", &[b], false);
    assert_eq!(other, Err(DatasetError::Unknown(b)));
    h.send(Event::DatasetPublished {
        tenant: TENANT,
        name: "set".into(),
        ty: "u32".into(),
        keys: vec![Key([9; 32])],
        replace: true,
    });
    assert_eq!(h.core.dataset(TENANT, "set"), Some(vec![b]));
}
