/**
 * TypeScript agents in real worlds: faults and console lines name file and line of the source in runs and replays,
 * upgrades carry the state, deep calls are the same in every compiler tier.
 */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import type { TestContext } from "node:test";
import { Engine, inspectRun, replayRun, logsOfRun } from "@wasm-engine/engine";
import type { RunResult, RunningWorld } from "@wasm-engine/engine";
import ts from "typescript";
import { repositoryRoot } from "./testing/repository.js";
import { projectOf } from "./testing/typescript-world.js";
import type { Project } from "./testing/typescript-world.js";

const head = `version: 1
name: world
seed: 3
clock: { tickMs: 1000, epoch: 2001-01-01T00:00:00Z }
stop: { when: idle, maxTicks: 400 }
`;

function projectFor(context: TestContext, files: Readonly<Record<string, string>>): Project {
  const project = projectOf(files);
  context.after(() => project.remove());
  return project;
}

async function runOf(project: Project, dir = join(project.folder, "run")): Promise<RunResult> {
  await using world = await Engine.open(project.config, { dir, isolation: "inline" });
  return await world.run();
}

async function consoleOf(
  dir: string,
  agent: string,
  isolation: "process" | "inline" = "inline",
): Promise<string[]> {
  const lines = await logsOfRun(dir, { agent, isolation });
  return lines.map(({ text }) => text);
}

const broken = `import { defineAgent, type Message } from "wasm-engine/agent";
import { parsed } from "./parser.js";

interface Order {
  text: string;
}

export const agent = defineAgent({
  async onStart(message: Message<Order>, ctx) {
    console.error(new Error("told"));
    await ctx.sleep(2);
    ctx.log(parsed(message.body.text));
  },
});
`;
const parser = `/** Types and comments go: lines of the script are not lines of this file. */
export type Parsed = {
  value: number;
};

export function parsed(text: string): Parsed {
  if (text === "") return { value: 0 };
  throw new RangeError(\`no number: \${text}\`);
}
`;

test("an error names file and line of the .ts: in the run, in its logs, and where it is replayed", async (context) => {
  const project = projectFor(context, {
    "engine.yaml": `${head}modules: { broken: ./agents/broken.ts }
agents: [{ id: broken, module: broken, args: { text: x } }]
`,
    "agents/broken.ts": broken,
    "agents/parser.ts": parser,
  });
  const result = await runOf(project);
  const [fault] = result.faultDetails;
  assert.match(
    fault?.detail ?? "",
    /RangeError: no number: x\n\s+at parsed \(parser\.ts:8\)\n\s+at .*\(broken\.ts:12\)/,
  );
  assert.ok(!fault?.detail.includes("bundle-"));
  // The sources are gone: what is needed is in the run.
  writeFileSync(join(project.folder, "agents/broken.ts"), "");
  for (let count = 0; count < 2; count++) {
    const text = (await consoleOf(result.dir, "broken")).join("\n");
    assert.match(text, /Error: told\n\s+at .*\(broken\.ts:10\)/);
    assert.match(text, /at parsed \(parser\.ts:8\)/);
  }
});

const refused = `import { defineAgent, type Context, type Message } from "wasm-engine/agent";

type Order = { how: "caught" | "loose" | "combined" };

export const agent = defineAgent({
  capabilities: ["models", "tools"],
  async onStart(message: Message<Order>, ctx) {
    const { how } = message.body;
    await ctx.sleep(2);
    if (how === "combined") await Promise.all([ctx.sleep(9), ctx.tool("search", { query: how })]);
    try {
      await drafted(how, ctx);
    } catch (error) {
      if (how !== "caught") throw error;
      console.error(error);
    }
  },
});

async function drafted(text: string, { chat }: Context): Promise<string> {
  const draft = await chat("writer", [{ role: "user", content: text }]);
  return draft.text;
}
`;

