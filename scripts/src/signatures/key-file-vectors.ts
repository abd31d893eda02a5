/** Key files that are read, and those that are refused. */

import { bytes } from "./signed-bytes.js";
import type { VectorKey } from "./signed-bytes.js";

export interface KeyFileVector {
  readonly name: string;
  readonly kind: "public" | "secret";
  readonly file: Buffer;
  /** The code of the refusal; absent where the file is read. */
  readonly code?: string;
}

const refused = "WE_SIGNATURE_KEY";

/** Points whose multiple by 8 is the neutral element, in every encoding below the prime. */
const smallOrder = [
  ["order 4", "00".repeat(32)],
  ["order 4, other sign", `${"00".repeat(31)}80`],
  ["order 1", `01${"00".repeat(31)}`],
  ["order 1, other sign", `01${"00".repeat(30)}80`],
  ["order 2", `ec${"ff".repeat(30)}7f`],
  ["order 2, other sign", `ec${"ff".repeat(31)}`],
  ["order 8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"],
  ["order 8, other sign", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"],
  ["order 8, other y", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"],
  ["order 8, other y, other sign", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"],
] as const;

/** y from the prime 2^255 - 19 on: another encoding of a smaller y. */
const notCanonical = Array.from({ length: 19 }, (_, index) => (0xed + index).toString(16)).flatMap((low) => [
  [`y = 2^255 - 19 + ${parseInt(low, 16) - 0xed}`, `${low}${"ff".repeat(30)}7f`] as const,
  [`y = 2^255 - 19 + ${parseInt(low, 16) - 0xed}, sign`, `${low}${"ff".repeat(31)}`] as const,
]);

export function keyFileVectors({ seed, publicKey }: VectorKey, other: VectorKey): KeyFileVector[] {
  const publicRefusals = [...smallOrder, ...notCanonical].map(([name, key]): KeyFileVector => ({
    name,
    kind: "public",
    file: bytes("01", key),
    code: refused,
  }));
  const file = (name: string, kind: KeyFileVector["kind"], ...parts: readonly (string | Buffer)[]) => {
    return { name, kind, file: bytes(...parts), code: refused };
  };
  return [
    { name: "public", kind: "public", file: bytes("01", publicKey) },
    { name: "secret", kind: "secret", file: bytes("81", seed, publicKey) },
    ...publicRefusals,
    file("empty", "public", ""),
    file("no tag", "public", publicKey),
    file("another tag", "public", "02", publicKey),
    file("a byte short", "public", "01", publicKey.subarray(1)),
    file("a byte long", "public", "01", publicKey, "00"),
    file("a secret key for a public one", "public", "81", seed, publicKey),
    file("empty secret", "secret", ""),
    file("no secret tag", "secret", seed, publicKey),
    file("seed alone", "secret", "81", seed),
    file("a byte short, secret", "secret", "81", seed, publicKey.subarray(1)),
    file("a byte long, secret", "secret", "81", seed, publicKey, "00"),
    file("a public key for a secret one", "secret", "01", publicKey),
    file("public half of small order", "secret", "81", seed, "00".repeat(32)),
    file("public half of another key", "secret", "81", seed, other.publicKey),
  ];
}
