/** Mutants of bits: which NaN is made canonical and how, and what state functions carry. See mutants.ts. */

import type { Mutant } from "./mutant-build.js";

/** A few producers of every kind: binary, minimum, rounding, change of width, both vector shapes. */
const leftOut: readonly Mutant[] = [
  "f64.add",
  "f32.min",
  "f64.ceil",
  "f32.demote_f64",
  "f32x4.mul",
  "f64x2.sqrt",
  "f64x2.promote_low_f32x4",
  "f32x4.nearest",
].map((name) => ({
  name: `${name} left out`,
  file: "nan.js",
  find: "(opcode) => shapeCode(opcode?.nan)",
  replace: `(opcode) => (opcode?.name === "${name}" ? NO_SHAPE : shapeCode(opcode?.nan))`,
  why: "its NaN has the bits that the compiler chose",
}));

export const BITS_MUTANTS: readonly Mutant[] = [
  ...leftOut,
  {
    name: "canonical NaN of f64 negative",
    file: "nan.js",
    find: "const nan64 = [0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf8, 0x7f];",
    replace: "const nan64 = [0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf8, 0xff];",
    why: "bits are not those that were promised",
  },
  {
    name: "canonical NaN of f32 negative",
    file: "nan.js",
    find: "const nan32 = [0x00, 0x00, 0xc0, 0x7f];",
    replace: "const nan32 = [0x00, 0x00, 0xc0, 0xff];",
    why: "bits are not those that were promised",
  },
  {
    name: "vector lanes compared in another shape",
    file: "nan.js",
    find: "equal: [0xfd, 0x47]",
    replace: "equal: [0xfd, 0x41]",
    why: "half of a lane keeps its bits",
  },
  {
    name: "negation taken for a producer",
    file: "opcodes-scalar.js",
    find: `{ first: 0x99, names: "f64.abs f64.neg", types: "d:d", cost: "float" }`,
    replace: `{ first: 0x99, names: "f64.abs f64.neg", types: "d:d", cost: "float", nan: "f64" }`,
    why: "programs that keep values in NaN bits break",
  },
  {
    name: "sign changes taken for sinks",
    file: "nan.js",
    find: "if (!countsOnly && opcode.nan === undefined) return undefined;",
    replace: "",
    why: "the sign of a NaN is the compiler's",
  },
  {
    name: "reinterpretation taken for a sink",
    file: "nan.js",
    find: `&& !opcode.name.includes("reinterpret")`,
    replace: "",
    why: "the bits of a NaN are the compiler's",
  },
  {
    name: "sinks of another shape accepted",
    file: "function-planner.js",
    find: "if (sink !== shapeOf(producer))",
    replace: "if (sink === NO_SHAPE)",
    why: "half lanes of a NaN become numbers",
  },
  {
    name: "values that leave a construct not settled",
    file: "function-planner.js",
    find: "for (let below = 0; below < count; below++) this.#settle(",
    replace: "for (let below = 0; below < 0; below++) this.#settle(",
    why: "NaN bits leave by branches, ends and returns",
  },
  {
    name: "operand of a call not settled",
    file: "function-planner.js",
    find: "for (let count = 0; count < type.parameters.length; count++) this.#consume(NO_SHAPE);",
    replace: "for (let count = 0; count < type.parameters.length; count++) this.#stack.pop();",
    why: "NaN bits leave by calls",
  },
  {
    name: "v128 globals skipped",
    file: "state-functions.js",
    find: "if (!mutable || init === undefined)",
    replace: "if (!mutable || init === undefined || type === ValueType.V128)",
    why: "a vector is lost by a snapshot",
  },
  {
    name: "segment flags skipped",
    file: "state-functions.js",
    find: [
      "for (const flag of layout.segmentFlags.values()) values.push({ global: flag, type:",
      "ValueType.I32 });",
    ].join(" "),
    replace: "",
    why: "a dropped segment comes back with a snapshot",
  },
  {
    name: "state order reversed",
    file: "state-functions.js",
    find: "accessOf(b.type).bytes - accessOf(a.type).bytes",
    replace: "accessOf(a.type).bytes - accessOf(b.type).bytes",
    why: "older snapshots are read wrongly",
  },
  {
    name: "state loaded from other places",
    file: "state-functions.js",
    find: ".op(...load) .u32(align) .u32(offset);",
    replace: ".op(...load) .u32(align) .u32(offset ^ 4);",
    why: "globals get each other's bits",
  },
];
