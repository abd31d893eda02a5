/** `node …/text-kills-program.js [FIRST] [LAST]`: kills a world with texts under way at every crash point in turn. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Engine } from "../client/engine.js";
import { fakeTesting } from "./model-world.js";
import { outputOf } from "./run-folders.js";
import { killAndCompare, textRecords } from "./text-kills.js";
import { textWorld, writeFake } from "./text-world.js";

const [first = "3", last = "1000"] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "text-kills-"));
try {
  const model = writeFake(join(folder, "model"), {});
  const directory = join(folder, "undisturbed");
  const world = await textWorld({ directory, model, records: textRecords });
  const running = await Engine.open(world, { isolation: "inline", testing: fakeTesting });
  const undisturbed = { result: await running.run(), output: outputOf(directory) };
  await running.close();
  for (let passage = Number(first); passage <= Number(last); passage += 1) {
    const run = { directory: join(folder, `crash-${passage}`), model, passage };
    if (!(await killAndCompare(run, undisturbed))) break;
    process.stdout.write(`crash point ${passage}: the undisturbed head\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
