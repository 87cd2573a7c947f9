;; The smallest task there is: no memory, no imports.
(component
  (core module $module
    (func (export "nop") (param i32) (result i32) local.get 0))
  (core instance $instance (instantiate $module))
  (func (export "nop") (param "x" u32) (result u32)
    (canon lift (core func $instance "nop"))))
