/**
 * `node …/text-kills-program.js [FIRST [LAST [STEP [MODEL]]]]`: kills a world with texts under way at crash points in
 * turn. MODEL: folder of a model, `decoder` for the sample decoder; absent: a fake.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Engine } from "../client/engine.js";
import { fakeTesting } from "./model-world.js";
import { outputOf } from "./run-folders.js";
import { killAndCompare, textRecords } from "./text-kills.js";
import { textWorld, writeDecoder, writeFake } from "./text-world.js";

const [first = "3", last = "1000", step = "1", given] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "text-kills-"));

/** Prompts that fit into the contexts of small models. */
const records = textRecords.map((record) => {
  const prompt = String(record["prompt"]);
  return given === undefined
    ? record
    : { ...record, prompt: `${prompt.slice(0, 60)}, a hen`, temperature: 1 };
});

async function modelFolder(): Promise<string> {
  const target = join(folder, "model");
  if (given === undefined) return writeFake(target, {});
  return given === "decoder" ? await writeDecoder(target) : given;
}

try {
  const model = await modelFolder();
  const testing = given === undefined ? fakeTesting : {};
  const directory = join(folder, "undisturbed");
  const world = await textWorld({ directory, model, records });
  const running = await Engine.open(world, { isolation: "inline", testing });
  const undisturbed = { result: await running.run(), output: outputOf(directory) };
  await running.close();
  for (let passage = Number(first); passage <= Number(last); passage += Number(step)) {
    const run = { directory: join(folder, `crash-${passage}`), model, records, passage, testing };
    if (!(await killAndCompare(run, undisturbed))) break;
    process.stdout.write(`crash point ${passage}: the undisturbed head\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
