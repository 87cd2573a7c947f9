//! A day of access logs, the same for everybody: something goes wrong with `/search` after noon.

use std::{fmt::Write, fs, io, path::Path};

const SEED: u64 = 2026;
const LINES_PER_HOUR: u64 = 500;
/// Of 100 lines, how many are cut off.
const DAMAGED: u64 = 1;
/// Of 100 requests, how many fail on any day; and of those for `/search` in the bad hours.
const ERRORS: u64 = 1;
const ERRORS_IN_OUTAGE: u64 = 60;
const OUTAGE: std::ops::Range<u64> = 13..16;

/// More common ones stand more often.
const PATHS: [&str; 10] = [
    "/", "/", "/", "/search", "/search", "/cart", "/cart", "/item", "/login", "/help",
];

/// Writes a file for each hour into a folder.
pub(crate) fn logs(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut random = Random(SEED);
    for hour in 0..24 {
        let lines = (0..LINES_PER_HOUR).map(|line| request(&mut random, hour, line));
        fs::write(
            folder.join(format!("access-{hour:02}.log")),
            lines.collect::<String>(),
        )?;
    }
    Ok(())
}

fn request(random: &mut Random, hour: u64, line: u64) -> String {
    let seconds = line * 3600 / LINES_PER_HOUR;
    let path = PATHS[random.below(PATHS.len() as u64) as usize];
    let errors = match path == "/search" && OUTAGE.contains(&hour) {
        true => ERRORS_IN_OUTAGE,
        false => ERRORS,
    };
    let status = match random.below(100) {
        percent if percent < errors => 503,
        99 => 404,
        _ => 200,
    };
    let mut text = String::new();
    // A string takes whatever is written to it.
    let _ = write!(
        text,
        "2026-03-14T{hour:02}:{:02}:{:02} 10.0.{}.{} GET {path} {status} {} {}",
        seconds / 60,
        seconds % 60,
        random.below(4),
        random.below(20),
        random.below(20_000),
        random.below(200) + 1,
    );
    if random.below(100) < DAMAGED {
        text.truncate(random.below(40) as usize);
    }
    text + "\n"
}

/// The generator splitmix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}
