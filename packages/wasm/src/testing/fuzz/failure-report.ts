/** What a fuzz run says about a failure: the seed, the command that repeats it, the smallest module found, its text. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import wabt from "wabt";
import { validate } from "../../validator.js";
import { encodeProgram } from "../generator/program-encoder.js";
import type { Program } from "../generator/program.js";
import { shrinkProgram } from "../generator/program-shrinker.js";
import { differenceOf } from "./fuzz-case.js";
import type { CaseOptions, FuzzFailure } from "./fuzz-case.js";
import { FuzzCounts } from "./fuzz-counts.js";
import { shrinkBytes } from "./byte-shrinker.js";

const toolkit = await wabt();

/** The text format; what cannot be read stays hexadecimal. */
function textOf(bytes: Uint8Array): string {
  try {
    const module = toolkit.readWasm(bytes, { readDebugNames: true, simd: true, bulk_memory: true, ...newer });
    try {
      module.applyNames();
      return module.toText({ foldExprs: true, inlineExport: true });
    } finally {
      module.destroy();
    }
  } catch {
    return `;; not readable: ${Buffer.from(bytes).toString("hex")}\n`;
  }
}

const newer = { reference_types: true, multi_value: true, sat_float_to_int: true, sign_extension: true };

/** The failure with the smallest module that fails in the same way. */
export function shrunkFailure(failure: FuzzFailure, options: Pick<CaseOptions, "instrument">): FuzzFailure {
  const { seed, difference, program, bytes, profile } = failure;
  const fails = (candidate: Uint8Array): boolean => {
    const found = differenceOf(candidate, seed, { counts: new FuzzCounts(), instrument: options.instrument });
    return found?.kind === difference.kind;
  };
  if (failure.kind === "signatures") return failure;
  if (program === undefined) {
    const smaller = shrinkBytes(bytes, fails);
    return {
      ...failure,
      bytes: smaller,
      difference: differenceOf(smaller, seed, counted(options)) ?? difference,
    };
  }
  const stillFails = (candidate: Program): boolean => {
    const encoded = validBytes(candidate, profile);
    return encoded !== undefined && fails(encoded);
  };
  const smallest = shrinkProgram(program, stillFails);
  const encoded = encodeProgram(smallest);
  const left = differenceOf(encoded, seed, counted(options));
  return { ...failure, program: smallest, bytes: encoded, difference: left ?? difference };
}

function counted({ instrument }: Pick<CaseOptions, "instrument">): CaseOptions {
  return { counts: new FuzzCounts(), instrument };
}

function validBytes(program: Program, profile: FuzzFailure["profile"]): Uint8Array | undefined {
  try {
    const bytes = encodeProgram(program);
    validate(bytes, { profile: profile ?? "conformance" });
    return bytes;
  } catch {
    return undefined;
  }
}

/** The report; module and text are written into `folder` as well. */
export function reportOf(failure: FuzzFailure, shrunk: FuzzFailure, folder: string): string {
  const { kind, seed, difference } = failure;
  mkdirSync(folder, { recursive: true });
  const name = `${kind}-${seed}`;
  const text = textOf(shrunk.bytes);
  writeFileSync(join(folder, `${name}.wasm`), shrunk.bytes);
  writeFileSync(join(folder, `${name}.wat`), text);
  writeFileSync(join(folder, `${name}-whole.wasm`), failure.bytes);
  return [
    `FAILED ${kind} ${seed}: ${difference.kind}: ${difference.text}`,
    `shrunk to ${shrunk.bytes.length} of ${failure.bytes.length} bytes: ${shrunk.difference.text}`,
    text,
    `files: ${join(folder, name)}.{wasm,wat}`,
    `repeat with: npm run fuzz:wasm -- --kinds ${kind} --only-seed ${seed}`,
  ].join("\n");
}
