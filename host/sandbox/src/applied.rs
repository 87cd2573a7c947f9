//! Functions applied to each element of a list.
//!
//! The function is called for one element after another, each time in a fresh instance; the task
//! has one slot and one timeout for all. What a call sees depends on its own arguments alone, not
//! on the list that its element is in: so it does not matter how a collection is partitioned, or
//! whether the function is called for the element alone.
//!
//! Nothing is decoded: elements are slices of the encoded list, and results are put one after
//! another. An error names its element.

use bytes::Bytes;
use wask_core::{Applied, Key};
use wask_value::{
    Error, FunctionType, Type,
    encoding::{MAX_ZERO_SIZED, elements, measure},
};

use crate::{Outcome, Report, log::LogBuffer, run::Run};

/// Bytes of the count in front of a list.
const COUNT: usize = 4;

/// Runs a task, whose arguments are of the type that applying the function gives. What its calls
/// get for randomness depends on the function, their own arguments and the `nonce` of an impure
/// task.
pub(crate) fn run(
    run: &Run<'_>,
    applied: Applied,
    arguments: &[Bytes],
    nonce: Option<Key>,
) -> Report {
    let ty = run.ty();
    let (shape, way) = match applied {
        Applied::Once => return run.call(arguments, nonce),
        Applied::Map => (ty.mapped(), Way::Gather(List::push)),
        Applied::Filter => (ty.filtered(), Way::Gather(List::push_if)),
        Applied::FlatMap => (ty.flat_mapped(), Way::Gather(List::extend)),
        Applied::Fold => (ty.folded(), Way::Fold),
        Applied::Reduce => (ty.reduced(), Way::Reduce),
    };
    let parts = shape.and_then(|shape| Parts::split(&shape, &way, arguments));
    let parts = match parts {
        Ok(parts) => parts,
        Err(error) => return Report::not_run(malformed(error)),
    };
    let mut calls = Calls::new(run, parts.rest.clone(), nonce);
    let Parts { list, element, .. } = &parts;
    let result = match (way, &parts.start) {
        (Way::Gather(gather), _) => calls.gather(list, element, gather),
        (_, Some(start)) => calls.fold(start, list, element),
        (_, None) => calls.reduce(list, element),
    };
    calls.report(result)
}

/// What becomes of the calls' results.
enum Way {
    /// They are gathered in a list.
    Gather(Gather),
    /// Each goes into the next call, the first argument into the first.
    Fold,
    /// Each goes into the next call, the first element into the first.
    Reduce,
}

/// Takes in an element and what the function gave for it.
type Gather = fn(&mut List, &Bytes, &Bytes);

/// The arguments of a task.
struct Parts {
    /// What a fold begins with.
    start: Option<Bytes>,
    list: Bytes,
    /// The type of the list's elements.
    element: Type,
    /// What all calls get.
    rest: Vec<Bytes>,
}

impl Parts {
    fn split(shape: &FunctionType, way: &Way, arguments: &[Bytes]) -> Result<Self, Error> {
        let mut params = shape.params.iter().map(|param| &param.ty);
        let mut rest = arguments.to_vec();
        let mut next = || {
            // A shape has as many parameters as are asked for here.
            let ty = params.next().cloned().unwrap_or_else(Type::unit);
            take(&mut rest, &ty).map(|value| (value, ty))
        };
        let start = match way {
            Way::Fold => Some(next()?.0),
            Way::Gather(_) | Way::Reduce => None,
        };
        let (list, ty) = next()?;
        let element = match ty {
            Type::List(element) => (*element).clone(),
            other => other,
        };
        Ok(Self {
            start,
            list,
            element,
            rest,
        })
    }
}

/// Takes the first value off a rope: uncopied where it lies in one piece, as the result of another
/// task does.
fn take(pieces: &mut Vec<Bytes>, ty: &Type) -> Result<Bytes, Error> {
    let empty = pieces.iter().take_while(|piece| piece.is_empty()).count();
    pieces.drain(..empty);
    if let Some(first) = pieces.first_mut()
        && let Ok(size) = measure(ty, first)
    {
        return Ok(first.split_to(size));
    }
    let mut whole = Bytes::from(pieces.concat());
    let value = whole.split_to(measure(ty, &whole)?);
    *pieces = vec![whole];
    Ok(value)
}

fn malformed(error: Error) -> Outcome {
    Outcome::BadArguments(error.to_string())
}

/// The calls of one task, and what they have used together.
struct Calls<'a> {
    run: &'a Run<'a>,
    rest: Vec<Bytes>,
    nonce: Option<Key>,
    log: LogBuffer,
    peak_memory: u64,
    fuel_used: Option<u64>,
    /// The element whose call has failed.
    failed: Option<u64>,
}

impl<'a> Calls<'a> {
    fn new(run: &'a Run<'a>, rest: Vec<Bytes>, nonce: Option<Key>) -> Self {
        Self {
            run,
            rest,
            nonce,
            log: LogBuffer::new(run.max_log),
            peak_memory: 0,
            fuel_used: run.limits.fuel.map(|_| 0),
            failed: None,
        }
    }

