/** The interpreter's own tables against those of the product: two transcriptions of one standard and one price list. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { FunctionPlanner } from "./function-planner.js";
import { readModule } from "./module-reader.js";
import { FC, FD, OPCODES } from "./opcodes.js";
import { assemble } from "./testing/assemble.js";
import { CONFORMANCE_ABSENT, readConformance } from "./testing/conformance.js";
import { framePriceOf } from "./testing/interpreter/frame-price.js";
import { decodeFunction } from "./testing/interpreter/function-code.js";
import { NAMES, OPERATIONS } from "./testing/interpreter/instruction-set.js";
import { InstanceState } from "./testing/interpreter/instance-state.js";
import { takeApart } from "./testing/interpreter/module-parts.js";
import { hostGlobal } from "./testing/interpreter/interpreter.js";
import { Table } from "./testing/interpreter/items.js";
import type { Operation } from "./testing/interpreter/operation.js";
import { SLOT_BYTES } from "./testing/interpreter/operation.js";
import { FUEL_TABLE } from "./testing/interpreter/prices.js";
import { METERING_PROGRAMS } from "./testing/metering-programs.js";
import { ValueType } from "./value-type.js";

/** Files that a compiled file imports, and theirs. */
function importsOf(file: URL, seen = new Set<string>()): Set<string> {
  if (seen.has(file.href)) return seen;
  seen.add(file.href);
  for (const [, specifier = ""] of readFileSync(file, "utf8").matchAll(
    /^(?:import|export) .*from "([^"]+)";$/gm,
  )) {
    if (specifier.startsWith(".")) importsOf(new URL(specifier, file), seen);
    else seen.add(specifier);
  }
  return seen;
}

test("the interpreter shares no code with what it judges", () => {
  const folder = new URL("./testing/interpreter/", import.meta.url);
  const all = [...importsOf(new URL("interpreter.js", folder))];
  assert.ok(all.length >= 15, "the imports were found");
  assert.deepEqual(
    all.filter((file) => !file.startsWith(folder.href)),
    ["node:fs"],
  );
});

const letters = new Map<ValueType, string>([
  [ValueType.I32, "i"],
  [ValueType.I64, "l"],
  [ValueType.F32, "f"],
  [ValueType.F64, "d"],
  [ValueType.V128, "v"],
]);

function typesOf(types: readonly ValueType[] | undefined): string {
  return (types ?? []).map((type) => letters.get(type) ?? "?").join("");
}

test("both know the same instructions by the same codes, names and types", () => {
  const admitted = OPCODES.filter((opcode) => opcode !== undefined).filter(
    ({ refused }) => refused === undefined || refused === "table-mutation",
  );
  const read = admitted.map(({ op, name }): [number, string] => {
    if (op >= FD) return [0xfd00 + op - FD, name];
    return [op >= FC ? 0xfc00 + op - FC : op, name];
  });
  const byCode = (a: readonly [number, string], b: readonly [number, string]): number => a[0] - b[0];
  assert.deepEqual([...NAMES].sort(byCode), read.sort(byCode));
  assert.equal([...NAMES.keys()].filter((code) => code >= 0xfd00).length, 236);
  const byName = new Map(admitted.map((opcode) => [opcode.name, opcode]));
  for (const { name, operands, results } of OPERATIONS.values()) {
    const opcode = byName.get(name);
    assert.equal(`${operands}:${results}`, `${typesOf(opcode?.operands)}:${typesOf(opcode?.results)}`, name);
  }
});

/** A signalling NaN, negative and with a payload, in every place of a slot. */
const payloads: Readonly<Record<string, readonly number[]>> = {
  f: [0x21, 0x43, 0xa5, 0xff],
  d: [0x21, 0x43, 0x65, 0x87, 0xa9, 0xcb, 0xf4, 0xff],
};

