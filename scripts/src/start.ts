/** `npm start`: the main job, printed. */

import { introduction, replayOf, runWorld, summaryOf, verdictOf } from "./main-job.js";

console.log(introduction);
const run = runWorld();
console.log(`${summaryOf(run)}\n`);
console.log(`${verdictOf(run)}\n`);
console.log(`chain head ${run.chainHead}`);
const { same, line } = replayOf(run);
console.log(line);
process.exitCode = same ? 0 : 3;
