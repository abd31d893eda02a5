import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { joinedFile, joinedPackages, joinedText } from "./join-modules.js";

for (const name of joinedPackages)
  test(`packages/${name} resolves to one file that holds its modules as they are`, async () => {
    assert.equal(fileURLToPath(import.meta.resolve(`@wasm-engine/${name}`)), joinedFile(name));
    assert.ok(readFileSync(joinedFile(name), "utf8") === (await joinedText(name)), "stale: npm run build");
  });
