/** Program of the standard input test: runs a world that reads `-` until its end, and prints the result. */

import { Engine } from "../client/engine.js";
import { sampleWorld } from "./sample-world.js";

const [directory = ""] = process.argv.slice(2);
const sample = await sampleWorld({ directory, stop: { when: "inputs-done" } });
const inputs = [{ path: "-", format: "jsonl", to: "{to}", topic: "record" }] as const;
const world = await Engine.open({ ...sample, inputs });
const result = await world.run();
await world.close();
process.stdout.write(JSON.stringify(result));
