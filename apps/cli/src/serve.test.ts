/** `serve` as people start it: what it says first, what it says last, and what it refuses. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { echoProject } from "./testing/project.js";

const binary = fileURLToPath(new URL("../bin/wasm-engine.js", import.meta.url));
const project = await echoProject();
after(() => project.remove());

type Row = Readonly<Record<string, unknown>>;

test("[S14.serve] --run serves the agents of a running world until it is told to end", async () => {
  project.write("stays.yaml", stays);
  const world = project.process("run", "stays.yaml", "--detach", "--json");
  assert.equal(world.code, 0, world.stderr);
  const child = spawn(process.execPath, [binary, "serve", "--run", "@last", "--follow", "--json"], {
    cwd: project.folder,
    env: { ...process.env, NODE_TEST_CONTEXT: "" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const row = async (): Promise<Row> => JSON.parse(String((await lines.next()).value)) as Row; // a line of JSON
  const { event, url, models, run } = await row();
  assert.deepEqual([event, models, run], ["listening", [], world.document["dir"]]);
  const listed = (await (await fetch(`${String(url)}/models`)).json()) as { data: readonly { id: string }[] };
  assert.deepEqual(
    listed.data.map(({ id }) => id),
    ["agent/left", "agent/right"],
  );
  const asked = await row();
  assert.deepEqual([asked["event"], asked["path"], asked["status"]], ["request", "/v1/models", 200]);
  child.kill("SIGTERM");
  const closed = await row();
  assert.deepEqual([closed["event"], closed["requests"], closed["failures"]], ["closed", 1, 0]);
  assert.deepEqual(await ended, [0, null]);
  assert.equal(project.process("stop", "--json").code, 0);
});

const stays = `version: 1
name: stays
stop: { when: never }
modules: { echo: ./echo.wasm }
agents:
  - { id: left, module: echo, capabilities: { topics: ["*"] } }
  - { id: right, module: echo, capabilities: { topics: ["*"] } }
trust: { allowUnsigned: true }
`;

test("[S14.serve] what it cannot serve it says, with an exit code", () => {
  mkdirSync(join(project.folder, "empty"));
  writeFileSync(join(project.folder, "token"), "short", { mode: 0o600 });
  const refused = (code: string, exit: number, ...args: readonly string[]): void => {
    const result = project.cli("serve", ...args, "--json");
    assert.equal((result.document["error"] as { code?: string } | undefined)?.code, code, result.stdout);
    assert.equal(result.code, exit);
  };
  refused("WE_CLI_USAGE", 2);
  refused("WE_CLI_USAGE", 2, "empty", "--port", "70000");
  refused("WE_CLI_USAGE", 2, "empty", "--provider", "gpu");
  refused("WE_SERVE_MODEL_FOLDER", 2, "nowhere");
  refused("WE_SERVE_MODEL_FOLDER", 2, "a=empty", "a=empty");
  refused("WE_SERVE_TOKEN_FILE", 2, "empty", "--token-file", "token");
  refused("WE_CONFIG_MISSING", 2, "--models-of", "nowhere.yaml");
  refused("WE_RUN_UNKNOWN", 2, "--run", "nowhere");
  refused("WE_MODEL_FOLDER", 2, "empty");
});
