/** Failures, changes and old runs: the decisions of dev that need no world. */

import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { AgentId } from "@wasm-engine/abi";
import { loadConfig } from "../config/load-config.js";
import { Engine } from "../client/engine.js";
import { assemble, projectFolder, smallAgentText } from "../testing/project.js";
import { changeOf } from "./config-change.js";
import { decisiveFailure, failuresOf, isGone } from "./failure.js";
import { loadProject } from "./load-project.js";
import { newDevRun, removeOldRuns } from "./old-runs.js";
import { SignalQueue } from "./signal-queue.js";

const agentOf = (id: string): AgentId => id as AgentId; // test data

test("faults and exit codes other than 0 are failures; before is the tick before the failing turn began", () => {
  const fault = { tick: 7, agentId: agentOf("a"), code: "TRAP", guestCode: 0, detail: "unreachable" };
  const observed = {
    tick: 7,
    lines: [],
    dropped: 0,
    faults: [fault, { ...fault, agentId: agentOf("b"), plannedTick: 3 }],
    exits: [
      { agentId: agentOf("c"), code: 0 },
      { agentId: agentOf("d"), code: 2 },
    ],
  };
  assert.deepEqual(
    failuresOf(observed).map(({ agentId, kind, before, code }) => [agentId, kind, before, code]),
    [
      ["a", "fault", 6, "TRAP"],
      ["b", "fault", 2, "TRAP"],
      ["d", "exit", 6, "2"],
    ],
  );
});

test("what ended the run is decisive, then what the new code may mend, then what came first", () => {
  const at = (agentId: string, tick: number): Parameters<typeof decisiveFailure>[0][number] => {
    return { kind: "fault", agentId: agentOf(agentId), tick, before: tick - 1, code: "TRAP", detail: "" };
  };
  const failures = [at("first", 1), at("changed", 2), at("final", 3), at("final", 9)];
  const hasChanged = (agent: AgentId): boolean => agent === "changed";
  assert.equal(decisiveFailure(failures, { ended: agentOf("final"), hasChanged })?.tick, 9);
  assert.equal(decisiveFailure(failures, { hasChanged })?.tick, 2);
  assert.equal(decisiveFailure(failures, { hasChanged: () => false })?.tick, 1);
  assert.equal(decisiveFailure([], { hasChanged }), undefined);
  const [first] = failures;
  assert.ok(first !== undefined);
  const moved = { ...first, tick: 5, detail: "Error: no\n    at f (a.ts:7)" };
  assert.equal(isGone({ ...first, detail: "Error: no\n    at g (a.ts:3)" }, [moved]), false);
  assert.equal(isGone({ ...first, detail: "Error: another" }, [moved]), true);
  assert.equal(isGone(first, []), true);
});

const configuration = `version: 1
name: small
stop: { when: idle }
modules: { small: ./small.wasm, other: ./other.wasm }
models: { writer: { scripted: ./rules.yaml } }
agents:
  - { id: one, module: small }
  - { id: two, module: other, args: { n: 1 } }
trust: { allowUnsigned: true }
`;

test("other code, another configuration and other rules of a model are told apart", async (context) => {
  const small = await assemble(smallAgentText());
  const large = await assemble(smallAgentText(`(global i32 (i32.const 7))`));
  const folder = projectFolder(context, {
    "small.wasm": small,
    "other.wasm": small,
    "rules.yaml": "- answer: yes\n",
    "engine.yaml": configuration,
    "new/small.wasm": large,
    "new/other.wasm": small,
    "new/rules.yaml": "- answer: yes\n",
    "new/engine.yaml": configuration,
  });
  const before = await loadConfig(folder);
  assert.deepEqual(changeOf(before, await loadConfig(folder), []), { kind: "none" });
  const rules = join(folder, "rules.yaml");
  const touched = changeOf(before, before, [rules]);
  assert.deepEqual(touched, { kind: "world", what: ["scripted writer"] });
  const seeded = await loadConfig(folder, { seed: 9 });
  assert.deepEqual(changeOf(before, seeded, []), { kind: "world", what: ["seed"] });
  const now = await loadConfig(join(folder, "new"));
  const moved = { ...now, world: { ...now.world, adapters: before.world.adapters ?? [] } };
  assert.deepEqual(changeOf(before, moved, []), { kind: "modules", names: ["small"] });
});

test("a project that cannot be loaded is told with the files that may mend it", async (context) => {
  const folder = projectFolder(context, { "engine.yaml": configuration.replace("./other", "./missing") });
  const options = { config: folder, tell: () => undefined };
  const broken = await loadProject(options);
  assert.equal(broken.ok, false);
  assert.equal(broken.error.code, "WE_CONFIG_FILE_MISSING");
  assert.deepEqual([...broken.files], [join(folder, "engine.yaml")]);
  const nowhere = await loadProject({ ...options, config: join(folder, "gone") });
  assert.equal(nowhere.ok, false);
  assert.deepEqual([...nowhere.files], [join(folder, "gone", "engine.yaml")]);
});

test("[G10] a world that reads standard input is refused", async (context) => {
  const folder = projectFolder(context, {
    "small.wasm": await assemble(smallAgentText()),
    "other.wasm": await assemble(smallAgentText()),
    "rules.yaml": "- answer: yes\n",
    "engine.yaml": `${configuration}inputs: [{ file: "-", format: jsonl, to: one, topic: t }]\n`,
  });
  const refused = await loadProject({ config: folder, tell: () => undefined });
  assert.equal(refused.ok, false);
  assert.equal(refused.error.code, "WE_DEV_STANDARD_INPUT");
});

test("only the oldest runs of dev are removed, and none that somebody has open", async (context) => {
  const folder = projectFolder(context, {
    "small.wasm": await assemble(smallAgentText()),
    "other.wasm": await assemble(smallAgentText()),
    "rules.yaml": "- answer: yes\n",
    "engine.yaml": configuration,
  });
  const { world } = await loadConfig(folder);
  const dirs: string[] = [];
  for (let count = 0; count < 4; count += 1) {
    const dir = newDevRun(folder);
    dirs.push(dir);
    await using run = await Engine.open(world, { isolation: "inline", dir });
    await run.run();
  }
  dirs.sort();
  await using own = await Engine.open(world, { isolation: "inline" });
  await own.run();
  await using held = await Engine.open(dirs[1] ?? "", { isolation: "inline", resume: true });
  const strange = join(folder, ".wasm-engine/runs/00000000-strange-dev");
  mkdirSync(strange);
  assert.deepEqual(
    removeOldRuns(folder, 1).map((id) => join(folder, ".wasm-engine/runs", id)),
    [dirs[0], dirs[2]],
  );
  assert.deepEqual(
    dirs.map((dir) => existsSync(dir)),
    [false, true, false, true],
  );
  assert.ok(existsSync(own.dir) && existsSync(strange) && existsSync(held.dir));
});

test("saves that come together are one signal; commands keep their place", async () => {
  const queue = new SignalQueue();
  queue.push({ kind: "saved", paths: ["b"] });
  queue.push({ kind: "saved", paths: ["a", "b"] });
  queue.push({ kind: "command", command: "again" });
  queue.push({ kind: "saved", paths: ["c"] });
  assert.deepEqual(await queue.next(), { kind: "saved", paths: ["a", "b"] });
  assert.deepEqual(await queue.next(), { kind: "command", command: "again" });
  assert.deepEqual(await queue.next(), { kind: "saved", paths: ["c"] });
  assert.equal(queue.take(), undefined);
  const later = queue.next();
  queue.push({ kind: "command", command: "quit" });
  assert.deepEqual(await later, { kind: "command", command: "quit" });
});
