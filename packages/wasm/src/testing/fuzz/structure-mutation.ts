/**
 * Changes one element of a valid module and keeps its framing right: an instruction for another of the same types, a
 * constant, an index, a label, a block type, limits, a declaration. Whether the result is valid is for the validator.
 */

import { concatBytes, encodeU32 } from "../../custom-section.js";
import { Encoder } from "../../encoder.js";
import { InstructionReader } from "../../instruction-reader.js";
import { SectionId } from "../../module.js";
import type { ByteRange, WasmModule } from "../../module.js";
import { OpByte } from "../../op-byte.js";
import type { Opcode } from "../../opcodes.js";
import { ValueType } from "../../value-type.js";
import { randomConstant, unsignedLeb } from "../generator/interesting-constant.js";
import { OPERATORS } from "../generator/operator-choice.js";
import type { PlainNode } from "../generator/program.js";
import { writeOp } from "../generator/program-encoder.js";
import type { Random } from "../random.js";
import { oneIn, pick } from "../random.js";

/** A piece of the module and what comes in its place. */
export interface Change extends ByteRange {
  readonly by: readonly number[];
}

/** An instruction, copied out of the reader. */
interface Found extends ByteRange {
  readonly opcode: Opcode;
  readonly immediatesStart: number;
  readonly index: number;
}

const blockTypes: readonly number[] = [...Object.values(ValueType), OpByte.VOID, 0, 1, 2];
const constants: readonly string[] = ["i32", "i64", "f32", "f64", "v128"];

/** Bytes with one range replaced; sizes of the body and the section around it follow. */
export function applied(module: WasmModule, { start, end, by }: Change): Uint8Array {
  const { bytes } = module;
  const section = module.sections.find((item) => start >= item.contentStart && end <= item.end);
  if (section === undefined)
    return concatBytes([bytes.slice(0, start), Uint8Array.from(by), bytes.slice(end)]);
  const body = module.code.find((item) => start >= item.contentStart && end <= item.end);
  const inner = body === undefined ? section.contentStart : body.contentStart;
  const innerEnd = body === undefined ? section.end : body.end;
  let content = concatBytes([bytes.slice(inner, start), Uint8Array.from(by), bytes.slice(end, innerEnd)]);
  if (body !== undefined) {
    const before = bytes.slice(section.contentStart, body.start);
    content = concatBytes([before, encodeU32(content.length), content, bytes.slice(body.end, section.end)]);
  }
  const framed = concatBytes([Uint8Array.of(section.id), encodeU32(content.length), content]);
  return concatBytes([bytes.slice(0, section.start), framed, bytes.slice(section.end)]);
}

/** Some instruction of some body. */
function anyInstruction(module: WasmModule, random: Random): Found | undefined {
  if (module.code.length === 0) return undefined;
  const { codeStart, end } = pick(random, module.code);
  const reader = new InstructionReader(module.bytes, codeStart, end);
  const found: Found[] = [];
  while (!reader.done && found.length < 2_000) {
    reader.next();
    const { opcode, start, offset, immediatesStart, index } = reader;
    found.push({ opcode, start, end: offset, immediatesStart, index });
  }
  return pick(random, found);
}

function encoded(op: number, immediates: readonly number[]): number[] {
  const code = new Encoder(32);
  writeOp(code, op);
  return [...code.op(...immediates).finish()];
}

function same(left: readonly number[] | undefined, right: readonly number[] | undefined): boolean {
  return left?.join() === right?.join();
}

/** Another instruction with the same operands, results and immediates; a constant of the same type. */
function otherOperator(module: WasmModule, found: Found, random: Random): Change | undefined {
  const { opcode, start, end, immediatesStart } = found;
  const { operands, results } = opcode;
  const [type] = results ?? [];
  if (type !== undefined && constants.includes(opcode.immediates)) {
    const { op, immediates }: PlainNode = randomConstant(random, type);
    return { start, end, by: encoded(op, immediates) };
  }
  const fitting = OPERATORS.filter(
    (operator) =>
      operator.opcode.immediates === opcode.immediates &&
      same(operator.operands, operands) &&
      same(operator.results, results),
  );
  if (fitting.length === 0) return undefined;
  const by = encoded(pick(random, fitting).opcode.op, [...module.bytes.slice(immediatesStart, end)]);
  return { start, end, by };
}

