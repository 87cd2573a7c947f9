//! Misbehaves in every way that a sandbox must contain.

use std::hint::black_box;

wit_bindgen::generate!({ path: "wit", world: "hostile" });

const MIB: usize = 1 << 20;
const PAGE: usize = 1 << 12;

struct Component;

impl Guest for Component {
    fn spin() -> u32 {
        let mut turns = 0_u32;
        loop {
            turns = black_box(turns).wrapping_add(1);
        }
    }

    fn bomb(mib: u32) -> u64 {
        // Block by block, so that it comes as far as the limit lets it.
        let blocks: Vec<Vec<u8>> = (0..mib).map(|_| block()).collect();
        blocks
            .iter()
            .flat_map(|block| block.iter().step_by(PAGE))
            .map(|&byte| u64::from(byte))
            .sum()
    }

    fn recurse(depth: u32) -> u32 {
        if depth == 0 {
            return 0;
        }
        // What comes after the call keeps it from becoming a jump, and the array from taking no
        // stack.
        let frame = black_box([depth; 16]);
        let below = Self::recurse(black_box(depth - 1));
        black_box(frame);
        below.wrapping_add(1)
    }

    fn huge(mib: u32) -> Vec<u8> {
        vec![0x5a; mib as usize * MIB]
    }

    fn panic_now(message: String) -> u32 {
        panic!("{message}")
    }

    fn shout(bytes: u32) -> u32 {
        let mut written = 0;
        for line in 0.. {
            if written >= bytes {
                break;
            }
            let text = format!("line {line} of a very long story");
            println!("{text}");
            eprintln!("{text}");
            written += text.len() as u32 + 1;
        }
        written
    }

    fn fail(code: u32) -> Result<u32, String> {
        match code {
            0 => Ok(0),
            code => Err(format!("failed with code {code}")),
        }
    }

    fn act(text: String) -> Result<String, String> {
        match text.as_str() {
            "trap" => panic!("it was told to"),
            "error" => Err("it was told to".to_owned()),
            "spin" => Ok(Self::spin().to_string()),
            "bomb" => Ok(Self::bomb(4096).to_string()),
            _ => Ok(text),
        }
    }

    fn fail_typed(code: u32) -> Result<u32, Failure> {
        let cause = match code {
            0 => return Ok(0),
            1 => Cause::Unknown,
            2 => Cause::Missing("a.txt".to_owned()),
            code => Cause::Shortage((u64::from(code), 2)),
        };
        Err(Failure { code, cause })
    }
}

/// One MiB whose pages have all been written to.
fn block() -> Vec<u8> {
    let mut block = vec![0; MIB];
    block.iter_mut().step_by(PAGE).for_each(|byte| *byte = 1);
    black_box(block)
}

export!(Component);
