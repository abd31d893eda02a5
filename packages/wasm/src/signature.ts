/**
 * Signs and verifies modules in the wasmsign2 format. Raw bytes are hashed as they are, sections are never
 * re-encoded. Trust (which
 * keys, how many) is the caller's: here is decided only which trusted keys signed the whole module.
 */

import { assert, encodeUtf8 } from "@wasm-engine/abi";
import type { EngineError } from "@wasm-engine/abi";
import {
  DELIMITER_SECTION,
  HEADER_BYTES,
  SIGNATURE_SECTION,
  concatBytes,
  encodeCustomSection,
  encodeU32,
  hexOf,
  readSections,
} from "./custom-section.js";
import type { FramedSection } from "./custom-section.js";
import { wasmError } from "./errors.js";
import { AGENT_LIMITS, keyIdBytesMax, signatureBytesMax, signedHashesMax } from "./limits.js";
import {
  SIGNATURE_PREFIX,
  decodeSignatures,
  encodeSignatures,
  malformedSignature,
  signatureRecord,
} from "./signature-format.js";
import type { SignatureRecord, SignedHashes } from "./signature-format.js";
import { checkPublicKey, checkSecretKey, keyIdOf, publicKeyOf } from "./signature-key.js";
import type { SignatureCrypto } from "./wasm-contract.js";

const messagePrefix = concatBytes([encodeUtf8("wasmsig"), SIGNATURE_PREFIX]);

/** Which of the trusted keys signed the whole module, in their order. Never empty. */
export interface ModuleVerification {
  readonly publicKeys: readonly Uint8Array[];
  /** Key ids in hex, for messages and logs. */
  readonly keyIds: readonly string[];
}

export interface SignOptions {
  /** Hint at the key, at most 255 bytes; empty: none. @default keyIdOf(publicKey) */
  readonly keyId?: Uint8Array;
}

/** Splits a module into its signature payload (if any) and the hashed rest. */
interface SignedFile {
  readonly payload: Uint8Array | undefined;
  /** First hashed byte. */
  readonly bodyStart: number;
  /** Ends of the parts: after each delimiter, and the end of the file. */
  readonly partEnds: readonly number[];
}

function openFile(bytes: Uint8Array): SignedFile {
  if (bytes.length > AGENT_LIMITS.moduleBytesMax) {
    const limit = AGENT_LIMITS.moduleBytesMax;
    throw wasmError("WE_SIGNATURE_LIMIT", { item: "module bytes", actual: bytes.length, limit });
  }
  const sections = readSections(bytes);
  let signature: FramedSection | undefined;
  const partEnds: number[] = [];
  for (const section of sections) {
    if (section.name === DELIMITER_SECTION) partEnds.push(section.end);
    if (section.name !== SIGNATURE_SECTION) continue;
    if (signature !== undefined) throw malformedSignature("a second signature section", section.start);
    if (section.start !== HEADER_BYTES) {
      throw malformedSignature("the signature section is not the first section", section.start);
    }
    checkFraming(section);
    signature = section;
  }
  if (partEnds.at(-1) !== bytes.length) partEnds.push(bytes.length);
  if (partEnds.length > signedHashesMax) {
    throw wasmError("WE_SIGNATURE_LIMIT", { item: "parts", actual: partEnds.length, limit: signedHashesMax });
  }
  const payload = signature === undefined ? undefined : bytes.subarray(signature.payloadStart, signature.end);
  return { payload, bodyStart: signature?.end ?? HEADER_BYTES, partEnds };
}

/** The section's own frame is not hashed, so it must have one form only. */
function checkFraming(section: FramedSection): void {
  const size = section.end - section.contentStart;
  const nameBytes = 1 + SIGNATURE_SECTION.length;
  const minimal = section.contentStart - section.start === 1 + encodeU32(size).length;
  if (!minimal || section.payloadStart - section.contentStart !== nameBytes) {
    throw malformedSignature("the section's size is not in its shortest form", section.start);
  }
  if (size - nameBytes > signatureBytesMax) {
    const actual = size - nameBytes;
    throw wasmError("WE_SIGNATURE_LIMIT", { item: "payload bytes", actual, limit: signatureBytesMax });
  }
}

/** Hash of everything from the signature section to the end of each part. */
function partHashes(bytes: Uint8Array, file: SignedFile, crypto: SignatureCrypto): Uint8Array[] {
  return file.partEnds.map((end) => {
    const hash = crypto.sha256(bytes.subarray(file.bodyStart, end));
    assert(hash.length === 32, "a SHA-256 has 32 bytes");
    return hash;
  });
}

