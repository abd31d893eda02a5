/** The constants of the SDKs are those of `packages/abi`. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { sdkFiles } from "./sdk-files.js";

const root = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");

for (const file of sdkFiles(root)) {
  test(`${file.path} holds what packages/abi says`, () => {
    const actual = readFileSync(`${root}/${file.path}`, "utf8");
    assert.equal(actual, file.text, "stale: run `npm run build && node scripts/dist/generate-sdk.js`");
  });
}
