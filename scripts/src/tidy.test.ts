/** The repository checks itself: shape, layers, sizes, names. One test per rule, each listing every complaint. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { layerComplaints } from "./tidy/layers.js";
import {
  decisionComplaints,
  dependencyComplaints,
  leakComplaints,
  markdownComplaints,
  sizeComplaints,
} from "./tidy/repository.js";
import { shapeComplaints } from "./tidy/shape.js";
import { repositoryFiles } from "./tidy/source-tree.js";
import type { SourceFile } from "./tidy/source-tree.js";

const files = repositoryFiles();
const sources = files.filter(({ path }) =>
  /^(packages|apps|scripts)\/.*\/src\/.*\.ts$|^scripts\/src\/.*\.ts$/.test(path),
);
const texts = files.filter(({ path }) => /\.(ts|mts|mjs|js|json|md|yaml|c|h)$|^\.ci\/run$/.test(path));
const none = (complaints: readonly string[]): void => assert.deepEqual(complaints, []);
const fake = (path: string, text: string): SourceFile => ({ path, bytes: text.length, text: () => text });

test("tidy: files, functions and lines stay short and use the vocabulary", () => {
  assert.ok(sources.length > 20);
  none(sources.flatMap(shapeComplaints));
});

test("tidy: packages import only what the architecture allows", () => none(sources.flatMap(layerComplaints)));

test("tidy: no large or unknown files", () => none(sizeComplaints(files)));

test("tidy: one title per markdown file", () => {
  none(files.filter(({ path }) => path.endsWith(".md")).flatMap(markdownComplaints));
});

test("tidy: decision records are numbered once", () => none(decisionComplaints(files)));

test("tidy: dependencies are pinned and explained", () => none(dependencyComplaints(files)));

test("tidy: no host names, machine paths or download addresses", () => none(texts.flatMap(leakComplaints)));

test("tidy: the checks themselves can fail", () => {
  const long = `export function f(): void {\n${"  f();\n".repeat(80)}}\n`;
  assert.equal(shapeComplaints(fake("packages/core/src/x.ts", long)).length, 1);
  assert.equal(shapeComplaints(fake("packages/core/src/misc.ts", "")).length, 1);
  assert.equal(layerComplaints(fake("packages/core/src/x.ts", 'import { a } from "node:fs";\n')).length, 1);
  assert.equal(
    layerComplaints(fake("packages/abi/src/x.ts", 'import { a } from "@wasm-engine/core";\n')).length,
    1,
  );
  assert.equal(markdownComplaints(fake("docs/x.md", "# A\n\n# B\n")).length, 1);
  assert.equal(leakComplaints(fake("docs/x.md", `see ${["/work", "main"].join("/")}/x`)).length, 1);
});
