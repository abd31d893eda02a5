/**
 * What becomes of a signed module that is changed: every byte to every other value, every cut, every swap of
 * neighbouring sections, every section twice. Whatever is not refused names fewer signers, or has the same meaning and
 * changed only in records that counted for nothing.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import { concatBytes, readSections } from "./custom-section.js";
import { attachManifest } from "./manifest.js";
import { digestOf } from "./module-digest.js";
import { publicKeyOf } from "./signature-key.js";
import type { SignOptions } from "./signature-making.js";
import type { ModuleVerification } from "./signature-verification.js";
import { appendDelimiter, detachSignature, sign, verify, verifyDetached } from "./signature.js";
import { custom, moduleOf, section } from "./testing/module-bytes.js";
import { nodeCrypto, secretKeyOfSeed } from "./testing/node-crypto.js";

const secretKeys = [3, 4, 5].map((byte) => secretKeyOfSeed(new Uint8Array(32).fill(byte)));
const [first, second, stranger] = secretKeys as [Uint8Array, Uint8Array, Uint8Array]; // three are made above
const trusted = [publicKeyOf(first), publicKeyOf(second)];
const manifest = { name: "a", version: "1", abi: { major: 1, minor: 0 }, capabilities: [] };
const small = moduleOf(section(1, 1, 0x60, 0, 0), custom("t", 42));
const delimiter = new Uint8Array(16).fill(6);

/** Two parts; a stranger signed the first part alone before both trusted keys and the stranger signed all. */
function severalSigners(): Uint8Array {
  const part = attachManifest(moduleOf(section(1, 1, 0x60, 0, 0)), manifest);
  const opened = sign(appendDelimiter(part, delimiter), stranger, nodeCrypto);
  const whole = concatBytes([opened, custom("second", 4, 5)]);
  return [second, first, stranger].reduce((bytes, key) => sign(bytes, key, nodeCrypto), whole);
}

function verdict(action: () => ModuleVerification): ModuleVerification | undefined {
  try {
    return action();
  } catch (error) {
    assert.ok(EngineError.is(error), String(error));
    assert.match(error.code, /^WE_(SIGNATURE|MODULE)_/, error.message);
    return undefined;
  }
}

const everyChange = Array.from({ length: 255 }, (_, index) => index + 1);
const someChanges = [1, 0x40, 0x80, 0xff];

/** Calls `visit` with every byte changed by each of `steps`. */
function forEachChange(
  bytes: Uint8Array,
  steps: readonly number[],
  visit: (changed: Uint8Array, offset: number) => void,
): void {
  for (let offset = 0; offset < bytes.length; offset++) {
    const changed = Uint8Array.from(bytes);
    for (const step of steps) {
      changed[offset] = (bytes[offset] ?? 0) ^ step;
      visit(changed, offset);
    }
  }
}

for (const keyId of ["derived", "none"] as const satisfies SignOptions["keyId"][]) {
  // Where the key has a name, all 255 other values; else some, because a verification takes its time.
  const steps = keyId === "derived" ? everyChange : someChanges;
  test(`[G6] every byte of a signed module, changed, is refused; key id: ${keyId}`, () => {
    const signed = sign(small, first, nodeCrypto, { keyId });
    forEachChange(signed, steps, (changed, offset) => {
      const passed = verdict(() => verify(changed, trusted.slice(0, 1), nodeCrypto));
      assert.equal(passed, undefined, `byte ${offset} as ${changed[offset]}`);
    });
  });
}

test("[G6] every byte of a detached signature and of its module, changed, is refused", () => {
  const { module, signature } = detachSignature(sign(small, first, nodeCrypto));
  forEachChange(signature, someChanges, (changed, offset) => {
    const passed = verdict(() => verifyDetached({ bytes: module, signature: changed }, trusted, nodeCrypto));
    assert.equal(passed, undefined, `byte ${offset} of the signature as ${changed[offset]}`);
  });
  forEachChange(module, everyChange, (changed, offset) => {
    const passed = verdict(() => verifyDetached({ bytes: changed, signature }, trusted, nodeCrypto));
    assert.equal(passed, undefined, `byte ${offset} of the module as ${changed[offset]}`);
  });
});

/** Where records stand that count for nothing: the list of the first part alone, and the stranger's. */
function countsForNothing(signed: Uint8Array): (offset: number) => boolean {
  const { signature } = detachSignature(signed);
  const start = 8 + 1 + 2 + 10;
  const text = Buffer.from(signature);
  // version, content, hash function, two lists · length, one hash, one signature of 79 bytes with its length
  const firstList = start + 4;
  const wholeList = firstList + 1 + 1 + 32 + 1 + 1 + 79;
  assert.equal(signed[firstList], 1 + 32 + 1 + 80, "the first list is short");
  const strangers = start + text.length - 79;
  return (offset) => (offset >= firstList + 1 && offset < wholeList) || offset >= strangers;
}

test("[G6] with several signers a changed byte is refused, costs its signer, or counted for nothing", () => {
  const signed = severalSigners();
  const whole = verify(signed, trusted, nodeCrypto);
  assert.equal(whole.publicKeys.length, 2);
  const digest = digestOf(signed, (bytes) => nodeCrypto.sha256(bytes));
  const isIdle = countsForNothing(signed);
  const end = signed.length - detachSignature(signed).module.length + 8;
  let passes = 0;
  forEachChange(signed, someChanges, (changed, offset) => {
    const passed = verdict(() => verify(changed, trusted, nodeCrypto));
    // A record that cannot be read any more is that of a signer less.
    if (passed === undefined || passed.publicKeys.length < trusted.length) return;
    passes += 1;
    assert.ok(offset < end && isIdle(offset), `byte ${offset} as ${changed[offset]} passes`);
    assert.deepEqual(passed, whole);
    assert.equal(
      digestOf(changed, (bytes) => nodeCrypto.sha256(bytes)),
      digest,
    );
  });
  assert.ok(passes > 300, "a signature that nobody asks about is nobody's business");
});

for (const [name, signed] of [
  ["one signer", sign(small, first, nodeCrypto)],
  ["several signers and parts", severalSigners()],
] as const) {
  const sections = readSections(signed).map(({ start, end }) => signed.subarray(start, end));
  const header = signed.subarray(0, 8);
  const refused = (bytes: Uint8Array, what: string): void => {
    const passed = verdict(() => verify(bytes, trusted, nodeCrypto));
    assert.equal(passed, undefined, what);
  };

  test(`[G6] ${name}: every cut is refused`, () => {
    for (let end = 0; end < signed.length; end++) refused(signed.slice(0, end), `cut at ${end}`);
  });

  test(`[G6] ${name}: sections that change places, are missing or stand twice are refused`, () => {
    for (const [index, moved] of sections.entries()) {
      const [before, after] = [sections.slice(0, index), sections.slice(index + 1)];
      refused(concatBytes([header, ...before, ...after]), `without section ${index}`);
      refused(concatBytes([header, ...before, moved, moved, ...after]), `section ${index} twice`);
      const [next, ...rest] = after;
      if (next === undefined) continue;
      refused(concatBytes([header, ...before, next, moved, ...rest]), `sections ${index} and ${index + 1}`);
    }
  });

  test(`[G6] ${name}: a section more, anywhere, is refused`, () => {
    for (const added of [custom("t", 42), custom("signature_delimiter", ...delimiter), section(1, 0)]) {
      for (let index = 0; index <= sections.length; index++) {
        const parts = [header, ...sections.slice(0, index), added, ...sections.slice(index)];
        refused(concatBytes(parts), `one more section before ${index}`);
      }
    }
  });
}
