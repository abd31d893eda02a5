/**
 * Whose signatures count, and whether there are enough of them on a module. Bytes and cryptography are those of
 * @wasm-engine/wasm; what signed modules may then be granted is in ceiling.ts.
 */

import { isDeepStrictEqual } from "node:util";
import { EngineError } from "@wasm-engine/abi";
import { equalBytes } from "@wasm-engine/core";
import { attachSignature, keyIdOf, readSignatures, verifyDetached, verify } from "@wasm-engine/wasm";
import { hexOfBytes, nodeSignatureCrypto, sha256 } from "../crypto/node-crypto.js";
import type { Ceiling, Signer } from "./ceiling.js";
import { trustError } from "./errors.js";

/** A public key with the name that messages and the configuration call it by. */
export interface NamedKey {
  readonly name: string;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly ceiling?: Ceiling;
}

/** `threshold` of `keys` must have signed. Keys are different. */
export interface TrustPolicy {
  readonly keys: readonly NamedKey[];
  readonly threshold: number;
}

/**
 * A policy; a key that is given twice counts once, under its first name.
 * @throws {WE_TRUST_THRESHOLD} {WE_TRUST_KEY_CEILINGS}
 */
export function trustPolicy(keys: readonly NamedKey[], threshold: number): TrustPolicy {
  const distinct: NamedKey[] = [];
  for (const key of keys) {
    const same = distinct.find(({ publicKey }) => equalBytes(publicKey, key.publicKey));
    if (same === undefined) distinct.push(key);
    else if (!isDeepStrictEqual(same.ceiling, key.ceiling))
      throw trustError("WE_TRUST_KEY_CEILINGS", { first: same.name, second: key.name });
  }
  if (!Number.isSafeInteger(threshold) || threshold < 1 || threshold > distinct.length) {
    throw trustError("WE_TRUST_THRESHOLD", { threshold, count: distinct.length });
  }
  return { keys: distinct, threshold };
}

/** Key id as hex. */
export function keyIdText(publicKey: Uint8Array): string {
  return hexOfBytes(keyIdOf(publicKey, sha256));
}

/** What the signatures on a module say under a policy. */
export interface SignatureReport {
  /** Keys of the policy that signed the whole module. */
  readonly signers: readonly Signer[];
  /** Keys of the policy that did not. */
  readonly missing: readonly Signer[];
  /** Key ids that the module names and the policy does not know; hints, nothing is verified. */
  readonly unknown: readonly string[];
  readonly threshold: number;
}

/**
 * Verifies a module under a policy. `signature` is a detached one.
 * @throws {WE_SIGNATURE_MISSING} {WE_SIGNATURE_UNTRUSTED} {WE_SIGNATURE_INVALID} {WE_SIGNATURE_MALFORMED}
 * {WE_SIGNATURE_THRESHOLD} with the report in its details
 */
export function verifyUnderPolicy(
  module: { readonly bytes: Uint8Array; readonly signature?: Uint8Array },
  policy: TrustPolicy,
): SignatureReport {
  const { bytes, signature } = module;
  const publicKeys = policy.keys.map(({ publicKey }) => publicKey);
  const found =
    signature === undefined
      ? verify(bytes, publicKeys, nodeSignatureCrypto)
      : verifyDetached({ bytes, signature }, publicKeys, nodeSignatureCrypto);
  const hasSigned = ({ publicKey }: NamedKey): boolean =>
    found.publicKeys.some((signed) => equalBytes(signed, publicKey));
  const report: SignatureReport = {
    signers: policy.keys.filter(hasSigned).map(signerOf),
    missing: policy.keys.filter((key) => !hasSigned(key)).map(signerOf),
    unknown: unknownKeyIds(signature === undefined ? bytes : attachSignature(bytes, signature), policy),
    threshold: policy.threshold,
  };
  if (report.signers.length >= policy.threshold) return report;
  throw trustError("WE_SIGNATURE_THRESHOLD", {
    count: report.signers.length,
    threshold: policy.threshold,
    signed: listed(report.signers),
    missing: listed(report.missing),
    signatures: report,
  });
}

/** As {@link verifyUnderPolicy}, and with what can be said of a module that is refused. */
export function reportSignatures(
  module: { readonly bytes: Uint8Array; readonly signature?: Uint8Array },
  policy: TrustPolicy,
): { readonly report: SignatureReport; readonly error?: EngineError } {
  try {
    return { report: verifyUnderPolicy(module, policy) };
  } catch (error) {
    if (!EngineError.is(error)) throw error;
    const partial = error.details["signatures"] as SignatureReport | undefined; // put there above, by this code alone
    const nobody: SignatureReport = {
      signers: [],
      missing: policy.keys.map(signerOf),
      unknown: [],
      threshold: policy.threshold,
    };
    return { report: partial ?? nobody, error };
  }
}

function unknownKeyIds(bytes: Uint8Array, policy: TrustPolicy): string[] {
  const known = new Set(policy.keys.map(({ publicKey }) => keyIdText(publicKey)));
  const ids = readSignatures(bytes).flatMap(({ signatures }) =>
    signatures.map(({ keyId }) => hexOfBytes(keyId)),
  );
  return [...new Set(ids)].filter((id) => id !== "" && !known.has(id)).sort();
}

function signerOf({ name, publicKey, ceiling }: NamedKey): Signer {
  return { name, keyId: keyIdText(publicKey), ...(ceiling === undefined ? {} : { ceiling }) };
}

function listed(signers: readonly Signer[]): string {
  return signers.length === 0 ? "nobody" : signers.map(({ name }) => name).join(", ");
}
