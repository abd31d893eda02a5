/** The vectors of spec/vectors/signatures.json: keys, signed modules, and modules that are refused with their codes. */

import {
  HEADER,
  bytes,
  customSection,
  delimiter,
  hashesOf,
  keyOf,
  listOf,
  messageOf,
  moduleOf,
  payloadOf,
  signatureOf,
  signedRecord,
} from "./signed-bytes.js";
import type { VectorKey } from "./signed-bytes.js";
import { keyFileVectors } from "./key-file-vectors.js";
import { refusalVectors } from "./refusal-vectors.js";

/** Somebody verifies a module. Keys are named as in `keys`, or are 64 hexadecimal digits. */
export interface VerificationVector {
  readonly name: string;
  readonly module: Buffer;
  /** A detached signature. */
  readonly signature?: Buffer;
  readonly trusted: readonly string[];
  /** @default 1 */
  readonly threshold?: number;
  /** Who counts, in the order of `trusted`; or the code of the refusal. */
  readonly signers?: readonly string[];
  readonly code?: string;
}

const none = Buffer.alloc(0);
export const alice: VectorKey = keyOf("alice", Buffer.from(Array.from({ length: 32 }, (_, index) => index)));
export const bob: VectorKey = keyOf("bob", Buffer.alloc(32, 7));
export const carol: VectorKey = keyOf("carol", Buffer.alloc(32, 8));
export const body: Buffer = customSection("t", "2a");
const second = customSection("u", "2b");

/** What `sign` makes of `unsigned`, one key after the other. */
function signingVectors() {
  const whole = hashesOf(body);
  const first = bytes(body, delimiter(1));
  const both = hashesOf(first, second);
  const unsigned = bytes(HEADER, body);
  const two = bytes(HEADER, first, second);
  const made = (
    name: string,
    from: Buffer,
    hashes: readonly Buffer[],
    signed: Buffer,
    by: readonly string[],
  ) => {
    return { name, unsigned: from, message: messageOf(hashes), by, signed };
  };
  const named = signedRecord(alice, whole);
  return [
    made(
      "no key id",
      unsigned,
      whole,
      moduleOf(payloadOf(listOf(whole, [signedRecord(alice, whole, none)])), body),
      ["alice none"],
    ),
    made("key id", unsigned, whole, moduleOf(payloadOf(listOf(whole, [named])), body), ["alice derived"]),
    made(
      "two signers share a list",
      unsigned,
      whole,
      moduleOf(payloadOf(listOf(whole, [named, signedRecord(bob, whole)])), body),
      ["alice derived", "bob derived"],
    ),
    made(
      "two parts",
      two,
      both,
      moduleOf(payloadOf(listOf(both, [signedRecord(alice, both)])), first, second),
      ["alice derived"],
    ),
    made(
      "a part that ends the file",
      bytes(HEADER, first),
      hashesOf(first),
      moduleOf(payloadOf(listOf(hashesOf(first), [signedRecord(bob, hashesOf(first))])), first),
      ["bob derived"],
    ),
  ];
}

function acceptedVectors(): VerificationVector[] {
  const whole = hashesOf(body);
  const first = bytes(body, delimiter(1));
  const both = hashesOf(first, second);
  const payload = payloadOf(listOf(whole, [signedRecord(alice, whole), signedRecord(bob, whole)]));
  const signed = moduleOf(payload, body);
  const partAlone = listOf(hashesOf(first), [signedRecord(alice, hashesOf(first))]);
  const mixed = payloadOf(partAlone, listOf(both, [signedRecord(bob, both)]));
  const unknown = bytes("00 07 aabbcc");
  const alone = signedRecord(alice, whole);
  return [
    {
      name: "trusted keys in their order",
      module: signed,
      trusted: ["bob", "alice"],
      signers: ["bob", "alice"],
    },
    { name: "one of two keys", module: signed, trusted: ["carol", "bob"], signers: ["bob"] },
    { name: "a key twice is one signer", module: signed, trusted: ["bob", "bob"], signers: ["bob"] },
    {
      name: "detached",
      module: bytes(HEADER, body),
      signature: payload,
      trusted: ["alice"],
      signers: ["alice"],
    },
    {
      name: "who signed a part alone does not count",
      module: moduleOf(mixed, first, second),
      trusted: ["alice", "bob"],
      signers: ["bob"],
    },
    {
      name: "an unknown algorithm is skipped",
      module: moduleOf(payloadOf(listOf(whole, [unknown, alone])), body),
      trusted: ["alice"],
      signers: ["alice"],
    },
    {
      name: "a wrong signature of a key that nobody trusts is skipped",
      module: moduleOf(payloadOf(listOf(whole, [signedRecord(carol, both), alone])), body),
      trusted: ["alice"],
      signers: ["alice"],
    },
  ];
}

/** m of n. */
function thresholdVectors(): VerificationVector[] {
  const whole = hashesOf(body);
  const signedBy = (...keys: readonly VectorKey[]): Buffer =>
    moduleOf(
      payloadOf(
        listOf(
          whole,
          keys.map((key) => signedRecord(key, whole)),
        ),
      ),
      body,
    );
  const twice = moduleOf(
    payloadOf(listOf(whole, [signedRecord(alice, whole), signedRecord(alice, whole, none)])),
    body,
  );
  const all = ["alice", "bob", "carol"];
  return [
    {
      name: "2 of 3",
      module: signedBy(carol, alice),
      trusted: all,
      threshold: 2,
      signers: ["alice", "carol"],
    },
    { name: "3 of 3", module: signedBy(carol, bob, alice), trusted: all, threshold: 3, signers: all },
    { name: "too few", module: signedBy(bob), trusted: all, threshold: 2, code: "WE_SIGNATURE_THRESHOLD" },
    {
      name: "one key, two records",
      module: twice,
      trusted: all,
      threshold: 2,
      code: "WE_SIGNATURE_THRESHOLD",
    },
    {
      name: "a key listed twice",
      module: signedBy(alice),
      trusted: ["alice", "alice"],
      threshold: 2,
      code: "WE_TRUST_THRESHOLD",
    },
    { name: "0 of 1", module: signedBy(alice), trusted: ["alice"], threshold: 0, code: "WE_TRUST_THRESHOLD" },
    { name: "2 of 1", module: signedBy(alice), trusted: ["alice"], threshold: 2, code: "WE_TRUST_THRESHOLD" },
    { name: "1.5 of 2", module: signedBy(alice), trusted: all, threshold: 1.5, code: "WE_TRUST_THRESHOLD" },
  ];
}

/** All vectors, as the file holds them. */
export function signatureVectors(): unknown {
  return plain({
    keys: [alice, bob, carol].map(({ name, seed, publicKey, keyId }) => ({ name, seed, publicKey, keyId })),
    keyFiles: keyFileVectors(alice, bob),
    knownAnswer: {
      key: "alice",
      message: messageOf(hashesOf(body)),
      signature: signatureOf(alice, messageOf(hashesOf(body))),
    },
    signing: signingVectors(),
    verification: [...acceptedVectors(), ...refusalVectors(alice, bob)],
    thresholds: thresholdVectors(),
  });
}

/** Bytes as hex, everything else as it is. */
function plain(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString("hex");
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}
