/** Cuts down a module of which only the bytes are known: empties bodies, drops instructions, exports and sections. */

import { concatBytes } from "../../custom-section.js";
import { InstructionReader } from "../../instruction-reader.js";
import { readModule } from "../../module-reader.js";
import type { FunctionBody, WasmModule } from "../../module.js";
import { OpByte } from "../../op-byte.js";
import { applied } from "./structure-mutation.js";

const attemptsMax = 3_000;

function* instructionCuts(module: WasmModule, { codeStart, end }: FunctionBody): Generator<Uint8Array> {
  yield applied(module, { start: codeStart, end, by: [OpByte.UNREACHABLE, OpByte.END] });
  const reader = new InstructionReader(module.bytes, codeStart, end);
  const starts: number[] = [];
  while (!reader.done) {
    reader.next();
    starts.push(reader.start);
  }
  // Long stretches first: expressions and whole blocks.
  for (const count of [32, 16, 8, 5, 4, 3, 2, 1]) {
    for (let first = 0; first + count < starts.length; first++) {
      const [start = 0, stop = 0] = [starts[first], starts[first + count]];
      yield applied(module, { start, end: stop, by: [] });
    }
  }
}

function* candidates(bytes: Uint8Array): Generator<Uint8Array> {
  const module = readModule(bytes, { profile: "conformance" });
  for (const { start, end } of module.sections) yield concatBytes([bytes.slice(0, start), bytes.slice(end)]);
  for (const body of module.code) yield* instructionCuts(module, body);
}

/** The smallest bytes found for which `fails` still says yes. Bytes that cannot be read stay as they are. */
export function shrinkBytes(source: Uint8Array, fails: (bytes: Uint8Array) => boolean): Uint8Array {
  let bytes = source;
  let attempts = 0;
  for (let smaller = true; smaller && attempts < attemptsMax;) {
    smaller = false;
    try {
      for (const candidate of candidates(bytes)) {
        attempts += 1;
        if (attempts > attemptsMax) break;
        if (candidate.length >= bytes.length || !fails(candidate)) continue;
        bytes = candidate;
        smaller = true;
        break;
      }
    } catch {
      return bytes;
    }
  }
  return bytes;
}
