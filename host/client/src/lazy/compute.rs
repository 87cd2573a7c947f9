//! Lazy values to values.

use std::{
    fmt,
    future::Future as StdFuture,
    path::PathBuf,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::future::{Either, select};
use serde::de::DeserializeOwned;
#[cfg(feature = "local")]
use wask_sandbox::Compiler;
use wask_value::{Type, Value};

use super::{Delayed, Input, node::common_session, submit};
use crate::{Dynamic, Encoded, Error, handle::Handle, results, watch::Completions};

/// What can be computed: [`Delayed`] values and [`Partitions`](crate::Partitions), whose parts
/// then become one list.
pub trait Lazy: sealed::Lazy {}

impl<L: sealed::Lazy> Lazy for L {}

pub(crate) mod sealed {
    use super::{Error, Root};

    pub trait Lazy {
        /// As what the value is read.
        type Reads;

        fn root(&self) -> Result<Root, Error>;
    }

    /// What [`Computable`](super::Computable) is made of.
    pub trait Computable {
        type Values;

        fn roots(&self) -> Result<Vec<Root>, Error>;

        fn read(
            &self,
            values: &mut dyn Iterator<Item = super::Read>,
        ) -> Result<Self::Values, Error>;
    }
}

/// The end of a graph.
#[derive(Clone, Debug)]
pub struct Root(pub(crate) Input);

/// A value that has been computed.
pub struct Read {
    input: Input,
    bytes: Bytes,
}

impl<R> sealed::Lazy for Delayed<R> {
    type Reads = R;

    fn root(&self) -> Result<Root, Error> {
        self.input.clone().map(Root)
    }
}

impl<L: sealed::Lazy> sealed::Lazy for &L {
    type Reads = L::Reads;

    fn root(&self) -> Result<Root, Error> {
        (**self).root()
    }
}

/// Rust types that values are read as: all that serde deserializes; [`Dynamic`] as a [`Value`].
pub trait Returned {
    /// The value.
    type Value;

    /// Decodes a value.
    ///
    /// # Errors
    /// Where the Rust type does not fit the WIT type, with the path to what does not.
    fn read(ty: &Type, bytes: &[u8]) -> Result<Self::Value, wask_value::Error>;
}

impl<R: DeserializeOwned> Returned for R {
    type Value = R;

    fn read(ty: &Type, bytes: &[u8]) -> Result<R, wask_value::Error> {
        wask_value::from_bytes(ty, bytes)
    }
}

impl Returned for Dynamic {
    type Value = Value;

    fn read(ty: &Type, bytes: &[u8]) -> Result<Value, wask_value::Error> {
        wask_value::decode(ty, bytes)
    }
}

/// What [`compute`] takes: something [`Lazy`], or a tuple or a list of such things.
pub trait Computable: sealed::Computable {}

impl<C: sealed::Computable> Computable for C {}

impl<L: sealed::Lazy<Reads: Returned>> sealed::Computable for L {
    type Values = <L::Reads as Returned>::Value;

    fn roots(&self) -> Result<Vec<Root>, Error> {
        Ok(vec![self.root()?])
    }

    fn read(&self, values: &mut dyn Iterator<Item = Read>) -> Result<Self::Values, Error> {
        let Some(Read { input, bytes }) = values.next() else {
            return Err(Error::Usage("a lazy value got no value"));
        };
        let description = input.description();
        <L::Reads as Returned>::read(&description.ty, &bytes).map_err(|source| Error::Value {
            what: format!(
                "the value of {}, which is {}",
                description.label, description.ty
            )
            .into(),
            source: Box::new(source),
        })
    }
}

impl<C: sealed::Computable> sealed::Computable for Vec<C> {
    type Values = Vec<C::Values>;

    fn roots(&self) -> Result<Vec<Root>, Error> {
        let roots = self.iter().map(C::roots).collect::<Result<Vec<_>, _>>()?;
        Ok(roots.into_iter().flatten().collect())
    }

    fn read(&self, values: &mut dyn Iterator<Item = Read>) -> Result<Self::Values, Error> {
        self.iter().map(|one| one.read(values)).collect()
    }
}

macro_rules! tuples {
    ($(($($name:ident $index:tt),*))*) => {$(
        impl<$($name: sealed::Computable),*> sealed::Computable for ($($name,)*) {
            type Values = ($($name::Values,)*);

            fn roots(&self) -> Result<Vec<Root>, Error> {
                let mut roots = Vec::new();
                $(roots.extend(self.$index.roots()?);)*
                Ok(roots)
            }

            fn read(
                &self,
                values: &mut dyn Iterator<Item = Read>,
            ) -> Result<Self::Values, Error> {
                Ok(($(self.$index.read(values)?,)*))
            }
        }
    )*};
}

tuples! {
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
}

/// Computes lazy values and brings them here. Several of them, as a tuple or a list, share what
/// they have in common.
///
/// Runs where the futures in the graph live; with none, here in this process, on all processors,
/// without a cluster. Good for what fits into memory: else make futures of it, with
/// [`Client::compute`](crate::Client::compute) or [`Client::persist`](crate::Client::persist).
///
/// ```
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use wask_client::{Component, compute};
///
/// # const MATH: &str = r#"(component
/// #     (core module $m (func (export "double") (param i32) (result i32)
/// #         (i32.mul (local.get 0) (i32.const 2))))
/// #     (core instance $i (instantiate $m))
/// #     (func (export "double") (param "x" u32) (result u32)
/// #         (canon lift (core func $i "double"))))"#;
/// let math = Component::load(MATH.as_bytes().to_vec())?;
/// let double = math.function("double")?.returning::<u32>()?;
///
/// let x = double.delayed((4,))?;
/// let y = double.delayed((&x,))? + 1;
/// assert_eq!(compute((&x, &y)).await?, (8, 17));
/// # Ok(()) }
/// # #[cfg(feature = "local")]
/// # futures::executor::block_on(example()).unwrap();
/// ```
///
/// # Errors
/// Those of the tasks, as [`Future::result`](crate::Future::result) tells them; what was wrong in
/// the graph; [`Error::ResultTooLarge`]; [`Error::NotLocal`].
pub async fn compute<C: Computable>(what: C) -> Result<C::Values, Error> {
    Compute::new().run(what).await
}

impl<R: Returned> Delayed<R> {
    /// Computes the value and brings it here: see [`compute`].
    ///
    /// # Errors
    /// As [`compute`].
    pub async fn compute(&self) -> Result<R::Value, Error> {
        compute(self).await
    }
}

/// How far computing has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Tasks that are finished.
    pub done: usize,
    /// All tasks.
    pub total: usize,
}

