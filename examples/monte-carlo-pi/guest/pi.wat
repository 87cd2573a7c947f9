;; Throws points at a square, written by hand: no compiler, no SDK.
(component
  (core module $module
    ;; The next number of the generator splitmix64 in this state.
    (func $random (param $state i64) (result i64)
      (local.set $state
        (i64.mul
          (i64.xor (local.get $state) (i64.shr_u (local.get $state) (i64.const 30)))
          (i64.const 0xbf58476d1ce4e5b9)))
      (local.set $state
        (i64.mul
          (i64.xor (local.get $state) (i64.shr_u (local.get $state) (i64.const 27)))
          (i64.const 0x94d049bb133111eb)))
      (i64.xor (local.get $state) (i64.shr_u (local.get $state) (i64.const 31))))

    (func (export "inside") (param $seed i64) (param $points i64) (result i64)
      (local $state i64) (local $random i64) (local $x i64) (local $y i64) (local $inside i64)
      (local.set $state (call $random (i64.add (local.get $seed) (i64.const 1))))
      (block $done
        (loop $next
          (br_if $done (i64.eqz (local.get $points)))
          (local.set $points (i64.sub (local.get $points) (i64.const 1)))
          (local.set $state (i64.add (local.get $state) (i64.const 0x9e3779b97f4a7c15)))
          (local.set $random (call $random (local.get $state)))
          ;; The square's side is 2^31: 31 bits for each coordinate.
          (local.set $x (i64.shr_u (local.get $random) (i64.const 33)))
          (local.set $y (i64.and (local.get $random) (i64.const 0x7fffffff)))
          (local.set $inside
            (i64.add
              (local.get $inside)
              (i64.extend_i32_u
                (i64.lt_u
                  (i64.add
                    (i64.mul (local.get $x) (local.get $x))
                    (i64.mul (local.get $y) (local.get $y)))
                  (i64.const 0x4000000000000000)))))
          (br $next)))
      local.get $inside))

  (core instance $instance (instantiate $module))
  ;; How many of so many random points of a square are in the quarter of a circle around a corner.
  ;; Another seed gives other points.
  (func (export "inside") (param "seed" u64) (param "points" u64) (result u64)
    (canon lift (core func $instance "inside"))))
