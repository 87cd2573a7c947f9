//! Small sums: tasks whose own work is as good as nothing.

wit_bindgen::generate!({ path: "wit", world: "arith" });

struct Component;

impl Guest for Component {
    fn add(a: i32, b: i32) -> i32 {
        a.wrapping_add(b)
    }

    fn nop(x: u32) -> u32 {
        x
    }

    fn double(x: u32) -> u32 {
        x.wrapping_mul(2)
    }

    fn spin_for(iterations: u64) -> u64 {
        // A linear congruential generator: each step needs the one before, so none is optimized
        // away.
        (0..iterations).fold(1, |state: u64, _| {
            state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407)
        })
    }

    fn sum(xs: Vec<u64>) -> u64 {
        xs.into_iter().fold(0, u64::wrapping_add)
    }

    fn concat(parts: Vec<String>) -> String {
        parts.concat()
    }
}

export!(Component);
