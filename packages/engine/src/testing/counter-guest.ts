/** A guest that counts its turns and messages and describes the count: state that expressions can speak of. */

/** `{"count": N}` with N up to 999; `extra` goes into the module. `step`: what one message or cadence adds. */
export function counterText(step = 1, extra = ""): string {
  return `(module ${extra}
  (memory (export "memory") 2)
  (data (i32.const 32) "\\0d\\00\\00\\00{\\"count\\":   }")
  (func $add (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const ${step}))))
  (func $digit (param $at i32) (param $unit i32)
    (if (i32.or (i32.ge_u (i32.load (i32.const 0)) (local.get $unit)) (i32.eq (local.get $unit) (i32.const 1)))
      (then (i32.store8 (local.get $at) (i32.add (i32.const 48)
        (i32.rem_u (i32.div_u (i32.load (i32.const 0)) (local.get $unit)) (i32.const 10)))))))
  (func (export "agent_alloc") (param i32) (result i32) (i32.const 8192))
  (func (export "agent_init") (result i32) (i32.const 0))
  (func (export "agent_shutdown") (result i32) (i32.const 0))
  (func (export "agent_step") (param i32) (result i32) (call $add) (i32.const 0))
  (func (export "agent_receive") (param $message i32) (result i32)
    (if (i32.eqz (i32.load16_u offset=4 (local.get $message))) (then (call $add)))
    (i32.const 0))
  (func (export "agent_describe") (result i32)
    (call $digit (i32.const 45) (i32.const 100))
    (call $digit (i32.const 46) (i32.const 10))
    (call $digit (i32.const 47) (i32.const 1))
    (i32.const 32)))`;
}
