//! Results on their way from the cluster to the program.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use wask_core::{Failure, Key, KeyMap};

use crate::{
    Error, ReadAs, TaskError,
    handle::{Handle, State},
    watch::{AT_ONCE, Completions},
};

/// How often in a row results are asked for of which none comes, though all should be there.
const TRIES: u32 = 12;
/// The pause after the first of these tries, which doubles with each, up to [`LONGEST_PAUSE`].
/// Meanwhile the scheduler finds that a worker is gone, and tells that the key is pending again.
const PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Waits for one result and brings its bytes here.
pub(crate) async fn fetch(handle: &Arc<Handle>) -> Result<Bytes, Error> {
    if let State::Finished { inline, .. } = handle.resolved().await
        && let Some(bytes) = inline
        && bytes.len() as u64 <= handle.session.max_result_bytes
    {
        return Ok(bytes);
    }
    let fetched = fetch_all(std::slice::from_ref(handle)).await?;
    // One for each that was asked for.
    Ok(fetched.into_iter().next().unwrap_or_default())
}

/// Waits for results and brings their bytes here, in order. The first failure that it learns of
/// ends it.
pub(crate) async fn fetch_all(handles: &[Arc<Handle>]) -> Result<Vec<Bytes>, Error> {
    fetch_within(handles, None).await
}

/// As [`fetch_all`], with a limit of its own for the bytes that all have together.
pub(crate) async fn fetch_within(
    handles: &[Arc<Handle>],
    limit: Option<u64>,
) -> Result<Vec<Bytes>, Error> {
    let outcomes = fetch_with(handles, OnFailure::Raise, limit).await?;
    outcomes.into_iter().collect()
}

/// Waits for results and brings their bytes here, in order, each or why it is not to be had. Only
/// what concerns all of them ends it: that there are too many bytes, or that the session is over.
pub(crate) async fn fetch_each(
    handles: &[Arc<Handle>],
) -> Result<Vec<Result<Bytes, Error>>, Error> {
    fetch_with(handles, OnFailure::Keep, None).await
}

/// What one failure means for the other results.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OnFailure {
    Raise,
    Keep,
}

async fn fetch_with(
    handles: &[Arc<Handle>],
    on_failure: OnFailure,
    limit: Option<u64>,
) -> Result<Vec<Result<Bytes, Error>>, Error> {
    let Some(first) = handles.first() else {
        return Ok(Vec::new());
    };
    let session = &first.session;
    if !handles
        .iter()
        .all(|handle| Arc::ptr_eq(&handle.session, session))
    {
        let advice = "the futures are of different clients: gather those of each with its own";
        return Err(Error::Usage(advice));
    }
    let mut fetching = Fetching {
        handles,
        outcomes: vec![None; handles.len()],
        on_failure,
        limit: limit.unwrap_or(session.max_result_bytes),
    };
    let mut tries = 0;
    loop {
        fetching.settle().await?;
        let missing = fetching.missing()?;
        if missing.is_empty() {
            if fetching.outcomes.iter().all(Option::is_some) {
                return Ok(fetching.outcomes.into_iter().flatten().collect());
            }
            // Some are pending again.
            continue;
        }
        if tries == TRIES {
            fetching.give_up(missing)?;
            continue;
        }
        let pause = (PAUSE * 2u32.pow(tries)).min(LONGEST_PAUSE);
        let wanted: Vec<_> = missing
            .iter()
            .map(|(key, (size, _))| (*key, *size))
            .collect();
        let fetched = session.call(async move |remote| remote.gather(wanted, pause).await);
        tries = match fetching.put(missing, fetched.await?) {
            0 => tries + 1,
            _ => 0,
        };
    }
}

/// Results that are being fetched, by their places.
type Missing = KeyMap<(u64, Vec<usize>)>;

struct Fetching<'a> {
    handles: &'a [Arc<Handle>],
    outcomes: Vec<Option<Result<Bytes, Error>>>,
    on_failure: OnFailure,
    /// The most bytes that all may have together.
    limit: u64,
}

