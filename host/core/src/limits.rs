//! What a task may use, and who decides.
//!
//! Memory, output and fuel can change what comes of a task, so they are part of its key, and every
//! task carries them as plain values: what a task may use never depends on the worker that runs it.
//! A client that asks for nothing gets the defaults of its cluster, whose [`LimitRules`] it is told
//! at login; computing without a cluster goes by the built-in ones. So equal calls have equal keys
//! however they are made.
//!
//! Time and retries change no result. They are in no key, and an operator's [`Clamps`] shorten them
//! where the tasks come in.

use std::{fmt, time::Duration};

use crate::{TaskOptions, units::bytes_text};

/// Bytes of linear memory of a task that asks for nothing, where nobody has said otherwise.
pub const DEFAULT_TASK_MEMORY: u64 = 1 << 30;
/// Bytes of the encoded result of a task that asks for nothing, where nobody has said otherwise.
pub const DEFAULT_TASK_OUTPUT: u64 = 256 << 20;
/// Bytes of linear memory that a task may ask for, where nobody has said otherwise: four memories
/// of 32 bits, the most that a component may have.
pub const TASK_MEMORY_MAX: u64 = 16 << 30;
/// Bytes of the encoded result that a task may ask for, where nobody has said otherwise.
pub const TASK_OUTPUT_MAX: u64 = 16 << 30;

/// An amount that there may be no limit to. "Unlimited" is a state of its own and no number, and
/// more than every number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit {
    /// So much and no more.
    Of(u64),
    /// Any amount.
    Unlimited,
}

impl Limit {
    /// The amount, where there is a limit.
    pub fn amount(self) -> Option<u64> {
        match self {
            Self::Of(amount) => Some(amount),
            Self::Unlimited => None,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of(amount) => amount.fmt(f),
            Self::Unlimited => f.write_str("unlimited"),
        }
    }
}

/// What a task may use, as far as that can change its result: a part of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResultLimits {
    /// Bytes of linear memory, all memories of the guest together.
    pub memory: u64,
    /// Bytes of the encoded result.
    pub output: u64,
    /// Units of fuel, about one an instruction.
    pub fuel: Limit,
}

/// The built-in defaults.
impl Default for ResultLimits {
    fn default() -> Self {
        Self {
            memory: DEFAULT_TASK_MEMORY,
            output: DEFAULT_TASK_OUTPUT,
            fuel: Limit::Unlimited,
        }
    }
}

impl ResultLimits {
    pub(crate) fn update(&self, hasher: &mut blake3::Hasher) {
        hasher.update(&self.memory.to_le_bytes());
        hasher.update(&self.output.to_le_bytes());
        match self.fuel {
            Limit::Unlimited => hasher.update(&[0]),
            Limit::Of(fuel) => hasher.update(&[1]).update(&fuel.to_le_bytes()),
        };
    }

    /// The first of these limits that is greater than that of `max`.
    fn excess(&self, max: &Self) -> Option<LimitError> {
        let [own, max] = [self, max].map(|limits| {
            [
                (LimitKind::Memory, Limit::Of(limits.memory)),
                (LimitKind::Output, Limit::Of(limits.output)),
                (LimitKind::Fuel, limits.fuel),
            ]
        });
        let mut pairs = own.into_iter().zip(max);
        let ((kind, asked), (_, max)) = pairs.find(|((_, own), (_, max))| own > max)?;
        Some(LimitError { kind, asked, max })
    }
}

/// The limits that a client asks for; none where it leaves one to the cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AskedLimits {
    /// Bytes of linear memory.
    pub memory: Option<u64>,
    /// Bytes of the encoded result.
    pub output: Option<u64>,
    /// Units of fuel.
    pub fuel: Option<Limit>,
}

