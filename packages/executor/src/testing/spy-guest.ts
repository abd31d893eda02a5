/**
 * A guest that fills everything it has with 0xA5, and looks for anything that it did not put there itself. Which of
 * the two it does is told by messages; without one it spies at every step. Agents share slots only within a module,
 * so the ghost and the spy are one module.
 *
 *   memory   0x100 incoming message, not looked at · everything else is zero until the agent writes it
 *   payload  command, then a digit: pages
 *     h haunt: grow to so many pages, fill all of them, set all globals, drop the segment
 *     t haunt, then trap · l haunt, then never end · s spy · g grow to so many pages · n nothing
 */

import { encodeMessage, encodeUtf8 } from "@wasm-engine/abi";
import { message } from "./script-guest.js";

/** What the spy returns where memory holds a byte that it never wrote: minus this, minus the byte. */
export const SEEN_IN_MEMORY = 0x1000;
/** What it returns for globals, from 1 on; -7: a table entry; -8: the segment. */
export const SEEN_IN_GLOBALS = 0x2000;
export const GHOST_BYTE = 0xa5;

const checks: readonly string[] = [
  "(i32.ne (global.get $int) (i32.const 11))",
  "(i64.ne (global.get $long) (i64.const 22))",
  "(i32.ne (i32.reinterpret_f32 (global.get $single)) (i32.const 0x7fa00033))",
  "(i64.ne (i64.reinterpret_f64 (global.get $double)) (i64.const 0xfff4000000000044))",
  "(i64.ne (i64x2.extract_lane 0 (global.get $vector)) (i64.const 55))",
  "(i64.ne (i64x2.extract_lane 1 (global.get $vector)) (i64.const 66))",
  `(i32.or (i32.ne (call_indirect (type $number) (i32.const 0)) (i32.const 1))
    (i32.ne (call_indirect (type $number) (i32.const 1)) (i32.const 2)))`,
  "(i32.ne (i32.load8_u (i32.const 0x100)) (i32.const 120))",
];

const found = checks
  .map((check, index) => `(if ${check} (then (return (i32.const -${SEEN_IN_GLOBALS + index + 1}))))`)
  .join("\n");

/** Text form. */
export const SPY_GUEST_TEXT = `(module
  (type $number (func (result i32)))
  (memory (export "memory") 2)
  (table 3 funcref)
  (elem (i32.const 0) $one $two)
  (data $segment "x")
  (global $haunted (mut i32) (i32.const 0))
  (global $int (mut i32) (i32.const 11))
  (global $long (mut i64) (i64.const 22))
  (global $single (mut f32) (f32.const nan:0x200033))
  (global $double (mut f64) (f64.const -nan:0x4000000000044))
  (global $vector (mut v128) (v128.const i64x2 55 66))
  (func $one (result i32) (i32.const 1))
  (func $two (result i32) (i32.const 2))
  (func $growTo (param $pages i32)
    (if (i32.gt_u (local.get $pages) (memory.size))
      (then (drop (memory.grow (i32.sub (local.get $pages) (memory.size)))))))
  (func $haunt (param $pages i32)
    (call $growTo (local.get $pages))
    (memory.fill (i32.const 0) (i32.const ${GHOST_BYTE}) (i32.shl (memory.size) (i32.const 16)))
    (global.set $haunted (i32.const 1))
    (global.set $int (i32.const 0xa5a5a5a5))
    (global.set $long (i64.const 0xa5a5a5a5a5a5a5a5))
    (global.set $single (f32.reinterpret_i32 (i32.const 0xa5a5a5a5)))
    (global.set $double (f64.reinterpret_i64 (i64.const 0xa5a5a5a5a5a5a5a5)))
    (global.set $vector (i8x16.splat (i32.const ${GHOST_BYTE})))
    (data.drop $segment))
  (func $spy (result i32)
    (local $at i32) (local $end i32)
    (local.set $end (i32.shl (memory.size) (i32.const 16)))
    (loop $next
      (if (i32.eq (local.get $at) (i32.const 0x100)) (then (local.set $at (i32.const 0x200))))
      (if (i64.ne (i64.load (local.get $at)) (i64.const 0))
        (then (return (i32.sub (i32.const -${SEEN_IN_MEMORY}) (call $first (i64.load (local.get $at)))))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
    (memory.init $segment (i32.const 0x100) (i32.const 0) (i32.const 1))
    ${found}
    (i32.const 0))
  (func $first (param $word i64) (result i32)
    (i32.wrap_i64 (i64.and (i64.const 255)
      (i64.shr_u (local.get $word) (i64.and (i64.ctz (local.get $word)) (i64.const 56))))))
  (func (export "agent_alloc") (param i32) (result i32) (i32.const 0x100))
  (func (export "agent_init") (result i32) (i32.const 0))
  (func (export "agent_shutdown") (result i32) (i32.const 0))
  (func (export "agent_step") (param i32) (result i32)
    (if (global.get $haunted) (then (return (i32.const 0))))
    (call $spy))
  (func (export "agent_receive") (param $at i32) (result i32)
    (local $command i32) (local $pages i32)
    (if (i32.eq (i32.load16_u offset=4 (local.get $at)) (i32.const 6)) (then (return (i32.const 0))))
    (local.set $at (i32.add (local.get $at)
      (i32.and (i32.add (i32.const 55) (i32.load offset=40 (local.get $at))) (i32.const -8))))
    (local.set $command (i32.load8_u (local.get $at)))
    (local.set $pages (i32.sub (i32.load8_u offset=1 (local.get $at)) (i32.const 48)))
    (if (i32.eq (local.get $command) (i32.const 110)) (then (return (i32.const 0))))
    (if (i32.eq (local.get $command) (i32.const 115)) (then (return (call $spy))))
    (if (i32.eq (local.get $command) (i32.const 103))
      (then (call $growTo (local.get $pages)) (return (i32.const 0))))
    (call $haunt (local.get $pages))
    (if (i32.eq (local.get $command) (i32.const 116)) (then (unreachable)))
    (if (i32.eq (local.get $command) (i32.const 108)) (then (loop $ever (br $ever))))
    (i32.const 0)))`;

/** A message that carries a command such as "h5". */
export function spyCommand(command: string): Uint8Array {
  return encodeMessage(message({ payload: encodeUtf8(command.padEnd(2, "0")) }));
}
