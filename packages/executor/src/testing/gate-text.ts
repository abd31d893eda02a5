/** Text form of the gate: what `gate-module.ts` holds as bytes. A test compares both. */

export const GATE_TEXT = `(module
  (import "guest" "memory" (memory 0))
  (import "guest" "fuel" (global $fuel (mut i64)))
  (import "guest" "depth" (global $depth (mut i32)))
  (import "guest" "charge" (global $charge (mut i32)))
  (import "guest" "alloc" (func $alloc (param i32) (result i32)))
  (import "guest" "receive" (func $receive (param i32) (result i32)))
  (import "guest" "step" (func $step (param i32) (result i32)))
  (global $result (mut i32) (i32.const 0))
  (func (export "alloc") (param $fuelLeft f64) (param $depthBytes i32) (param $bytes i32) (result f64)
    (local $pointer i32)
    (global.set $fuel (i64.trunc_f64_s (local.get $fuelLeft)))
    (global.set $depth (local.get $depthBytes))
    (local.set $pointer (call $alloc (local.get $bytes)))
    (if (i64.lt_s (global.get $fuel) (i64.const 0))
      (then (return (f64.sub (f64.const -1) (f64.convert_i32_u (local.get $pointer))))))
    (f64.convert_i32_u (local.get $pointer)))
  (func $left (param $code i32) (result f64)
    (global.set $result (local.get $code))
    (if (i32.lt_s (local.get $code) (i32.const 0)) (then (return (f64.const -inf))))
    (f64.convert_i64_s (global.get $fuel)))
  (func (export "receive") (param $pointer i32) (param $depthBytes i32) (result f64)
    (global.set $depth (local.get $depthBytes))
    (call $left (call $receive (local.get $pointer))))
  (func (export "step") (param $pointer i32) (param $depthBytes i32) (result f64)
    (global.set $depth (local.get $depthBytes))
    (call $left (call $step (local.get $pointer))))
  (func (export "result") (result i32) (global.get $result))
  (func (export "charge") (param $fuel i32) (global.set $charge (local.get $fuel)))
  (func (export "zeros") (param $at i32) (param $bytes i32) (result i32)
    (local $seen i32)
    (loop $next
      (if (v128.any_true
            (v128.or
              (v128.or (v128.load (local.get $at)) (v128.load offset=16 (local.get $at)))
              (v128.or (v128.load offset=32 (local.get $at)) (v128.load offset=48 (local.get $at)))))
        (then (return (local.get $seen))))
      (local.set $at (i32.add (local.get $at) (i32.const 64)))
      (local.set $seen (i32.add (local.get $seen) (i32.const 64)))
      (br_if $next (i32.lt_u (local.get $seen) (local.get $bytes))))
    (local.get $bytes)))`;

/** Text form of the hub, which finds the gate of a guest by its place in the table. */
export const HUB_TEXT = `(module
  (type $alloc (func (param f64 i32 i32) (result f64)))
  (type $enter (func (param i32 i32) (result f64)))
  (type $charge (func (param i32)))
  (import "gates" "table" (table 0 funcref))
  (func (export "alloc") (param $place i32) (param $fuel f64) (param $depth i32) (param $bytes i32) (result f64)
    (call_indirect (type $alloc) (local.get $fuel) (local.get $depth) (local.get $bytes) (local.get $place)))
  (func (export "enter") (param $place i32) (param $pointer i32) (param $depth i32) (result f64)
    (call_indirect (type $enter) (local.get $pointer) (local.get $depth) (local.get $place)))
  (func (export "charge") (param $place i32) (param $fuel i32)
    (call_indirect (type $charge) (local.get $fuel) (local.get $place))))`;