/// What a cluster gives a task that asks for nothing, and the most that one may ask for.
///
/// ```
/// use wask_core::{AskedLimits, LimitRules, ResultLimits};
///
/// let max = ResultLimits { memory: 2 << 30, ..*LimitRules::default().max() };
/// let rules = LimitRules::new(ResultLimits::default(), max)?;
/// let asked = AskedLimits { memory: Some(64 << 20), ..AskedLimits::default() };
/// assert_eq!(rules.resolve(&asked)?.memory, 64 << 20);
/// assert_eq!(rules.resolve(&asked)?.output, rules.defaults().output);
/// let asked = AskedLimits { memory: Some(3 << 30), ..AskedLimits::default() };
/// assert!(rules.resolve(&asked).is_err());
/// # Ok::<(), wask_core::LimitError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitRules {
    defaults: ResultLimits,
    max: ResultLimits,
}

/// The built-in rules: those of every cluster whose operator says nothing, and of computing without
/// a cluster.
impl Default for LimitRules {
    fn default() -> Self {
        Self {
            defaults: ResultLimits::default(),
            max: ResultLimits {
                memory: TASK_MEMORY_MAX,
                output: TASK_OUTPUT_MAX,
                fuel: Limit::Unlimited,
            },
        }
    }
}

impl LimitRules {
    /// Rules with these defaults and maxima.
    ///
    /// # Errors
    /// Where a default is more than its maximum.
    pub fn new(defaults: ResultLimits, max: ResultLimits) -> Result<Self, LimitError> {
        let rules = Self { defaults, max };
        rules.check(&defaults).map(|()| rules)
    }

    /// Rules that refuse nothing.
    pub fn without_max(defaults: ResultLimits) -> Self {
        let max = ResultLimits {
            memory: u64::MAX,
            output: u64::MAX,
            fuel: Limit::Unlimited,
        };
        Self { defaults, max }
    }

    /// What a task gets that asks for nothing.
    pub fn defaults(&self) -> &ResultLimits {
        &self.defaults
    }

    /// The most that a task may ask for.
    pub fn max(&self) -> &ResultLimits {
        &self.max
    }

    /// The limits of a task for which these are asked.
    ///
    /// # Errors
    /// Where that is more than the maximum.
    pub fn resolve(&self, asked: &AskedLimits) -> Result<ResultLimits, LimitError> {
        let limits = ResultLimits {
            memory: asked.memory.unwrap_or(self.defaults.memory),
            output: asked.output.unwrap_or(self.defaults.output),
            fuel: asked.fuel.unwrap_or(self.defaults.fuel),
        };
        self.check(&limits).map(|()| limits)
    }

    /// Whether a task may have these limits.
    ///
    /// # Errors
    /// Where one is more than its maximum.
    pub fn check(&self, limits: &ResultLimits) -> Result<(), LimitError> {
        limits.excess(&self.max).map_or(Ok(()), Err)
    }
}

/// The most time and retries that a task gets, whatever it asks for. They are in no key, so a task
/// that asks for more is not refused but gets as much as there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clamps {
    /// Wall time of one attempt, also of tasks without a timeout of their own. None: any time.
    pub timeout: Option<Duration>,
    /// Further tries after a failure. None: as many as asked for.
    pub retries: Option<u32>,
}

impl Clamps {
    /// The timeout and the retries of a task with these options.
    pub fn apply(&self, options: &TaskOptions) -> (Option<Duration>, u32) {
        let timeout = match (options.timeout, self.timeout) {
            (Some(asked), Some(max)) => Some(asked.min(max)),
            (asked, max) => asked.or(max),
        };
        let retries = options.retries.min(self.retries.unwrap_or(u32::MAX));
        (timeout, retries)
    }
}

/// Which limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitKind {
    /// [`ResultLimits::memory`]
    Memory,
    /// [`ResultLimits::output`]
    Output,
    /// [`ResultLimits::fuel`]
    Fuel,
}

