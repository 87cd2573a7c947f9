//! Results on their way from the cluster to the program.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use wask_core::KeyMap;

use crate::{
    Error, ReadAs, TaskError,
    state::{Completions, Handle, State},
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
        results: vec![None; handles.len()],
        limit: limit.unwrap_or(session.max_result_bytes),
    };
    let mut tries = 0;
    loop {
        fetching.settle().await?;
        let missing = fetching.take_inline()?;
        if missing.is_empty() && fetching.results.iter().all(Option::is_some) {
            return Ok(fetching.results.into_iter().flatten().collect());
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
        if tries == TRIES {
            return Err(fetching.unreadable());
        }
    }
}

/// Results that are being fetched, by their places.
type Missing = KeyMap<(u64, Vec<usize>)>;

struct Fetching<'a> {
    handles: &'a [Arc<Handle>],
    results: Vec<Option<Bytes>>,
    /// The most bytes that all may have together.
    limit: u64,
}

impl Fetching<'_> {
    fn open(&self) -> impl Iterator<Item = (usize, &Arc<Handle>)> {
        let all = self.handles.iter().enumerate();
        all.filter(|(index, _)| self.results[*index].is_none())
    }

    /// Waits until no key is pending. It may be again right afterwards.
    async fn settle(&self) -> Result<(), Error> {
        let mut completions = Completions::default();
        for (index, handle) in self.open() {
            match handle.state() {
                State::Pending => completions.watch(handle, index),
                state => check(handle, &state)?,
            }
        }
        while let Some(index) = completions.next().await {
            check(&self.handles[index], &self.handles[index].state())?;
        }
        Ok(())
    }

    /// Takes the results that came with the news of them, and lists the others.
    fn take_inline(&mut self) -> Result<Missing, Error> {
        let mut missing = Missing::default();
        let mut bytes: u64 = self.results.iter().flatten().map(|b| b.len() as u64).sum();
        for (index, handle) in self.handles.iter().enumerate() {
            if self.results[index].is_some() {
                continue;
            }
            let state = handle.state();
            check(handle, &state)?;
            if let State::Finished { nbytes, inline } = state {
                bytes = bytes.saturating_add(nbytes);
                match inline {
                    Some(inline) => self.results[index] = Some(inline),
                    None => {
                        let places = missing.entry(handle.key);
                        places.or_insert_with(|| (nbytes, Vec::new())).1.push(index);
                    }
                }
            }
        }
        match bytes > self.limit {
            true => Err(Error::ResultTooLarge {
                bytes,
                limit: self.limit,
            }),
            false => Ok(missing),
        }
    }

    /// Puts what was fetched in its places, and counts it.
    fn put(&mut self, missing: Missing, fetched: Vec<(wask_core::Key, Bytes)>) -> usize {
        let count = fetched.len();
        for (key, bytes) in fetched {
            for place in missing.get(&key).map_or(&[][..], |(_, places)| places) {
                self.results[*place] = Some(bytes.clone());
            }
        }
        count
    }

    fn unreadable(&self) -> Error {
        let label = self
            .open()
            .map(|(_, handle)| handle.description.label.clone())
            .next();
        Error::Unreadable {
            label: label.unwrap_or_else(|| "a task".into()),
            tries: TRIES,
        }
    }
}

/// Whether a state still lets hope for a result.
pub(crate) fn check(handle: &Handle, state: &State) -> Result<(), Error> {
    let label = || handle.description.label.clone();
    Err(match state {
        State::Pending | State::Finished { .. } => return Ok(()),
        State::Erred(failure) => {
            // A failure is passed on to dependents: the type of its value is that of its origin.
            let origin = match failure.origin == handle.key {
                true => Some(handle.description.clone()),
                false => handle.session.outbox.description(&failure.origin),
            };
            let error_type = origin.and_then(|origin| origin.error_type.clone());
            TaskError::new(failure.clone(), error_type).into()
        }
        State::Cancelled => Error::Cancelled { label: label() },
        State::Lost(failure) => Error::Lost(failure.clone()),
        State::Refused(refusal) => refusal.clone().into(),
        State::Disconnected => handle.session.gone(),
    })
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
