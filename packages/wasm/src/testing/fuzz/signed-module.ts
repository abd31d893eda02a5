/** Signed modules with changed bytes: what verifies has the body and manifest that were signed. */

import { isDeepStrictEqual } from "node:util";
import { EngineError } from "@wasm-engine/abi";
import { attachManifest, readManifest } from "../../manifest.js";
import { digestOf } from "../../module-digest.js";
import { publicKeyOf } from "../../signature-key.js";
import { appendDelimiter, sign, verify } from "../../signature.js";
import { generateProgram } from "../generator/program-generator.js";
import { encodeProgram } from "../generator/program-encoder.js";
import { custom } from "../module-bytes.js";
import { nodeCrypto, secretKeyOfSeed } from "../node-crypto.js";
import { oneIn } from "../random.js";
import type { Random } from "../random.js";
import { mutateBytes } from "./byte-mutation.js";
import type { Difference } from "./fuzz-check.js";
import type { FuzzCounts } from "./fuzz-counts.js";

const secretKey = secretKeyOfSeed(new Uint8Array(32).fill(3));
const otherKey = secretKeyOfSeed(new Uint8Array(32).fill(4));
const publicKey = publicKeyOf(secretKey);
const manifest = { name: "a", version: "1", abi: { major: 1, minor: 0 }, capabilities: [] };

/** A module with manifest, with and without parts, signed once or twice. */
function signedModule(random: Random): Uint8Array {
  const seed = 1 + random.below(1_000_000);
  let bytes = attachManifest(encodeProgram(generateProgram(seed, { profile: "agent" })), manifest);
  if (oneIn(random, 2)) {
    const part = appendDelimiter(bytes, new Uint8Array(16).fill(5));
    bytes = new Uint8Array(Buffer.concat([part, custom("second", 4, 5)]));
  }
  bytes = sign(bytes, secretKey, nodeCrypto);
  return oneIn(random, 2) ? sign(bytes, otherKey, nodeCrypto) : bytes;
}

/** `undefined`: refused with a coded error. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (!EngineError.is(error) || error.code === "WE_INTERNAL_ASSERTION") throw error;
    return undefined;
  }
}

function differenceIn(signed: Uint8Array, bytes: Uint8Array, counts: FuzzCounts): Difference | undefined {
  const sha256 = (part: Uint8Array): Uint8Array => nodeCrypto.sha256(part);
  const found = attempt(() => readManifest(bytes));
  if (attempt(() => verify(bytes, [publicKey], nodeCrypto)) === undefined) {
    counts.refuse("signature");
    return undefined;
  }
  counts.accepted += 1;
  if (digestOf(bytes, sha256) !== digestOf(signed, sha256)) {
    return { kind: "signature", text: "a changed body verifies" };
  }
  if (isDeepStrictEqual(found, manifest)) return undefined;
  return { kind: "signature", text: `the manifest of what verifies is ${JSON.stringify(found)}` };
}

/** Changes a signed module and looks whether anybody notices. */
export function checkSigned(
  random: Random,
  counts: FuzzCounts,
): { readonly bytes: Uint8Array; readonly difference: Difference | undefined } {
  const signed = signedModule(random);
  const bytes = mutateBytes(signed, random);
  try {
    return { bytes, difference: differenceIn(signed, bytes, counts) };
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { bytes, difference: { kind: "exception", text } };
  }
}
