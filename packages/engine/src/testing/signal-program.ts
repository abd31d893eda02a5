/**
 * Program of the signal tests: opens the run that it is told to make, reports its process, and runs until a signal
 * or its end. Prints one JSON line per event.
 */

import { Engine } from "../client/engine.js";
import { sampleWorld } from "./sample-world.js";

const [directory = "", dir = ""] = process.argv.slice(2);
const say = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

const sample = await sampleWorld({
  directory,
  records: 60_000,
  span: 30_000,
  stop: { when: "tick", tick: 1_000_000 },
});
const world = await Engine.open(sample, { dir, handleSignals: true });
say({ kind: "opened", pid: world.pid });
const result = await world.run({ onProgress: ({ tick }) => say({ kind: "progress", tick }) });
say({ kind: "result", result });
await world.close();
