/** A guest that asks a model with whatever it is told, and publishes on `score` whatever it is answered. */

export interface ModelGuestOptions {
  /** At most 8 ASCII letters. */
  readonly model?: string;
  readonly timeoutTicks?: number;
  /** Encoding of the request: 1 JSON, 3 tensors. */
  readonly encoding?: number;
  /** Parts of answers are published as well. Default false. */
  readonly parts?: boolean;
}

export function modelGuestText(options: ModelGuestOptions = {}): string {
  const { model = "m", timeoutTicks = -1, encoding = 1, parts = false } = options;
  const padded = model.padEnd(8, "\0").replaceAll("\0", "\\00");
  return `(module
  (import "wasm_engine" "publish" (func $publish (param i32) (result i32)))
  (import "wasm_engine" "infer" (func $infer (param i32 i32) (result i32)))
  (memory (export "memory") 40)
  ;; 1024 request, 1050000 publication, 2100000 scratch of agent_alloc
  (data (i32.const 1072) "${padded}")
  (data (i32.const 1050048) "score\\00\\00\\00")
  (func (export "agent_alloc") (param i32) (result i32)
    (if (i32.gt_u (i32.add (local.get 0) (i32.const 2100000)) (i32.mul (memory.size) (i32.const 65536)))
      (then (drop (memory.grow (i32.const 16)))))
    (i32.const 2100000))
  (func (export "agent_init") (result i32) (i32.const 0))
  (func (export "agent_shutdown") (result i32) (i32.const 0))
  (func (export "agent_step") (param $context i32) (result i32) (i32.const 0))
  ;; Writes header and payload of $message to $target, whose topic of $topic bytes is there already.
  (func $copy (param $target i32) (param $topic i32) (param $message i32) (param $encoding i32)
    (local $at i32) (local $bytes i32)
    (local.set $bytes (i32.load offset=44 (local.get $message)))
    (local.set $at (i32.add (local.get $message)
      (i32.and (i32.add (i32.load offset=40 (local.get $message)) (i32.const 55)) (i32.const -8))))
    (i32.store (local.get $target) (i32.const 48))
    (i32.store8 offset=6 (local.get $target) (local.get $encoding))
    (i32.store offset=40 (local.get $target) (local.get $topic))
    (i32.store offset=44 (local.get $target) (local.get $bytes))
    (memory.copy (i32.add (local.get $target) (i32.const 56)) (local.get $at) (local.get $bytes)))
  (func (export "agent_receive") (param $message i32) (result i32)
    (local $kind i32)
    (local.set $kind (i32.load16_u offset=4 (local.get $message)))
    (if (i32.eqz (local.get $kind))
      (then
        (call $copy (i32.const 1024) (i32.const ${model.length}) (local.get $message) (i32.const ${encoding}))
        (drop (call $infer (i32.const 1024) (i32.const ${timeoutTicks})))
        (return (i32.const 0))))
    ;; answers of models, and the engine's own
    (if (i32.gt_u (local.get $kind) (i32.const ${parts ? 3 : 2})) (then (return (i32.const 0))))
    (call $copy (i32.const 1050000) (i32.const 5) (local.get $message)
      (i32.load8_u offset=6 (local.get $message)))
    (drop (call $publish (i32.const 1050000)))
    (i32.const 0)))
`;
}
