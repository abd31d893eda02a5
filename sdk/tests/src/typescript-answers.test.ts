/**
 * Exactly one last answer, as an author of an agent sees it: whatever becomes of a request, its promise is settled once,
 * with a value or with an AgentError whose code says what happened. Counted by the agent, and from outside in its mailbox.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { Engine, logsOfRun, replayRun } from "@wasm-engine/engine";
import type { MessageReport, RunningWorld } from "@wasm-engine/engine";
import { projectOf } from "./testing/typescript-world.js";

const peers = {
  silent: "silent",
  slow: "slow",
  dying: "dies",
  victim: "silent",
  leaver: "silent",
  faulty: "faults",
  stubborn: "faults",
  busy: "refuses",
  twice: "twice",
  again: "again",
  stranger: "silent",
} as const;

const config = `version: 1
name: answers
seed: 5
clock: { tickMs: 1000, epoch: 2001-01-01T00:00:00Z }
stop: { when: idle, maxTicks: 400 }
modules: { asker: ./asker.ts, peer: ./peer.ts }
models:
  refusing: { failing: refuse, code: OVERLOADED, message: not today }
  hanging: { failing: hang, latencyTicks: 9 }
tools:
  told: { path: ./tools.mjs, export: told }
  refusing: { path: ./tools.mjs, export: refusing, latencyTicks: 7 }
  broken: { path: ./tools.mjs, export: broken }
  strict: { path: ./tools.mjs, export: strict }
  hanging: { path: ./tools.mjs, export: hanging, latencyTicks: 9 }
agents:
  - id: asker
    module: asker
    capabilities:
      send: [silent, slow, dying, victim, leaver, faulty, stubborn, busy, twice, again, narrow]
      spawn: [peer]
      models: ["*"]
      tools: ["*"]
${Object.entries(peers)
  .map(([id, manner]) => {
    const policy = id === "stubborn" ? ", onFault: { strategy: restart, from: good }" : "";
    return `  - { id: ${id}, module: peer, args: ${manner}, capabilities: { send: ["*"] }${policy} }`;
  })
  .join("\n")}
  - { id: narrow, module: peer, args: twice, capabilities: { send: ["*"] }, limits: { mailboxMessages: 1 } }
`;

const tools = `export const told = { run: (input) => input + 1 };
export const refusing = { run() { throw Object.assign(new Error("closed"), { code: "CLOSED" }); } };
export const broken = { run() { throw new TypeError("it broke"); } };
export const strict = { input: { type: "string" }, run: (input) => input };
export const hanging = { run: () => new Promise(() => {}) };
`;

/** What each request of asker.ts comes to. */
const expected: Readonly<Record<string, string>> = {
  timeout: "TIMEOUT",
  "answer after the timeout": "TIMEOUT",
  cancelled: "CANCELLED",
  "answer after the cancel": "CANCELLED",
  aborted: "CANCELLED",
  "aborted before": "AbortError: This operation was aborted",
  "aborted by time": "CANCELLED",
  "aborted sleep": "CANCELLED",
  "tool told": "answered 2",
  "tool refusing": "FAILED",
  "tool broken": "FAILED",
  "tool strict": "BAD_INPUT",
  "tool that hangs": "TIMEOUT",
  "model that refuses": "OVERLOADED",
  "model that hangs": "TIMEOUT",
  "peer exits": "UNDELIVERABLE",
  "peer is terminated": "UNDELIVERABLE",
  "peer is stopped": "UNDELIVERABLE",
  "peer faults and is stopped": "UNDELIVERABLE",
  "peer faults and goes on": "TIMEOUT",
  "peer refuses": "BUSY",
  "unknown id": "NOT_FOUND",
  "unknown handle": "UNDELIVERABLE",
  "answered twice": 'answered "first"',
  "answered again later": 'answered "first"',
  "mailbox has room": 'answered "first"',
  "mailbox full": "REFUSED",
  "not granted": "REFUSED",
  "tool without grant": "REFUSED",
  "model without grant": "REFUSED",
  "task for a stranger": "REFUSED",
  "child without module": "REFUSED",
};

async function stepTo(world: RunningWorld, last: number): Promise<void> {
  for (let tick = -1; tick < last;) ({ tick } = await world.step());
}

/** Last answers by the request that they answer. */
function lastAnswers(mailbox: readonly MessageReport[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { correlationId, flags } of mailbox) {
    const isLast = flags.includes("last_part") || flags.includes("error");
    if (correlationId > 0 && isLast) counts.set(correlationId, (counts.get(correlationId) ?? 0) + 1);
  }
  return counts;
}

async function outcomesOf(dir: string): Promise<Readonly<Record<string, readonly string[]>>> {
  const lines = (await logsOfRun(dir, { agent: "asker" })).map(({ text }) => text);
  assert.deepEqual(lines.slice(0, -1), [], "no answer reaches an agent that waits for none");
  return JSON.parse(lines.at(-1) ?? "{}") as Readonly<Record<string, readonly string[]>>; // what asker.ts logs
}

const settledOnce = Object.fromEntries(Object.entries(expected).map(([name, how]) => [name, [how]]));

test("[G10] every request that a TypeScript agent makes is settled exactly once, with its code", async (context) => {
  const project = projectOf({ "engine.yaml": config, "tools.mjs": tools }, "answers");
  context.after(() => project.remove());
  const dir = join(project.folder, "run");
  await using world = await Engine.open(project.config, { dir, start: "paused" });
  await stepTo(world, 4);
  // What comes from now on waits where it can be counted.
  await world.controlAgent("asker", "pause");
  await world.controlAgent("victim", "terminate");
  await world.controlAgent("leaver", "stop");
  await stepTo(world, 15);
  const { agents } = await world.inspect({ agent: "asker" });
  const waiting = lastAnswers(agents[0]?.mailbox ?? []);
  assert.ok(waiting.size >= 3, JSON.stringify([...waiting]));
  assert.deepEqual(new Set(waiting.values()), new Set([1]), "one last answer per request");
  assert.deepEqual(agents[0]?.pendingRequests, [], "everything has been answered while nobody listened");
  await world.controlAgent("asker", "resume");
  const result = await world.run();
  await world.close();
  assert.equal(result.faults, 2, "those of the peers that fault on purpose");
  assert.deepEqual(await outcomesOf(dir), settledOnce);
  assert.ok((await replayRun(dir, { isolation: "inline" })).verified);
});
