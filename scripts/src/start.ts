/** `npm start`: the main job, printed. */

import { readScores } from "./airports/scores.js";
import {
  goldenProof,
  introduction,
  nextSteps,
  replayOf,
  runWorld,
  summaryOf,
  verdictOf,
} from "./main-job.js";
import { programOptions } from "../../packages/wasm/dist/testing/program-options.js";

programOptions({ usage: "npm start", options: {} });

console.log(introduction);
const cut = runWorld("engine.cut.yaml");
console.log(summaryOf("mail cut", cut));
const run = runWorld("engine.yaml");
console.log(`${summaryOf("as it is", run)}\n`);
console.log(`${verdictOf(readScores(run.dir), readScores(cut.dir))}\n`);
console.log(`chain head ${run.chainHead}`);
const replayed = replayOf(run);
console.log(replayed.line);
const recorded = goldenProof(run);
console.log(`${recorded.line}\n\n${nextSteps}`);
process.exitCode = replayed.same && recorded.same ? 0 : 3;
