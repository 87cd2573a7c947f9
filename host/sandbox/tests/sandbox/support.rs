//! One sandbox for all tests, and short ways to call it.

use std::{
    path::PathBuf,
    sync::{Arc, LazyLock},
    time::Duration,
};

use bytes::Bytes;
use wask_component::Component;
use wask_sandbox::{Call, Cancel, Compiled, Config, Outcome, Report, Sandbox, TaskLimits};

/// What tasks get here unless a test says otherwise.
pub(crate) const LIMITS: TaskLimits = TaskLimits {
    memory: 64 << 20,
    timeout: Some(Duration::from_secs(60)),
    fuel: None,
    max_output: 16 << 20,
};

/// More slots than tests run at once here, so that none waits for another's.
pub(crate) const SLOTS: usize = 16;

pub(crate) static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| {
    Sandbox::new(Config {
        slots: SLOTS,
        max_log: 1 << 10,
        ..Config::default()
    })
    .unwrap()
});

/// A compiled component to call.
pub(crate) struct Guest(pub(crate) Arc<Compiled>);

impl Guest {
    /// From the text of a component.
    pub(crate) fn wat(text: &str) -> Self {
        Self(SANDBOX.compile(&component(text)).unwrap())
    }

    /// From one core module whose exports all become functions: `functions` are `name: type of core
    /// function lifted`, as in the component text format.
    pub(crate) fn module(module: &str, functions: &[(&str, &str)]) -> Self {
        Self::wat(&module_component(module, functions))
    }

    /// One that was compiled from another language.
    pub(crate) fn built(name: &str) -> Self {
        Self(SANDBOX.compile(&built(name)).unwrap())
    }

    pub(crate) fn run(&self, function: &str, arguments: &[&[u8]]) -> Report {
        self.run_with(function, arguments, LIMITS, &Cancel::new())
    }

    pub(crate) fn run_with(
        &self,
        function: &str,
        arguments: &[&[u8]],
        limits: TaskLimits,
        cancel: &Cancel,
    ) -> Report {
        let arguments: Vec<Bytes> = arguments
            .iter()
            .map(|x| Bytes::copy_from_slice(x))
            .collect();
        let call = Call {
            function: self.0.function(function).unwrap(),
            arguments: &arguments,
            nonce: None,
            limits,
        };
        SANDBOX.run(&self.0, &call, cancel)
    }

    /// The value that a function returns.
    pub(crate) fn value(&self, function: &str, arguments: &[&[u8]]) -> Vec<u8> {
        match self.run(function, arguments).outcome {
            Outcome::Value(value) => value.into(),
            other => panic!("{function}: {other:?}"),
        }
    }
}

pub(crate) fn component(text: &str) -> Component {
    Component::load(text.as_bytes()).unwrap()
}

pub(crate) fn module_component(module: &str, functions: &[(&str, &str)]) -> String {
    let lifts: String = functions
        .iter()
        .map(|(name, ty)| {
            format!(
                "(func (export \"{name}\") {ty} (canon lift (core func $i \"{name}\") \
                 (memory (core memory $i \"memory\"))))\n"
            )
        })
        .collect();
    format!("(component (core module $m {module}) (core instance $i (instantiate $m)) {lifts})")
}

pub(crate) fn built(name: &str) -> Component {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../target/guests")
        .join(name)
        .with_extension("wasm");
    Component::from_file(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; run `make guests`", path.display()))
}

/// A string or `list<u8>` as arguments hold it.
pub(crate) fn bytes(content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    let count = u32::try_from(content.len()).unwrap();
    [&count.to_le_bytes(), content].concat()
}

/// The string that a value is.
pub(crate) fn text(value: &[u8]) -> &str {
    std::str::from_utf8(&value[4..]).unwrap()
}