impl Fetching<'_> {
    /// Waits until no key is pending. It may be again right afterwards.
    async fn settle(&mut self) -> Result<(), Error> {
        let unsettled: Vec<usize> = self.unsettled().collect();
        let mut completions = Completions::default();
        completions.watch_all(self.handles, &unsettled);
        loop {
            let resolved = completions.next_all().await;
            if resolved.is_empty() {
                return Ok(());
            }
            let resolved: Vec<usize> = resolved.into();
            self.look(&resolved, |_, _, _| {})?;
        }
    }

    /// The places without an outcome.
    fn unsettled(&self) -> impl Iterator<Item = usize> {
        let outcomes = self.outcomes.iter().enumerate();
        outcomes.filter_map(|(index, outcome)| outcome.is_none().then_some(index))
    }

    /// Looks at where keys stand: takes the results that came with the news of them, and notes what
    /// failed. Tells the places and sizes of results that are elsewhere.
    fn look(
        &mut self,
        places: &[usize],
        mut elsewhere: impl FnMut(Key, usize, u64),
    ) -> Result<(), Error> {
        for places in places.chunks(AT_ONCE) {
            let keys = places.iter().map(|place| &self.handles[*place].key);
            let states = self.handles[0].session.driver.states(keys);
            for (place, state) in places.iter().zip(states) {
                let handle = &self.handles[*place];
                match state {
                    State::Finished {
                        inline: Some(inline),
                        ..
                    } => self.outcomes[*place] = Some(Ok(inline)),
                    State::Finished { nbytes, .. } => elsewhere(handle.key, *place, nbytes),
                    state => match check(handle, &state) {
                        Ok(()) => {}
                        Err(error) => self.fail(*place, error)?,
                    },
                }
            }
        }
        Ok(())
    }

    /// The results that did not come with the news of them.
    fn missing(&mut self) -> Result<Missing, Error> {
        let mut missing = Missing::default();
        let mut bytes: u64 = 0;
        let unsettled: Vec<usize> = self.unsettled().collect();
        self.look(&unsettled, |key, place, nbytes| {
            bytes = bytes.saturating_add(nbytes);
            let places = missing.entry(key);
            places.or_insert_with(|| (nbytes, Vec::new())).1.push(place);
        })?;
        let here = self.outcomes.iter().flatten().flatten();
        let here: u64 = here.map(|bytes| bytes.len() as u64).sum();
        let bytes = bytes.saturating_add(here);
        match bytes > self.limit {
            true => Err(Error::ResultTooLarge {
                bytes,
                limit: self.limit,
            }),
            false => Ok(missing),
        }
    }

    fn fail(&mut self, index: usize, error: Error) -> Result<(), Error> {
        let is_of_all = matches!(error, Error::Disconnected { .. });
        if is_of_all || self.on_failure == OnFailure::Raise {
            return Err(error);
        }
        self.outcomes[index] = Some(Err(error));
        Ok(())
    }

    /// Puts what was fetched in its places, and counts it.
    fn put(&mut self, missing: Missing, fetched: Vec<(Key, Bytes)>) -> usize {
        let count = fetched.len();
        for (key, bytes) in fetched {
            for place in missing.get(&key).map_or(&[][..], |(_, places)| places) {
                self.outcomes[*place] = Some(Ok(bytes.clone()));
            }
        }
        count
    }

    /// Takes what has not come as not to be had.
    fn give_up(&mut self, missing: Missing) -> Result<(), Error> {
        for place in missing.into_values().flat_map(|(_, places)| places) {
            let label = self.handles[place].description.label.clone();
            let tries = TRIES;
            self.fail(place, Error::Unreadable { label, tries })?;
        }
        Ok(())
    }
}

/// The error of a state that lets hope for no result.
pub(crate) fn check(handle: &Handle, state: &State) -> Result<(), Error> {
    let label = || handle.description.label.clone();
    Err(match state {
        State::Pending | State::Storing | State::Finished { .. } => return Ok(()),
        State::Erred(failure) => TaskError::new(named(handle, failure)).into(),
        State::Cancelled => Error::Cancelled { label: label() },
        State::Lost(failure) => Error::Lost(failure.clone()),
        State::Refused(refusal) => refusal.clone().into(),
        State::Released | State::Gone => handle.session.gone(),
    })
}

/// A failure under the name by which this program knows the task at fault.
fn named(handle: &Handle, failure: &Arc<Failure>) -> Arc<Failure> {
    let mut failure = failure.clone();
    if let Some(name) = handle.session.names.get(&failure.origin) {
        Arc::make_mut(&mut failure).label = name;
    }
    failure
}

/// Reads a result as a Rust type.
pub(crate) fn read<T: ReadAs<R>, R>(handle: &Handle, bytes: &[u8]) -> Result<R, Error> {
    let ty = &handle.description.ty;
    T::read(ty, bytes).map_err(|source| Error::Value {
        what: format!(
            "the result of {}, which is {ty}, read as {}",
            handle.description.label,
            std::any::type_name::<R>()
        )
        .into(),
        source: Box::new(source),
    })
}
