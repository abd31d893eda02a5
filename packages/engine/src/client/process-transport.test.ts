/** World processes that start while the configuration is still being read. */

import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { assemble, projectFolder, smallAgentText } from "../testing/project.js";
import { Engine } from "./engine.js";

const configuration = (module: string): string => `version: 1
name: small
stop: { when: tick, tick: 5 }
modules: { small: ./${module} }
agents: [{ id: one, module: small, every: 1 }]
trust: { allowUnsigned: true }
`;

test("[S14.run] a configuration runs in the process that was started for it", async (context) => {
  const folder = projectFolder(context, {
    "small.wasm": await assemble(smallAgentText()),
    "engine.yaml": configuration("small.wasm"),
  });
  await using world = await Engine.open(folder);
  assert.notEqual(world.pid, process.pid);
  const result = await world.run();
  assert.equal(result.ticks, 5);
  assert.ok(result.v8Flags.includes("--disable-wasm-trap-handler"));
});

test("[G10] a configuration that is refused takes its process with it", async (context) => {
  const folder = projectFolder(context, { "engine.yaml": configuration("absent.wasm") });
  await assert.rejects(Engine.open(folder), { code: "WE_CONFIG_FILE_MISSING" });
});

test("[G10] a process that cannot start is a coded error, however early it fails", async (context) => {
  const folder = projectFolder(context, {
    "small.wasm": await assemble(smallAgentText()),
    "engine.yaml": configuration("small.wasm"),
  });
  const execPath = join(folder, "no-such-node");
  await assert.rejects(Engine.open(folder, { execPath }), { code: "WE_WORLD_DIED" });
});

test("[G10] a world process whose client is gone before it has loaded ends by itself", async () => {
  const program = fileURLToPath(new URL("../world/world-process.js", import.meta.url));
  const child = fork(program, [], {
    serialization: "advanced",
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const ended = once(child, "exit");
  child.disconnect();
  assert.deepEqual(await ended, [0, null]);
});
