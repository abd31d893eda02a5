/** The vectors of spec/vectors/signatures.json, over the synchronous and the asynchronous port. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import {
  decodePublicKey,
  decodeSecretKey,
  encodePublicKey,
  encodeSecretKey,
  keyIdOf,
  publicKeyOf,
} from "./signature-key.js";
import type { ModuleVerification } from "./signature-verification.js";
import {
  detachSignature,
  sign,
  signAsync,
  verify,
  verifyAsync,
  verifyDetached,
  verifyDetachedAsync,
} from "./signature.js";
import { nodeCrypto, secretKeyOfSeed } from "./testing/node-crypto.js";
import { webCryptoSignatures } from "./web-crypto.js";

interface Vectors {
  readonly keys: readonly {
    readonly name: string;
    readonly seed: string;
    readonly publicKey: string;
    readonly keyId: string;
  }[];
  readonly keyFiles: readonly {
    readonly name: string;
    readonly kind: "public" | "secret";
    readonly file: string;
    readonly code?: string;
  }[];
  readonly knownAnswer: { readonly key: string; readonly message: string; readonly signature: string };
  readonly signing: readonly {
    readonly name: string;
    readonly unsigned: string;
    readonly by: readonly string[];
    readonly signed: string;
  }[];
  readonly verification: readonly {
    readonly name: string;
    readonly module: string;
    readonly signature?: string;
    readonly trusted: readonly string[];
    readonly signers?: readonly string[];
    readonly code?: string;
  }[];
}

const file = new URL("../../../spec/vectors/signatures.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as Vectors; // the shape that its generator writes
const webCrypto = webCryptoSignatures(globalThis.crypto.subtle);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

function secretKey(name: string): Uint8Array {
  const seed = vectors.keys.find((key) => key.name === name)?.seed;
  assert.ok(seed !== undefined, name);
  return secretKeyOfSeed(bytesOf(seed));
}

function publicKey(name: string): Uint8Array {
  return /^[0-9a-f]{64}$/.test(name) ? bytesOf(name) : publicKeyOf(secretKey(name));
}

/** The result, or the code of the refusal. */
async function outcome<T>(action: () => T | Promise<T>): Promise<T | string> {
  try {
    return await action();
  } catch (error) {
    assert.ok(EngineError.is(error), String(error));
    return error.code;
  }
}

test("keys, key ids, and the known answer", () => {
  for (const { name, publicKey: expected, keyId } of vectors.keys) {
    assert.equal(hex(publicKey(name)), expected);
    assert.equal(hex(keyIdOf(publicKey(name), (bytes) => nodeCrypto.sha256(bytes))), keyId);
  }
  const { key, message, signature } = vectors.knownAnswer;
  assert.equal(hex(nodeCrypto.sign(bytesOf(message), secretKey(key))), signature);
  assert.match(signature, /^ca84e6c5b3e1bc47c4249f2783e91056/);
});

for (const { name, kind, file: text, code } of vectors.keyFiles) {
  test(`key file: ${name}`, async () => {
    const bytes = bytesOf(text);
    const read = await outcome(() => {
      if (kind === "public") return encodePublicKey(decodePublicKey(bytes));
      const key = decodeSecretKey(bytes);
      sign(bytesOf(vectors.signing[0]?.unsigned ?? ""), key, nodeCrypto);
      return encodeSecretKey(key);
    });
    assert.equal(typeof read === "string" ? read : hex(read), code ?? text);
  });
}

for (const { name, unsigned, by, signed } of vectors.signing) {
  test(`signed: ${name}`, async () => {
    let [bytes, later] = [bytesOf(unsigned), bytesOf(unsigned)];
    for (const signer of by) {
      const [key = "", keyId] = signer.split(" ");
      assert.ok(keyId === "derived" || keyId === "none");
      bytes = sign(bytes, secretKey(key), nodeCrypto, { keyId });
      later = await signAsync(later, secretKey(key), webCrypto, { keyId });
    }
    assert.equal(hex(bytes), signed);
    assert.equal(hex(later), signed);
    assert.equal(hex(detachSignature(bytes).module), unsigned);
  });
}

for (const vector of vectors.verification) {
  test(`verified: ${vector.name}`, async () => {
    const bytes = bytesOf(vector.module);
    const trusted = vector.trusted.map(publicKey);
    const detached = vector.signature === undefined ? undefined : bytesOf(vector.signature);
    const signersOf = ({ publicKeys }: ModuleVerification): string[] => publicKeys.map(hex);
    const expected = vector.code ?? vector.signers?.map((name) => hex(publicKey(name)));
    const found = await outcome(() =>
      signersOf(
        detached === undefined
          ? verify(bytes, trusted, nodeCrypto)
          : verifyDetached({ bytes, signature: detached }, trusted, nodeCrypto),
      ),
    );
    assert.deepEqual(found, expected);
    const later = await outcome(async () =>
      signersOf(
        detached === undefined
          ? await verifyAsync(bytes, trusted, webCrypto)
          : await verifyDetachedAsync({ bytes, signature: detached }, trusted, webCrypto),
      ),
    );
    assert.deepEqual(later, expected);
  });
}
