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
): Promise<LoadedConfig & { readonly directory: string }> {
  const text = `version: 1\nname: w\nmodules: { m: m.wasm }\nagents: [{ id: a, module: m }]\n${lines}`;
  const files = {
    "engine.yaml": text,
    "m.wasm": await assemble(smallAgentText()),
    "models/delay/model.json": "{}",
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
inference: { providers: [cpu, wasm], delivery: lockstep, strict: true }
`,
  );
  const dir = join(directory, "models/delay");
  assert.deepEqual(world.models, [
    {
      name: "long",
      dir,
      providers: ["cuda", "cpu", "wasm"],
      thread: "own",
      version: "2",
      digest,
      latencyTicks: 4,
      delivery: "recorded",
    },
    { name: "short", dir, providers: ["cpu", "wasm"], thread: "shared" },
  ]);
  assert.deepEqual(world.inference, { strict: true, delivery: "lockstep" });
  assert.deepEqual(world.genesis.models, ["long", "short"]);
  assert.equal(warnings.filter((warning) => warning.includes("model")).length, 0);
});

test("how models are run is no part of the genesis: it changes no chain", async (context) => {
  const plain = await loaded(context, "models: { delay: models/delay }\n");
  const other = await loaded(
    context,
    "models: { delay: { path: models/delay, providers: [cpu], delivery: recorded } }\ninference: { strict: true }\n",
  );
  assert.deepEqual(other.world.genesis, plain.world.genesis);
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
    code: "WE_CONFIG_MODEL_SOURCE",
    says: ['"hf:org/name@main"', "folders only", "hf: addresses"],
  },
  {
    lines: "models: { chat: { path: 'openai:http://127.0.0.1:11434/v1#NAME' } }\n",
    code: "WE_CONFIG_MODEL_SOURCE",
    says: ["models.chat.path", "openai: addresses"],
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
