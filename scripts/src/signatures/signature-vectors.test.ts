/** The committed vectors are the ones that the script makes, without any code of packages/wasm. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { signatureVectors } from "./signature-vectors.js";

test("spec/vectors/signatures.json is what generate-signature-vectors writes", () => {
  const file = new URL("../../../spec/vectors/signatures.json", import.meta.url);
  assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), signatureVectors());
});