test("an answer that is an error has the line of the .ts that asked, whether it is caught or not", async (context) => {
  const agents = ["caught", "loose", "combined"]
    .map((how) => `  - { id: ${how}, module: refused, args: { how: ${how} }, capabilities: *granted }\n`)
    .join("");
  const project = projectFor(context, {
    "engine.yaml": `${head}modules: { refused: ./agents/refused.ts }
models: { writer: { failing: refuse, message: out of tokens } }
tools: { search: { failing: refuse } }
agents:
${agents}`.replace(/\*granted/g, "{ models: [writer], tools: [search] }"),
    "agents/refused.ts": refused,
  });
  const result = await runOf(project);
  const details = new Map(result.faultDetails.map(({ agentId, detail }) => [String(agentId), detail]));
  assert.deepEqual([...details.keys()].sort(), ["combined", "loose"]);
  const [wide = "", loose = ""] = [details.get("combined"), details.get("loose")];
  assert.match(
    loose,
    /AgentError: chat writer: out of tokens\n\s+at drafted \(refused\.ts:21\)\n.*\(refused\.ts:12\)/,
  );
  assert.match(wide, /AgentError: tool search: .*\n\s+at .*\(refused\.ts:10\)/);
  for (const [agent, line] of [
    ["caught", 21],
    ["loose", 21],
    ["combined", 10],
  ] as const) {
    const text = (await consoleOf(result.dir, agent)).join("\n");
    assert.match(text, new RegExp(`AgentError: .*\\n\\s+at .*\\(refused\\.ts:${line}\\)`));
    assert.ok(!/bundle-|native|null/.test(text), text);
  }
});

test("an upgrade of an agent that waits for nothing carries its state to the new version", async (context) => {
  const version = (number: number, more: string): string => `import { defineAgent } from "wasm-engine/agent";
defineAgent({
  version: ${number},
  state: { count: 0 } as Record<string, unknown>,${more}
  onMessage(message, ctx) { ctx.state.count = Number(ctx.state.count) + 1; message.reply({ version: ${number}, ...ctx.state }); },
});
`;
  const project = projectFor(context, {
    "engine.yaml": `${head}modules: { old: ./old.ts, next: ./next.ts, other: ./other.ts }
agents: [{ id: counter, module: old, capabilities: { send: ["*"] } }]
`,
    "old.ts": version(1, ""),
    "next.ts": version(2, `\n  migrate(state, from) { return { ...state, from }; },`),
    "other.ts": version(3, ""),
  });
  const dir = join(project.folder, "run");
  await using world: RunningWorld = await Engine.open(project.config, { dir, isolation: "inline" });
  assert.deepEqual((await world.ask("counter", {})).payload, { version: 1, count: 1 });
  await world.upgradeAgent("counter", "next");
  assert.deepEqual((await world.ask("counter", {})).payload, { version: 2, count: 2, from: 1 });
  await world.upgradeAgent("counter", "other");
  assert.deepEqual((await world.ask("counter", {})).payload, { version: 2, count: 3, from: 1 }, "refused");
  const { faultDetails } = await world.stop();
  assert.match(faultDetails[0]?.detail ?? "", /the state is of version 2, this is version 3: define migrate/);
  const report = await inspectRun(dir, { agent: "counter", isolation: "inline" });
  assert.deepEqual(report.agents[0]?.describe, { state: { count: 3, from: 1 }, waiting: [], queued: 0 });
  assert.ok((await replayRun(dir, { isolation: "inline" })).verified);
});

test("[G2] a thousand nested calls, and endless ones, are the same in every compiler tier", async (context) => {
  const project = projectOf({}, "depth");
  context.after(() => project.remove());
  const deep = ["plain", "closed", "spread", "caught", "looped", "method"].map((call) => `${call} 1000`);
  const endless = ["plain", "method", "mapped", "sorted", "told"].map((call) => `${call} true`);
  const heads = new Set<string>();
  for (const v8Flags of [[], ["--liftoff-only"], ["--no-liftoff"]]) {
    const dir = join(project.folder, `run${v8Flags.join("")}`);
    await using world = await Engine.open(project.config, { dir, v8Flags });
    const result = await world.run();
    assert.equal(result.faults, 0, JSON.stringify(result.faultDetails));
    heads.add(result.chainHead);
    // In a process of its own: the stack of a test's thread is too small for the deep ones.
    assert.deepEqual(await consoleOf(dir, "deep", "process"), [...deep, "later 750", ...endless]);
  }
  assert.equal(heads.size, 1);
});

test("the agents of the documentation type-check as their users have them", () => {
  const guests = join(repositoryRoot, "sdk/tests/guests/assistant");
  const files = ["answerer.ts", "critic.ts", "asker.ts", "typed.ts"].map((name) => join(guests, name));
  const program = ts.createProgram(files, {
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    exactOptionalPropertyTypes: true,
    types: [],
  });
  const complaints = ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
    const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1;
    return `${file?.fileName}:${line} ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
  });
  assert.deepEqual(complaints, []);
});
