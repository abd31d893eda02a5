/** New code in the shadow of a recorded run: the same, other effects, faults, other fuel, from the start and later. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import { checkUpgrade } from "../client/check-upgrade.js";
import { Engine } from "../client/engine.js";
import { folderText } from "../testing/guest-text.js";
import { assemble } from "../testing/project.js";
import { freshFolder } from "../testing/run-folders.js";
import { sampleWorld } from "../testing/sample-world.js";
import type { RunResult } from "../world/control.js";

const folder = freshFolder("upgrade-check");
const inline = { isolation: "inline" } as const;
let run: RunResult;

before(async () => {
  const world = await sampleWorld({ directory: folder, snapshotEvery: 16 });
  await using opened = await Engine.open(world, inline);
  run = await opened.run();
  writeFileSync(
    join(folder, "engine.yaml"),
    "version: 1\nname: sample\nmodules: { folder: ./same.wasm }\nagents: []\ntrust: { allowUnsigned: true }\n",
  );
});

async function moduleOf(
  name: string,
  edit: (text: string) => string,
): Promise<Readonly<Record<string, string>>> {
  const path = join(folder, `${name}.wasm`);
  const text = edit(folderText);
  assert.ok(name === "same" || text !== folderText, "the edit found its place");
  writeFileSync(path, await assemble(text));
  return { folder: path };
}

test("the same code does the same, costs the same, and the run stays as it is", async () => {
  const log = (): string => readFileSync(join(run.dir, "run.json"), "utf8");
  const earlier = log();
  const modules = await moduleOf("same", (text) => text);
  const report = await checkUpgrade(run.dir, { modules, ...inline });
  assert.deepEqual([report.equal, report.fuelRatio, report.faults], [true, 1, 0]);
  assert.equal(report.agents.length, 6);
  assert.ok(report.agents.every(({ state, turns }) => state === "start" && turns > 0));
  assert.equal(log(), earlier);
});

test("code that costs more and does the same is equal, and the ratio says what it costs", async () => {
  const modules = await moduleOf("slow", (text) =>
    text.replace(
      "(func $fold (param $byte i32)",
      "(func $fold (param $byte i32) (drop (i32.add (i32.const 1) (i32.const 2)))",
    ),
  );
  const report = await checkUpgrade(run.dir, { modules, ...inline });
  assert.equal(report.equal, true);
  assert.ok((report.fuelRatio ?? 0) > 1);
});

test("the first other effect of every agent is named with both sides", async () => {
  const modules = await moduleOf("other", (text) => text.replace("16777619", "16777621"));
  const report = await checkUpgrade(run.dir, { modules, ...inline });
  assert.equal(report.equal, false);
  const first = report.agents.find(({ agentId }) => agentId === "a1")?.firstDifference;
  assert.ok(first !== null && first !== undefined);
  assert.equal(first.what, "effects");
  const [recorded, shadow] = [first.recorded, first.shadow].map(({ effects }) =>
    effects.find(({ kind }) => kind === "publish"),
  );
  assert.deepEqual([recorded?.topic, shadow?.topic], ["score", "score"]);
  assert.notDeepEqual(recorded?.payload, shadow?.payload);
  const only = await checkUpgrade(run.dir, { modules, agents: ["a2"], ...inline });
  assert.deepEqual(
    only.agents.map(({ agentId }) => agentId),
    ["a2"],
  );
});

test("a fault of the new code is told", async () => {
  const modules = await moduleOf("faulty", (text) =>
    text.replace(
      '(func (export "agent_step") (param $context i32) (result i32)',
      (start) => `${start} (unreachable)`,
    ),
  );
  const report = await checkUpgrade(run.dir, { modules, ...inline });
  const first = report.agents.find(({ agentId }) => agentId === "a1")?.firstDifference;
  assert.deepEqual([first?.what, first?.shadow.fault, first?.recorded.fault], ["fault", "TRAP", undefined]);
  assert.equal(report.faults, 5, "sink has no cadence");
});

test("from a later tick on, code without state to import starts anew, and is compared from there", async () => {
  const modules = await moduleOf("same", (text) => text);
  const report = await checkUpgrade(run.dir, { modules, from: 40, ...inline });
  assert.ok(report.agents.every(({ state }) => state === "fresh"));
  assert.equal(report.equal, false, "what it had counted is gone");
  assert.ok(report.agents.every(({ firstDifference }) => (firstDifference?.tick ?? 40) >= 40));
  assert.ok(report.ticksExecuted < 50, "it begins at a snapshot");
});

test("[G10] an agent that the run never had is refused, and not found equal", async () => {
  const modules = await moduleOf("same", (text) => text);
  await assert.rejects(checkUpgrade(run.dir, { modules, agents: ["nobody"], ...inline }), {
    code: "WE_AGENT_UNKNOWN",
    exitCode: 2,
  });
});

test("[G10] a module that the run has not is refused", async () => {
  const { folder: path = "" } = await moduleOf("same", (text) => text);
  await assert.rejects(
    checkUpgrade(run.dir, { modules: { foldre: path }, ...inline }),
    (error) => EngineError.is(error) && error.code === "WE_FORK_OVERRIDE" && /folder/.test(error.hint ?? ""),
  );
});
