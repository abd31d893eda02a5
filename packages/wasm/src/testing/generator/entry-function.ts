/**
 * Functions through which JavaScript sees a generated module: they take and give integers only, because JavaScript
 * quiets signalling NaN and has no vectors.
 */

import { OpByte } from "../../op-byte.js";
import { opOf } from "../../opcodes.js";
import { ValueType } from "../../value-type.js";
import type { Callee } from "./code-context.js";
import { localGet, localSet, plain } from "./code-context.js";
import { constantOf, unsignedLeb } from "./interesting-constant.js";
import type { Node, ProgramFunction, ProgramGlobal } from "./program.js";

const { I32, I64, F32, F64, V128 } = ValueType;
const asF32 = opOf("f32.reinterpret_i32");
const asF64 = opOf("f64.reinterpret_i64");
const fromF32 = opOf("i32.reinterpret_f32");
const fromF64 = opOf("i64.reinterpret_f64");
const splat = opOf("i64x2.splat");
const replace = opOf("i64x2.replace_lane");
const extract = opOf("i64x2.extract_lane");
/** An agent's function has at most sixteen results. */
const resultsMax = 16;

/** Integer types that hold a value. */
function carriers(type: ValueType): readonly ValueType[] {
  if (type === I32 || type === F32) return [I32];
  if (type === V128) return [I64, I64];
  return type === I64 || type === F64 ? [I64] : [I32];
}

/** A value from the integers in the locals from `first`. References are null. */
function fromCarriers(type: ValueType, first: number): Node {
  switch (type) {
    case I32:
    case I64:
      return localGet(first, type);
    case F32:
      return plain(asF32, [localGet(first, I32)], [F32]);
    case F64:
      return plain(asF64, [localGet(first, I64)], [F64]);
    case V128: {
      const low = plain(splat, [localGet(first, I64)], [V128]);
      return plain(replace, [low, localGet(first + 1, I64)], [V128], [1]);
    }
    default:
      return constantOf(type, 0n);
  }
}

/** Integers of what `read` gives; of a reference whether it is null. */
function toCarriers(type: ValueType, read: () => Node): Node[] {
  switch (type) {
    case I32:
    case I64:
      return [read()];
    case F32:
      return [plain(fromF32, [read()], [I32])];
    case F64:
      return [plain(fromF64, [read()], [I64])];
    case V128:
      return [0, 1].map((lane) => plain(extract, [read()], [I64], [lane]));
    default:
      return [plain(OpByte.REF_IS_NULL, [read()], [I32])];
  }
}

/** A function around a function. Its results pass through locals. */
export function entryFunction(id: number, { id: callee, type }: Callee): ProgramFunction {
  const parameters = type.parameters.flatMap(carriers);
  const results = type.results.flatMap(carriers);
  const children: Node[] = [];
  let first = 0;
  for (const parameter of type.parameters) {
    children.push(fromCarriers(parameter, first));
    first += carriers(parameter).length;
  }
  const call: Node = { kind: "function", op: OpByte.CALL, callee, children, results: type.results };
  const place = (result: number): number => parameters.length + result;
  const stores = type.results.map((_, result) => localSet(place(result), [])).reverse();
  const values = type.results.flatMap((result, index) =>
    toCarriers(result, () => localGet(place(index), result)),
  );
  return { id, type: { parameters, results }, locals: type.results, body: [call, ...stores, ...values] };
}

/** Functions that give the bits of all globals. */
export function observers(globals: readonly ProgramGlobal[], newId: () => number): ProgramFunction[] {
  const values = globals.flatMap(({ type }, index) =>
    toCarriers(type, () => plain(OpByte.GLOBAL_GET, [], [type], unsignedLeb(index))),
  );
  const functions: ProgramFunction[] = [];
  for (let first = 0; first < values.length; first += resultsMax) {
    const body = values.slice(first, first + resultsMax);
    const results = body.flatMap((node) => node.results);
    functions.push({ id: newId(), type: { parameters: [], results }, locals: [], body });
  }
  return functions;
}
