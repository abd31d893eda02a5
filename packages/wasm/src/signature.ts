/**
 * Signs and verifies modules in the wasmsign2 format: the surface, for synchronous and asynchronous hosts. The format
 * is spec/signatures.md. Trust (which keys, how many) is the caller's.
 */

import { assert } from "@wasm-engine/abi";
import { performSteps, performStepsAsync } from "./crypto-steps.js";
import { DELIMITER_SECTION, concatBytes, encodeCustomSection } from "./custom-section.js";
import { HEADER_BYTES } from "./module-header.js";
import { wasmError } from "./errors.js";
import { openFile, withPayload } from "./signature-file.js";
import { decodeSignatures, malformedSignature } from "./signature-format.js";
import type { SignedHashes } from "./signature-format.js";
import { signSteps } from "./signature-making.js";
import type { SignOptions } from "./signature-making.js";
import { verifySteps } from "./signature-verification.js";
import type { ModuleVerification, OpenedModule } from "./signature-verification.js";
import type { AsyncSignatureCrypto, SignatureCrypto } from "./wasm-contract.js";

/** A module and a signature from a file of its own. */
export interface DetachedModule {
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Signs the whole module: all parts where it has delimiters. Signatures that are there stay.
 * @param secretKey 32-byte seed followed by the 32-byte public key
 * @throws {WE_SIGNATURE_KEY} {WE_SIGNATURE_DUPLICATE} {WE_SIGNATURE_MALFORMED} {WE_SIGNATURE_LIMIT}
 * {WE_MODULE_HEADER} {WE_MODULE_MALFORMED}
 */
export function sign(
  bytes: Uint8Array,
  secretKey: Uint8Array,
  crypto: SignatureCrypto,
  options: SignOptions = {},
): Uint8Array {
  return performSteps(signSteps(bytes, secretKey, options), crypto);
}

/** {@link sign} for hosts with asynchronous cryptography. Rejects where it throws. */
export async function signAsync(
  bytes: Uint8Array,
  secretKey: Uint8Array,
  crypto: AsyncSignatureCrypto,
  options: SignOptions = {},
): Promise<Uint8Array> {
  return performStepsAsync(signSteps(bytes, secretKey, options), crypto);
}

/**
 * Verifies that trusted keys signed the module as a whole: every part, to the last byte. A module cut off at a
 * delimiter does not pass, although its bytes were signed as a part. A signature that names a trusted key and is not
 * of it refuses the module, whoever else signed.
 * @param trustedPublicKeys 32 bytes each
 * @throws {WE_SIGNATURE_MISSING} {WE_SIGNATURE_UNTRUSTED} {WE_SIGNATURE_INVALID} {WE_SIGNATURE_MALFORMED}
 * {WE_SIGNATURE_LIMIT} {WE_SIGNATURE_KEY} {WE_MODULE_HEADER} {WE_MODULE_MALFORMED}
 */
export function verify(
  bytes: Uint8Array,
  trustedPublicKeys: readonly Uint8Array[],
  crypto: SignatureCrypto,
): ModuleVerification {
  return performSteps(verifySteps(openSigned(bytes), trustedPublicKeys), crypto);
}

/** {@link verify} for hosts with asynchronous cryptography. Rejects where it throws. */
export async function verifyAsync(
  bytes: Uint8Array,
  trustedPublicKeys: readonly Uint8Array[],
  crypto: AsyncSignatureCrypto,
): Promise<ModuleVerification> {
  return performStepsAsync(verifySteps(openSigned(bytes), trustedPublicKeys), crypto);
}

/** {@link verify} with a signature from a file of its own. The module must not carry another. */
export function verifyDetached(
  module: DetachedModule,
  trustedPublicKeys: readonly Uint8Array[],
  crypto: SignatureCrypto,
): ModuleVerification {
  return performSteps(verifySteps(openDetached(module), trustedPublicKeys), crypto);
}

/** {@link verifyDetached} for hosts with asynchronous cryptography. Rejects where it throws. */
export async function verifyDetachedAsync(
  module: DetachedModule,
  trustedPublicKeys: readonly Uint8Array[],
  crypto: AsyncSignatureCrypto,
): Promise<ModuleVerification> {
  return performStepsAsync(verifySteps(openDetached(module), trustedPublicKeys), crypto);
}

function openSigned(bytes: Uint8Array): OpenedModule {
  const file = openFile(bytes);
  if (file.payload === undefined) throw wasmError("WE_SIGNATURE_MISSING");
  return { bytes, file, lists: decodeSignatures(file.payload) };
}

function openDetached({ bytes, signature }: DetachedModule): OpenedModule {
  const file = openFile(bytes);
  if (file.payload !== undefined) {
    throw malformedSignature(
      "the module carries a signature of its own beside the detached one",
      HEADER_BYTES,
    );
  }
  return { bytes, file, lists: decodeSignatures(signature) };
}

/** All signatures that a module carries, whoever made them; none where it is unsigned. Nothing is verified. */
export function readSignatures(bytes: Uint8Array): SignedHashes[] {
  const { payload } = openFile(bytes);
  return payload === undefined ? [] : decodeSignatures(payload);
}

/** Takes the signature out of a module: the inverse of {@link attachSignature}. */
export function detachSignature(bytes: Uint8Array): {
  readonly module: Uint8Array;
  readonly signature: Uint8Array;
} {
  const file = openFile(bytes);
  if (file.payload === undefined) throw wasmError("WE_SIGNATURE_MISSING");
  return { module: withPayload(bytes, file, undefined), signature: file.payload.slice() };
}

/** Puts a detached signature into an unsigned module. The signature is checked for form only. */
export function attachSignature(bytes: Uint8Array, signature: Uint8Array): Uint8Array {
  decodeSignatures(signature);
  const file = openFile(bytes);
  if (file.payload !== undefined)
    throw malformedSignature("the module already carries a signature", HEADER_BYTES);
  return withPayload(bytes, file, signature);
}

/**
 * Ends a separately signed part: appends a delimiter section. Sections appended later form the next part.
 * @param random 16 bytes that make the delimiter unique
 */
export function appendDelimiter(bytes: Uint8Array, random: Uint8Array): Uint8Array {
  assert(random.length === 16, "a delimiter holds 16 bytes");
  openFile(bytes);
  return concatBytes([bytes, encodeCustomSection(DELIMITER_SECTION, random)]);
}
