;; Lists that take long to make, and questions about them.
(component
  (core module $m
    (memory (export "memory") 1)
    (global $free (mut i32) (i32.const 1024))
    ;; Room for so many bytes.
    (func $room (param $bytes i32) (result i32)
      (local $at i32)
      (local.set $at (global.get $free))
      (global.set $free
        (i32.and (i32.add (i32.add (local.get $at) (local.get $bytes)) (i32.const 7))
          (i32.const -8)))
      (block $fits
        (br_if $fits (i32.le_u (global.get $free) (i32.mul (memory.size) (i32.const 65536))))
        (br_if $fits (i32.ne (i32.const -1) (memory.grow
          (i32.add (i32.const 1) (i32.shr_u (local.get $bytes) (i32.const 16))))))
        unreachable)
      (local.get $at))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (call $room (local.get 3)))
    ;; A list of pseudo-random numbers, each the last of `rounds`.
    (func (export "make") (param $seed i32) (param $count i32) (param $rounds i32) (result i32)
      (local $at i32) (local $end i32) (local $left i32) (local $x i32)
      (local.set $at (call $room (i32.mul (local.get $count) (i32.const 4))))
      (i32.store (i32.const 0) (local.get $at))
      (i32.store (i32.const 4) (local.get $count))
      (local.set $end (i32.add (local.get $at) (i32.mul (local.get $count) (i32.const 4))))
      (local.set $x (local.get $seed))
      (block $done
        (loop $next
          (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
          (local.set $left (local.get $rounds))
          (loop $round
            (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 1664525))
              (i32.const 1013904223)))
            (local.set $left (i32.sub (local.get $left) (i32.const 1)))
            (br_if $round (i32.gt_s (local.get $left) (i32.const 0))))
          (i32.store (local.get $at) (local.get $x))
          (local.set $at (i32.add (local.get $at) (i32.const 4)))
          (br $next)))
      (i32.const 0))
    ;; The sum of all numbers, each times the weight.
    (func (export "score") (param $at i32) (param $count i32) (param $weight i32) (result i64)
      (local $sum i64) (local $end i32)
      (local.set $end (i32.add (local.get $at) (i32.mul (local.get $count) (i32.const 4))))
      (block $done
        (loop $next
          (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
          (local.set $sum (i64.add (local.get $sum) (i64.mul
            (i64.extend_i32_u (local.get $weight)) (i64.load32_u (local.get $at)))))
          (local.set $at (i32.add (local.get $at) (i32.const 4)))
          (br $next)))
      (local.get $sum)))
  (core instance $i (instantiate $m))
  (alias core export $i "memory" (core memory $memory))
  (alias core export $i "realloc" (core func $realloc))
  (func (export "make") (param "seed" u32) (param "count" u32) (param "rounds" u32)
    (result (list u32)) (canon lift (core func $i "make") (memory $memory)))
  (func (export "score") (param "items" (list u32)) (param "weight" u32) (result u64)
    (canon lift (core func $i "score") (memory $memory) (realloc $realloc))))
