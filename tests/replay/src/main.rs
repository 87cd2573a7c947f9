//! Replays a record: `wask-replay FILE`.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Write},
    process::ExitCode,
};

use wask_core::Time;
use wask_replay::{Told, replay};

const HELP: &str = "\
Feeds the record of a scheduler or a worker to a fresh core, and says whether the same comes of it.

Usage: wask-replay FILE [--trace]

  FILE     what `wask scheduler --record FILE` or `wask worker --record FILE` wrote
  --trace  tells on stderr all that happens";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (file, is_traced) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [file] if !file.starts_with("--") => (file, false),
        [file, "--trace"] | ["--trace", file] => (file, true),
        _ => {
            eprintln!("{HELP}");
            return ExitCode::from(2);
        }
    };
    let input = match File::open(file) {
        Ok(input) => BufReader::new(input),
        Err(error) => {
            eprintln!("{file}: {error}");
            return ExitCode::from(2);
        }
    };
    let mut trace = BufWriter::new(io::stderr());
    let outcome = replay(input, |told| {
        if is_traced {
            let (time, mark, what) = match told {
                Told::Event(time, event) => (time, "<-", event),
                Told::Action(time, action) => (time, "->", action),
            };
            let seconds = (time - Time::ZERO).as_secs_f64();
            // Who does not listen any more misses only the trace.
            let _ = writeln!(trace, "{seconds:12.6} {mark} {what:?}");
        }
    });
    drop(trace);
    match outcome {
        Ok(replayed) => {
            let said = writeln!(io::stdout(), "{replayed}");
            said.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
        }
        Err(trouble) => {
            eprintln!("{file}: {trouble}");
            ExitCode::FAILURE
        }
    }
}
