/** `upgrade`: an input of a running world, durable when the verb is done. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Engine } from "@wasm-engine/engine";
import { echoProject } from "./testing/project.js";
import type { Project } from "./testing/project.js";

const configuration = `version: 1
name: versions
seed: 7
stop: { when: idle }
modules: { old: ./echo.wasm, next: ./next.wasm }
agents: [{ id: left, module: old, capabilities: { topics: ["*"] } }]
trust: { allowUnsigned: true }
`;

let project: Project;
before(async () => {
  project = await echoProject();
  // Another module is other bytes: a custom section without content.
  const bytes = readFileSync(join(project.folder, "echo.wasm"));
  project.write("next.wasm", Buffer.concat([bytes, Buffer.from([0, 2, 1, 0x78])]));
  project.write("engine.yaml", configuration);
});
after(() => project.remove());

test("[S14.upgrade] upgrade gives an agent of a running world another module, and says what is wrong", async () => {
  const config = join(project.folder, "engine.yaml");
  const dir = join(project.folder, "run");
  await using world = await Engine.open(config, { dir, start: "paused" });
  await world.step();
  const done = project.cli("upgrade", "left", "next", "--drain-ticks", "5", "--run", "run", "--json");
  assert.equal(done.code, 0, done.stderr);
  assert.equal(done.document["seq"], 1);
  const again = project.cli("upgrade", "left", "none", "--run", "run", "--json");
  const { code, message } = again.document["error"] as { code: string; message: string }; // DESIGN §14
  assert.equal(code, "WE_AGENT_SPEC");
  assert.match(message, /there is no module "none"/);
  assert.equal(again.code, 2);
  await world.run();
  const { agents } = await world.inspect({ agent: "left" });
  assert.equal(agents[0]?.moduleName, "next");
  await world.close();
  const late = project.cli("upgrade", "left", "old", "--run", "run", "--json");
  assert.equal((late.document["error"] as { code: string }).code, "WE_CONTROL_NOT_RUNNING"); // DESIGN §14
  assert.equal(late.code, 2);
});

test("[S14.upgrade] upgrade --check compares new code with the history of a run: 0 equal, 3 different", () => {
  const lines = [0, 1, 2].map((tick) => `${JSON.stringify({ tick, to: "left", n: tick })}\n`).join("");
  project.write("mail.jsonl", lines);
  project.write(
    "mailed.yaml",
    `${configuration}inputs: [{ file: ./mail.jsonl, at: tick, to: "{to}", topic: word }]\n`,
  );
  const run = project.cli("run", "mailed.yaml", "--dir", "history", "--json");
  assert.equal(run.code, 0, run.stderr);
  const equal = project.cli("upgrade", "--check", "history", "--module", "old=next.wasm", "--json");
  assert.equal(equal.code, 0, equal.stderr);
  assert.deepEqual([equal.document["equal"], equal.document["fuelRatio"]], [true, 1]);
  const bytes = readFileSync(join(project.folder, "echo.wasm"));
  // The constant of the topic that traps: "boom" becomes "word".
  const changed = Buffer.from(bytes);
  const at = changed.indexOf(Buffer.from([0xe2, 0xde, 0xbd, 0xeb, 0x06]));
  assert.ok(at > 0);
  changed.set([0xf7, 0xde, 0xc9, 0xa3, 0x06], at);
  project.write("changed.wasm", changed);
  const other = project.cli("upgrade", "--check", "history", "--module", "old=changed.wasm", "--json");
  assert.deepEqual([other.code, other.document["equal"]], [3, false], other.stderr);
  const text = project.cli("upgrade", "left", "--check", "history", "--module", "old=changed.wasm");
  assert.match(
    text.stdout,
    /^different: 1 of 1 agents.*\ntick \d+, agent left: other fault\n  recorded  .*\n  new code  fault TRAP/,
  );
  const twice = ["--check", "history", "--module", "old=next.wasm", "--module", "old=changed.wasm"];
  for (const wrong of [twice, ["--check", "history"], ["left"], ["left", "next", "--from", "3"]])
    assert.equal(project.cli("upgrade", ...wrong).code, 2, wrong.join(" "));
});
