/**
 * A fuel probe: a small program that executes one kind of work over and over, so that its time to its fuel is the time to
 * the fuel of that work. This file owns what a probe is and the module around its body.
 */

import type { CostClass } from "../../../packages/wasm/dist/opcodes.js";

/** `hostile` probes are what an attacker would write, and belong to no class. */
export type ProbeClass = CostClass | "entry" | "host-call" | "hostile";

export interface FuelProbe {
  readonly name: string;
  readonly cost: ProbeClass;
  /** Text of the whole module; exports `run(rounds: i32)`. */
  readonly text: string;
  /** An optimising compiler may remove all of the work: only its slowest figure says something. */
  readonly removable?: boolean;
  /** Every run gets a fresh instance: what happens once per instance is what is measured. */
  readonly fresh?: boolean;
  /** Rounds of a fresh run. */
  readonly rounds?: number;
  /** Pages that `memory.grow` may reach. */
  readonly pagesMax?: number;
}

/** Value types by the letters of the opcode table. */
export const typeNames = { i: "i32", l: "i64", f: "f32", d: "f64", v: "v128" } as const;
export type TypeLetter = keyof typeof typeNames;
export const typeLetters: readonly TypeLetter[] = ["i", "l", "f", "d", "v"];

/** Copies of the work in one round of the loop. */
export const copies = 64;

export function repeat(count: number, text: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => text(index)).join("\n");
}

export interface LoopParts {
  /** One round. May use locals a* (changed by the work), z* (unknown to the compiler), and $k, $m of type i32. */
  readonly body: string;
  /** Once, before the loop. */
  readonly before?: string;
  /** Locals of its own. */
  readonly locals?: string;
  /** Fields of the module. */
  readonly fields?: string;
  /** Pages of memory. */
  readonly pages?: number;
}

/** Where the unknown values lie: behind 1 KiB of zeros. */
const unknowns = 1024;
const bytesOf = (words: ArrayBufferView): string =>
  [...new Uint8Array(words.buffer)].map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
const unknownData = [
  new Uint32Array([3, 0]),
  new BigUint64Array([3n]),
  new Float32Array([1.0000001, 0]),
  new Float64Array([1.0000000001]),
  new Float32Array([1.0000001, 1.5, 2.25, 3.125]),
]
  .map(bytesOf)
  .join("");

/** The module of a probe that loops: unknown values come from memory, everything that was computed is returned. */
export function loopModule({ body, before = "", locals = "", fields = "", pages = 1 }: LoopParts): string {
  const declared = typeLetters
    .map((letter) => `(local $a${letter} ${typeNames[letter]}) (local $z${letter} ${typeNames[letter]})`)
    .join(" ");
  const loads = typeLetters
    .map((letter, index) => {
      const value = `(${typeNames[letter]}.load offset=${unknowns + 8 * index} (i32.const 0))`;
      return `(local.set $z${letter} ${value}) (local.set $a${letter} ${value})`;
    })
    .join(" ");
  return `(module ${fields} (memory (export "memory") ${pages})
    (data (i32.const ${unknowns}) "${unknownData}")
    (func (export "run") (param $rounds i32) (result i64)
      (local $k i32) (local $m i32) ${declared} ${locals}
      ${loads} (local.set $ai (i32.const 0)) ${before}
      (loop $rounds_left
        ${body}
        (br_if $rounds_left (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
      (i64.xor (i64.xor (i64.extend_i32_u (local.get $ai)) (local.get $al))
        (i64.xor (i64.reinterpret_f64 (local.get $ad))
          (i64.xor (i64.extend_i32_u (i32.reinterpret_f32 (local.get $af)))
            (i64x2.extract_lane 0 (local.get $av)))))))`;
}
