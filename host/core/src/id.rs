//! Small numbers that stand for the things a core keeps track of.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty), $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    };
}

id! {
    /// Who owns sessions, components, keys and quotas. Nothing crosses tenants.
    TenantId(u32), "tenant-"
}
id! {
    /// One client's session with the scheduler. Never reused.
    SessionId(u64), "session-"
}
id! {
    /// One membership of a worker in the cluster. A worker that joins again gets a new one.
    WorkerId(u32), "worker-"
}
id! {
    /// One time that a client stores values on workers. Never reused by one scheduler.
    ScatterId(u64), "scatter-"
}
id! {
    /// The WIT type of a result, interned by the process around the core, which alone knows what
    /// it stands for.
    TypeId(u32), "type-"
}
id! {
    /// The number of a task's current try. It grows with every try, mostly from 1: a key that may
    /// have been running when it was cancelled and forgotten goes on from a higher number. Whatever
    /// names an older attempt is ignored.
    Attempt(u32), "attempt-"
}

impl Attempt {
    /// The attempt after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}
