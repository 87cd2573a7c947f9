//! A component whose functions do what tests need.

/// Adds, echoes, loops, traps, fails, prints nothing.
pub(crate) const WAT: &str = r#"(component
    (core module $m
        (memory (export "memory") 4 1024)
        (global $top (mut i32) (i32.const 1024))
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
            (local.set $at (global.get $top))
            (global.set $top (i32.and (i32.const -8)
                (i32.add (i32.const 7) (i32.add (local.get $at) (local.get 3)))))
            (block $enough
                (loop $more
                    (br_if $enough (i32.le_u (global.get $top)
                        (i32.mul (memory.size) (i32.const 65536))))
                    (drop (memory.grow (i32.const 16)))
                    (br $more)))
            (local.get $at))
        (func (export "add") (param i32 i32) (result i32)
            (i32.add (local.get 0) (local.get 1)))
        (func (export "echo") (param i32 i32) (result i32)
            (i32.store (i32.const 0) (local.get 0))
            (i32.store (i32.const 4) (local.get 1))
            (i32.const 0))
        (func (export "length") (param i32 i32) (result i32) (local.get 1))
        (func (export "spin") (loop (br 0)))
        (func (export "boom") (unreachable))
        (func (export "fail") (param i32) (result i32)
            (i32.store8 (i32.const 0) (i32.const 1))
            (i32.store (i32.const 4) (local.get 0))
            (i32.const 0)))
    (core instance $i (instantiate $m))
    (alias core export $i "memory" (core memory $memory))
    (alias core export $i "realloc" (core func $realloc))
    (func (export "add") (param "a" u32) (param "b" u32) (result u32)
        (canon lift (core func $i "add")))
    (func (export "echo") (param "bytes" (list u8)) (result (list u8))
        (canon lift (core func $i "echo") (memory $memory) (realloc $realloc)))
    (func (export "length") (param "bytes" (list u8)) (result u32)
        (canon lift (core func $i "length") (memory $memory) (realloc $realloc)))
    (func (export "spin") (canon lift (core func $i "spin")))
    (func (export "boom") (canon lift (core func $i "boom")))
    (func (export "fail") (param "code" u32) (result (result u32 (error u32)))
        (canon lift (core func $i "fail") (memory $memory) (realloc $realloc))))"#;
