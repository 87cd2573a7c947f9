;; Tasks of every temper, for tests of what becomes of them: some add, some fail, some never end.
(component
  (core module $module
    (memory (export "memory") 1)
    ;; The first 16 bytes are for results.
    (global $free (mut i32) (i32.const 16))

    ;; Memory is only grown: an instance lives for one call. Traps where there is none left.
    (func $realloc (export "realloc")
      (param $old i32) (param $old-size i32) (param $align i32) (param $size i32) (result i32)
      (local $start i32)
      (local.set $start
        (i32.and
          (i32.add (global.get $free) (i32.sub (local.get $align) (i32.const 1)))
          (i32.sub (i32.const 0) (local.get $align))))
      (global.set $free (i32.add (local.get $start) (local.get $size)))
      (block $enough
        (br_if $enough
          (i32.le_u (global.get $free) (i32.mul (memory.size) (i32.const 65536))))
        (br_if $enough
          (i32.ne
            (memory.grow
              (i32.add
                (i32.shr_u
                  (i32.sub (global.get $free) (i32.mul (memory.size) (i32.const 65536)))
                  (i32.const 16))
                (i32.const 1)))
            (i32.const -1)))
        unreachable)
      (memory.copy (local.get $start) (local.get $old) (local.get $old-size))
      local.get $start)

    (func (export "add") (param i32 i32) (result i32)
      (i32.add (local.get 0) (local.get 1)))

    (func $sum (export "sum") (param $at i32) (param $len i32) (result i32)
      (local $sum i32)
      (block $done
        (loop $next
          (br_if $done (i32.eqz (local.get $len)))
          (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $at))))
          (local.set $at (i32.add (local.get $at) (i32.const 4)))
          (local.set $len (i32.sub (local.get $len) (i32.const 1)))
          (br $next)))
      local.get $sum)

    ;; An item is a number, and the start and the length of a list.
    (func (export "sum-deep") (param $at i32) (param $len i32) (result i32)
      (local $sum i32)
      (block $done
        (loop $next
          (br_if $done (i32.eqz (local.get $len)))
          (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $at))))
          (local.set $sum
            (i32.add
              (local.get $sum)
              (call $sum
                (i32.load offset=4 (local.get $at)) (i32.load offset=8 (local.get $at)))))
          (local.set $at (i32.add (local.get $at) (i32.const 12)))
          (local.set $len (i32.sub (local.get $len) (i32.const 1)))
          (br $next)))
      local.get $sum)

    (func (export "zeros") (param $len i32) (result i32)
      (i32.store
        (i32.const 0)
        (call $realloc (i32.const 0) (i32.const 0) (i32.const 1) (local.get $len)))
      (i32.store (i32.const 4) (local.get $len))
      i32.const 0)

    (func (export "length") (param $at i32) (param $len i32) (result i32) local.get $len)

    (func (export "check") (param $x i32) (result i32)
      (i32.store8 (i32.const 0) (i32.gt_u (local.get $x) (i32.const 9)))
      (i32.store (i32.const 4) (local.get $x))
      i32.const 0)

    (func (export "trap") (param i32) (result i32) unreachable)

    (func (export "spin") (param i32) (result i32)
      (loop $again (br $again))
      unreachable))

  (core instance $instance (instantiate $module))
  (alias core export $instance "memory" (core memory $memory))
  (alias core export $instance "realloc" (core func $realloc))
  (func (export "add") (param "a" u32) (param "b" u32) (result u32)
    (canon lift (core func $instance "add")))
  ;; The sum of the numbers.
  (func (export "sum") (param "xs" (list u32)) (result u32)
    (canon lift (core func $instance "sum") (memory $memory) (realloc $realloc)))
  ;; The sum of all numbers, at whatever depth.
  (func (export "sum-deep") (param "items" (list (tuple u32 (list u32)))) (result u32)
    (canon lift (core func $instance "sum-deep") (memory $memory) (realloc $realloc)))
  ;; So many bytes.
  (func (export "zeros") (param "len" u32) (result (list u8))
    (canon lift (core func $instance "zeros") (memory $memory) (realloc $realloc)))
  ;; How many bytes.
  (func (export "length") (param "bytes" (list u8)) (result u32)
    (canon lift (core func $instance "length") (memory $memory) (realloc $realloc)))
  ;; Up to 9 itself, beyond it an error, which is the number.
  (func (export "check") (param "x" u32) (result (result u32 (error u32)))
    (canon lift (core func $instance "check") (memory $memory)))
  (func (export "trap") (param "x" u32) (result u32)
    (canon lift (core func $instance "trap")))
  ;; Never ends.
  (func (export "spin") (param "x" u32) (result u32)
    (canon lift (core func $instance "spin"))))
