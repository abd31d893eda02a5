/** Prepared modules are recalled, and never believed where they do not fit. */

import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { signModule } from "@wasm-engine/wasm";
import { generateKeyPair, nodeSignatureCrypto } from "../crypto/node-crypto.js";
import { assemble, projectFolder, smallAgentText } from "../testing/project.js";
import { prepareModule } from "./prepared-module.js";

function entryFiles(project: string): string[] {
  const folder = join(project, ".wasm-engine/prepared");
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}

function entryFile(project: string, ending: string): string {
  const [file, ...more] = entryFiles(project).filter((name) => name.endsWith(ending));
  assert.ok(file !== undefined && more.length === 0);
  return file;
}

test("[S6.3] what a module gave is recalled under its digest, whoever has signed it", async (context) => {
  const project = projectFolder(context);
  const bytes = await assemble(smallAgentText());
  const first = prepareModule(bytes, project);
  assert.equal(entryFiles(project).length, 2);
  const signed = signModule(bytes, generateKeyPair().secretKey, nodeSignatureCrypto);
  assert.deepEqual(prepareModule(signed, project), first);
  assert.equal(entryFiles(project).length, 2, "a signature is not part of what is prepared");
  // Without the instrumented bytes the entry is worthless; with them nothing is derived: the file stays as it is.
  const wasm = entryFile(project, ".wasm");
  rmSync(wasm);
  assert.deepEqual(prepareModule(bytes, project), first);
  assert.deepEqual(new Uint8Array(readFileSync(wasm)), first.instrumented);
});

test("[S6.3] an altered or torn entry is derived again", async (context) => {
  const project = projectFolder(context);
  const bytes = await assemble(smallAgentText());
  const first = prepareModule(bytes, project);
  const wasm = entryFile(project, ".wasm");
  const json = entryFile(project, ".json");
  const spoil: readonly (readonly [string, (content: Buffer) => Buffer])[] = [
    [wasm, (content) => Buffer.from(content.map((byte, index) => (index === 40 ? byte ^ 1 : byte)))],
    [wasm, (content) => content.subarray(0, content.length - 1)],
    [json, (content) => content.subarray(0, content.length / 2)],
    [
      json,
      (content) => Buffer.from(content.toString().replace('"capabilities":[', '"capabilities":["tools"')),
    ],
  ];
  for (const [file, change] of spoil) {
    writeFileSync(file, change(readFileSync(file)));
    assert.deepEqual(prepareModule(bytes, project), first);
    assert.deepEqual(
      new Uint8Array(readFileSync(wasm)),
      first.instrumented,
      "and kept again as it should be",
    );
  }
});

test("[S6.3] a refused module leaves nothing, and a folder that cannot be written costs nothing", async (context) => {
  const refused = projectFolder(context);
  assert.throws(() => prepareModule(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]), refused), {
    code: "WE_MODULE_EXPORT_MISSING",
  });
  assert.deepEqual(entryFiles(refused), []);
  const blocked = projectFolder(context, { ".wasm-engine": "a file where the folder should be" });
  assert.ok(prepareModule(await assemble(smallAgentText()), blocked).instrumented.length > 0);
});
