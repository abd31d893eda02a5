/**
 * Guests of the engine's tests as WebAssembly text. `folder` folds every message, cadence and random draw into a
 * hash, publishes it on `score`, answers where an answer is wanted, and passes on what comes from outside to the
 * agent `sink`: enough state and traffic that a lost, doubled or reordered input changes every later byte.
 */

/** Address of the hash: a bit flipped there changes everything the agent says from then on. */
export const hashAddress = 0;

export const folderText = `(module
  (import "wasm_engine" "publish" (func $publish (param i32) (result i32)))
  (import "wasm_engine" "send" (func $send (param i32 i32) (result i32)))
  (import "wasm_engine" "lookup" (func $lookup (param i32 i32 i32) (result i32)))
  (import "wasm_engine" "random" (func $random (param i32 i32 i32 i32) (result i32)))
  (import "wasm_engine" "log" (func $log (param i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global $turns (mut i32) (i32.const 0))
  ;; 0 hash, 8 handle, 16 random, 64 "sink", 72 "stream", 1024 outgoing message, 8192 scratch of agent_alloc
  (data (i32.const 64) "sink\\00\\00\\00\\00stream")
  (data (i32.const 1072) "score\\00\\00\\00{\\"h\\":\\"00000000\\"}")
  (data (i32.const 96) "0123456789abcdef")
  (func (export "agent_alloc") (param i32) (result i32) (i32.const 8192))
  (func (export "agent_init") (result i32)
    (i32.store (i32.const 0) (i32.const 0x811c9dc5))
    (i32.const 0))
  (func (export "agent_shutdown") (result i32) (i32.const 0))
  (func $fold (param $byte i32)
    (i32.store (i32.const 0)
      (i32.mul (i32.xor (i32.load (i32.const 0)) (local.get $byte)) (i32.const 16777619))))
  (func $digits (local $index i32)
    (loop $next
      (i32.store8 (i32.add (i32.const 1086) (local.get $index))
        (i32.load8_u (i32.add (i32.const 96)
          (i32.and (i32.const 15) (i32.shr_u (i32.load (i32.const 0))
            (i32.shl (i32.sub (i32.const 7) (local.get $index)) (i32.const 2)))))))
      (local.set $index (i32.add (local.get $index) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $index) (i32.const 8)))))
  (func $header (param $kind i32) (param $encoding i32) (param $correlation i64) (param $peer i64)
    (i32.store (i32.const 1024) (i32.const 48))
    (i32.store16 (i32.const 1028) (local.get $kind))
    (i32.store8 (i32.const 1030) (local.get $encoding))
    (i32.store8 (i32.const 1031) (i32.const 0))
    (i64.store (i32.const 1040) (local.get $correlation))
    (i64.store (i32.const 1048) (local.get $peer))
    (i32.store (i32.const 1064) (i32.const 5))
    (i32.store (i32.const 1068) (i32.const 16)))
  (func (export "agent_step") (param $context i32) (result i32)
    (global.set $turns (i32.add (global.get $turns) (i32.const 1)))
    (call $fold (global.get $turns))
    (drop (call $random (i32.const 72) (i32.const 6) (i32.const 16) (i32.const 4)))
    (call $fold (i32.load (i32.const 16)))
    (i32.const 0))
  (func (export "agent_receive") (param $message i32) (result i32)
    (local $end i32) (local $at i32)
    (if (i32.ne (i32.load16_u offset=4 (local.get $message)) (i32.const 0)) (then (return (i32.const 0))))
    (local.set $at (i32.add (local.get $message)
      (i32.and (i32.add (i32.load offset=40 (local.get $message)) (i32.const 55)) (i32.const -8))))
    (local.set $end (i32.add (local.get $at) (i32.load offset=44 (local.get $message))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (call $fold (i32.load8_u (local.get $at)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (call $fold (i32.load offset=32 (local.get $message)))
    (call $digits)
    (if (i32.and (i32.load8_u offset=7 (local.get $message)) (i32.const 1))
      (then
        (call $header (i32.const 1) (i32.const 1) (i64.load offset=8 (local.get $message))
          (i64.load offset=24 (local.get $message)))
        (drop (call $send (i32.const 1024) (i32.const -1)))
        (return (i32.const 0))))
    (call $header (i32.const 0) (i32.const 1) (i64.const 0) (i64.const 0))
    (if (i32.lt_s (call $publish (i32.const 1024)) (i32.const 0)) (then (return (i32.const -1))))
    (drop (call $log (i32.const 1) (i32.const 1080) (i32.const 16)))
    (if (i64.eqz (i64.load offset=24 (local.get $message)))
      (then
        (if (i32.eqz (call $lookup (i32.const 64) (i32.const 4) (i32.const 8)))
          (then
            (call $header (i32.const 0) (i32.const 1) (i64.const 0) (i64.load (i32.const 8)))
            (drop (call $send (i32.const 1024) (i32.const -1)))))))
    (i32.const 0)))
`;

