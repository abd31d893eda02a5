import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import { assemble, projectFolder, smallAgentText } from "../testing/project.js";
import { loadConfig } from "./load-config.js";
import type { LoadedConfig } from "./load-config.js";

const digest = "0123456789abcdef".repeat(4);

async function loaded(
  context: TestContext,
  lines: string,
  more: Readonly<Record<string, string>> = {},
): Promise<LoadedConfig & { readonly directory: string }> {
  const text = `version: 1\nname: w\nmodules: { m: m.wasm }\nagents: [{ id: a, module: m }]\n${lines}`;
  const files = {
    "engine.yaml": text,
    "m.wasm": await assemble(smallAgentText()),
    "models/delay/model.json": "{}",
    "bad-rules.yaml": "- when: { last: x }\n",
    ...more,
  };
  const directory = projectFolder(context, files);
  return { ...(await loadConfig(directory, { allowUnsigned: true })), directory };
}

test("a model is its folder, or an entry that says more; the world's settings hold for the rest", async (context) => {
  const { world, directory, warnings } = await loaded(
    context,
    `models:
  short: ./models/delay
  long:
    path: models/delay
    version: "2"
    sha256: "${digest}"
    providers: [cuda, cpu, wasm]
    latencyTicks: 4
    delivery: recorded
    thread: own
    pinned: true
inference: { providers: [cpu, wasm], delivery: lockstep, strict: true, weightBytesMax: 1000000, kvBytesMax: 5000 }
`,
  );
  const dir = join(directory, "models/delay");
  assert.deepEqual(world.models, [
    {
      name: "long",
      dir,
      providers: ["cuda", "cpu", "wasm"],
      thread: "own",
      pinned: true,
      version: "2",
      digest,
      latencyTicks: 4,
      delivery: "recorded",
    },
    { name: "short", dir, providers: ["cpu", "wasm"], thread: "shared" },
  ]);
  assert.deepEqual(world.inference, {
    strict: true,
    delivery: "lockstep",
    weightBytesMax: 1_000_000,
    kvBytesMax: 5000,
  });
  assert.deepEqual(world.genesis.models, ["long", "short"]);
  assert.equal(warnings.filter((warning) => warning.includes("model")).length, 0);
});

test("models that were added are named by their source or their folder, and pinned by models.lock", async (context) => {
  const entry = {
    source: "hf:org/name@main",
    revision: "c".repeat(40),
    folder: "models/delay",
    file: "onnx/model_q4.onnx",
    digest,
    files: [{ path: "onnx/model_q4.onnx", bytes: 1, sha256: digest }],
  };
  const lock = JSON.stringify({ version: 1, models: { delay: entry } });
  const lines =
    "models: { a: hf:org/name@main, b: ./models/delay, c: { path: models/delay, file: other.onnx } }\n";
  const { world, directory } = await loaded(context, lines, { "models.lock": lock });
  const dir = join(directory, "models/delay");
  assert.deepEqual(
    world.models?.map(({ providers: _, ...model }) => model),
    [
      { name: "a", dir, thread: "shared", file: entry.file, digest },
      { name: "b", dir, thread: "shared", file: entry.file, digest },
      { name: "c", dir, thread: "shared", file: "other.onnx" },
    ],
  );
  await assert.rejects(loaded(context, lines, { "models.lock": "{}" }), (error: unknown) => {
    assert.ok(EngineError.is(error));
    assert.equal(error.code, "WE_CONFIG_MODEL_LOCK");
    return /models\.lock cannot be used: it does not begin with version 1/.test(error.message);
  });
});

test("how models are run is no part of the genesis: it changes no chain", async (context) => {
  const plain = await loaded(context, "models: { delay: models/delay }\n");
  const other = await loaded(
    context,
    "models: { delay: { path: models/delay, providers: [cpu], delivery: recorded } }\ninference: { strict: true }\n",
  );
  assert.deepEqual(other.world.genesis, plain.world.genesis);
});

test("servers and what stands for a model are adapters; texts and maps say the same", async (context) => {
  const { world, directory } = await loaded(
    context,
    `models:
  writer: openai:http://127.0.0.1:11434/v1#llama3.2:3b
  critic:
    openai: https://models.example.org/v1/
    model: org/big
    key: { env: CRITIC_KEY }
    parameters: { temperature: 0 }
    timeoutMs: 5000
    concurrency: 2
    reuse: false
    remote: true
    delivery: lockstep
    latencyTicks: 3
  broken: { failing: refuse, message: out of order }
  delay: models/delay
`,
  );
  const head = { serves: "inference", secrets: {} };
  assert.deepEqual(world.adapters, [
    {
      ...head,
      kind: "failing",
      name: "broken",
      how: "refuse",
      code: "FAILED",
      message: "out of order",
      timeoutMs: 120_000,
    },
    {
      ...head,
      kind: "openai",
      name: "critic",
      url: "https://models.example.org/v1",
      model: "org/big",
      parameters: { temperature: 0 },
      timeoutMs: 5000,
      concurrency: 2,
      reuse: false,
      secrets: { key: { env: "CRITIC_KEY" } },
      delivery: "lockstep",
      latencyTicks: 3,
    },
    {
      ...head,
      kind: "openai",
      name: "writer",
      url: "http://127.0.0.1:11434/v1",
      model: "llama3.2:3b",
      parameters: {},
      timeoutMs: 120_000,
      concurrency: 4,
      reuse: true,
    },
  ]);
  assert.deepEqual(
    world.models?.map(({ name }) => name),
    ["delay"],
  );
  assert.deepEqual(world.genesis.models, ["broken", "critic", "delay", "writer"]);
  const file = await loaded(
    context,
    "models: { m: { openai: 'http://[::1]:1/v1#x', key: { file: k.txt } } }\n",
  );
  assert.deepEqual(file.world.adapters?.[0]?.secrets, { key: { file: join(file.directory, "k.txt") } });
  assert.notEqual(file.directory, directory);
});

