/** How a module gets a signature, as steps: raw bytes are hashed as they are, sections are never re-encoded. */

import { encodeUtf8 } from "@wasm-engine/abi";
import { signStep, sha256Step, verifyStep } from "./crypto-steps.js";
import type { CryptoSteps } from "./crypto-steps.js";
import { concatBytes, hexOf } from "./custom-section.js";
import { wasmError } from "./errors.js";
import { openFile, withPayload } from "./signature-file.js";
import {
  SIGNATURE_PREFIX,
  decodeSignatures,
  encodeSignatures,
  sameBytes,
  sameHashes,
  signatureRecord,
} from "./signature-format.js";
import { checkSecretKey, keyIdSteps, publicKeyOf } from "./signature-key.js";

const messagePrefix = concatBytes([encodeUtf8("wasmsig"), SIGNATURE_PREFIX]);

export interface SignOptions {
  /** Whether the signature names its key: the id that follows from the public key, or none. @default "derived" */
  readonly keyId?: "derived" | "none";
}

/** What Ed25519 signs. */
export function signedMessage(hashes: readonly Uint8Array[]): Uint8Array {
  return concatBytes([messagePrefix, ...hashes]);
}

/** The steps of `sign`: all parts are signed, signatures that are there stay. */
export function* signSteps(
  bytes: Uint8Array,
  secretKey: Uint8Array,
  { keyId: naming = "derived" }: SignOptions,
): CryptoSteps<Uint8Array> {
  checkSecretKey(secretKey);
  const publicKey = publicKeyOf(secretKey);
  const keyId = naming === "none" ? new Uint8Array(0) : yield* keyIdSteps(publicKey);
  const file = openFile(bytes);
  const hashes: Uint8Array[] = [];
  for (const end of file.partEnds) hashes.push(yield* sha256Step(bytes.subarray(file.bodyStart, end)));
  const message = signedMessage(hashes);
  const signature = yield* signStep(message, secretKey);
  if (!(yield* verifyStep(message, { signature, publicKey }))) {
    throw wasmError("WE_SIGNATURE_KEY", { reason: "seed and public key do not belong together" });
  }
  const record = signatureRecord(keyId, signature);
  const lists = file.payload === undefined ? [] : decodeSignatures(file.payload);
  const position = lists.findIndex((list) => sameHashes(list.hashes, hashes));
  const found = lists[position];
  if (found === undefined) {
    lists.push({ hashes, signatures: [record] });
  } else {
    const again = found.signatures.some(({ raw }) => sameBytes(raw, record.raw));
    if (again) throw wasmError("WE_SIGNATURE_DUPLICATE", { keyId: hexOf(keyId) });
    lists[position] = { hashes, signatures: [...found.signatures, record] };
  }
  return withPayload(bytes, file, encodeSignatures(lists));
}
