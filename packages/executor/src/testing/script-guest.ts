/**
 * A guest that does what its messages say: one command after the other, hostile ones included. Tests write
 * scripts instead of modules. Results of host functions are kept in memory, in order, where tests read them.
 *
 *   memory   0x0000 unused · 0x1000 results (u32 each) · 0x2000 room for scripts' own data · 0x10000 incoming message
 *   command  16 bytes: u32 op, a, b, c (little endian)
 */

import { encodeUtf8, encodeMessage, Encoding, MessageKind } from "@wasm-engine/abi";
import type { Message } from "@wasm-engine/abi";

export const RESULTS_AT = 0x1000;
export const DATA_AT = 0x2000;
export const MESSAGE_AT = 0x10000;
/** Commands beyond it do not fit into the room for messages. */
export const scriptCommandsMax = 4000;

/** Commands of the script guest, with what a, b and c mean. */
export const Op = {
  /** [a] = b */
  STORE: 1,
  /** The counter global += a. */
  COUNT: 2,
  /** Bits of the f64 global: a low, b high; of the f32 global: c. */
  FLOATS: 3,
  SEND: 4,
  PUBLISH: 5,
  /** Stream name at a (one byte of the digit `b`), 16 bytes to c. */
  RANDOM: 6,
  LOOKUP: 7,
  /** Trap of kind a. */
  TRAP: 8,
  LOOP_FOREVER: 9,
  RECURSE: 10,
  GROW: 11,
  /** The entry point returns a. */
  RETURN: 12,
  LOG: 13,
  FILL: 14,
  COPY: 15,
  /** Burns about 10 fuel a times. */
  SPIN: 16,
  SCHEDULE: 17,
  CANCEL: 18,
  INFER: 19,
  CALL_TOOL: 20,
  SPAWN: 21,
  JOIN: 22,
  LEAVE: 23,
  EXIT: 24,
  /** [a] = tick */
  TICK: 25,
  /** [a] = time */
  TIME: 26,
  /** Sends the message at a, b times; one result, the last. */
  FLOOD: 27,
  /** agent_alloc returns a from now on. */
  ALLOC: 28,
  /** data.drop of the passive segment. */
  DROP_SEGMENT: 29,
  /** memory.init of one byte of the passive segment to a; traps once it is dropped. */
  INIT_SEGMENT: 30,
  /** Grows by one page until it is refused; the pages go to the results. */
  GROW_ALL: 31,
  RECURSE_MUTUAL: 32,
  /** Name of a bytes at b, c bytes to DATA_AT. */
  RANDOM_RAW: 33,
} as const;
export type Op = (typeof Op)[keyof typeof Op];

/** Kinds for {@link Op.TRAP}. */
export const TrapKind = {
  UNREACHABLE: 0,
  DIVIDE_BY_ZERO: 1,
  REMAINDER_BY_ZERO: 2,
  OVERFLOW: 3,
  LOAD: 4,
  STORE: 5,
  CONVERSION: 6,
  INDIRECT_NULL: 7,
  INDIRECT_SIGNATURE: 8,
  INDIRECT_BOUNDS: 9,
  FILL: 10,
  COPY: 11,
} as const;

export type Command = readonly [op: Op, a?: number, b?: number, c?: number];

const IMPORTS = `
  (import "wasm_engine" "log" (func $log (param i32 i32 i32) (result i32)))
  (import "wasm_engine" "send" (func $send (param i32 i32) (result i32)))
  (import "wasm_engine" "publish" (func $publish (param i32) (result i32)))
  (import "wasm_engine" "join" (func $join (param i32 i32) (result i32)))
  (import "wasm_engine" "leave" (func $leave (param i32 i32) (result i32)))
  (import "wasm_engine" "schedule" (func $schedule (param i32 i32) (result i32)))
  (import "wasm_engine" "cancel" (func $cancel (param i32) (result i32)))
  (import "wasm_engine" "infer" (func $infer (param i32 i32) (result i32)))
  (import "wasm_engine" "call_tool" (func $call_tool (param i32 i32) (result i32)))
  (import "wasm_engine" "spawn" (func $spawn (param i32 i32 i32) (result i32)))
  (import "wasm_engine" "lookup" (func $lookup (param i32 i32 i32) (result i32)))
  (import "wasm_engine" "random" (func $random (param i32 i32 i32 i32) (result i32)))
  (import "wasm_engine" "tick" (func $tick (result i64)))
  (import "wasm_engine" "time" (func $time (result i64)))
  (import "wasm_engine" "exit" (func $exit (param i32) (result i32)))`;

