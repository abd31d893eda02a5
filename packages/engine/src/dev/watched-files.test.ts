/** Saves in every form that editors give them; nothing is asserted about when they are told. */

import assert from "node:assert/strict";
import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { projectFolder } from "../testing/project.js";
import { WatchedFiles } from "./watched-files.js";

interface Watching {
  readonly folder: string;
  readonly files: WatchedFiles;
  /** The next change that is told. */
  readonly next: () => Promise<readonly string[]>;
  /** Changes that were told and not asked for. */
  readonly told: (readonly string[])[];
}

function watching(context: TestContext, names: readonly string[], eager = false): Watching {
  const folder = projectFolder(context, { "a/one.ts": "1", "a/two.ts": "2" });
  const told: (readonly string[])[] = [];
  let heard: () => void = () => undefined;
  const files = new WatchedFiles((paths) => {
    told.push(paths);
    heard();
  });
  context.after(() => files.close());
  files.watch(
    names.map((name) => join(folder, name)),
    { eager },
  );
  const next = async (): Promise<readonly string[]> => {
    for (;;) {
      const first = told.shift();
      if (first !== undefined) return first.map((path) => path.slice(folder.length + 1));
      await new Promise<void>((resolve) => (heard = resolve));
    }
  };
  return { folder, files, next, told };
}

test("a save, an atomic save, a removal and a new file are told with their paths", async (context) => {
  const { folder, next } = watching(context, ["a/one.ts", "a/two.ts"]);
  const one = join(folder, "a/one.ts");
  writeFileSync(one, "x");
  assert.deepEqual(await next(), ["a/one.ts"]);
  writeFileSync(`${one}.tmp`, "y");
  renameSync(`${one}.tmp`, one);
  assert.deepEqual(await next(), ["a/one.ts"]);
  rmSync(one);
  assert.deepEqual(await next(), ["a/one.ts"]);
  writeFileSync(one, "z");
  assert.deepEqual(await next(), ["a/one.ts"]);
});

test("a file whose content stays is not told, whatever its time says", async (context) => {
  const { folder, next, told } = watching(context, ["a/one.ts", "a/two.ts"]);
  utimesSync(join(folder, "a/one.ts"), 1, 1);
  writeFileSync(join(folder, "a/one.ts"), "1");
  writeFileSync(join(folder, "a/two.ts"), "other");
  assert.deepEqual(await next(), ["a/two.ts"]);
  assert.deepEqual(told, []);
});

test("a file that does not exist yet, in a folder that does not exist yet", async (context) => {
  const { folder, next } = watching(context, ["a/one.ts", "b/c/three.ts"]);
  mkdirSync(join(folder, "b/c"), { recursive: true });
  writeFileSync(join(folder, "b/c/three.ts"), "3");
  assert.deepEqual(await next(), ["b/c/three.ts"]);
  writeFileSync(join(folder, "b/c/three.ts"), "4");
  assert.deepEqual(await next(), ["b/c/three.ts"]);
  rmSync(join(folder, "b"), { recursive: true });
  assert.deepEqual(await next(), ["b/c/three.ts"]);
  mkdirSync(join(folder, "b/c"), { recursive: true });
  writeFileSync(join(folder, "b/c/three.ts"), "5");
  assert.deepEqual(await next(), ["b/c/three.ts"]);
});

test("while a build fails any source beside it counts, and what no build reads does not", async (context) => {
  const { folder, next } = watching(context, ["a/one.ts"], true);
  writeFileSync(join(folder, "a/out.log"), "noise");
  writeFileSync(join(folder, "a/missing.ts"), "export {}");
  assert.deepEqual(await next(), ["a/missing.ts"]);
});

test("what was saved between the last look and a new list is still told", async (context) => {
  const { folder, files, next } = watching(context, ["a/one.ts", "a/two.ts"]);
  writeFileSync(join(folder, "a/one.ts"), "changed while it was built");
  files.watch([join(folder, "a/one.ts")], { eager: false });
  assert.deepEqual(await next(), ["a/one.ts"]);
  assert.equal(files.count, 1);
});

test("installed packages are left out, their number does not matter", (context) => {
  const { folder, files } = watching(context, ["a/one.ts"]);
  files.watch([join(folder, "a/one.ts"), join(folder, "node_modules/x/index.js")], { eager: false });
  assert.equal(files.count, 1);
});

test("a file that is empty for a moment while it is written is told once, as it is then", async (context) => {
  const { folder, next, told } = watching(context, ["a/one.ts", "a/two.ts"]);
  const one = join(folder, "a/one.ts");
  writeFileSync(one, "");
  await new Promise((resolve) => setTimeout(resolve, 20));
  writeFileSync(one, "1");
  writeFileSync(join(folder, "a/two.ts"), "other");
  assert.deepEqual(await next(), ["a/two.ts"], "the first is as it was before");
  assert.deepEqual(told, []);
});
