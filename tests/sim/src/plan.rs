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
    /// Workers that have no room for results for a while: their tasks fail, by name.
    pub full_memories: f64,
    /// Workers whose tasks take a hundred times as long for a while.
    pub slow: f64,
    /// Results that go bad in a store.
    pub rot: f64,
    /// Schedulers that end and start again with nothing.
    pub restarts: f64,
    /// Times when all processes stand still.
    pub sleeps: f64,
    /// The share of fetches that break off.
    pub broken_fetches: f64,
    /// The share of clients' values that a worker's disk has no room for.
    pub full_disks: f64,
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
        full_memories: 0.0,
        slow: 0.0,
        rot: 0.0,
        restarts: 0.0,
        sleeps: 0.0,
        broken_fetches: 0.0,
        full_disks: 0.0,
    };

    /// Everything goes wrong.
    pub const STORMY: Self = Self {
        crashes: 4.0,
        freezes: 3.0,
        cuts: 3.0,
        client_cuts: 3.0,
        full_memories: 1.0,
        slow: 2.0,
        rot: 5.0,
        restarts: 0.5,
        sleeps: 0.5,
        broken_fetches: 0.1,
        full_disks: 0.1,
        ..Self::CALM
    };

    /// Plans of which each leaves something out.
    pub(crate) fn smaller(self) -> Vec<Self> {
        let mut plans = Vec::new();
        for name in Self::NAMES {
            let mut plan = self;
            let value = plan.get(name);
            let least = if matches!(name, "workers" | "clients" | "steps") {
                1.0
            } else {
                0.0
            };
            for smaller in [least, (value / 2.0).floor(), value - 1.0] {
                if smaller >= least && smaller < value {
                    plan.set(name, smaller);
                    plans.push(plan);
                }
            }
        }
        plans
    }

    /// The names of all numbers of a plan.
    pub const NAMES: [&str; 14] = [
        "workers",
        "clients",
        "steps",
        "crashes",
        "freezes",
        "cuts",
        "client_cuts",
        "full_memories",
        "slow",
        "rot",
        "restarts",
        "sleeps",
        "broken_fetches",
        "full_disks",
    ];

    /// The number with this name.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn get(&mut self, name: &str) -> f64 {
        match name {
            "workers" => self.workers as f64,
            "clients" => self.clients as f64,
            "steps" => f64::from(self.steps),
            _ => *self
                .rate(name)
                .unwrap_or_else(|| panic!("no plan has {name}")),
        }
    }

    /// Sets the number with this name; whether there is one.
    pub fn set(&mut self, name: &str, value: f64) -> bool {
        match name {
            "workers" => self.workers = value as usize,
            "clients" => self.clients = value as usize,
            "steps" => self.steps = value as u32,
            _ => match self.rate(name) {
                Some(rate) => *rate = value,
                None => return false,
            },
        }
        true
    }

    fn rate(&mut self, name: &str) -> Option<&mut f64> {
        Some(match name {
            "crashes" => &mut self.crashes,
            "freezes" => &mut self.freezes,
            "cuts" => &mut self.cuts,
            "client_cuts" => &mut self.client_cuts,
            "full_memories" => &mut self.full_memories,
            "slow" => &mut self.slow,
            "rot" => &mut self.rot,
            "restarts" => &mut self.restarts,
            "sleeps" => &mut self.sleeps,
            "broken_fetches" => &mut self.broken_fetches,
            "full_disks" => &mut self.full_disks,
            _ => return None,
        })
    }
}
