/** The list of historic bugs is whole: every number has a test, and a row in the document. */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { HISTORIC_BUGS } from "../testing/historic-bug.js";

const folder = import.meta.dirname;

test("every historic bug has a test", () => {
  const texts = readdirSync(folder)
    .filter((name) => name.endsWith(".test.js"))
    .map((name) => readFileSync(join(folder, name), "utf8"));
  const tested = texts.flatMap((text) =>
    [...text.matchAll(/^historic\(\s*(\d+),/gm)].map(([, number]) => Number(number)),
  );
  assert.deepEqual(
    [...new Set(tested)].sort((a, b) => a - b),
    HISTORIC_BUGS.map((_, index) => index + 1),
  );
});

test("every historic bug has a row in docs/conformance.md", () => {
  const page = readFileSync(join(folder, "../../../../docs/conformance.md"), "utf8").replace(/ +/g, " ");
  const missing = HISTORIC_BUGS.map(([title, seen], index) => `| ${index + 1} | ${title} | ${seen} |`).filter(
    (row) => !page.includes(row),
  );
  assert.deepEqual(missing, []);
});
