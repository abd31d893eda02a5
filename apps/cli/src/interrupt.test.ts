/** Ctrl-C as terminals send it: finish the tick, seal, say how to go on. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { echoProject } from "./testing/project.js";
import type { Project } from "./testing/project.js";

const binary = new URL("../bin/wasm-engine.js", import.meta.url).pathname;
/** Long enough to be interrupted, short enough to be run to its end. */
const ticks = 20_000;

const configuration = `version: 1
name: long
stop: { when: tick, tick: ${ticks} }
stateHashEvery: 64
durability: periodic
modules: { echo: ./echo.wasm }
agents:
  - { id: left, module: echo, every: 1, capabilities: { topics: ["*"] } }
  - { id: right, module: echo, every: 2, capabilities: { topics: ["*"] } }
trust: { allowUnsigned: true }
`;

let project: Project;
let head: unknown;
before(async () => {
  project = await echoProject();
  project.write("long.yaml", configuration);
  const whole = project.cli("run", "long.yaml", "--dir", "whole", "--json");
  assert.equal(whole.code, 0, whole.stderr);
  head = whole.document["chainHead"];
});
after(() => project.remove());

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the long run in a process group of its own and calls `act` once its log grows. */
function interrupted(dir: string, act: (pid: number) => void): Promise<Ended> {
  const child = spawn(process.execPath, [binary, "run", "long.yaml", "--dir", dir, "--json"], {
    cwd: project.folder,
    detached: true,
    env: { ...process.env, NO_COLOR: "1", NODE_TEST_CONTEXT: "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (bytes: Buffer) => (stdout += bytes.toString()));
  child.stderr.on("data", (bytes: Buffer) => (stderr += bytes.toString()));
  const watch = setInterval(() => {
    if (logBytes(join(project.folder, dir, "log")) < 2000) return;
    clearInterval(watch);
    act(child.pid ?? 0);
  }, 5);
  return new Promise((resolve) => {
    child.once("close", (code, signal) => {
      clearInterval(watch);
      resolve({ code, signal, stdout, stderr });
    });
  });
}

function logBytes(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

function assertSealed(dir: string, ended: Ended): void {
  assert.equal(ended.code, 130, `${ended.signal ?? ""} ${ended.stderr}`);
  assert.equal(ended.stdout.trimEnd().split("\n").length, 1, "one document");
  const document = JSON.parse(ended.stdout) as {
    ticks: number;
    reason: string;
    error: { code: string; hint: string };
  }; // §14
  assert.equal(document.error.code, "WE_CLI_INTERRUPTED");
  assert.equal(document.reason, "interrupted");
  assert.ok(document.ticks > 0 && document.ticks < ticks, `${document.ticks} ticks`);
  assert.match(document.error.hint, new RegExp(`wasm-engine run --resume .*${dir}$`));
  assert.equal(project.cli("verify-log", dir).code, 0);
  const resumed = project.cli("run", "--resume", dir, "--json");
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.equal(resumed.document["chainHead"], head);
}

test("[G3] [S14.run] SIGINT: one document, exit 130, --resume reaches the undisturbed head", async () => {
  const ended = await interrupted("single", (pid) => process.kill(pid, "SIGINT"));
  assertSealed("single", ended);
});

test("[G3] [S14.run] SIGINT to the whole process group, as a terminal sends it, is the same", async () => {
  const ended = await interrupted("group", (pid) => process.kill(-pid, "SIGINT"));
  assertSealed("group", ended);
});

test("[G3] [S14.run] SIGTERM is the same", async () => {
  const ended = await interrupted("term", (pid) => process.kill(pid, "SIGTERM"));
  assertSealed("term", ended);
});

test("the long run is long: its log holds every tick", () => {
  assert.ok(readFileSync(join(project.folder, "long.yaml"), "utf8").includes(String(ticks)));
  assert.ok(logBytes(join(project.folder, "whole", "log")) > ticks);
});
