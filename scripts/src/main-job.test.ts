/** README's transcript is what the main job prints, on every machine. */

import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { identicalLine, introduction, runWorld, summaryOf, verdictOf } from "./main-job.js";
import { repositoryRoot } from "./tidy/source-tree.js";

test("[G1] [G2] README's transcript is what the main job prints, chain head included", () => {
  const run = runWorld();
  try {
    const line = identicalLine(run); // that a replay prints it is for `npm start`: here one execution is enough
    const head = `chain head ${run.chainHead}`;
    const printed = [introduction, summaryOf(run), "", verdictOf(run), "", head, line].join("\n");
    const readme = readFileSync(join(repositoryRoot, "README.md"), "utf8");
    const transcript = /^\$ npm ci && npm start\n([^`]*)```/m.exec(readme)?.[1]?.trimEnd() ?? "";
    const withoutSeconds = (text: string): string => text.replace(/ in [\d.]+ s$/m, " in N s");
    assert.equal(withoutSeconds(transcript), withoutSeconds(printed));
  } finally {
    rmSync(run.dir, { recursive: true, force: true });
  }
});
