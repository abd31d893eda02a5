/**
 * What a page does with this package: reads, validates, instruments, signs and verifies a module over WebCrypto. The
 * same code runs in Node, in a context without Node and in a browser; what it returns must be equal.
 */

import { EngineError } from "@wasm-engine/abi";
import {
  attachManifest,
  instrument,
  publicKeyOf,
  readManifest,
  signAsync,
  validate,
  verifyAsync,
  webCryptoSignatures,
} from "../index.js";
import type { SubtleEd25519 } from "../index.js";

export interface BrowserReport {
  /** Hex digests of what was made. */
  readonly instrumented: string;
  readonly signed: string;
  readonly manifest: unknown;
  readonly functions: number;
  readonly signers: readonly string[];
  /** Codes of what had to be refused. */
  readonly refusals: readonly string[];
}

function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function codeOf(action: () => unknown): Promise<string> {
  try {
    await action();
    return "none";
  } catch (error) {
    return EngineError.is(error) ? error.code : String(error);
  }
}

/** @param secretKey seed, then public key */
export async function browserCheck(
  { bytes, secretKey }: { readonly bytes: Uint8Array; readonly secretKey: Uint8Array },
  subtle: SubtleEd25519,
): Promise<BrowserReport> {
  const crypto = webCryptoSignatures(subtle);
  const digestOf = async (content: Uint8Array): Promise<string> => hexOf(await crypto.sha256(content));
  const manifest = { name: "page", version: "1.0.0", abi: { major: 1, minor: 0 }, capabilities: [] };
  const signed = await signAsync(attachManifest(bytes, manifest), secretKey, crypto);
  const publicKey = publicKeyOf(secretKey);
  const changed = Uint8Array.from(signed);
  changed[changed.length - 1] = (changed[changed.length - 1] ?? 0) ^ 1;
  const validated = validate(signed, { profile: "agent" });
  const { bytes: instrumented } = instrument(validated, { profile: "agent" });
  return {
    instrumented: await digestOf(instrumented),
    signed: await digestOf(signed),
    manifest: readManifest(signed),
    functions: validated.module.functions.length,
    signers: (await verifyAsync(signed, [publicKey], crypto)).keyIds,
    refusals: [
      await codeOf(() => verifyAsync(changed, [publicKey], crypto)),
      await codeOf(() => verifyAsync(bytes, [publicKey], crypto)),
      await codeOf(() => validate(bytes.subarray(0, bytes.length - 3))),
      await codeOf(() => readManifest(bytes)),
    ],
  };
}
