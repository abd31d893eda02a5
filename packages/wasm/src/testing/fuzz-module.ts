/**
 * Small modules that between them use every part of the format and most instructions: seeds of the validator's
 * fuzz test.
 */

import { OPCODES } from "../opcodes.js";
import { ValueType } from "../value-type.js";
import { assemble } from "./assemble.js";

const control = `(module
  (type $pair (func (param i32 i64) (result i64 i32)))
  (import "spectest" "print" (func $print (param i32)))
  (memory (export "memory") 1 3)
  (table $t 4 8 funcref)
  (global $g (mut i64) (i64.const 7))
  (global $v v128 (v128.const i32x4 1 2 3 4))
  (elem (table $t) (i32.const 0) func $swap $loop)
  (elem declare func $print)
  (data (i32.const 8) "hello")
  (data $passive "world")
  (func $swap (type $pair) local.get 1 local.get 0)
  (func $loop (export "loop") (param i32) (result i32) (local i64 f32 f64 v128 v128)
    block $out (result i32)
      loop $again (result i32)
        local.get 0 i32.eqz
        if (result i32) i32.const 1 br $out else local.get 0 i32.const 1 i32.sub local.tee 0 end
        br_if $again
        local.get 0 i32.const 2 local.get 0 br_table $out $again $out
      end
    end
    i32.const 3 i64.const 4 call $swap drop drop
    i32.const 0 i64.const 1 i32.const 0 call_indirect (type $pair) drop global.set $g
    i32.const 0 i32.const 0 i32.const 5 memory.init $passive data.drop $passive
    i32.const 0 i32.const 8 i32.const 4 memory.copy
    i32.const 0 i32.const 8 i32.const 4 memory.fill
    local.get 3 f64.const 1.5 local.get 0 select drop
    ref.func $print ref.is_null drop
    memory.size memory.grow drop
    nop)
  (func (param $x v128) (result v128) local.get $x local.get $x i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31)
  (func (result i32) unreachable i32.add select drop return i32.const 0)
  (start 3)
  (func $start))`;

const letters: Readonly<Record<number, string>> = {
  [ValueType.I32]: "i32.const 1",
  [ValueType.I64]: "i64.const 1",
  [ValueType.F32]: "f32.const 1",
  [ValueType.F64]: "f64.const 1",
  [ValueType.V128]: "v128.const i64x2 1 1",
};

/** One function per plain instruction: constants, the instruction, drops. */
function everyInstruction(): string {
  const functions: string[] = [];
  for (const opcode of OPCODES) {
    if (opcode?.operands === undefined || opcode.results === undefined) continue;
    if (!["none", "memory-access"].includes(opcode.immediates) || opcode.refused !== undefined) continue;
    const operands = opcode.operands.map((type) => letters[type]).join(" ");
    functions.push(`(func ${operands} ${opcode.name} ${opcode.results.map(() => "drop").join(" ")})`);
  }
  return `(module (memory 1) ${functions.join("\n")})`;
}

const tables = `(module
  (import "m" "t" (table 1 externref)) (import "m" "g" (global $g i32)) (import "m" "e" (global externref))
  (table $f 2 funcref)
  (elem $p funcref (ref.func 0) (ref.null func))
  (elem (table $f) (offset (global.get $g)) funcref (ref.func 0))
  (func (param externref) (result externref)
    i32.const 0 local.get 0 table.set 0
    i32.const 0 i32.const 0 i32.const 1 table.init $f $p elem.drop $p
    i32.const 0 i32.const 0 i32.const 1 table.copy $f $f
    ref.null func i32.const 1 table.grow $f drop
    i32.const 0 ref.null func i32.const 1 table.fill $f
    table.size $f table.get 0
    ref.null extern i32.const 0 select (result externref)))`;

export const FUZZ_MODULES: readonly Uint8Array[] = [control, tables, everyInstruction()].map(assemble);
