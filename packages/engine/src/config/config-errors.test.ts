/** One table of bad configurations: code, place, and what the message must name. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import { assemble, projectFolder, smallAgentText } from "../testing/project.js";
import { loadConfig } from "./load-config.js";

interface BadConfig {
  readonly name: string;
  readonly text: string;
  readonly code: string;
  /** `line:column`, or empty where the file as a whole is wrong. */
  readonly at: string;
  /** Parts of message and hint. */
  readonly says: readonly string[];
}

const head = "version: 1\nname: w\nmodules: { m: ./m.wasm }\n";
const body = `${head}agents: [{ id: a, module: m }]\n`;

const table: readonly BadConfig[] = [
  {
    name: "broken YAML",
    text: `${body}stop: { when: idle\nseed: 1\n`,
    code: "WE_CONFIG_SYNTAX",
    at: "6:1",
    says: [],
  },
  { name: "tabs", text: `${head}agents:\n\t- id: a\n`, code: "WE_CONFIG_SYNTAX", at: "5:1", says: ["Tabs"] },
  {
    name: "two documents",
    text: `${body}---\na: 1\n`,
    code: "WE_CONFIG_SYNTAX",
    at: "5:1",
    says: ["more than one"],
  },
  { name: "tag", text: `${body}seed: !!binary xx\n`, code: "WE_CONFIG_SYNTAX", at: "5:7", says: ["binary"] },
  {
    name: "missing anchor",
    text: `${body}seed: *s\n`,
    code: "WE_CONFIG_SYNTAX",
    at: "5:7",
    says: ["anchor &s"],
  },
  {
    name: "circular alias",
    text: `${head}agents: &a [*a]\n`,
    code: "WE_CONFIG_SYNTAX",
    at: "4:13",
    says: ["own anchor"],
  },
  {
    name: "key that is no text",
    text: `${body}? [x]\n: 1\n`,
    code: "WE_CONFIG_SYNTAX",
    at: "5:3",
    says: ["keys"],
  },
  { name: "numeric key", text: `${body}5: 1\n`, code: "WE_CONFIG_SYNTAX", at: "5:1", says: ["quotes"] },
  {
    name: "deep nesting",
    text: `${body}x: ${"[".repeat(70)}${"]".repeat(70)}\n`,
    code: "WE_CONFIG_SYNTAX",
    at: "5:68",
    says: ["64 deep"],
  },
  {
    name: "duplicate key",
    text: `${body}seed: 1\nseed: 2\n`,
    code: "WE_CONFIG_KEY_DUPLICATE",
    at: "6:1",
    says: ['"seed"'],
  },
  {
    name: "duplicate flow key",
    text: `${head}agents: [{ id: a, module: m, id: b }]\n`,
    code: "WE_CONFIG_KEY_DUPLICATE",
    at: "4:30",
    says: ['"id"'],
  },
  {
    name: "inexact integer",
    text: `${body}seed: 9007199254740993\n`,
    code: "WE_CONFIG_VALUE",
    at: "5:7",
    says: ["9007199254740993", "2^53"],
  },
  { name: "no number", text: `${body}seed: .nan\n`, code: "WE_CONFIG_VALUE", at: "5:7", says: [".nan"] },
  { name: "empty file", text: "", code: "WE_CONFIG_TYPE", at: "1:1", says: ["a map"] },
  { name: "a list", text: "- 1\n", code: "WE_CONFIG_TYPE", at: "1:1", says: ["a map", "a list of 1"] },
  { name: "later version", text: body.replace("1", "2"), code: "WE_CONFIG_VERSION", at: "1:10", says: ["2"] },
  {
    name: "missing key",
    text: "version: 1\nname: w\nagents: []\n",
    code: "WE_CONFIG_KEY_MISSING",
    at: "1:1",
    says: ['"modules"'],
  },
  {
    name: "unknown key",
    text: `${body}sede: 1\n`,
    code: "WE_CONFIG_KEY_UNKNOWN",
    at: "5:1",
    says: ['"sede"', 'did you mean "seed"?'],
  },
  {
    name: "unknown key inside",
    text: `${head}agents:\n  - id: a\n    modul: m\n    module: m\n`,
    code: "WE_CONFIG_KEY_UNKNOWN",
    at: "6:5",
    says: ["agents[0]", '"module"'],
  },
  {
    name: "wrong type",
    text: `${body}seed: twelve\n`,
    code: "WE_CONFIG_TYPE",
    at: "5:7",
    says: ["seed", "an integer", '"twelve"'],
  },
  {
    name: "empty value",
    text: `${body}inputs:\n`,
    code: "WE_CONFIG_TYPE",
    at: "5:8",
    says: ["inputs", "a list", "null", "remove the key"],
  },
  {
    name: "below range",
    text: `${body}shards: 0\n`,
    code: "WE_CONFIG_VALUE",
    at: "5:9",
    says: ["from 1 to 4096", "0"],
  },
  {
    name: "above range",
    text: `${body}clock: { tickMs: 1e12 }\n`,
    code: "WE_CONFIG_VALUE",
    at: "5:18",
    says: ["clock.tickMs"],
  },
  {
    name: "fraction",
    text: `${body}shards: 1.5\n`,
    code: "WE_CONFIG_TYPE",
    at: "5:9",
    says: ["an integer", "1.5"],
  },
  {
    name: "not a choice",
    text: `${body}policy: lifo\n`,
    code: "WE_CONFIG_VALUE",
    at: "5:9",
    says: ["fifo, priority, round-robin", '"lifo"'],
  },
  {
    name: "memory between pages",
    text: `${body}limits: { memoryBytes: 100000 }\n`,
    code: "WE_CONFIG_VALUE",
    at: "5:24",
    says: ["65536"],
  },
  {
    name: "fuel of a turn below a slice",
    text: `${body}limits: { fuelPerSlice: 5000, fuelPerTurnMax: 4000 }\n`,
    code: "WE_CONFIG_VALUE",
    at: "5:47",
    says: ["at least fuelPerSlice"],
  },
  {
    name: "world name",
    text: body.replace("name: w", 'name: "my world"'),
    code: "WE_CONFIG_VALUE",
    at: "2:7",
    says: ['"my world"'],
  },
  {
    name: "module name",
    text: `${head.replace("m:", '"a b":')}agents: []\n`,
    code: "WE_CONFIG_VALUE",
    at: "3:12",
    says: ['"a b"'],
  },
  {
    name: "epoch",
    text: `${body}clock: { epoch: yesterday }\n`,
    code: "WE_CONFIG_VALUE",
    at: "5:17",
    says: ["ISO 8601", '"yesterday"'],
  },
  {
    name: "tick between nanoseconds",
    text: `${body}clock: { tickMs: 0.1234567 }\n`,
    code: "WE_CONFIG_VALUE",
    at: "5:18",
    says: ["six decimals"],
  },
  {
    name: "stop rule",
    text: `${body}stop: { when: agent a leaves }\n`,
    code: "WE_CONFIG_VALUE",
    at: "5:15",
    says: ["stop.when"],
  },
  {
    name: "stop at which tick",
    text: `${body}stop: { when: tick }\n`,
    code: "WE_CONFIG_KEY_MISSING",
    at: "5:7",
    says: ['"tick"'],
  },
  {
    name: "tick without reason",
    text: `${body}stop: { tick: 5 }\n`,
    code: "WE_CONFIG_VALUE",
    at: "5:15",
    says: ["when: tick"],
  },
  {
    name: "stop with whom",
    text: `${body}stop: { when: agent b exits }\n`,
    code: "WE_CONFIG_REFERENCE",
    at: "5:15",
    says: ["agent", '"b"'],
  },
  {
    name: "agent id",
    text: `${head}agents: [{ id: -a, module: m }]\n`,
    code: "WE_CONFIG_AGENT_ID",
    at: "4:16",
    says: ['"-a"'],
  },
  {
    name: "agent id too long",
    text: `${head}agents: [{ id: ${"a".repeat(64)}, module: m }]\n`,
    code: "WE_CONFIG_AGENT_ID",
    at: "4:16",
    says: ["63"],
  },
  {
    name: "duplicate agent",
    text: `${head}agents: [{ id: a, module: m }, { id: a, module: m }]\n`,
    code: "WE_CONFIG_AGENT_DUPLICATE",
    at: "4:38",
    says: ['"a"', "agents[0]"],
  },
  {
    name: "too many agents",
    text: `${body}agentsMax: 1\n`.replace("[{", "[{ id: b, module: m }, {"),
    code: "WE_CONFIG_AGENTS_TOO_MANY",
    at: "4:9",
    says: ["2", "1"],
  },
  {
    name: "unknown module",
    text: `${head}agents: [{ id: a, module: n }]\n`,
    code: "WE_CONFIG_REFERENCE",
    at: "4:27",
    says: ['module "n"', "known modules: m"],
  },
  {
    name: "unknown tenant",
    text: `${head}agents: [{ id: a, module: m, tenant: t }]\n`,
    code: "WE_CONFIG_REFERENCE",
    at: "4:38",
    says: ['tenant "t"'],
  },
  {
    name: "tenant left out",
    text: `${body}tenants: { t: { fuelPerTick: 1, turnsPerTick: 1 } }\n`,
    code: "WE_CONFIG_REFERENCE",
    at: "4:10",
    says: ['tenant "default"'],
  },
  {
    name: "shares too large",
    text: [
      body.replace("module: m }", "module: m, tenant: t }"),
      "turnsPerTickMax: 5\ntenants: { t: { fuelPerTick: 1, turnsPerTick: 6 } }\n",
    ].join(""),
    code: "WE_CONFIG_VALUE",
    at: "6:10",
    says: ["turnsPerTickMax, 5"],
  },
  {
    name: "unknown model",
    text: `${head}agents: [{ id: a, module: m, capabilities: { models: [gpt] } }]\n`,
    code: "WE_CONFIG_REFERENCE",
    at: "4:55",
    says: ['model "gpt"'],
  },
  {
    name: "unknown capability",
    text: `${head}agents: [{ id: a, module: m, capabilities: { network: ["*"] } }]\n`,
    code: "WE_CONFIG_KEY_UNKNOWN",
    at: "4:46",
    says: ['"network"', "send, topics, models, tools, spawn"],
  },
  {
    name: "module file",
    text: body.replace("./m.wasm", "./n.wasm"),
    code: "WE_CONFIG_FILE_MISSING",
    at: "3:15",
    says: ['"./n.wasm"'],
  },
  {
    name: "input file",
    text: `${body}inputs: [{ file: x.csv, topic: t }]\n`,
    code: "WE_CONFIG_FILE_MISSING",
    at: "5:18",
    says: ['"x.csv"'],
  },
  {
    name: "input format",
    text: `${body}inputs: [{ file: m.wasm, topic: t }]\n`,
    code: "WE_CONFIG_VALUE",
    at: "5:18",
    says: ["format: csv"],
  },
  {
    name: "two standard inputs",
    text: `${body}inputs: [{ file: "-", topic: t }, { file: "-", topic: t }]\n`,
    code: "WE_CONFIG_VALUE",
    at: "5:43",
    says: ["standard input"],
  },
  {
    name: "shared output",
    text: `${body}outputs: [{ topic: a, file: o/x }, { topic: b, file: ./o/../o/x }]\n`,
    code: "WE_CONFIG_OUTPUT_SHARED",
    at: "5:54",
    says: ["outputs[0]"],
  },
  {
    name: "output over an input",
    text: `${body}inputs: [{ file: t.csv, topic: t }]\noutputs: [{ topic: a, file: ./t.csv }]\n`,
    code: "WE_CONFIG_OUTPUT_SHARED",
    at: "6:29",
    says: ["inputs[0]"],
  },
  {
    name: "table file",
    text: `${head}agents: [{ each: x.csv, id: a, module: m }]\n`,
    code: "WE_CONFIG_FILE_MISSING",
    at: "4:18",
    says: ['"x.csv"'],
  },
  {
    name: "column",
    text: `${head}agents: [{ each: t.csv, id: "{nmae}", module: m }]\n`,
    code: "WE_CONFIG_TEMPLATE",
    at: "4:29",
    says: ["{nmae}", 'did you mean "name"?', "t.csv:2"],
  },
  {
    name: "column in args",
    text: `${head}agents: [{ each: t.csv, id: "{name}", module: m, args: { a: [1, "{b}"] } }]\n`,
    code: "WE_CONFIG_TEMPLATE",
    at: "4:65",
    says: ["agents[0].args.a[1]"],
  },
  {
    name: "id from a table",
    text: `${head}agents: [{ each: t.csv, id: "{size}!", module: m }]\n`,
    code: "WE_CONFIG_AGENT_ID",
    at: "4:29",
    says: ["t.csv:2", '"3!"'],
  },
  {
    name: "duplicate in a table",
    text: `${head}agents: [{ each: t.csv, id: "x{size}", module: m }]\n`,
    code: "WE_CONFIG_AGENT_DUPLICATE",
    at: "4:29",
    says: ["t.csv:3", "t.csv:2"],
  },
  {
    name: "broken table",
    text: `${head}agents: [{ each: bad.csv, id: "{a}", module: m }]\n`,
    code: "WE_CONFIG_TABLE",
    at: "4:18",
    says: ["bad.csv:3"],
  },
];

