/** Prepared modules are recalled, and never believed where they do not fit. */

import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sign } from "@wasm-engine/wasm";
import { generateKeyPair, nodeSignatureCrypto, sha256 } from "../crypto/node-crypto.js";
import { assemble, projectFolder, smallAgentText } from "../testing/project.js";
import { prepareModule } from "./prepared-module.js";
import { PREPARED_VARIABLE } from "./shared-folder.js";

// Tests of a whole run share a folder; these are about the project's own.
delete process.env[PREPARED_VARIABLE];

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
  const signed = sign(bytes, generateKeyPair().secretKey, nodeSignatureCrypto);
  assert.deepEqual(prepareModule(signed, project), first);
  assert.equal(entryFiles(project).length, 2, "a signature is not part of what is prepared");
  // Proof that entries are read: a well-formed one with another content is what comes back.
  const other = new Uint8Array([1, 2, 3]);
  writeFileSync(entryFile(project, ".instrumented"), Buffer.concat([sha256(other), other]));
  assert.deepEqual(prepareModule(bytes, project), { ...first, instrumented: other });
});

test("[S6.3] an altered or torn entry is derived again", async (context) => {
  const project = projectFolder(context);
  const bytes = await assemble(smallAgentText());
  const first = prepareModule(bytes, project);
  const spoil: readonly ((content: Buffer) => Buffer)[] = [
    (content) => Buffer.from(content.map((byte, index) => (index === 40 ? byte ^ 1 : byte))),
    (content) => content.subarray(0, content.length - 1),
    (content) => content.subarray(0, 16),
    () => Buffer.alloc(0),
  ];
  for (const ending of [".checked", ".instrumented"]) {
    const file = entryFile(project, ending);
    const good = readFileSync(file);
    for (const change of spoil) {
      writeFileSync(file, change(good));
      assert.deepEqual(prepareModule(bytes, project), first);
      assert.deepEqual(readFileSync(file), good, "and kept again as it should be");
    }
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

test("projects that share a folder prepare a module once", async (context) => {
  const [one, two] = [projectFolder(context), projectFolder(context)];
  process.env[PREPARED_VARIABLE] = join(one, "shared");
  try {
    const bytes = await assemble(smallAgentText());
    const first = prepareModule(bytes, one);
    assert.equal(readdirSync(join(one, "shared")).length, 2);
    assert.deepEqual([entryFiles(one), entryFiles(two)], [[], []]);
    assert.deepEqual(prepareModule(bytes, two), first);
    assert.equal(readdirSync(join(one, "shared")).length, 2);
  } finally {
    delete process.env[PREPARED_VARIABLE];
  }
});
