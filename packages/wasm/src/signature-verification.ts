/**
 * Which trusted keys signed a module as a whole, as steps. Trust (which keys, how many) is the caller's.
 *
 * Signatures of keys that nobody trusts are let through and count for nothing. Where a record names a trusted key, or
 * is made by one, every byte of it matters: it verifies and its key id is empty or the one that follows from the key,
 * or the module is refused.
 */

import type { EngineError } from "@wasm-engine/abi";
import { sha256Step, verifyStep } from "./crypto-steps.js";
import type { CryptoSteps } from "./crypto-steps.js";
import { hexOf } from "./custom-section.js";
import { wasmError } from "./errors.js";
import type { SignedFile } from "./signature-file.js";
import { sameBytes } from "./signature-format.js";
import type { SignatureRecord, SignedHashes } from "./signature-format.js";
import { checkPublicKey, hasCanonicalScalar, keyIdSteps } from "./signature-key.js";
import { signedMessage } from "./signature-making.js";

/** Which of the trusted keys signed the whole module, in their order. Never empty. */
export interface ModuleVerification {
  readonly publicKeys: readonly Uint8Array[];
  /** Key ids in hex, for messages and logs. */
  readonly keyIds: readonly string[];
}

/** A module with the signatures that count for it, its own or detached ones. */
export interface OpenedModule {
  readonly bytes: Uint8Array;
  readonly file: SignedFile;
  readonly lists: readonly SignedHashes[];
}

/** A signature over the whole module, with what it signs. */
interface WholeSignature {
  readonly message: Uint8Array;
  readonly record: SignatureRecord;
}

interface TrustedKey {
  readonly publicKey: Uint8Array;
  readonly keyId: string;
}

export function* verifySteps(
  { bytes, file, lists }: OpenedModule,
  trustedPublicKeys: readonly Uint8Array[],
): CryptoSteps<ModuleVerification> {
  if (lists.length === 0) throw wasmError("WE_SIGNATURE_MISSING");
  const keys = yield* trustedKeys(trustedPublicKeys);
  // The last hash covers every byte of every part; the earlier ones are the signer's word on where the parts
  // end. Hashing each part again would let a module with many delimiters cost a multiple of its size.
  const lastHash = yield* sha256Step(bytes.subarray(file.bodyStart));
  const parts = file.partEnds.length;
  const whole = lists.filter(
    ({ hashes }) => hashes.length === parts && sameBytes(lastHash, hashes[parts - 1]),
  );
  if (whole.length === 0) throw notWhole(lists, parts, lastHash);
  const signatures = whole.flatMap((list): WholeSignature[] => {
    const message = signedMessage(list.hashes);
    return list.signatures.map((record) => ({ message, record }));
  });
  const signers: TrustedKey[] = [];
  for (const key of keys) if (yield* hasSigned(key, signatures)) signers.push(key);
  if (signers.length > 0) {
    return {
      publicKeys: signers.map(({ publicKey }) => publicKey),
      keyIds: signers.map(({ keyId }) => keyId),
    };
  }
  yield* refuseForeignIds(keys, signatures);
  const names = signatures.map(({ record }) => signerName(record));
  const found = names.length === 0 ? "nobody" : [...new Set(names)].join(", ");
  throw wasmError("WE_SIGNATURE_UNTRUSTED", { found, trusted: trustedPublicKeys.length });
}

/** Every key once, however often it is listed: it is one signer. */
function* trustedKeys(publicKeys: readonly Uint8Array[]): CryptoSteps<TrustedKey[]> {
  for (const publicKey of publicKeys) checkPublicKey(publicKey);
  const keys: TrustedKey[] = [];
  for (const publicKey of publicKeys) {
    if (keys.some((other) => sameBytes(other.publicKey, publicKey))) continue;
    keys.push({ publicKey, keyId: hexOf(yield* keyIdSteps(publicKey)) });
  }
  return keys;
}

/** @throws {WE_SIGNATURE_INVALID} where a signature names the key and is not of it. */
function* hasSigned(key: TrustedKey, signatures: readonly WholeSignature[]): CryptoSteps<boolean> {
  let found = false;
  for (const { message, record } of signatures) {
    const named = hexOf(record.keyId);
    if (named !== "" && named !== key.keyId) continue;
    if (record.signature === undefined) continue;
    const isValid = yield* isSignatureOf(key, message, record.signature);
    if (isValid) found = true;
    else if (named !== "") throw invalid(`the signature of key ${key.keyId} is wrong`);
  }
  return found;
}

function* isSignatureOf(key: TrustedKey, message: Uint8Array, signature: Uint8Array): CryptoSteps<boolean> {
  if (!hasCanonicalScalar(signature)) return false;
  return yield* verifyStep(message, { signature, publicKey: key.publicKey });
}

/** Says so where a trusted key did sign, under a name that is not its own. */
function* refuseForeignIds(
  keys: readonly TrustedKey[],
  signatures: readonly WholeSignature[],
): CryptoSteps<void> {
  for (const { message, record } of signatures) {
    const { keyId, signature } = record;
    if (keyId.length === 0 || signature === undefined) continue;
    for (const key of keys) {
      if (!(yield* isSignatureOf(key, message, signature))) continue;
      throw invalid(`the signature of key ${key.keyId} names the key ${hexOf(keyId)}`);
    }
  }
}

function signerName({ keyId }: SignatureRecord): string {
  return keyId.length === 0 ? "an unnamed key" : `key ${hexOf(keyId)}`;
}

/** Why no list of hashes is that of the whole module. */
function notWhole(lists: readonly SignedHashes[], parts: number, lastHash: Uint8Array): EngineError {
  const cut = lists.find(
    ({ hashes }) => hashes.length > parts && hashes.some((hash) => sameBytes(hash, lastHash)),
  );
  const fewer = lists.find(({ hashes }) => hashes.length < parts);
  if (cut !== undefined) return invalid(`cut off after part ${parts} of ${cut.hashes.length}`);
  if (fewer !== undefined) return invalid(`only ${fewer.hashes.length} of its ${parts} parts are signed`);
  return invalid("its bytes have another hash");
}

function invalid(reason: string): EngineError {
  return wasmError("WE_SIGNATURE_INVALID", { reason });
}