/** One arm per command: condition on $op, then the body. */
const ARMS: readonly (readonly [Op, string])[] = [
  [Op.STORE, "(i32.store (local.get $a) (local.get $b))"],
  [Op.COUNT, "(global.set $counter (i32.add (global.get $counter) (local.get $a)))"],
  [
    Op.FLOATS,
    `(global.set $double (f64.reinterpret_i64 (i64.or (i64.extend_i32_u (local.get $a))
       (i64.shl (i64.extend_i32_u (local.get $b)) (i64.const 32)))))
     (global.set $single (f32.reinterpret_i32 (local.get $c)))
     (global.set $vector (i32x4.splat (local.get $c)))`,
  ],
  [Op.SEND, "(call $keep (call $send (local.get $a) (local.get $b)))"],
  [Op.PUBLISH, "(call $keep (call $publish (local.get $a)))"],
  [
    Op.RANDOM,
    `(i32.store8 (local.get $a) (i32.add (local.get $b) (i32.const 48)))
     (call $keep (call $random (local.get $a) (i32.const 1) (local.get $c) (i32.const 16)))`,
  ],
  [
    Op.RANDOM_RAW,
    "(call $keep (call $random (local.get $b) (local.get $a) (i32.const 0x2000) (local.get $c)))",
  ],
  [Op.LOOKUP, "(call $keep (call $lookup (local.get $a) (local.get $b) (local.get $c)))"],
  [Op.TRAP, "(call $trap (local.get $a))"],
  [Op.LOOP_FOREVER, "(loop $l (br $l))"],
  [Op.RECURSE, "(drop (call $recurse (i32.const 0)))"],
  [Op.RECURSE_MUTUAL, "(drop (call $ping (i32.const 0)))"],
  [Op.GROW, "(call $keep (memory.grow (local.get $a)))"],
  [
    Op.GROW_ALL,
    `(loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
     (call $keep (memory.size))`,
  ],
  [Op.RETURN, "(return (local.get $a))"],
  [Op.LOG, "(call $keep (call $log (local.get $a) (local.get $b) (local.get $c)))"],
  [Op.FILL, "(memory.fill (local.get $a) (local.get $b) (local.get $c))"],
  [Op.COPY, "(memory.copy (local.get $a) (local.get $b) (local.get $c))"],
  [
    Op.SPIN,
    `(local.set $n (local.get $a))
     (loop $l (local.set $n (i32.sub (local.get $n) (i32.const 1)))
       (br_if $l (i32.gt_s (local.get $n) (i32.const 0))))`,
  ],
  [Op.SCHEDULE, "(call $keep (call $schedule (local.get $a) (local.get $b)))"],
  [Op.CANCEL, "(call $keep (call $cancel (local.get $a)))"],
  [Op.INFER, "(call $keep (call $infer (local.get $a) (local.get $b)))"],
  [Op.CALL_TOOL, "(call $keep (call $call_tool (local.get $a) (local.get $b)))"],
  [Op.SPAWN, "(call $keep (call $spawn (local.get $a) (local.get $b) (local.get $c)))"],
  [Op.JOIN, "(call $keep (call $join (local.get $a) (local.get $b)))"],
  [Op.LEAVE, "(call $keep (call $leave (local.get $a) (local.get $b)))"],
  [Op.EXIT, "(call $keep (call $exit (local.get $a)))"],
  [Op.TICK, "(i64.store (local.get $a) (call $tick))"],
  [Op.TIME, "(i64.store (local.get $a) (call $time))"],
  [
    Op.FLOOD,
    `(local.set $n (local.get $b))
     (loop $l (i32.store (global.get $results) (call $send (local.get $a) (i32.const -1)))
       (local.set $n (i32.sub (local.get $n) (i32.const 1)))
       (br_if $l (i32.gt_s (local.get $n) (i32.const 0))))
     (global.set $results (i32.add (global.get $results) (i32.const 4)))`,
  ],
  [Op.ALLOC, "(global.set $alloc (local.get $a))"],
  [Op.DROP_SEGMENT, "(data.drop $segment)"],
  [Op.INIT_SEGMENT, "(memory.init $segment (local.get $a) (i32.const 0) (i32.const 1))"],
];

const TRAPS: readonly (readonly [number, string])[] = [
  [TrapKind.UNREACHABLE, "(unreachable)"],
  [TrapKind.DIVIDE_BY_ZERO, "(drop (i32.div_s (i32.const 1) (global.get $zero)))"],
  [TrapKind.REMAINDER_BY_ZERO, "(drop (i64.rem_u (i64.const 1) (i64.extend_i32_u (global.get $zero))))"],
  [TrapKind.OVERFLOW, "(drop (i32.div_s (i32.const 0x80000000) (i32.sub (global.get $zero) (i32.const 1))))"],
  [TrapKind.LOAD, "(drop (i64.load (i32.sub (global.get $zero) (i32.const 4))))"],
  [TrapKind.STORE, "(i32.store8 (i32.shl (memory.size) (i32.const 16)) (i32.const 1))"],
  [
    TrapKind.CONVERSION,
    "(drop (i32.trunc_f64_s (f64.div (f64.const 1) (f64.convert_i32_s (global.get $zero)))))",
  ],
  [TrapKind.INDIRECT_NULL, "(call_indirect (type $void) (i32.const 1))"],
  [TrapKind.INDIRECT_SIGNATURE, "(call_indirect (type $void) (i32.const 0))"],
  [TrapKind.INDIRECT_BOUNDS, "(call_indirect (type $void) (i32.const 99))"],
  [
    TrapKind.FILL,
    "(memory.fill (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 8)) (i32.const 1) (i32.const 9))",
  ],
  [
    TrapKind.COPY,
    "(memory.copy (i32.const 0x2000) (i32.sub (global.get $zero) (i32.const 8)) (i32.const 9))",
  ],
];

