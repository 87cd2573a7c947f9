//! What a run looks like: how large the cluster is and what goes wrong there.

/// The size of a cluster, and how often each fault happens, on average, in a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// Workers; one that is lost comes again under the same name.
    pub workers: usize,
    /// Clients, of two tenants by turns.
    pub clients: usize,
    /// Things that each client does.
    pub steps: u32,
    /// Workers that vanish with all they have.
    pub crashes: f64,
    /// Workers that stand still for a while, some for longer than the scheduler waits.
    pub freezes: f64,
    /// Connections between scheduler and worker that break.
    pub cuts: f64,
    /// Connections between clients and scheduler that break.
    pub client_cuts: f64,
    /// Results that go bad in a store.
    pub rot: f64,
    /// Schedulers that end and start again with nothing.
    pub restarts: f64,
    /// Times when all processes stand still.
    pub sleeps: f64,
    /// The share of fetches that break off.
    pub broken_fetches: f64,
}

impl Plan {
    /// Nothing goes wrong, but for tasks that fail.
    pub const CALM: Self = Self {
        workers: 3,
        clients: 3,
        steps: 20,
        crashes: 0.0,
        freezes: 0.0,
        cuts: 0.0,
        client_cuts: 0.0,
        rot: 0.0,
        restarts: 0.0,
        sleeps: 0.0,
        broken_fetches: 0.0,
    };

    /// Everything goes wrong.
    pub const STORMY: Self = Self {
        crashes: 4.0,
        freezes: 3.0,
        cuts: 3.0,
        client_cuts: 3.0,
        rot: 5.0,
        restarts: 0.2,
        sleeps: 0.3,
        broken_fetches: 0.1,
        ..Self::CALM
    };
}
