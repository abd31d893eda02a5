/** `model list`, `model try` and `doctor` with models that no file of this machine is. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("./main.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "wasm-engine-served-"));
let server: Server;
let url: string;

interface Called {
  readonly status: number | null;
  readonly stdout: string;
}

/** The server is in this process, so the command line must not block it. */
async function cli(...args: readonly string[]): Promise<Called> {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: folder,
    env: { ...process.env, WRITER_KEY: "sk-classified-7731" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  await once(child, "close");
  return { status: child.exitCode, stdout };
}

async function document(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { stdout } = await cli(...args, "--json");
  return JSON.parse(stdout) as Record<string, unknown>;
}

before(async () => {
  server = createServer((request, response) => {
    response.setHeader("content-type", "application/json");
    const message = { role: "assistant", content: `hello ${request.headers.authorization ?? ""}` };
    response.end(JSON.stringify({ choices: [{ message, finish_reason: "stop" }] }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`; // of a server that listens on a port
  const text = `version: 1
name: served
modules: { a: ./a.js }
models:
  writer: { openai: "${url}", model: tiny, key: { env: WRITER_KEY }, reuse: true }
  gone: { openai: "http://127.0.0.1:1/v1", model: tiny }
  rules: { scripted: ./rules.yaml }
  broken: { failing: refuse, code: DOWN }
agents: [{ id: a, module: a }]
`;
  writeFileSync(join(folder, "rules.yaml"), "- when: { last: hello }\n  answer: good day\n");
  writeFileSync(join(folder, "engine.yaml"), text);
});

after(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

test("model list shows servers and what stands for models, and no secret", async () => {
  const { served } = await document("model", "list", "engine.yaml");
  const shown = (served as readonly Record<string, unknown>[]).map(
    ({ name, kind, delivery, reuse, ...rest }) => {
      return [name, kind, delivery, reuse, rest["url"] ?? rest["how"]];
    },
  );
  assert.deepEqual(
    shown.sort((left, right) => (String(left[0]) < String(right[0]) ? -1 : 1)),
    [
      ["broken", "failing", "lockstep", false, "refuse"],
      ["gone", "openai", "recorded", true, "http://127.0.0.1:1/v1"],
      ["rules", "scripted", "lockstep", false, undefined],
      ["writer", "openai", "recorded", true, url],
    ],
  );
  const { stdout } = await cli("model", "list", "engine.yaml");
  assert.match(stdout, /writer +openai +http:.*#tiny +recorded +yes/);
  assert.ok(!stdout.includes("sk-") && !stdout.includes("WRITER_KEY"));
});

test("model try asks servers, rules and failures; keys stay out of answers", async () => {
  const hello = JSON.stringify({ messages: [{ role: "user", content: "hello" }] });
  const writer = await document("model", "try", "engine.yaml", "writer", hello);
  assert.equal((writer["answer"] as { text: string }).text, "hello Bearer [secret key]");
  const rules = await document("model", "try", "engine.yaml", "rules", hello);
  assert.equal((rules["answer"] as { text: string }).text, "good day");
  const broken = await cli("model", "try", "engine.yaml", "broken", hello);
  assert.deepEqual([broken.status, broken.stdout.startsWith("DOWN: ")], [1, true]);
});

test("doctor says whether servers of this machine answer", async () => {
  const { checks } = await document("doctor");
  const servers = (checks as readonly { name: string; ok: boolean }[]).filter(({ name }) =>
    /server/.test(name),
  );
  assert.deepEqual(servers.map(({ name, ok }) => [name, ok]).sort(), [
    ["server of model gone", false],
    ["server of model writer", true],
  ]);
});
