//! The Cap'n Proto schema of wask and the Rust generated from it.
//!
//! The schema is in `capnp/`, and every item in it is commented there. The Rust in
//! `src/generated/` is checked in, so that building wask needs no `capnp` compiler; `make schema`
//! writes it again, and a test fails where it is stale.

macro_rules! generated {
    ($name:ident, $file:literal, $doc:literal) => {
        #[doc = $doc]
        #[allow(
            warnings,
            clippy::all,
            reason = "capnpc's output is not ours to lint; what it does varies by version"
        )]
        pub mod $name {
            include!(concat!("generated/", $file));
        }
    };
}

generated!(
    common_capnp,
    "common_capnp.rs",
    "Keys, tasks, values, failures."
);
generated!(
    gateway_capnp,
    "gateway_capnp.rs",
    "The door of a scheduler."
);
generated!(
    record_capnp,
    "record_capnp.rs",
    "What a core was told, and what came of it."
);
generated!(session_capnp, "session_capnp.rs", "A client's session.");
generated!(
    transfer_capnp,
    "transfer_capnp.rs",
    "How bytes of any size move."
);
generated!(
    worker_capnp,
    "worker_capnp.rs",
    "The scheduler and its workers."
);