function arms(table: readonly (readonly [number, string])[], selector: string): string {
  return table
    .map(([op, body]) => `(if (i32.eq (local.get ${selector}) (i32.const ${op})) (then ${body}))`)
    .join("\n");
}

const COMMON = `
  (type $void (func))
  (memory (export "memory") 3)
  (table 4 funcref)
  (elem (i32.const 0) $recurse)
  (data $segment "x")
  (global $counter (mut i32) (i32.const 0))
  (global $alloc (mut i32) (i32.const 0x10000))
  (global $results (mut i32) (i32.const 0x1000))
  (global $zero (mut i32) (i32.const 0))
  (global $double (mut f64) (f64.const 0))
  (global $single (mut f32) (f32.const 0))
  (global $vector (mut v128) (v128.const i32x4 0 0 0 0))
  (func $keep (param $result i32)
    (i32.store (global.get $results) (local.get $result))
    (global.set $results (i32.add (global.get $results) (i32.const 4)))
    (if (i32.ge_u (global.get $results) (i32.const 0x2000))
      (then (global.set $results (i32.const 0x1000)))))
  (func $recurse (param i32) (result i32)
    (i32.add (i32.const 1) (call $recurse (i32.add (local.get 0) (i32.const 1)))))
  (func $ping (param i32) (result i32) (i32.add (i32.const 1) (call $pong (local.get 0))))
  (func $pong (param i32) (result i32) (i32.add (i32.const 1) (call $ping (local.get 0))))
  (func $trap (param $kind i32) ${arms(TRAPS, "$kind")})
  (func $run (param $at i32) (param $end i32) (result i32)
    (local $op i32) (local $a i32) (local $b i32) (local $c i32) (local $n i32)
    (loop $next
      (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const 0))))
      (local.set $op (i32.load (local.get $at)))
      (local.set $a (i32.load offset=4 (local.get $at)))
      (local.set $b (i32.load offset=8 (local.get $at)))
      (local.set $c (i32.load offset=12 (local.get $at)))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      ${arms(ARMS, "$op")}
      (br $next))
    (i32.const 0))
  (func $script (param $message i32) (result i32)
    (local $start i32)
    (local.set $start (i32.add (local.get $message)
      (i32.and (i32.add (i32.const 55) (i32.load offset=40 (local.get $message))) (i32.const -8))))
    (call $run (local.get $start)
      (i32.add (local.get $start) (i32.load offset=44 (local.get $message)))))
  (func (export "agent_alloc") (param i32) (result i32) (global.get $alloc))
  (func (export "agent_init") (result i32) (global.set $counter (i32.const 1)) (i32.const 0))
  (func (export "agent_step") (param i32) (result i32) (call $script (local.get 0)))
  (func (export "agent_receive") (param i32) (result i32) (call $script (local.get 0)))
  (func (export "agent_shutdown") (result i32) (i32.const 0))`;

/** Text form of the guest; `extra` adds fields, such as optional entry points. */
export function scriptGuest(extra = ""): string {
  return `(module ${IMPORTS} ${COMMON} ${extra})`;
}

/** A message of topic "script" that carries `commands`. */
export function scriptMessage(commands: readonly Command[], overrides: Partial<Message> = {}): Uint8Array {
  const payload = new Uint8Array(commands.length * 16);
  const view = new DataView(payload.buffer);
  for (const [index, command] of commands.entries()) {
    for (let field = 0; field < 4; field += 1)
      view.setUint32(index * 16 + field * 4, (command[field] ?? 0) >>> 0, true);
  }
  return encodeMessage(message({ payload, topic: encodeUtf8("script"), ...overrides }));
}

/** A message with every field at its simplest. */
export function message(fields: Partial<Message> = {}): Message {
  const none = new Uint8Array(0);
  return {
    kind: MessageKind.MESSAGE,
    encoding: Encoding.BYTES,
    flags: 0,
    messageId: 0,
    correlationId: 0,
    peer: 0,
    tick: 0,
    topic: none,
    payload: none,
    ...fields,
  };
}

/** Commands that write `bytes` to memory. */
export function storeBytes(at: number, bytes: Uint8Array): Command[] {
  const padded = new Uint8Array((bytes.length + 3) & ~3);
  padded.set(bytes);
  const view = new DataView(padded.buffer);
  return Array.from({ length: padded.length / 4 }, (_, index) => [
    Op.STORE,
    at + index * 4,
    view.getUint32(index * 4, true),
  ]);
}
