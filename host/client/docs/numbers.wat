;; Functions on numbers: the component of the examples in managing-computation.md.
(component
  (core module $module
    (memory (export "memory") 1)
    (data (i32.const 32) "an odd number has no half")
    ;; Results come first, then the text above, then arguments. Memory is only ever grown: an
    ;; instance lives for one call.
    (global $free (mut i32) (i32.const 64))

    (func (export "realloc")
      (param $old i32) (param $old-size i32) (param $align i32) (param $size i32) (result i32)
      (local $start i32)
      (local.set $start (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
      (global.set $free (i32.add (local.get $start) (local.get $size)))
      (block $enough
        (br_if $enough
          (i32.le_u (global.get $free) (i32.mul (memory.size) (i32.const 65536))))
        (br_if $enough
          (i32.ne
            (memory.grow
              (i32.add (i32.shr_u (local.get $size) (i32.const 16)) (i32.const 2)))
            (i32.const -1)))
        unreachable)
      (memory.copy (local.get $start) (local.get $old) (local.get $old-size))
      local.get $start)

    (func $square (export "square") (param $x i64) (result i64)
      (i64.mul (local.get $x) (local.get $x)))

    (func (export "odd") (param $x i64) (result i32)
      (i32.wrap_i64 (i64.and (local.get $x) (i64.const 1))))

    (func (export "add") (param $a i64) (param $b i64) (result i64)
      (i64.add (local.get $a) (local.get $b)))

    ;; What the result is stands at 0, the value or the error at 8.
    (func (export "half") (param $x i64) (result i32)
      (if (i64.eqz (i64.and (local.get $x) (i64.const 1)))
        (then (i64.store (i32.const 8) (i64.shr_u (local.get $x) (i64.const 1))))
        (else
          (i32.store8 (i32.const 0) (i32.const 1))
          (i32.store (i32.const 8) (i32.const 32))
          (i32.store (i32.const 12) (i32.const 25))))
      i32.const 0)

    ;; The list is changed where it is.
    (func (export "squares") (param $start i32) (param $len i32) (result i32)
      (local $at i32)
      (i32.store (i32.const 0) (local.get $start))
      (i32.store (i32.const 4) (local.get $len))
      (local.set $at (local.get $start))
      (block $done
        (loop $next
          (br_if $done (i32.eqz (local.get $len)))
          (i64.store (local.get $at) (call $square (i64.load (local.get $at))))
          (local.set $at (i32.add (local.get $at) (i32.const 8)))
          (local.set $len (i32.sub (local.get $len) (i32.const 1)))
          (br $next)))
      i32.const 0)

    (func (export "endless") (param $x i64) (result i64)
      (loop $again (br $again))
      unreachable))

  (core instance $instance (instantiate $module))
  (alias core export $instance "memory" (core memory $memory))
  (alias core export $instance "realloc" (core func $realloc))

  (func (export "square") (param "x" u64) (result u64)
    (canon lift (core func $instance "square")))
  (func (export "odd") (param "x" u64) (result bool)
    (canon lift (core func $instance "odd")))
  (func (export "add") (param "a" u64) (param "b" u64) (result u64)
    (canon lift (core func $instance "add")))
  ;; Half of an even number; for an odd one, an error.
  (func (export "half") (param "x" u64) (result (result u64 (error string)))
    (canon lift (core func $instance "half") (memory $memory)))
  ;; The squares of many numbers in one call.
  (func (export "squares") (param "xs" (list u64)) (result (list u64))
    (canon lift (core func $instance "squares") (memory $memory) (realloc $realloc)))
  ;; Never ends.
  (func (export "endless") (param "x" u64) (result u64)
    (canon lift (core func $instance "endless"))))
