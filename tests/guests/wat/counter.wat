;; Counts its own calls: in a fresh instance the answer is 1.
(component
  (core module $module
    (global $calls (mut i32) (i32.const 0))
    (func (export "count") (result i32)
      (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      global.get $calls))
  (core instance $instance (instantiate $module))
  (func (export "count") (result u32)
    (canon lift (core func $instance "count"))))
