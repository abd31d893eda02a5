/** Whatever a verb waits for, one signal ends it with one coded error; and what it cannot begin is refused with one. */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { createServer } from "node:net";
import type { Socket } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { echoProject } from "./testing/project.js";
import type { Project } from "./testing/project.js";

const binary = new URL("../bin/wasm-engine.js", import.meta.url).pathname;

let project: Project;
before(async () => {
  project = await echoProject();
});
after(() => project.remove());

interface Ended {
  readonly code: number | null;
  readonly error: { readonly code: string; readonly hint: string };
}

/** Starts a verb, and interrupts it as soon as it has begun to wait. */
function interrupted(hasBegun: () => boolean, ...args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [binary, ...args, "--json"], {
    cwd: project.folder,
    env: { ...process.env, NO_COLOR: "1", NODE_TEST_CONTEXT: "" },
    stdio: ["ignore", "pipe", "ignore"],
  });
  let stdout = "";
  child.stdout.on("data", (bytes: Buffer) => (stdout += bytes.toString()));
  const watch = setInterval(() => {
    if (!hasBegun()) return;
    clearInterval(watch);
    child.kill("SIGINT");
  }, 5);
  return new Promise((resolve) => {
    child.once("close", (code) => {
      clearInterval(watch);
      const { error } = JSON.parse(stdout) as Omit<Ended, "code">; // DESIGN §14
      resolve({ code, error });
    });
  });
}

const exists = (name: string) => (): boolean => existsSync(join(project.folder, name));

test("[G10] a tool whose top level never ends: interrupted before anything of a run is there", async () => {
  project.write(
    "endless.mjs",
    'import { writeFileSync } from "node:fs";\nwriteFileSync("begun", "");\nfor (;;);\n',
  );
  project.write(
    "endless.yaml",
    `version: 1
name: endless
modules: { echo: ./echo.wasm }
tools: { endless: { path: ./endless.mjs } }
agents: [{ id: left, module: echo, capabilities: { topics: ["*"] } }]
trust: { allowUnsigned: true }
`,
  );
  const { code, error } = await interrupted(exists("begun"), "run", "endless.yaml", "--dir", "endless");
  assert.equal(error.code, "WE_CLI_INTERRUPTED_EARLY");
  assert.equal(code, 130);
  assert.equal(exists("endless")(), false);
});

test("[G10] a test that hangs", async () => {
  project.write(
    "hang.test.mjs",
    `import { writeFileSync } from "node:fs";
import { test } from "node:test";
test("hangs", async () => {
  writeFileSync("hanging", "");
  setInterval(() => undefined, 1000);
  await new Promise(() => undefined);
});
`,
  );
  const { code, error } = await interrupted(exists("hanging"), "test", "hang.test.mjs");
  assert.equal(error.code, "WE_TEST_INTERRUPTED");
  assert.equal(code, 130);
});

test("[G10] a world that does not answer", { skip: process.platform === "win32" }, async () => {
  assert.equal(project.cli("run", ".", "--dir", "silent", "--json").code, 0);
  let isAsked = false;
  const sockets: Socket[] = [];
  // Half open: that the verb has ended the conversation does not end this side of it.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.once("data", () => (isAsked = true));
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) =>
    server.listen(join(project.folder, "silent", "control.sock"), resolve),
  );
  const { code, error } = await interrupted(() => isAsked, "ps", "silent");
  for (const socket of sockets) socket.destroy();
  server.close();
  assert.equal(error.code, "WE_WORLD_ABORTED");
  assert.equal(code, 130);
});

test("[G10] a working directory that is gone", { skip: process.platform === "win32" }, () => {
  for (const verb of ["runs", "init x", "run x"]) {
    mkdirSync(join(project.folder, "gone"));
    const script = `rmdir ../gone; exec "$0" "$1" ${verb} --json`;
    const { stdout, status } = spawnSync("/bin/sh", ["-c", script, process.execPath, binary], {
      cwd: join(project.folder, "gone"),
      encoding: "utf8",
    });
    assert.equal((JSON.parse(stdout) as Ended).error.code, "WE_CLI_FOLDER_GONE", verb); // DESIGN §14
    assert.equal(status, 4);
  }
  assert.equal(readdirSync(project.folder).includes("gone"), false);
});

test("[G10] a message that is nested too deep", () => {
  const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
  const { code, document } = project.feed(deep, "send", "left", "-", "--json");
  const { error } = document as unknown as Ended; // DESIGN §14
  assert.equal(error.code, "WE_CLI_NOT_JSON");
  assert.equal(code, 2);
});
