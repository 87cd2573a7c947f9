;; Wants what nobody gives: an interface and a function that wask does not link.
(component
  (import "vendor:secret/vault@1.2.0" (instance $vault
    (export "open" (func (param "name" string) (result u32)))))
  (import "lucky-number" (func $lucky (result u32)))
  (core func $lucky-core (canon lower (func $lucky)))
  (core module $module
    (import "host" "lucky-number" (func $lucky (result i32)))
    (func (export "guess") (result i32) call $lucky))
  (core instance $instance (instantiate $module
    (with "host" (instance (export "lucky-number" (func $lucky-core))))))
  (func (export "guess") (result u32)
    (canon lift (core func $instance "guess"))))