for (const { name, text, code, at, says } of table) {
  test(`[G10] a bad configuration gets one coded error at its place: ${name}`, async (context) => {
    const directory = projectFolder(context, {
      "engine.yaml": text,
      "m.wasm": "never read",
      "t.csv": "name,size\nx,3\ny,3\n",
      "bad.csv": "a,b\n1,2\n1\n",
    });
    const error = await failure(directory);
    assert.equal(error.code, code, error.message);
    assert.equal(`${String(error.details.line)}:${String(error.details.column)}`, at, error.message);
    assert.ok(error.message.startsWith(`${join(directory, "engine.yaml")}:${at}: `), error.message);
    for (const part of says)
      assert.ok(`${error.message}\n${error.hint}`.includes(part), `${error.message}\n${error.hint}`);
    assert.ok(
      !/\{\w+\}/.test(`${error.message.replace("{nmae}", "").replace("{b}", "")}${error.hint}`),
      "every placeholder is filled",
    );
  });
}

test("[G10] a required key that is misspelt is one problem, not two", async (context) => {
  const text = body.replace("modules:", "modles:").replace("module:", "modul:");
  const error = await failure(projectFolder(context, { "engine.yaml": text }));
  const problems = error.details.problems as readonly { code: string; details: { line: number } }[];
  assert.deepEqual(
    problems.map(({ code, details }) => `${code} ${details.line}`),
    ["WE_CONFIG_KEY_UNKNOWN 3", "WE_CONFIG_KEY_UNKNOWN 4"],
  );
});