test("a secret in the configuration is refused and not repeated", async (context) => {
  const secret = "sk-do-not-show";
  const lines = [
    `models: { m: { openai: 'http://localhost/v1#x', key: ${secret} } }\n`,
    `models: { m: { openai: 'http://u:${secret}@localhost/v1#x' } }\n`,
    `models: { m: { openai: 'http://u:${secret}@loc alhost/v1#x' } }\n`,
    `models: { m: { openai: 'http://localhost/v1?key=${secret}#x' } }\n`,
    `models: { m: { scripted: m.wasm, key: { env: ${secret} } } }\n`,
  ];
  for (const line of lines) {
    const error = await loaded(context, line).then(
      () => undefined,
      (cause: unknown) => cause,
    );
    assert.ok(EngineError.is(error), line);
    assert.ok(!JSON.stringify(error.toRecord()).includes(secret), error.message);
  }
});

const refused: readonly {
  readonly lines: string;
  readonly code: string;
  readonly says: readonly string[];
}[] = [
  {
    lines: "models: { delay: ./models/dely }\n",
    code: "WE_CONFIG_MODEL_MISSING",
    says: ['models.delay names the model folder "./models/dely"', "engine.yaml:5:"],
  },
  {
    lines: "models: { delay: m.wasm }\n",
    code: "WE_CONFIG_MODEL_MISSING",
    says: ['"m.wasm"'],
  },
  {
    lines: "models: { delay: hf:org/name@main }\n",
    code: "WE_CONFIG_MODEL_NOT_ADDED",
    says: ['"hf:org/name@main"', "not added", "wasm-engine model add hf:org/name@main"],
  },
  {
    lines: "models: { chat: { path: 'openai:http://127.0.0.1:11434/v1#NAME' } }\n",
    code: "WE_CONFIG_MODEL_SOURCE",
    says: ["models.chat.path", "without `path`"],
  },
  {
    lines: "models: { delay: { path: models/delay, provider: [cpu] } }\n",
    code: "WE_CONFIG_KEY_UNKNOWN",
    says: ['"provider"', "did you mean", '"providers"'],
  },
  {
    lines: "models: { delay: { path: models/delay, providers: [cpus] } }\n",
    code: "WE_CONFIG_VALUE",
    says: ["models.delay.providers[0]", '"cpus"', "cpu"],
  },
  {
    lines: "models: { delay: { path: models/delay, latencyTicks: 0 } }\n",
    code: "WE_CONFIG_VALUE",
    says: ["models.delay.latencyTicks", "1"],
  },
  {
    lines: "models: { m: 'openai:http://192.168.0.7:1/v1#x' }\n",
    code: "WE_CONFIG_MODEL_REMOTE",
    says: ["models.m asks the machine 192.168.0.7", "remote: true"],
  },
  {
    lines: "models: { m: 'openai:http://localhost:1/v1' }\n",
    code: "WE_CONFIG_KEY_MISSING",
    says: ["name of the model", "openai:URL#NAME"],
  },
  {
    lines: "models: { m: 'openai:ftp://localhost/v1#x' }\n",
    code: "WE_CONFIG_VALUE",
    says: ["ftp://localhost", "http://"],
  },
  { lines: "models: { m: { version: '2' } }\n", code: "WE_CONFIG_KEY_MISSING", says: ["path, openai"] },
  {
    lines: "models: { m: { path: models/delay, scripted: m.wasm } }\n",
    code: "WE_CONFIG_VALUE",
    says: ["models.m.scripted", "absent beside path"],
  },
  {
    lines: "models: { m: { path: models/delay, remote: true } }\n",
    code: "WE_CONFIG_VALUE",
    says: ["models.m.remote", "belongs to openai"],
  },
  {
    lines: "models: { m: { openai: 'http://localhost/v1#x', key: { env: A, file: b } } }\n",
    code: "WE_CONFIG_VALUE",
    says: ["models.m.key", "both"],
  },
  { lines: "models: { m: { scripted: none.yaml } }\n", code: "WE_CONFIG_FILE_MISSING", says: ["none.yaml"] },
  {
    lines: "models: { m: { scripted: bad-rules.yaml } }\n",
    code: "WE_CONFIG_VALUE",
    says: ["bad-rules.yaml:1:3", "none of them"],
  },
  {
    lines: "models: { m: { recorded: none } }\n",
    code: "WE_CONFIG_FILE_MISSING",
    says: ["models.m.recorded"],
  },
  { lines: "models: { m: { failing: often } }\n", code: "WE_CONFIG_VALUE", says: ["flaky"] },
  { lines: "inference: { delivery: later }\n", code: "WE_CONFIG_VALUE", says: ["lockstep", "recorded"] },
  { lines: "inference: { providers: [] }\n", code: "WE_CONFIG_VALUE", says: ["inference.providers"] },
];

for (const { lines, code, says } of refused) {
  test(`[G10] ${code}: ${lines.trim()}`, async (context) => {
    const error = await loaded(context, lines).then(
      () => undefined,
      (cause: unknown) => cause,
    );
    assert.ok(EngineError.is(error));
    assert.equal(error.code, code, error.message);
    const text = `${error.message} ${error.hint ?? ""}`;
    for (const part of says) assert.ok(text.includes(part), `${part} in ${text}`);
  });
}
