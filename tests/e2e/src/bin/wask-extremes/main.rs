//! What a cluster bears: the largest graphs, messages and fleets, with signs of life measured
//! meanwhile. `make extremes` runs all parts; `wask-extremes PART` runs one of `shared`, `leave`,
//! `largest` and `fleet`.
//!
//! A part fails where a sign of life comes an interval late, or anything else than the right
//! outcome.
#![expect(clippy::print_stdout, reason = "the program's purpose")]

mod fleet;
mod graphs;
mod largest;
mod watch;

use anyhow::{Result, bail};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => {
            graphs::shared()?;
            graphs::leave()?;
            largest::all()?;
            fleet::all()
        }
        ["shared"] => graphs::shared(),
        ["leave"] => graphs::leave(),
        ["largest"] => largest::all(),
        ["fleet"] => fleet::all(),
        // What `fleet` starts.
        ["workers", scheduler, from, to] => fleet::workers(scheduler, from.parse()?..to.parse()?),
        ["strangers", count, ref addresses @ ..] => fleet::strangers(count.parse()?, addresses),
        _ => bail!("run it as `wask-extremes [shared | leave | largest | fleet]`"),
    }
}
