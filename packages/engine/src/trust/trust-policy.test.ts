/** m of n: the vectors of spec/vectors/signatures.json, and what policies are refused. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import { generateKeyPair } from "../crypto/node-crypto.js";
import type { Ceiling } from "./ceiling.js";
import { trustPolicy, verifyUnderPolicy } from "./trust-policy.js";

interface Vectors {
  readonly keys: readonly { readonly name: string; readonly publicKey: string }[];
  readonly thresholds: readonly {
    readonly name: string;
    readonly module: string;
    readonly trusted: readonly string[];
    readonly threshold: number;
    readonly signers?: readonly string[];
    readonly code?: string;
  }[];
}

const file = new URL("../../../../spec/vectors/signatures.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as Vectors; // the shape that its generator writes
const { publicKey } = generateKeyPair();

for (const { name, module, trusted, threshold, signers, code } of vectors.thresholds) {
  test(`m of n: ${name}`, () => {
    const keys = trusted.map((key) => {
      const hex = vectors.keys.find((known) => known.name === key)?.publicKey ?? "";
      return { name: key, publicKey: new Uint8Array(Buffer.from(hex, "hex")) };
    });
    const bytes = new Uint8Array(Buffer.from(module, "hex"));
    let found: unknown;
    try {
      found = verifyUnderPolicy({ bytes }, trustPolicy(keys, threshold)).signers.map((signer) => signer.name);
    } catch (error) {
      assert.ok(EngineError.is(error), String(error));
      found = error.code;
    }
    assert.deepEqual(found, code ?? signers);
  });
}

test("thresholds that are no counts of keys are refused", () => {
  for (const threshold of [-1, 0, 0.5, 1.5, Number.NaN, Infinity])
    assert.throws(() => trustPolicy([{ name: "k", publicKey }], threshold), { code: "WE_TRUST_THRESHOLD" });
  assert.throws(() => trustPolicy([], 1), { code: "WE_TRUST_THRESHOLD" });
});

test("[G5] one key under two names has one ceiling: a second one is not silently left out", () => {
  const policy = (...ceilings: readonly (Ceiling | undefined)[]) =>
    trustPolicy(
      ceilings.map((ceiling, index) => {
        return { name: `k${index}`, publicKey: publicKey.slice(), ...(ceiling && { ceiling }) };
      }),
      1,
    );
  const refused = { code: "WE_TRUST_KEY_CEILINGS", exitCode: 2, message: /k0 and k1 are one key/ };
  assert.throws(() => policy({ send: ["*"] }, { send: ["x"] }), refused);
  assert.throws(() => policy(undefined, {}), refused);
  assert.throws(() => policy({ send: ["*"] }, { send: ["*"], limits: { memoryBytes: 65_536 } }), refused);
  const same = policy({ send: ["x"], topics: ["t"] }, { topics: ["t"], send: ["x"] });
  assert.deepEqual(
    same.keys.map(({ name }) => name),
    ["k0"],
  );
});
