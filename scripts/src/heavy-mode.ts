/**
 * `npm run test:heavy -- [--example NAME] [--from TICK] [--ticks N]`: runs every example in a copy of its folder, then
 * executes the recorded ticks again and restores the world from a snapshot after every tick of a slice.
 */

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { heavyRun } from "../../packages/engine/dist/testing/heavy-run.js";
import {
  chosenNames,
  programOptions,
  wholeNumber,
} from "../../packages/wasm/dist/testing/program-options.js";
import { repositoryRoot } from "./tidy/source-tree.js";

const { values } = programOptions({
  usage: "npm run test:heavy -- [--example NAME] [--from TICK] [--ticks N]",
  options: {
    example: { type: "string" },
    from: { type: "string", default: "0" },
    ticks: { type: "string", default: "200" },
  },
});
const slice = { from: wholeNumber("from", values.from), ticks: wholeNumber("ticks", values.ticks, 1) };
const examples = readdirSync(join(repositoryRoot, "examples"));
const chosen = chosenNames("example", values.example, examples);
const program = join(repositoryRoot, "apps/cli/bin/wasm-engine.js");
const folder = mkdtempSync(join(tmpdir(), "heavy-"));
mkdirSync(join(folder, "examples"));
for (const shared of ["docs", "node_modules"])
  symlinkSync(join(repositoryRoot, shared), join(folder, shared));

/** Runs a copy of the example, long enough for the slice; returns the folder of the run. */
function record(example: string): string {
  const project = join(folder, "examples", example);
  const dir = join(folder, `${example}-run`);
  cpSync(join(repositoryRoot, "examples", example), project, {
    recursive: true,
    filter: (path) => !["out", ".wasm-engine"].includes(basename(path)),
  });
  // Ticks without work are not executed: a run is several times as long as its slice.
  const ticks = String(slice.from + 8 * slice.ticks);
  const words = ["run", "engine.yaml", "--ticks", ticks, "--dir", dir, "--json", "--quiet"];
  execFileSync(process.execPath, [program, ...words], {
    cwd: project,
    stdio: ["ignore", "ignore", "inherit"],
  });
  return dir;
}

let failures = 0;
try {
  for (const example of chosen) {
    try {
      const { ticks, restored, images } = heavyRun(record(example), slice);
      process.stdout.write(`${example}: restored after ${restored} of ${ticks} ticks, ${images} images\n`);
    } catch (error) {
      failures += 1;
      process.stdout.write(`${example}: ${String(error)}\n`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failures === 0 ? 0 : 1;
