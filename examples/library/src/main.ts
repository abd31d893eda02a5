/** A world inside a program: send, read what comes out, ask, and prove afterwards that it all repeats. */

import { fileURLToPath } from "node:url";
import { Engine, replayRun } from "wasm-engine";

const config = fileURLToPath(new URL("../engine.yaml", import.meta.url));

async function measure(): Promise<string> {
  await using world = await Engine.open(config);
  const means = world.messages("mean");

  // A promise of `send` resolves once its input is durable: from then on no crash loses it.
  const readings = [
    ["valley", 18.5],
    ["summit", 2.25],
    ["valley", 20.5],
    ["summit", -1.75],
  ] as const;
  for (const [station, celsius] of readings) {
    const { seq, durability } = await world.send(station, { celsius });
    console.log(`sent     input ${seq} to ${station}: ${celsius} (${durability})`);
  }

  let received = 0;
  for await (const { agentId, payload } of means) {
    console.log(`received ${agentId}: ${JSON.stringify(payload)}`);
    received += 1;
    if (received === readings.length) break;
  }

  const answer = await world.ask("summit", { question: "how cold is it" });
  console.log(`answered ${answer.agentId}: ${JSON.stringify(answer.payload)}`);
  return world.dir;
}

const run = await measure();
const { verified, turnsExecuted, ticks } = await replayRun(run);
console.log(
  `replay:  ${verified ? "identical" : "DIFFERENT"} (${ticks} ticks, ${turnsExecuted} turns executed)`,
);
console.log(`run:     ${run}`);
