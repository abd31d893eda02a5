/**
 * Measures what the core costs per turn and message: plan, commit and seal with its hashes, without execution.
 *   node packages/core/dist/testing/tick-cost.js [agents] [ticks] [ring | scattered]
 * `scattered`: neighbours in the ring are far apart in the order of ids. Prints one JSON document.
 */

import { hash } from "node:crypto";
import type { Hasher } from "../ports.js";
import { World } from "../world/world.js";
import { RingExecutors } from "./ring-executors.js";
import { genesis, handle, spec } from "./script-world.js";

const warmUpTicks = 320;
/** As many as ticks between state hashes: every batch has one. */
const batchTicks = 64;
const payloadBytes = 64;
const [agentCount = 1000, tickCount = 3000] = process.argv.slice(2, 4).map(Number);
const order = process.argv[4] ?? "ring";

const hasher: Hasher = {
  sha256(...parts) {
    const bytes = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
    return Buffer.from(hash("sha256", bytes, "binary"), "latin1");
  },
};

/** Processor time of all threads of the process: what others run on the machine counts least in it. */
function processorMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Counts the time that executing takes, so that it can be left out. */
class TimedExecutors extends RingExecutors {
  microseconds = 0;

  override execute(): void {
    const start = processorMicroseconds();
    super.execute();
    this.microseconds += processorMicroseconds() - start;
  }
}

const specs = Array.from({ length: agentCount }, (_, index) =>
  spec(`a${String(index).padStart(6, "0")}`, { limits: { fuelPerSlice: 1e8, fuelPerTurnMax: 1e8 } }),
);
const handles = specs.map(({ id }) => handle(id));
const stride = order === "scattered" ? 7919 : 1;
const next = new Map(handles.map((agent, index) => [agent, handles[(index + stride) % agentCount] ?? agent]));
const executors = new TimedExecutors(next, payloadBytes);
const limits = { stateHashEvery: batchTicks, shards: 16, turnsPerTickMax: 1e6, agentsMax: 1e6 };
const world = World.create(genesis(specs, limits), { hasher, executors });
for (let tick = 0; tick < warmUpTicks; tick += 1) world.step(tick, []);

/** Microseconds per turn of the core and of execution, per batch: the least of them is what an idle machine does. */
const core: number[] = [];
const executing: number[] = [];
for (let batch = 0; batch < tickCount / batchTicks; batch += 1) {
  executors.microseconds = 0;
  let turns = 0;
  const start = processorMicroseconds();
  for (let count = 0; count < batchTicks; count += 1) turns += world.step(world.tick + 1, []).figures.turns;
  const microseconds = processorMicroseconds() - start;
  core.push((microseconds - executors.microseconds) / turns);
  executing.push(executors.microseconds / turns);
}

function summary(figures: readonly number[]): { readonly least: number; readonly median: number } {
  const sorted = figures.map((figure) => Number(figure.toFixed(3))).sort((left, right) => left - right);
  return { least: sorted[0] ?? 0, median: sorted[sorted.length >> 1] ?? 0 };
}

process.stdout.write(
  `${JSON.stringify({
    agents: agentCount,
    order,
    coreMicrosecondsPerTurn: summary(core),
    executingMicrosecondsPerTurn: summary(executing),
    tick: world.tick,
    chainHead: Buffer.from(world.chainHead).toString("hex"),
  })}\n`,
);