/** Asks the model `m` for every message from outside and publishes what comes back, whatever it is, on `score`. */
export const askerText = `(module
  (import "wasm_engine" "publish" (func $publish (param i32) (result i32)))
  (import "wasm_engine" "infer" (func $infer (param i32 i32) (result i32)))
  (memory (export "memory") 2)
  ;; 1024 outgoing message, 8192 scratch of agent_alloc
  (data (i32.const 1072) "m\\00\\00\\00\\00\\00\\00\\00{}")
  (data (i32.const 2096) "score\\00\\00\\00")
  (func (export "agent_alloc") (param i32) (result i32) (i32.const 8192))
  (func (export "agent_init") (result i32) (i32.const 0))
  (func (export "agent_shutdown") (result i32) (i32.const 0))
  (func (export "agent_step") (param $context i32) (result i32) (i32.const 0))
  (func (export "agent_receive") (param $message i32) (result i32)
    (local $kind i32) (local $at i32) (local $bytes i32)
    (local.set $kind (i32.load16_u offset=4 (local.get $message)))
    (if (i32.eqz (local.get $kind))
      (then
        (i32.store (i32.const 1024) (i32.const 48))
        (i32.store8 (i32.const 1030) (i32.const 1))
        (i32.store (i32.const 1064) (i32.const 1))
        (i32.store (i32.const 1068) (i32.const 2))
        (return (select (i32.const -1) (i32.const 0)
          (i32.le_s (call $infer (i32.const 1024) (i32.const -1)) (i32.const 0))))))
    (if (i32.ne (local.get $kind) (i32.const 2)) (then (return (i32.const 0))))
    (local.set $bytes (i32.load offset=44 (local.get $message)))
    (local.set $at (i32.add (local.get $message)
      (i32.and (i32.add (i32.load offset=40 (local.get $message)) (i32.const 55)) (i32.const -8))))
    (memory.copy (i32.const 2104) (local.get $at) (local.get $bytes))
    (i32.store (i32.const 2048) (i32.const 48))
    (i32.store8 (i32.const 2054) (i32.load8_u offset=6 (local.get $message)))
    (i32.store (i32.const 2088) (i32.const 5))
    (i32.store (i32.const 2092) (local.get $bytes))
    (drop (call $publish (i32.const 2048)))
    (i32.const 0)))
`;

/** Recurses without end on every message: runs out of depth long before fuel. */
export const diverText = `(module
  (memory (export "memory") 2)
  (func (export "agent_alloc") (param i32) (result i32) (i32.const 8192))
  (func (export "agent_init") (result i32) (i32.const 0))
  (func (export "agent_shutdown") (result i32) (i32.const 0))
  (func (export "agent_step") (param $context i32) (result i32) (i32.const 0))
  (func $dive (param i32 i64 f64) (result i32)
    (i32.add (i32.const 1)
      (call $dive
        (i32.add (local.get 0) (i32.const 1))
        (i64.mul (local.get 1) (i64.const 3))
        (f64.add (local.get 2) (f64.const 0.5)))))
  (func (export "agent_receive") (param $message i32) (result i32)
    (call $dive (i32.const 0) (i64.const 1) (f64.const 1))))
`;