/// How often progress is told, at most.
pub(crate) const TELL: Duration = Duration::from_millis(50);

/// [`compute`] with more said about how.
///
/// ```no_run
/// # use wask_client::*;
/// # async fn example(total: Delayed<u64>) -> Result<(), Error> {
/// let total = Compute::new()
///     .threads(2)
///     .max_result_bytes(1 << 20)
///     .on_progress(|progress| eprint!("\r{} of {}", progress.done, progress.total))
///     .run(&total)
///     .await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Default)]
pub struct Compute {
    pub(crate) threads: Option<usize>,
    pub(crate) cache_dir: Option<PathBuf>,
    #[cfg(feature = "local")]
    pub(crate) compiler: Option<Compiler>,
    pub(crate) max_result_bytes: Option<u64>,
    pub(crate) on_progress: Option<Arc<dyn Fn(Progress) + Send + Sync>>,
}

impl Compute {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many tasks run at a time, where they run in this process: as many as there are
    /// processors, by default and at most.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// A folder in which compiled components are kept from one program to the next, where they run
    /// in this process. The first that has sandboxes decides for all that follow. None by default.
    #[must_use]
    pub fn cache_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache_dir = Some(folder.into());
        self
    }

    /// How components are compiled in processes of their own, which bounds the time and the memory
    /// that it takes, where they run in this process. The first that has sandboxes decides for all
    /// that follow. In this process by default, where nothing bounds it.
    #[cfg(feature = "local")]
    #[must_use]
    pub fn compiler(mut self, compiler: Compiler) -> Self {
        self.compiler = Some(compiler);
        self
    }

    /// The most bytes that the values may have together. 4 GiB by default, or what the client says
    /// whose futures are in the graph.
    #[must_use]
    pub fn max_result_bytes(mut self, bytes: u64) -> Self {
        self.max_result_bytes = Some(bytes);
        self
    }

    /// What is told as tasks finish: every 50 ms at most, and at the end. On a cluster, what counts
    /// as a task is each of the values that were asked for.
    #[must_use]
    pub fn on_progress(mut self, tell: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.on_progress = Some(Arc::new(tell));
        self
    }

    /// Computes.
    ///
    /// # Errors
    /// As [`compute`].
    pub fn run<C: Computable>(
        &self,
        what: C,
    ) -> impl StdFuture<Output = Result<C::Values, Error>> + use<C> {
        let (this, roots) = (self.clone(), what.roots());
        async move {
            let inputs: Vec<Input> = roots?.into_iter().map(|root| root.0).collect();
            let values = this.bytes(&inputs).await?;
            let values = inputs.into_iter().zip(values);
            let mut values = values.map(|(input, bytes)| Read { input, bytes });
            what.read(&mut values)
        }
    }

    /// Computes many values, each encoded as it is, for programs that learn of types as they run.
    ///
    /// ```
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use wask_client::{Compute, Operator, Type, Value, call_operator};
    ///
    /// let sum = call_operator(&Operator::Sum, &["list<u64>".parse()?], ([1, 2, 3],))?;
    /// let values = Compute::new().encoded(&[sum]).await?;
    /// assert_eq!(values[0].value()?, Value::U64(6));
    /// # Ok(()) }
    /// # #[cfg(feature = "local")]
    /// # futures::executor::block_on(example()).unwrap();
    /// ```
    ///
    /// # Errors
    /// As [`compute`].
    pub fn encoded<R>(
        &self,
        what: &[Delayed<R>],
    ) -> impl StdFuture<Output = Result<Vec<Encoded>, Error>> + use<R> {
        let inputs: Result<Vec<Input>, Error> = what.iter().map(|one| one.input.clone()).collect();
        let this = self.clone();
        async move {
            let inputs = inputs?;
            let values = this.bytes(&inputs).await?.into_iter();
            let values = inputs.iter().zip(values);
            Ok(values
                .map(|(input, bytes)| Encoded::trusted(input.ty().clone(), bytes))
                .collect())
        }
    }

    /// The encoded values of some roots.
    pub(crate) async fn bytes(self, roots: &[Input]) -> Result<Vec<Bytes>, Error> {
        match common_session(roots)? {
            Some(session) => {
                let handles = submit(&session, roots)?;
                let fetching = pin!(results::fetch_within(&handles, self.max_result_bytes));
                match select(fetching, pin!(self.follow(&handles))).await {
                    Either::Left((results, _)) => results,
                    Either::Right(((), fetching)) => fetching.await,
                }
            }
            #[cfg(feature = "local")]
            None => crate::local::run(roots, self).await,
            #[cfg(not(feature = "local"))]
            None => Err(Error::NotLocal),
        }
    }
}

impl Compute {
    /// Tells the progress of futures, until none is pending.
    async fn follow(&self, handles: &[Arc<Handle>]) {
        let Some(tell) = &self.on_progress else {
            return;
        };
        let mut completions = Completions::default();
        completions.watch_each(handles);
        let total = handles.len();
        let mut told = None;
        while completions.next().await.is_some() {
            let done = total - completions.left();
            if done == total || told.is_none_or(|told: Instant| told.elapsed() > TELL) {
                told = Some(Instant::now());
                tell(Progress { done, total });
            }
        }
    }
}

impl fmt::Debug for Compute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compute")
            .field("threads", &self.threads)
            .field("max_result_bytes", &self.max_result_bytes)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(feature = "local")))]
mod tests {
    use futures::executor::block_on;

    use crate::{Error, Partitions};

    #[test]
    fn without_the_feature_nothing_is_computed_here() {
        let sum = Partitions::from_values([1u32, 2], 1).unwrap().sum();
        let error = block_on(sum.compute()).unwrap_err();
        assert!(matches!(error, Error::NotLocal), "{error}");
        assert!(error.to_string().contains("`local`"), "{error}");
    }
}