    /// Calls the function for each element, and gathers what it gives.
    fn gather(&mut self, from: &Bytes, ty: &Type, gather: Gather) -> Result<Bytes, Outcome> {
        let mut list = List::new();
        let mut arguments = self.arguments::<1>();
        for (index, element) in (0..).zip(elements(ty, from).map_err(malformed)?) {
            arguments[0] = from.slice_ref(element.map_err(malformed)?);
            let result = self.call(index, &arguments)?;
            gather(&mut list, &arguments[0], &result);
            if list.bytes.len() as u64 > self.run.limits.max_output {
                return Err(Outcome::OutputTooLarge);
            }
        }
        list.finish()
    }

    /// Calls the function for each element and what came of those before it, `start` at first.
    fn fold(&mut self, start: &Bytes, list: &Bytes, ty: &Type) -> Result<Bytes, Outcome> {
        let elements = elements(ty, list).map_err(malformed)?;
        self.carry(start, list, (0..).zip(elements))
    }

    /// As [`fold`](Self::fold), beginning with the first element; what comes of it, in a list.
    fn reduce(&mut self, list: &Bytes, ty: &Type) -> Result<Bytes, Outcome> {
        let mut elements = (0..).zip(elements(ty, list).map_err(malformed)?);
        let mut last = List::new();
        if let Some((_, first)) = elements.next() {
            let first = list.slice_ref(first.map_err(malformed)?);
            let result = self.carry(&first, list, elements)?;
            last.push(&result, &result);
        }
        last.finish()
    }

    fn carry<'e>(
        &mut self,
        start: &Bytes,
        list: &Bytes,
        elements: impl Iterator<Item = (u64, Result<&'e [u8], Error>)>,
    ) -> Result<Bytes, Outcome> {
        // A slice would keep all of the arguments in memory, if nothing came after it.
        let mut so_far = Bytes::copy_from_slice(start);
        let mut arguments = self.arguments::<2>();
        for (index, element) in elements {
            arguments[0] = so_far;
            arguments[1] = list.slice_ref(element.map_err(malformed)?);
            so_far = self.call(index, &arguments)?;
        }
        match so_far.len() as u64 > self.run.limits.max_output {
            false => Ok(so_far),
            true => Err(Outcome::OutputTooLarge),
        }
    }

    /// Room for `N` arguments that differ between the calls, then those that do not.
    fn arguments<const N: usize>(&mut self) -> Vec<Bytes> {
        let mut arguments = vec![Bytes::new(); N];
        arguments.append(&mut self.rest);
        arguments
    }

    fn call(&mut self, index: u64, arguments: &[Bytes]) -> Result<Bytes, Outcome> {
        let report = self.run.call(arguments, self.nonce);
        self.log.append(&report.log);
        self.peak_memory = self.peak_memory.max(report.peak_memory);
        if let (Some(sum), Some(used)) = (&mut self.fuel_used, report.fuel_used) {
            *sum = sum.saturating_add(used);
        }
        match report.outcome {
            Outcome::Value(value) => Ok(value),
            // These are about the whole task.
            stopped @ (Outcome::Cancelled | Outcome::Deadline) => Err(stopped),
            failed => {
                self.failed = Some(index);
                Err(failed)
            }
        }
    }

    fn report(mut self, result: Result<Bytes, Outcome>) -> Report {
        let outcome = result.map_or_else(|outcome| outcome, Outcome::Value);
        Report {
            peak_memory: self.peak_memory,
            fuel_used: self.fuel_used,
            element: self.failed,
            ..self.run.report(outcome, self.log.take())
        }
    }
}

/// An encoded list that grows.
struct List {
    /// With room for the count.
    bytes: Vec<u8>,
    count: usize,
}

impl List {
    fn new() -> Self {
        Self {
            bytes: vec![0; COUNT],
            count: 0,
        }
    }

    fn push(&mut self, _: &Bytes, result: &Bytes) {
        self.bytes.extend_from_slice(result);
        self.count += 1;
    }

    fn push_if(&mut self, element: &Bytes, result: &Bytes) {
        if **result == [1] {
            self.push(element, element);
        }
    }

    fn extend(&mut self, _: &Bytes, results: &Bytes) {
        // A list has a count.
        if let Some((count, results)) = results.split_first_chunk::<COUNT>() {
            self.bytes.extend_from_slice(results);
            self.count += u32::from_le_bytes(*count) as usize;
        }
    }

    fn finish(mut self) -> Result<Bytes, Outcome> {
        let without_bytes = self.bytes.len() == COUNT;
        let Ok(count) = u32::try_from(self.count) else {
            return Err(Outcome::OutputTooLarge);
        };
        if without_bytes && self.count > MAX_ZERO_SIZED {
            return Err(Outcome::OutputTooLarge);
        }
        self.bytes[..COUNT].copy_from_slice(&count.to_le_bytes());
        Ok(self.bytes.into())
    }
}
