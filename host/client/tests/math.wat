;; Functions on numbers, for tests.
(component
  (core module $m
    (memory (export "memory") 1)
    (global $free (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at (global.get $free))
      (global.set $free
        (i32.and (i32.add (i32.add (local.get $at) (local.get 3)) (i32.const 7)) (i32.const -8)))
      (block $fits
        (br_if $fits
          (i32.le_u (global.get $free) (i32.mul (memory.size) (i32.const 65536))))
        (drop (memory.grow
          (i32.add (i32.const 1) (i32.shr_u (local.get 3) (i32.const 16))))))
      (local.get $at))
    (func (export "double") (param i32) (result i32)
      (i32.mul (local.get 0) (i32.const 2)))
    (func (export "add") (param i32 i32) (result i32)
      (i32.add (local.get 0) (local.get 1)))
    (func (export "odd") (param i32) (result i32)
      (i32.and (local.get 0) (i32.const 1)))
    (global $calls (mut i32) (i32.const 0))
    ;; How often the instance was called.
    (func (export "calls") (param i32) (result i32)
      (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      (global.get $calls))
    ;; The number itself, but not 7.
    (func (export "not-seven") (param i32) (result i32)
      (if (i32.eq (local.get 0) (i32.const 7)) (then unreachable))
      (local.get 0))
    ;; The number two times: a list at 16.
    (func (export "twice") (param i32) (result i32)
      (i32.store (i32.const 0) (i32.const 16))
      (i32.store (i32.const 4) (i32.const 2))
      (i32.store (i32.const 16) (local.get 0))
      (i32.store (i32.const 20) (local.get 0))
      (i32.const 0))
    (func (export "total") (param $at i32) (param $count i32) (result i32)
      (local $sum i32)
      (loop $next
        (if (local.get $count) (then
          (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $at))))
          (local.set $at (i32.add (local.get $at) (i32.const 4)))
          (local.set $count (i32.sub (local.get $count) (i32.const 1)))
          (br $next))))
      (local.get $sum)))
  (core instance $i (instantiate $m))
  (alias core export $i "memory" (core memory $memory))
  (alias core export $i "realloc" (core func $realloc))
  (func (export "double") (param "x" u32) (result u32) (canon lift (core func $i "double")))
  (func (export "add") (param "a" u32) (param "b" u32) (result u32)
    (canon lift (core func $i "add")))
  (func (export "odd") (param "x" u32) (result bool) (canon lift (core func $i "odd")))
  (func (export "calls") (param "x" u32) (result u32) (canon lift (core func $i "calls")))
  (func (export "not-seven") (param "x" u32) (result u32)
    (canon lift (core func $i "not-seven")))
  (func (export "twice") (param "x" u32) (result (list u32))
    (canon lift (core func $i "twice") (memory $memory)))
  (func (export "total") (param "items" (list u32)) (result u32)
    (canon lift (core func $i "total") (memory $memory) (realloc $realloc))))
