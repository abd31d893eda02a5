/** packages/wasm without Node: in a bare context, and in a browser where one is installed. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createContext, runInContext } from "node:vm";
import { alice } from "../signatures/signature-vectors.js";
import { browserCheck } from "../../../packages/wasm/dist/testing/browser-check.js";
import { browserBundle } from "./browser-bundle.js";
import { chromiumPackage, installedChromium, runInChromium } from "./chromium.js";

const bytes = readFileSync(new URL("../../../examples/relay/agents/stamp.wasm", import.meta.url));
const secretKey = Buffer.concat([alice.seed, alice.publicKey]);
const script = await browserBundle();
const expected = await browserCheck(
  { bytes: new Uint8Array(bytes), secretKey: new Uint8Array(secretKey) },
  globalThis.crypto.subtle,
);
const given = `{ bytes: new Uint8Array([${bytes.join()}]), secretKey: new Uint8Array([${secretKey.join()}]) }`;
const call = `page.browserCheck(${given}, crypto.subtle)`;

test("what is expected of a page is what Node does", () => {
  assert.deepEqual(expected.refusals, [
    "WE_SIGNATURE_INVALID",
    "WE_SIGNATURE_MISSING",
    "WE_MODULE_MALFORMED",
    "WE_MANIFEST_MISSING",
  ]);
  assert.equal(expected.signers.length, 1);
  assert.ok(expected.functions > 10);
});

test("packages/wasm does all of it in a context that has nothing of Node", async () => {
  const web = { TextEncoder, TextDecoder, crypto: { subtle: globalThis.crypto.subtle } };
  const context = createContext(web);
  for (const name of ["process", "Buffer", "require", "global", "setImmediate"])
    assert.equal(runInContext(`typeof ${name}`, context), "undefined", name);
  runInContext(script, context);
  const report: unknown = await runInContext(call, context);
  assert.deepEqual(JSON.parse(JSON.stringify(report)), expected);
});

const chromium = installedChromium();
const reason = `no Chromium: apt-get install ${chromiumPackage}, or name one in WASM_ENGINE_CHROMIUM`;

test("packages/wasm does all of it in Chromium", { skip: chromium === undefined && reason }, async () => {
  assert.ok(chromium !== undefined);
  assert.deepEqual(await runInChromium(chromium, script, call), expected);
});
