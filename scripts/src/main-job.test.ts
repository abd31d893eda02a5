/** README's transcript is what the main job prints, on every machine. */

import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  goldenLine,
  goldenProof,
  identicalLine,
  introduction,
  nextSteps,
  runWorld,
  summaryOf,
  verdictOf,
} from "./main-job.js";
import { repositoryRoot } from "./tidy/source-tree.js";

test("[G1] [G2] README's transcript is what the main job prints, chain head and golden bundle included", () => {
  const cut = runWorld("engine.cut.yaml");
  const run = runWorld("engine.yaml");
  try {
    assert.equal(goldenProof(run).line, goldenLine(run));
    const printed = [
      introduction,
      summaryOf("mail cut", cut),
      summaryOf("as it is", run),
      "",
      verdictOf(run, cut),
      "",
      `chain head ${run.chainHead}`,
      identicalLine(run), // that a replay prints it is for `npm start`: here the golden bundle is replayed
      goldenLine(run),
      "",
      nextSteps,
    ].join("\n");
    const readme = readFileSync(join(repositoryRoot, "README.md"), "utf8");
    const transcript = /^\$ npm ci && npm start\n([^`]*)```/m.exec(readme)?.[1]?.trimEnd() ?? "";
    const withoutSeconds = (text: string): string => text.replaceAll(/ in [\d.]+ s$/gm, " in N s");
    assert.equal(withoutSeconds(transcript), withoutSeconds(printed));
    assert.ok(printed.split("\n").length <= 25, "the newcomer reads one screen");
  } finally {
    for (const { dir } of [cut, run]) rmSync(dir, { recursive: true, force: true });
  }
});
