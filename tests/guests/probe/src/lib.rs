//! Reports what a guest can see of the world around it, through nothing but the standard library
//! (and, for randomness, the crate that every other crate uses).

use std::net::TcpStream;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};
use std::{env, fs, thread};

wit_bindgen::generate!({ path: "wit", world: "probe" });

static START: LazyLock<Instant> = LazyLock::new(Instant::now);
static CALLS: AtomicU32 = AtomicU32::new(0);

struct Component;

impl Guest for Component {
    fn clock() -> (u64, u64) {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        (
            nanoseconds(wall.expect("a clock after 1970")),
            nanoseconds(START.elapsed()),
        )
    }

    fn sleep_ms(ms: u64) -> u64 {
        let before = Instant::now();
        thread::sleep(Duration::from_millis(ms));
        nanoseconds(before.elapsed())
    }

    fn random(n: u32) -> Vec<u8> {
        let mut bytes = vec![0; n as usize];
        getrandom::fill(&mut bytes).expect("randomness");
        bytes
    }

    fn environment() -> Vec<(String, String)> {
        env::vars().collect()
    }

    fn arguments() -> Vec<String> {
        env::args().collect()
    }

    fn read_file(path: String) -> Result<String, String> {
        fs::read_to_string(path).map_err(|error| error.to_string())
    }

    fn connect(address: String) -> Result<(), String> {
        TcpStream::connect(address)
            .map(drop)
            .map_err(|error| error.to_string())
    }

    fn count_calls() -> u32 {
        CALLS.fetch_add(1, Ordering::Relaxed) + 1
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    duration.as_nanos().try_into().unwrap_or(u64::MAX)
}

export!(Component);