test("[G10] all problems of a configuration are reported at once, in the order of the file", async (context) => {
  const directory = projectFolder(context, { "engine.yaml": `${body}sede: 1\nshards: 0\npolicy: x\n` });
  const error = await failure(directory);
  const problems = error.details.problems as readonly { code: string; details: { line: number } }[];
  assert.deepEqual(
    problems.map(({ code, details }) => [code, details.line]),
    [
      ["WE_CONFIG_KEY_UNKNOWN", 5],
      ["WE_CONFIG_VALUE", 6],
      ["WE_CONFIG_VALUE", 7],
    ],
  );
  assert.equal(error.code, "WE_CONFIG_KEY_UNKNOWN");
  assert.match(error.message, /\(and 2 more\)$/);
});

test("[G10] aliases that expand without bound are refused", async (context) => {
  const level = (index: number): string =>
    `l${index + 1}: &l${index + 1} [${Array(9).fill(`*l${index}`).join(",")}]\n`;
  const bomb = `l0: &l0 [x,x,x,x,x,x,x,x,x]\n${[0, 1, 2, 3, 4, 5, 6, 7].map(level).join("")}`;
  const error = await failure(projectFolder(context, { "engine.yaml": `${body}${bomb}` }));
  assert.equal(error.code, "WE_CONFIG_ALIAS");
  assert.equal(error.details.line, 6);
});

