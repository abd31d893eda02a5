/**
 * A probe for every instruction that computes from operands: a dependent chain of it, written on the operand stack, which is how
 * most time for least fuel is had. Instructions whose result has another type come back by a cheap way.
 */

import { OPCODES } from "../../../packages/wasm/dist/opcodes.js";
import type { Opcode } from "../../../packages/wasm/dist/opcodes.js";
import { copies, loopModule, repeat, typeLetters } from "./fuel-probe.js";
import type { FuelProbe, TypeLetter } from "./fuel-probe.js";

type TypedOpcode = Opcode & {
  readonly operands: NonNullable<Opcode["operands"]>;
  readonly results: NonNullable<Opcode["results"]>;
};

/** Instructions with a probe of their own elsewhere. */
const elsewhere = new Set<Opcode["cost"]>(["memory-size", "memory-grow", "bulk", "table"]);

export function instructionProbes(): FuelProbe[] {
  return OPCODES.flatMap((opcode) => {
    if (opcode?.operands === undefined || opcode.results === undefined) return [];
    const { cost, refused } = opcode;
    if (refused !== undefined || elsewhere.has(cost)) return [];
    return [probeOf(opcode as TypedOpcode)]; // both are there
  });
}

function probeOf(opcode: TypedOpcode): FuelProbe {
  const { name, cost } = opcode;
  // Extensions undo each other or repeat themselves: an optimiser sees it.
  const foldable = cost === "basic" && /extend|wrap/.test(name);
  const removable = foldable || opcode.operands.length === 0;
  return { name, cost, text: loopModule({ body: bodyOf(opcode) }), ...(removable ? { removable } : {}) };
}

function bodyOf(opcode: TypedOpcode): string {
  const operands = opcode.operands.map(letterOf);
  const [result] = opcode.results.map(letterOf);
  const [first] = operands;
  const others = operands.slice(1).map((letter) => `(local.get $z${letter})`);
  if (result === undefined) {
    // A store: to places that it has for itself.
    return repeat(
      copies,
      (index) => `(local.get $m) ${others.join(" ")} ${wordsOf(opcode, 2048 + 16 * index)}`,
    );
  }
  if (first === undefined) {
    const use = { i: "i32.xor", l: "i64.xor", f: "f32.add", d: "f64.add", v: "v128.xor" }[result];
    return chain(result, `${wordsOf(opcode)} ${use}`);
  }
  if (opcode.immediates === "memory-lane")
    return chain("v", `(local.set $av) (local.get $m) (local.get $av) ${wordsOf(opcode)}`);
  return chain(first, `${others.join(" ")} ${wordsOf(opcode)} ${renewed(opcode)} ${wayBack(result, first)}`);
}

function chain(letter: TypeLetter, work: string): string {
  return `(local.get $a${letter}) ${repeat(copies, () => work)} (local.set $a${letter})`;
}

/** Keeps operands of divisions and roots at values that take their time. */
function renewed({ name, cost }: Opcode): string {
  if (cost === "divide") {
    return name.startsWith("i32") ? "(i32.const 0x7654321f) i32.or" : "(i64.const 0x765432107654321f) i64.or";
  }
  if (!name.endsWith(".sqrt")) return "";
  const letter = { f32: "f", f64: "d" }[name.slice(0, 3)] ?? "f";
  return name.includes("x")
    ? `(local.get $zv) ${name.replace("sqrt", "add")}`
    : `(local.get $z${letter}) ${name.slice(0, 3)}.add`;
}

const pattern32 = "(i32.const 0x3f812345) i32.or";
const pattern64 = "(i64.const 0x3ff0123456789abc) i64.or";
/** From the row's type to the column's, for values of ordinary size. */
const ways: Readonly<Record<TypeLetter, Readonly<Record<TypeLetter, string>>>> = {
  i: {
    i: "",
    l: "i64.extend_i32_u",
    f: `${pattern32} f32.reinterpret_i32`,
    d: `i64.extend_i32_u ${pattern64} f64.reinterpret_i64`,
    v: "i32x4.splat",
  },
  l: {
    i: "i32.wrap_i64",
    l: "",
    f: `i32.wrap_i64 ${pattern32} f32.reinterpret_i32`,
    d: `${pattern64} f64.reinterpret_i64`,
    v: "i64x2.splat",
  },
  f: {
    i: "i32.reinterpret_f32",
    l: "i32.reinterpret_f32 i64.extend_i32_u",
    f: "",
    d: "f64.promote_f32",
    v: "f32x4.splat",
  },
  d: {
    i: "i64.reinterpret_f64 i32.wrap_i64",
    l: "i64.reinterpret_f64",
    f: "f32.demote_f64",
    d: "",
    v: "f64x2.splat",
  },
  v: {
    i: "(i32x4.extract_lane 0)",
    l: "(i64x2.extract_lane 0)",
    f: "(f32x4.extract_lane 0)",
    d: "(f64x2.extract_lane 0)",
    v: "",
  },
};

function wayBack(from: TypeLetter, to: TypeLetter): string {
  // Extraction has one operand: it can be written without parentheses.
  return ways[from][to].replace(/^\((.*)\)$/, "$1");
}

/** The instruction with immediates that it can have. */
function wordsOf({ name, immediates }: Opcode, offset = 0): string {
  switch (immediates) {
    case "memory-access":
      return `${name} offset=${offset}`;
    case "memory-lane":
      return `${name} offset=${offset} 1`;
    case "lane":
      return `${name} 0`;
    case "shuffle":
      return `${name} 1 17 3 19 5 21 7 23 0 16 2 18 4 20 6 22`;
    case "i32":
    case "i64":
      return `${name} 12345`;
    case "f32":
    case "f64":
      return `${name} 1.25`;
    case "v128":
      return `${name} i32x4 1 2 3 4`;
    default:
      return name;
  }
}

function letterOf(type: number): TypeLetter {
  const letter = typeLetters.find((known) => typeCodes[known] === type);
  if (letter === undefined) throw new TypeError(`no letter for type ${type}`);
  return letter;
}

const typeCodes: Readonly<Record<TypeLetter, number>> = { i: 0x7f, l: 0x7e, f: 0x7d, d: 0x7c, v: 0x7b };
