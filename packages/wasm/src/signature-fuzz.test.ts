/**
 * Mutated signed modules: a coded error or an honest verdict, never another exception, never a changed body
 * accepted.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import { attachManifest, readManifest } from "./manifest.js";
import { digestOf } from "./module-digest.js";
import { publicKeyOf } from "./signature-key.js";
import { appendDelimiter, sign, verify } from "./signature.js";
import { custom, moduleOf, section } from "./testing/module-bytes.js";
import { nodeCrypto, secretKeyOfSeed } from "./testing/node-crypto.js";
import { seededRandom } from "./testing/random.js";

const seed = Number(process.env["WASM_ENGINE_SEED"] ?? 20_261_121);
const repeat = `WASM_ENGINE_SEED=${seed} node --test packages/wasm/dist/signature-fuzz.test.js`;
const secretKey = secretKeyOfSeed(new Uint8Array(32).fill(3));
const publicKey = publicKeyOf(secretKey);
const manifest = { name: "a", version: "1", abi: { major: 1, minor: 0 }, capabilities: [] };

function signedModule(): Uint8Array {
  const first = attachManifest(moduleOf(section(1, 1, 0x60, 0, 0), custom("first", 1, 2, 3)), manifest);
  const parts = Buffer.concat([appendDelimiter(first, new Uint8Array(16).fill(5)), custom("second", 4, 5)]);
  const once = sign(new Uint8Array(parts), secretKey, nodeCrypto);
  return sign(once, secretKeyOfSeed(new Uint8Array(32).fill(4)), nodeCrypto);
}

/** The result, or the code of the error. */
function attempt<T>(action: () => T): T | string {
  try {
    return action();
  } catch (error) {
    assert.ok(EngineError.is(error), `${String(error)}\nrepeat with: ${repeat}`);
    assert.notEqual(error.code, "WE_INTERNAL_ASSERTION", `${error.message}\nrepeat with: ${repeat}`);
    return error.code;
  }
}

test("[G6] no mutation of a signed module passes as the same or another module", (context) => {
  const random = seededRandom(seed);
  const signed = signedModule();
  const sha256 = (bytes: Uint8Array): Uint8Array => nodeCrypto.sha256(bytes);
  const digest = digestOf(signed, sha256);
  let passed = 0;
  for (let round = 0; round < 3_000; round++) {
    const cut = random.below(4) === 0 ? 8 + random.below(signed.length - 8) : signed.length;
    const bytes = signed.slice(0, cut);
    const changes = 1 + random.below(2);
    for (let change = 0; change < changes; change++) {
      bytes[random.below(bytes.length)] = random.below(256);
    }
    attempt(() => readManifest(bytes));
    const verified = attempt(() => verify(bytes, [publicKey], nodeCrypto));
    if (typeof verified === "string") continue;
    passed += 1;
    assert.equal(
      attempt(() => digestOf(bytes, sha256)),
      digest,
      `a changed body passes\nrepeat with: ${repeat}`,
    );
  }
  context.diagnostic(`seed ${seed}: ${passed} mutations hit only the other signature or a key id`);
  assert.ok(passed > 0, "changes of what is not signed do not matter");
  assert.ok(passed < 2_000, "most changes matter");
});
