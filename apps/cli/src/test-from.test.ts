/** `wasm-engine test --from RUN@TICK:AGENT`: a planted bug becomes a test that is red, and green once it is mended. */

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { logsOfRun } from "@wasm-engine/engine";
import { echoProject } from "./testing/project.js";
import type { Project, Result } from "./testing/project.js";

const criticOf = (mark: string): string => `import { defineAgent, type Message } from "wasm-engine/agent";

interface Plan { text: string }

export const agent = defineAgent({
  capabilities: ["models"],
  state: { marks: [] as number[] },
  async onMessage(message: Message<Plan>, ctx) {
    if (message.topic === "fact") return;
    const text = message.body.text.replace("plan", "mark");
    const hint = await ctx.chat("judge", [{ role: "user", content: text }]).catch((error) => ({ text: error.code }));
    const { body } = await ctx.ask("checker", { text, hint: hint.text });
    const mark = ${mark};
    ctx.state.marks.push(mark + body.bonus);
    ctx.log("answering");
    message.reply({ mark, all: ctx.state.marks });
  },
});
`;
const author = `import { defineAgent } from "wasm-engine/agent";
export const agent = defineAgent({
  async onStart(message, ctx) {
    for (const text of message.body.plans) {
      ctx.send("critic", Uint8Array.of(text.length), { topic: "fact" });
      await ctx.ask("critic", { text }).catch(() => undefined);
      await ctx.sleep(2);
    }
  },
});
`;
const checker = `import { defineAgent } from "wasm-engine/agent";
export const agent = defineAgent({
  async onMessage(message, ctx) {
    await ctx.sleep(message.body.text.length % 4);
    if (message.body.text === "mark 5") message.replyError("BUSY", "not now");
    message.reply({ bonus: 1 });
  },
});
`;
const configuration = `version: 1
name: marks
seed: 3
clock: { tickMs: 1000, epoch: 2001-01-01T00:00:00Z }
stop: { when: idle, maxTicks: 300 }
modules: { critic: ./agents/critic.ts, author: ./agents/author.ts, checker: ./agents/checker.ts }
models: { judge: { failing: refuse } }
agents:
  - { id: author, module: author, args: { plans: [plan 3, nonsense, plan 7] }, capabilities: { send: ["*"] } }
  - { id: checker, module: checker, capabilities: { send: ["*"] } }
  - { id: critic, module: critic, capabilities: { send: [author, checker], models: [judge] } }
inputs: [{ file: ./facts.jsonl, at: tick, to: critic, topic: fact }]
`;
const planted = "Number(/mark (\\d)/.exec(text)![1])";
const mended = "Number(/mark (\\d)/.exec(text)?.[1] ?? 0)";

let project: Project;
/** Ticks in which the critic failed, and first answered. */
let failedTick = -1;
let answeredTick = -1;

before(async () => {
  project = await echoProject();
  project.write("engine.yaml", configuration);
  project.write("facts.jsonl", '{"tick":1,"fact":"from outside"}\n');
  project.write("agents/critic.ts", criticOf(planted));
  project.write("agents/author.ts", author);
  project.write("agents/checker.ts", checker);
  const packages = join(project.folder, "node_modules");
  mkdirSync(packages, { recursive: true });
  symlinkSync(fileURLToPath(new URL("..", import.meta.url)), join(packages, "wasm-engine"), "junction");
  const run = project.cli("run", "engine.yaml", "--dir", "run");
  assert.equal(run.code, 0, run.stderr);
  const lines = await logsOfRun(join(project.folder, "run"), { agent: "critic" });
  const fault = lines.find(({ level }) => level === "fault");
  assert.match(fault?.text ?? "", /critic\.ts:13/);
  failedTick = fault?.tick ?? -1;
  answeredTick = lines.find(({ text }) => text === "answering")?.tick ?? -1;
});
after(() => project.remove());

const countsOf = ({ document }: Result): unknown => [document["passed"], document["failed"]];

test("a turn that failed becomes a test: red with the bug, green without it, and it stays", () => {
  const written = project.cli(
    "test",
    "--from",
    `run@${failedTick}:critic`,
    "--out",
    "tests/bug.test.ts",
    "--json",
  );
  assert.equal(written.code, 0, written.stderr);
  assert.equal(written.document["expects"], "no fault");
  const text = readFileSync(join(project.folder, "tests/bug.test.ts"), "utf8");
  for (const part of [
    'module: "./agents/critic.ts"',
    'body: { text: "nonsense" }, answerWanted: true',
    'body: Buffer.from("Bg==", "base64")',
    'body: { tick: 1, fact: "from outside" }',
    "critic.ts:13",
  ]) {
    assert.ok(text.includes(part), `${part} in\n${text}`);
  }
  const red = project.process("test", "tests/bug.test.ts", "--json");
  assert.equal(red.code, 1);
  assert.deepEqual(countsOf(red), [0, 1]);
  assert.match(red.stderr, /cannot read property/);
  project.write("agents/critic.ts", criticOf(mended));
  const green = project.process("test", "tests/bug.test.ts", "--json");
  assert.equal(green.code, 0, green.stderr);
  assert.deepEqual(countsOf(green), [1, 0]);
  project.write("agents/critic.ts", criticOf(planted));
});

test("a turn that went well becomes a test of what it said", () => {
  const written = project.cli("test", "--from", `run@${answeredTick}:critic`, "--out", "tests/said.test.ts");
  assert.equal(written.code, 0, written.stderr);
  assert.match(
    readFileSync(join(project.folder, "tests/said.test.ts"), "utf8"),
    /body: { mark: 3, all: \[4\] }/,
  );
  assert.deepEqual(countsOf(project.process("test", "tests/said.test.ts", "--json")), [1, 0]);
  project.write("agents/critic.ts", criticOf("4"));
  assert.deepEqual(countsOf(project.process("test", "tests/said.test.ts", "--json")), [0, 1]);
  project.write("agents/critic.ts", criticOf(planted));
});

test("options of --from mean nothing without it", () => {
  for (const option of ["--out", "--config"]) {
    const { code, document } = project.cli("test", option, "x.test.ts", "--json");
    const { message } = document["error"] as { message: string }; // DESIGN §14
    assert.ok(message.includes(`${option} needs --from`), message);
    assert.equal(code, 2);
  }
});

test("what cannot become a test says why, and nothing is written", () => {
  const refusals: readonly (readonly [string, RegExp, number])[] = [
    ["run", /WE_CLI_USAGE.*RUN@TICK:AGENT/, 2],
    [`run@${failedTick}:nobody`, /WE_AGENT_UNKNOWN/, 2],
    ["run@9999:critic", /WE_RUN_TICK/, 2],
    [`run@${failedTick + 1}:critic`, /WE_TEST_NO_TURN/, 2],
  ];
  for (const [from, expected, code] of refusals) {
    const result = project.cli("test", "--from", from, "--out", "tests/none.test.ts");
    assert.match(result.stderr, expected);
    assert.equal(result.code, code, from);
  }
  assert.equal(existsSync(join(project.folder, "tests/none.test.ts")), false);
  const again = project.cli("test", "--from", `run@${failedTick}:critic`, "--out", "tests/bug.test.ts");
  assert.match(again.stderr, /WE_TEST_FILE_EXISTS/);
  const elsewhere = project.cli("test", "--from", `run@${failedTick}:critic`, "--config", "no/engine.yaml");
  assert.match(elsewhere.stderr, /WE_TEST_SOURCE/);
});
