/** Which builds of a project, and of others, stand for compiling a source. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import type { TestContext } from "node:test";
import { freshFolder } from "../testing/run-folders.js";
import { projectFolder } from "../testing/project.js";
import { compileCached } from "./build-cache.js";
import type { CachedBuild } from "./build-cache.js";
import { PREPARED_VARIABLE } from "./shared-folder.js";
import { SourceLog } from "./source-log.js";

before(() => {
  process.env[PREPARED_VARIABLE] = freshFolder("shared-builds");
});

let compiled = 0;

/** Its output is what it read: the source, `part.txt` beside it, and `shadow.txt` where there is one. */
async function build(directory: string, identity = "joiner 1", file = "main.txt"): Promise<CachedBuild> {
  const compile = (path: string): ReturnType<Parameters<typeof compileCached>[1]["compile"]> => {
    compiled += 1;
    const log = new SourceLog();
    const parts = [path, join(directory, "part.txt"), join(directory, "shadow.txt")].map((name) =>
      log.read(name),
    );
    const bytes = new Uint8Array(Buffer.concat(parts.filter((part) => part !== undefined)));
    return Promise.resolve({ bytes, trace: log.trace });
  };
  return await compileCached(join(directory, file), { identity, keepsNames: false, compile }, directory);
}

function project(context: TestContext, part: string): string {
  return projectFolder(context, { "main.txt": "main ", "part.txt": part });
}

function textOf({ bytes }: CachedBuild): string {
  return Buffer.from(bytes).toString();
}

async function compilations(work: () => Promise<unknown>): Promise<number> {
  const before = compiled;
  await work();
  return compiled - before;
}

test("equal sources of two projects are built once, and each has its own trace", async (context) => {
  const [one, two] = [project(context, "equal"), project(context, "equal")];
  assert.equal(await compilations(() => build(one)), 1);
  assert.equal(
    await compilations(async () => {
      const first = await build(two);
      assert.deepEqual([textOf(first), first.isCached], ["main equal", false]);
      assert.ok(first.trace.every(([path]) => path.startsWith(two)));
      const second = await build(two);
      assert.deepEqual([second.trace, second.isCached], [first.trace, true]);
    }),
    0,
  );
});

test("what another project has in another way is built", async (context) => {
  const one = project(context, "kept");
  await build(one);
  const imported = project(context, "other");
  assert.equal(await compilations(async () => assert.equal(textOf(await build(imported)), "main other")), 1);
  const shadowed = project(context, "kept");
  writeFileSync(join(shadowed, "shadow.txt"), " shadow");
  assert.equal(
    await compilations(async () => assert.equal(textOf(await build(shadowed)), "main kept shadow")),
    1,
  );
  const changed = project(context, "kept");
  writeFileSync(join(changed, "main.txt"), "changed ");
  assert.equal(await compilations(async () => assert.equal(textOf(await build(changed)), "changed kept")), 1);
  const moved = project(context, "kept");
  writeFileSync(join(moved, "moved.txt"), "main ");
  assert.equal(await compilations(() => build(moved, "joiner 1", "moved.txt")), 1, "its path is part of it");
  assert.equal(
    await compilations(() => build(project(context, "kept"), "joiner 2")),
    1,
    "so is the compiler",
  );
});
