/** Manifest and digest: canonical bytes, replacement, versions, and every malformed form. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ABI_VERSION, EngineError, encodeUtf8 } from "@wasm-engine/abi";
import { encodeCustomSection } from "./custom-section.js";
import { attachManifest, checkAbi, readManifest } from "./manifest.js";
import { digestOf } from "./module-digest.js";
import { custom, moduleOf, section } from "./testing/module-bytes.js";
import { nodeCrypto } from "./testing/node-crypto.js";
import type { Manifest } from "./wasm-contract.js";

const manifest: Manifest = {
  version: "1.2.3",
  name: "counter",
  capabilities: ["topics", "models"],
  abi: { minor: 0, major: 1 },
  limits: { memoryBytes: 65_536 },
};
const bare = moduleOf(section(1, 0), custom("other", 1, 2), section(3, 0));
const canonical =
  '{"abi":{"major":1,"minor":0},"capabilities":["topics","models"],' +
  '"limits":{"memoryBytes":65536},"name":"counter","version":"1.2.3"}';

function fails(code: string, action: () => unknown, message: RegExp): void {
  assert.throws(action, (error) => {
    assert.ok(EngineError.is(error), String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  });
}

test("a manifest is canonical JSON in the last section", () => {
  const bytes = attachManifest(bare, manifest);
  const payload = encodeUtf8(canonical);
  assert.deepEqual(bytes.slice(-payload.length), payload);
  assert.deepEqual(bytes.slice(0, bare.length), bare);
  assert.deepEqual(readManifest(bytes), JSON.parse(canonical));
});

test("attaching replaces, and is reproducible", () => {
  const first = attachManifest(bare, { ...manifest, name: "old" });
  const again = attachManifest(first, { ...manifest });
  assert.deepEqual(again, attachManifest(bare, manifest));
  assert.equal(readManifest(again).name, "counter");
});

test("the manifest is part of what a module is", () => {
  const sha256 = (bytes: Uint8Array): Uint8Array => nodeCrypto.sha256(bytes);
  assert.notEqual(digestOf(bare, sha256), digestOf(attachManifest(bare, manifest), sha256));
  const delimited = moduleOf(
    section(1, 0),
    custom("other", 1, 2),
    custom("signature_delimiter", 7),
    section(3, 0),
  );
  assert.equal(digestOf(delimited, sha256), digestOf(bare, sha256));
});

test("fields beyond the known ones are kept", () => {
  const extended = { ...manifest, schemas: { b: 1, a: { d: [1, { z: 1, y: 2 }], c: null } } };
  assert.deepEqual(readManifest(attachManifest(bare, extended)), extended);
});

test("[G10] a module without manifest", () => {
  fails("WE_MANIFEST_MISSING", () => readManifest(bare), /wasm-engine\.manifest/);
  fails("WE_MODULE_HEADER", () => readManifest(new Uint8Array(3)), /Not a WebAssembly module/);
});

const malformed: readonly (readonly [string, RegExp])[] = [
  ["", /not JSON/],
  ["[]", /not an object/],
  ["null", /not an object/],
  ["{}", /name is not a text/],
  ['{"name":"a"}', /version is not a text/],
  ['{"name":"","version":"1"}', /name is not a text/],
  [`{"name":"${"x".repeat(256)}","version":"1"}`, /longer than 255 bytes/],
  ['{"name":"a","version":"1"}', /abi is not an object/],
  ['{"name":"a","version":"1","abi":{"major":1}}', /abi\.minor is not a whole number/],
  ['{"name":"a","version":"1","abi":{"major":1.5,"minor":0}}', /abi\.major/],
  ['{"name":"a","version":"1","abi":{"major":1,"minor":0}}', /capabilities is not an array/],
  [
    '{"name":"a","version":"1","abi":{"major":1,"minor":0},"capabilities":["net"]}',
    /unknown capability "net"/,
  ],
  [
    '{"name":"a","version":"1","abi":{"major":1,"minor":0},"capabilities":[],"limits":3}',
    /limits is not an object/,
  ],
  [
    '{"name":"a","version":"1","abi":{"major":1,"minor":0},"capabilities":[],"limits":{"memoryBytes":-1}}',
    /limits\.memoryBytes/,
  ],
  [
    '{"name":"a","version":"1","abi":{"major":1,"minor":0},"capabilities":[],"messages":[]}',
    /messages is not an object/,
  ],
  [
    '{"name":"a","version":"1","abi":{"major":1,"minor":0},"capabilities":[],"messages":{"q":"text"}}',
    /messages\.q is not an object/,
  ],
  ["[".repeat(100_000), /not JSON/],
];

for (const [text, reason] of malformed) {
  test(`[G10] malformed manifest: ${reason.source} ${text.length}`, () => {
    const bytes = moduleOf(encodeCustomSection("wasm-engine.manifest", encodeUtf8(text)));
    fails("WE_MANIFEST_MALFORMED", () => readManifest(bytes), reason);
  });
}

test("[G10] a manifest that is doubled, too large or not text", () => {
  const one = encodeCustomSection("wasm-engine.manifest", encodeUtf8(canonical));
  fails("WE_MANIFEST_MALFORMED", () => readManifest(moduleOf(one, one)), /twice/);
  const large = encodeCustomSection("wasm-engine.manifest", new Uint8Array(256 * 1024 + 1));
  fails("WE_MANIFEST_MALFORMED", () => readManifest(moduleOf(large)), /more than 262144 bytes/);
  fails("WE_MANIFEST_MALFORMED", () => readManifest(moduleOf(custom("wasm-engine.manifest", 0xff))), /UTF-8/);
  const long = { ...manifest, schemas: "x".repeat(300_000) };
  fails("WE_MANIFEST_MALFORMED", () => attachManifest(bare, long), /more than/);
});

test("[G10] ABI versions: same major, minor not above the runtime's, both printed", () => {
  const offered = { major: 1, minor: 2 };
  checkAbi({ major: 1, minor: 0 }, offered);
  checkAbi({ major: 1, minor: 2 }, offered);
  for (const [major, minor] of [
    [1, 3],
    [2, 0],
    [0, 9],
  ] as const) {
    const text = new RegExp(`needs ABI ${major}\\.${minor}, this runtime offers 1\\.2`);
    fails("WE_MANIFEST_ABI_VERSION", () => checkAbi({ major, minor }, offered), text);
  }
  const newer = attachManifest(bare, {
    ...manifest,
    abi: { major: ABI_VERSION.major, minor: ABI_VERSION.minor + 1 },
  });
  fails("WE_MANIFEST_ABI_VERSION", () => readManifest(newer), /needs ABI 1\.1, this runtime offers 1\.0/);
  assert.equal(readManifest(newer, { abi: { major: 1, minor: 1 } }).abi.minor, 1);
});