function signedMessage(hashes: readonly Uint8Array[]): Uint8Array {
  return concatBytes([messagePrefix, ...hashes]);
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
  checkSecretKey(secretKey);
  const publicKey = publicKeyOf(secretKey);
  const keyId = options.keyId ?? keyIdOf(publicKey, (part) => crypto.sha256(part));
  if (keyId.length > keyIdBytesMax) {
    throw wasmError("WE_SIGNATURE_LIMIT", {
      item: "key id bytes",
      actual: keyId.length,
      limit: keyIdBytesMax,
    });
  }
  const file = openFile(bytes);
  const hashes = partHashes(bytes, file, crypto);
  const message = signedMessage(hashes);
  const signature = crypto.sign(message, secretKey);
  if (!crypto.verify(message, signature, publicKey)) {
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

function withPayload(bytes: Uint8Array, file: SignedFile, payload: Uint8Array | undefined): Uint8Array {
  const section = payload === undefined ? [] : [encodeCustomSection(SIGNATURE_SECTION, payload)];
  return concatBytes([bytes.subarray(0, HEADER_BYTES), ...section, bytes.subarray(file.bodyStart)]);
}

/**
 * Verifies that trusted keys signed the module as a whole: every part, to the last byte. A module cut off at a
 * delimiter does
 * not pass, although its bytes were signed as a part.
 * @param trustedPublicKeys 32 bytes each
 * @throws {WE_SIGNATURE_MISSING} {WE_SIGNATURE_UNTRUSTED} {WE_SIGNATURE_INVALID} {WE_SIGNATURE_MALFORMED}
 * {WE_SIGNATURE_LIMIT}
 * {WE_SIGNATURE_KEY} {WE_MODULE_HEADER} {WE_MODULE_MALFORMED}
 */
export function verify(
  bytes: Uint8Array,
  trustedPublicKeys: readonly Uint8Array[],
  crypto: SignatureCrypto,
): ModuleVerification {
  const file = openFile(bytes);
  if (file.payload === undefined) throw wasmError("WE_SIGNATURE_MISSING");
  return verifyFile({ bytes, file, lists: decodeSignatures(file.payload) }, trustedPublicKeys, crypto);
}

/** {@link verify} with a signature from a file of its own. The module must not carry another. */
export function verifyDetached(
  { bytes, signature }: { readonly bytes: Uint8Array; readonly signature: Uint8Array },
  trustedPublicKeys: readonly Uint8Array[],
  crypto: SignatureCrypto,
): ModuleVerification {
  const file = openFile(bytes);
  if (file.payload !== undefined) {
    throw malformedSignature(
      "the module carries a signature of its own beside the detached one",
      HEADER_BYTES,
    );
  }
  return verifyFile({ bytes, file, lists: decodeSignatures(signature) }, trustedPublicKeys, crypto);
}

interface OpenedModule {
  readonly bytes: Uint8Array;
  readonly file: SignedFile;
  readonly lists: readonly SignedHashes[];
}

function verifyFile(
  { bytes, file, lists }: OpenedModule,
  trustedPublicKeys: readonly Uint8Array[],
  crypto: SignatureCrypto,
): ModuleVerification {
  if (lists.length === 0) throw wasmError("WE_SIGNATURE_MISSING");
  for (const publicKey of trustedPublicKeys) checkPublicKey(publicKey);
  // The last hash covers every byte of every part; the earlier ones are the signer's word on where the parts
  // end. Hashing each part again would let a module with many delimiters cost a multiple of its size.
  const lastHash = crypto.sha256(bytes.subarray(file.bodyStart));
  const parts = file.partEnds.length;
  const whole = lists.filter(
    ({ hashes }) => hashes.length === parts && sameBytes(lastHash, hashes[parts - 1]),
  );
  if (whole.length === 0) throw notWhole(lists, parts, lastHash);
  const signed = whole.map(({ hashes, signatures }) => ({ message: signedMessage(hashes), signatures }));
  const publicKeys: Uint8Array[] = [];
  const keyIds: string[] = [];
  let forged: string | undefined;
  for (const publicKey of trustedPublicKeys) {
    const keyId = hexOf(keyIdOf(publicKey, (part) => crypto.sha256(part)));
    // A key that is listed twice still is one signer.
    if (publicKeys.some((other) => sameBytes(other, publicKey))) continue;
    if (signedBy(signed, publicKey, crypto)) {
      publicKeys.push(publicKey);
      keyIds.push(keyId);
    } else if (whole.some((list) => list.signatures.some((record) => hexOf(record.keyId) === keyId))) {
      forged = keyId;
    }
  }
  if (publicKeys.length > 0) return { publicKeys, keyIds };
  if (forged !== undefined) {
    throw wasmError("WE_SIGNATURE_INVALID", { reason: `the signature of key ${forged} is wrong` });
  }
  const ids = whole.flatMap(({ signatures }) => signatures.map(signerName));
  const found = ids.length === 0 ? "nobody" : [...new Set(ids)].join(", ");
  throw wasmError("WE_SIGNATURE_UNTRUSTED", { found, trusted: trustedPublicKeys.length });
}

/** Key ids decide nothing, because signers choose them freely: every signature is tried. */
function signedBy(
  signed: readonly { readonly message: Uint8Array; readonly signatures: readonly SignatureRecord[] }[],
  publicKey: Uint8Array,
  crypto: SignatureCrypto,
): boolean {
  return signed.some(({ message, signatures }) =>
    signatures.some(
      ({ signature }) => signature !== undefined && crypto.verify(message, signature, publicKey),
    ),
  );
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
  const reason =
    cut !== undefined
      ? `cut off after part ${parts} of ${cut.hashes.length}`
      : fewer !== undefined
        ? `only ${fewer.hashes.length} of its ${parts} parts are signed`
        : "its bytes have another hash";
  return wasmError("WE_SIGNATURE_INVALID", { reason });
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

function sameHashes(left: readonly Uint8Array[], right: readonly Uint8Array[]): boolean {
  return left.length === right.length && left.every((hash, index) => sameBytes(hash, right[index]));
}

function sameBytes(left: Uint8Array, right: Uint8Array | undefined): boolean {
  return left.length === right?.length && left.every((byte, index) => byte === right[index]);
}
