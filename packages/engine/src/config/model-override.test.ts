import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import { assemble, projectFolder, smallAgentText } from "../testing/project.js";
import { loadConfig } from "./load-config.js";
import type { LoadedConfig } from "./load-config.js";

async function loaded(
  context: TestContext,
  models?: Readonly<Record<string, string>>,
): Promise<LoadedConfig> {
  const text = "version: 1\nname: w\nmodules: { m: m.wasm }\nagents: [{ id: a, module: m }]\n";
  const directory = projectFolder(context, {
    "engine.yaml": `${text}models: { writer: { scripted: ./rules.yaml } }\n`,
    "m.wasm": await assemble(smallAgentText()),
    "rules.yaml": "- answer: yes\n",
    "models/delay/model.json": "{}",
  });
  return loadConfig(directory, { allowUnsigned: true, ...(models === undefined ? {} : { models }) });
}

test("another source takes the place of a model and leaves the genesis as it is", async (context) => {
  const plain = await loaded(context);
  const server = await loaded(context, { writer: "openai:http://127.0.0.1:11434/v1#llama" });
  const folder = await loaded(context, { writer: "./models/delay" });
  const failing = await loaded(context, { writer: "failing:refuse" });
  const kinds = [plain, server, folder, failing].map(({ world }) => [
    ...(world.adapters ?? []).map(({ kind }) => kind),
    ...(world.models ?? []).map(({ dir }) => dir.slice(-12)),
  ]);
  assert.deepEqual(kinds, [["scripted"], ["openai"], [join("models", "delay")], ["failing"]]);
  for (const { world } of [server, folder, failing]) assert.deepEqual(world.genesis, plain.world.genesis);
});

test("[G10] a model that the configuration does not have is refused, with the one that was meant", async (context) => {
  await assert.rejects(loaded(context, { writter: "./models/delay" }), (error) => {
    assert.ok(EngineError.is(error));
    assert.equal(error.code, "WE_CONFIG_MODEL_UNKNOWN");
    assert.match(error.hint ?? "", /did you mean "writer"\?/);
    return true;
  });
});

test("[G10] a source of no known form is refused where the model stands in the file", async (context) => {
  for (const source of ["hf:org/name", "nowhere", "failing:sometimes", "openai:ftp://localhost/v1#x"])
    await assert.rejects(loaded(context, { writer: source }), /engine\.yaml:5/, source);
});
