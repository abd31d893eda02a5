/** Folders are made or refused; never tried for ever. */

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { makeFolders } from "./make-folders.js";

test("folders above are made too, and the first of them is named", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "wasm-engine-folders-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "a", "b", "c");
  assert.equal(makeFolders(path), join(folder, "a"));
  assert.equal(makeFolders(path), undefined);
  assert.equal(makeFolders(join(folder, "a", "d")), join(folder, "a", "d"));
  assert.deepEqual(readdirSync(join(folder, "a")), ["b", "d"]);
});

test("[G10] what cannot be a folder is an error", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "wasm-engine-folders-"));
  context.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "file"), "");
  symlinkSync(join(folder, "nowhere"), join(folder, "link"));
  assert.throws(() => makeFolders(join(folder, "file")), { code: "EEXIST" });
  assert.throws(() => makeFolders(join(folder, "file", "x", "y")), { code: "ENOTDIR" });
  assert.throws(() => makeFolders(join(folder, "link")), { code: "EEXIST" });
  assert.deepEqual(readdirSync(folder), ["file", "link"]);
});

test("[G10] a file system that takes no folders is an error", { skip: process.platform !== "linux" }, () => {
  assert.throws(() => makeFolders("/proc/none"), { code: "ENOENT" });
  assert.throws(() => makeFolders("/proc/none/below"), { code: "ENOENT" });
});