/** Another index, label or block type. */
function otherImmediate(module: WasmModule, found: Found, random: Random): Change | undefined {
  const { opcode, immediatesStart, end, index } = found;
  if (opcode.immediates === "none") return undefined;
  if (opcode.immediates === "block") {
    return { start: immediatesStart, end, by: [pick(random, blockTypes)] };
  }
  const single = ["label", "function", "local", "global", "table", "data", "element"];
  if (single.includes(opcode.immediates)) {
    const next = Math.max(0, index + pick(random, [-2, -1, 1, 2]));
    return { start: immediatesStart, end, by: unsignedLeb(next) };
  }
  const at = immediatesStart + random.below(end - immediatesStart);
  return { start: at, end: at + 1, by: [(module.bytes[at] ?? 0) ^ (1 << random.below(6))] };
}

/** Other instructions of the same shape for local.set and tee, br and br_if and so on. */
const relatives: readonly (readonly number[])[] = [
  [OpByte.LOCAL_GET, OpByte.LOCAL_SET, OpByte.LOCAL_TEE],
  [OpByte.GLOBAL_GET, OpByte.GLOBAL_SET],
  [OpByte.BR, OpByte.BR_IF],
  [OpByte.BLOCK, OpByte.LOOP, OpByte.IF],
  [OpByte.NOP, OpByte.UNREACHABLE, OpByte.RETURN, OpByte.DROP, OpByte.SELECT],
];

function relative({ opcode, start }: Found, random: Random): Change | undefined {
  const family = relatives.find((ops) => ops.includes(opcode.op));
  return family === undefined ? undefined : { start, end: start + 1, by: [pick(random, family)] };
}

function instructionChange(module: WasmModule, random: Random): Change | undefined {
  const found = anyInstruction(module, random);
  if (found === undefined) return undefined;
  const { start, end } = found;
  switch (random.below(10)) {
    case 0:
      return { start, end, by: [] };
    case 1: {
      const copy = [...module.bytes.slice(start, end)];
      return { start: end, end, by: copy };
    }
    case 2: {
      const other = anyInstruction(module, random);
      return { start, end, by: [...module.bytes.slice(other?.start ?? start, other?.end ?? end)] };
    }
    case 3:
      return relative(found, random) ?? otherOperator(module, found, random);
    case 4:
    case 5:
      return otherImmediate(module, found, random) ?? otherOperator(module, found, random);
    default:
      return otherOperator(module, found, random) ?? otherImmediate(module, found, random);
  }
}

/** One byte of a declaration: counts, limits, types, initialisers, segments. */
function declarationChange(module: WasmModule, random: Random): Change | undefined {
  const sections = module.sections.filter(
    ({ id, contentStart, end }) => id !== SectionId.CODE && id !== SectionId.CUSTOM && end > contentStart,
  );
  if (sections.length === 0) return undefined;
  const { contentStart, end } = pick(random, sections);
  const start = contentStart + random.below(end - contentStart);
  const old = module.bytes[start] ?? 0;
  const near = oneIn(random, 2) ? old + pick(random, [-1, 1]) : pick(random, blockTypes);
  return { start, end: start + 1, by: [near & 0xff] };
}

/** A module with one element changed; the same bytes where it has none of the chosen kind. */
export function mutateStructure(module: WasmModule, random: Random): Uint8Array {
  const change = oneIn(random, 6) ? declarationChange(module, random) : instructionChange(module, random);
  return change === undefined ? module.bytes : applied(module, change);
}
