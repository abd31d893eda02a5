/** Time and chance of TypeScript agents: those of the world. Runs on two days see the same, another seed sees other chance. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { Engine, logsOfRun } from "@wasm-engine/engine";
import { projectOf } from "./testing/typescript-world.js";

const config = `version: 1
name: virtual
seed: 5
clock: { tickMs: 1000, epoch: 2001-01-01T00:00:00Z }
stop: { when: idle, maxTicks: 100 }
modules: { clock: ./clock.ts }
agents: [{ id: clock, module: clock }]
`;
const project = projectOf({ "engine.yaml": config }, "virtual");
after(() => project.remove());

interface Seen {
  readonly chainHead: string;
  readonly lines: readonly string[];
}

async function seenIn(name: string, seed: number): Promise<Seen> {
  const dir = join(project.folder, name);
  await using world = await Engine.open(project.config, { dir, seed });
  const { chainHead, faults } = await world.run();
  assert.equal(faults, 0);
  return { chainHead, lines: (await logsOfRun(dir, { agent: "clock" })).map(({ text }) => text) };
}

test("[G1] Date, performance, Math.random, crypto and timers are virtual: twins see the same", async () => {
  const first = await seenIn("first", 5);
  const second = await seenIn("second", 5);
  assert.deepEqual(second, first);
  const epoch = Date.parse("2001-01-01T00:00:00Z");
  const timeAt = (tick: number): string =>
    `time ${epoch + 1000 * tick} ${new Date(epoch + 1000 * tick).toISOString()} ${epoch + 1000 * tick}`;
  const times = first.lines.filter((line) => line.startsWith("time"));
  assert.deepEqual(times, [timeAt(0), timeAt(3)], "2.5 s are three ticks of a second");
  assert.equal(first.lines.at(-1), "repeated 3 6");
  const chances = first.lines.filter((line) => line.startsWith("chance"));
  assert.equal(new Set(chances).size, 2, "streams go on");
  const other = await seenIn("other", 6);
  assert.deepEqual(
    other.lines.filter((line) => line.startsWith("time")),
    times,
  );
  const others = other.lines.filter((line) => line.startsWith("chance"));
  const words = (lines: readonly string[]): string[] => lines.flatMap((line) => line.split(" ").slice(1));
  const numbers = words(chances).filter((word) => /^0\.|-/.test(word));
  assert.equal(numbers.length, 6);
  for (const word of numbers) assert.ok(!words(others).includes(word), "another seed, other chance");
});