test("[G10] a file made of brackets, a large file, a binary file, a folder without file, no file", async (context) => {
  const brackets = await failure(projectFolder(context, { "engine.yaml": "[".repeat(200_000) }));
  assert.equal(brackets.code, "WE_CONFIG_SYNTAX");
  const large = await failure(
    projectFolder(context, { "engine.yaml": `${body}#${"x".repeat(1024 * 1024)}` }),
  );
  assert.equal(large.code, "WE_CONFIG_SIZE");
  const binary = await failure(
    projectFolder(context, { "engine.yaml": Uint8Array.of(0x61, 0x3a, 0x20, 0x0a, 0x62, 0xff) }),
  );
  assert.equal(binary.code, "WE_CONFIG_SYNTAX");
  assert.equal(`${String(binary.details.line)}:${String(binary.details.column)}`, "2:2");
  const empty = projectFolder(context);
  assert.equal((await failure(empty)).code, "WE_CONFIG_MISSING");
  assert.equal((await failure(join(empty, "none.yaml"))).code, "WE_CONFIG_MISSING");
});

test("an anchor may be used within the limits", async (context) => {
  const text = `${head}agents:\n  - { id: a, module: m, args: &x [1, 2] }\n  - { id: b, module: m, args: *x }\n`;
  const directory = projectFolder(context, {
    "engine.yaml": text,
    "m.wasm": await assemble(smallAgentText()),
  });
  const { world } = await loadConfig(directory, { allowUnsigned: true });
  assert.deepEqual(
    world.genesis.agents.map((agent) => agent.args),
    [
      [1, 2],
      [1, 2],
    ],
  );
});

async function failure(path: string): Promise<EngineError> {
  try {
    await loadConfig(path);
  } catch (error) {
    assert.ok(EngineError.is(error), String(error));
    return error;
  }
  return assert.fail("the configuration was accepted");
}