impl LimitKind {
    /// The scheduler's option that sets the maximum.
    pub fn max_option(self) -> &'static str {
        match self {
            Self::Memory => "--task-memory-max",
            Self::Output => "--task-output-max",
            Self::Fuel => "--task-fuel-max",
        }
    }

    fn text(self, limit: Limit) -> String {
        match (self, limit) {
            (_, Limit::Unlimited) => "any amount".to_owned(),
            (Self::Fuel, Limit::Of(amount)) => format!("{amount} units"),
            (Self::Memory | Self::Output, Limit::Of(amount)) => bytes_text(amount),
        }
    }
}

impl fmt::Display for LimitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "memory",
            Self::Output => "output",
            Self::Fuel => "fuel",
        })
    }
}

/// More was asked for than a task may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitError {
    /// Which limit it is about.
    pub kind: LimitKind,
    /// What was asked for.
    pub asked: Limit,
    /// The most that a task may have.
    pub max: Limit,
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, asked, max } = *self;
        let (asked, max) = (kind.text(asked), kind.text(max));
        write!(
            f,
            "{kind}: a limit of {asked} is more than a task may have, {max}"
        )
    }
}

impl std::error::Error for LimitError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> LimitRules {
        let max = ResultLimits {
            memory: 100,
            output: 100,
            fuel: Limit::Of(100),
        };
        let defaults = ResultLimits {
            memory: 10,
            output: 20,
            fuel: Limit::Of(30),
        };
        LimitRules::new(defaults, max).unwrap()
    }

    #[test]
    fn what_is_not_asked_for_is_the_default() {
        let rules = rules();
        let nothing = AskedLimits::default();
        assert_eq!(rules.resolve(&nothing), Ok(*rules.defaults()));
        let asked = AskedLimits {
            memory: Some(100),
            ..nothing
        };
        let expected = ResultLimits {
            memory: 100,
            ..*rules.defaults()
        };
        assert_eq!(rules.resolve(&asked), Ok(expected));
    }

    #[test]
    fn more_than_the_maximum_is_refused_by_name() {
        let nothing = AskedLimits::default();
        let told = |asked| rules().resolve(&asked).unwrap_err().to_string();
        let asked = |memory, output, fuel| AskedLimits {
            memory,
            output,
            fuel,
        };
        assert_eq!(
            told(asked(Some(101), None, None)),
            "memory: a limit of 101 bytes is more than a task may have, 100 bytes"
        );
        let output = told(asked(None, Some(101), None));
        assert!(
            output.starts_with("output: a limit of 101 bytes"),
            "{output}"
        );
        assert_eq!(
            told(asked(None, None, Some(Limit::Unlimited))),
            "fuel: a limit of any amount is more than a task may have, 100 units"
        );
        assert!(rules().resolve(&nothing).is_ok());
    }

    #[test]
    fn a_default_beyond_its_maximum_is_refused() {
        let rules = rules();
        assert!(LimitRules::new(*rules.max(), *rules.defaults()).is_err());
        assert!(LimitRules::new(ResultLimits::default(), *LimitRules::default().max()).is_ok());
    }

    #[test]
    fn no_limit_is_more_than_every_limit_and_none_of_them() {
        assert!(Limit::Unlimited > Limit::Of(u64::MAX));
        assert_eq!(Limit::Of(0).amount(), Some(0));
        assert_eq!(Limit::Unlimited.amount(), None);
    }

    #[test]
    fn time_and_retries_are_cut_to_the_maximum() {
        let seconds = |n| Some(Duration::from_secs(n));
        let clamps = Clamps {
            timeout: seconds(10),
            retries: Some(3),
        };
        let options = |timeout, retries| TaskOptions {
            timeout,
            retries,
            ..TaskOptions::default()
        };
        assert_eq!(clamps.apply(&options(None, 9)), (seconds(10), 3));
        assert_eq!(clamps.apply(&options(seconds(11), 2)), (seconds(10), 2));
        assert_eq!(clamps.apply(&options(seconds(9), 0)), (seconds(9), 0));
        let none = Clamps::default();
        assert_eq!(none.apply(&options(None, 9)), (None, 9));
        assert_eq!(none.apply(&options(seconds(9), 9)), (seconds(9), 9));
    }
}