/** Result of an operation whose float operands are all that NaN; vectors hold it in lanes of `shape`. */
function resultOfNan({ operands, step }: Operation, shape: "f" | "d"): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * SLOT_BYTES));
  for (const [slot, letter] of [...operands].entries()) {
    const bytes = payloads[letter === "v" ? shape : letter] ?? [1];
    for (let at = 0; at < (letter === "v" ? SLOT_BYTES : bytes.length); at++) {
      view.setUint8(slot * SLOT_BYTES + at, bytes[at % bytes.length] ?? 0);
    }
  }
  const machine = { view, top: operands.length * SLOT_BYTES, memory: undefined };
  step(machine, { a: 0, b: 0, bytes: undefined });
  return new Uint8Array(view.buffer).slice(0, SLOT_BYTES);
}

test("[G2] exactly the producers of the table turn NaN into canonical ones", () => {
  const changing = /(f32x4|f64x2|f32|f64)\./;
  const producers = new Set(FUEL_TABLE.nanProducers);
  assert.equal(producers.size, 48);
  for (const operation of OPERATIONS.values()) {
    const { name, operands, results } = operation;
    const shape = changing.exec(name)?.[1];
    if (shape === undefined || !/[fdv]/.test(results) || !/^[fdv]+$/.test(operands)) continue;
    const single = shape.startsWith("f32");
    // Demotion reads the other width.
    const reads = /demote/.test(name) ? "d" : /promote/.test(name) ? "f" : single ? "f" : "d";
    const bytes = resultOfNan(operation, reads);
    const first = single
      ? BigInt(new DataView(bytes.buffer).getUint32(0, true))
      : new DataView(bytes.buffer).getBigUint64(0, true);
    const canonical = first === (single ? 0x7fc0_0000n : 0x7ff8_0000_0000_0000n);
    assert.equal(canonical, producers.has(name), name);
  }
});

/** Frames of all functions of a module, by both analyses. Those that call nobody have a price that nobody pays. */
function compareFrames(bytes: Uint8Array, where: string): number {
  const module = readModule(bytes, { profile: "conformance" });
  const parts = takeApart(bytes);
  const state = new InstanceState(parts, 0);
  for (const { kind, ...rest } of parts.imports) {
    if (kind === "function" && "type" in rest) state.functionTypes.push(typeAt(parts.types, rest.type));
    if (kind === "global" && "global" in rest)
      state.globals.push(hostGlobal({ type: rest.global.type, bits: 0n }));
    if (kind === "table" && "table" in rest) state.tables.push(new Table(rest.table));
  }
  for (const type of parts.functions) state.functionTypes.push(typeAt(parts.types, type));
  for (const { type } of parts.globals) state.globals.push(hostGlobal({ type, bits: 0n }));
  for (const type of parts.tables) state.tables.push(new Table({ ...type, minimum: 0 }));
  const planner = new FunctionPlanner(module);
  const globals = state.globals.map(({ type }) => type.type);
  const tables = state.tables.map(({ type }) => type.type);
  for (const [body, plan] of planner.planAll().entries()) {
    const { calls, words } = framePriceOf(decodeFunction(state, body), { globals, tables });
    const range = typeAt(parts.bodies, body);
    assert.equal(128 + 17 * words + range.end - range.start, plan.frameBytes, `${where}, body ${body}`);
    assert.equal(calls, plan.calls, `${where}, body ${body}`);
  }
  return parts.bodies.length;
}

function typeAt<T>(types: readonly T[], index: number): T {
  const type = types[index];
  assert.ok(type !== undefined);
  return type;
}

test("[G7] both price the same frames: metering programs", () => {
  for (const { name, text } of METERING_PROGRAMS) compareFrames(assemble(text), name);
});

const files = readConformance("webassembly-spec-2.0-half");

test(
  "[G7] both price the same frames: every function of the official suite",
  { skip: files === undefined ? CONFORMANCE_ABSENT : false },
  (context) => {
    let functions = 0;
    for (const file of files ?? []) {
      for (const { type, filename, line } of file.commands) {
        if (type !== "module" || filename === undefined) continue;
        functions += compareFrames(file.module(filename), `${file.name}:${line}`);
      }
    }
    context.diagnostic(`${functions} functions`);
    assert.ok(functions > 2_000, `${functions} functions`);
  },
);
