/** Constant expressions: what they may hold, their type, and where they end. */

import type { BinaryReader } from "./binary-reader.js";
import { wasmError } from "./errors.js";
import { featureRefused } from "./feature.js";
import { InstructionReader } from "./instruction-reader.js";
import type { ModuleDraft } from "./module-draft.js";
import type { InitExpression } from "./module.js";
import { opOf } from "./opcodes.js";
import { ValueType, valueTypeName } from "./value-type.js";

const END = opOf("end");
const GLOBAL_GET = opOf("global.get");
const REF_FUNC = opOf("ref.func");
const REF_NULL = opOf("ref.null");
const constants = new Set(["i32.const", "i64.const", "f32.const", "f64.const", "v128.const"].map(opOf));
const extended = new Set(["i32.add", "i32.sub", "i32.mul", "i64.add", "i64.sub", "i64.mul"].map(opOf));

/**
 * Reads to the `end` of a constant expression of type `expected`. Only instructions that may occur there are let
 * through, none of
 * which nests, so the first `end` is the end.
 * @throws {WE_MODULE_CONSTANT_EXPRESSION} {WE_MODULE_TYPE_MISMATCH} {WE_MODULE_UNKNOWN_INDEX}
 * {WE_MODULE_FEATURE_REFUSED}
 */
export function readInitExpression(
  reader: BinaryReader,
  draft: ModuleDraft,
  expected: ValueType,
): InitExpression {
  const start = reader.offset;
  const instructions = new InstructionReader(reader.bytes, start, reader.end);
  let values = 0;
  for (;;) {
    instructions.next();
    if (instructions.op === END) break;
    const type = constantType(instructions, draft);
    values += 1;
    if (type !== expected) throw mismatch(instructions, expected, valueTypeName(type));
  }
  // Only here, so that arithmetic on two constants is reported as the refused feature that it is.
  if (values !== 1) throw mismatch(instructions, expected, values === 0 ? "nothing" : `${values} values`);
  reader.offset = instructions.offset;
  return { start, end: reader.offset };
}

/** Type of the value that one instruction of a constant expression gives. */
function constantType(instructions: InstructionReader, draft: ModuleDraft): number {
  const { op, index, start: offset } = instructions;
  if (constants.has(op)) return instructions.opcode.results?.[0] ?? 0;
  const construct = instructions.opcode.name;
  if (op === REF_FUNC) {
    draft.index("function", index, draft.functions.length, offset);
    draft.declaredFunctions.add(index);
    return ValueType.FUNCREF;
  }
  if (op === REF_NULL) {
    if (draft.profile === "agent" && index === 0x6f)
      throw featureRefused("reference-types", construct, offset);
    return index;
  }
  if (op === GLOBAL_GET) {
    draft.index("global", index, draft.globals.length, offset);
    const global = draft.globals[index];
    if (global?.init === undefined && global?.mutable === false) return global.type;
    const getter = `global.get ${index}`;
    if (global?.mutable === false)
      throw featureRefused("extended-const", `${getter}, a defined global`, offset);
    throw wasmError("WE_MODULE_CONSTANT_EXPRESSION", { construct: getter, offset });
  }
  if (extended.has(op)) throw featureRefused("extended-const", construct, offset);
  throw wasmError("WE_MODULE_CONSTANT_EXPRESSION", { construct, offset });
}

function mismatch(instructions: InstructionReader, expected: ValueType, actual: string): Error {
  const offset = instructions.start;
  const construct = "constant expression";
  return wasmError("WE_MODULE_TYPE_MISMATCH", {
    offset,
    construct,
    expected: valueTypeName(expected),
    actual,
  });
}
