/** Models on the command line: a world whose agent, in AssemblyScript, asks a real ONNX model with tensors. */

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { nativeRuntimeVersion } from "@wasm-engine/inference";
import { lineModel } from "./testing/line-model.js";
import { echoProject } from "./testing/project.js";
import type { Project, Result } from "./testing/project.js";

const agent = `import { Agent, JsonWriter, Message, Tensor, infer } from "@wasm-engine/sdk-assemblyscript";
import { publish, run } from "@wasm-engine/sdk-assemblyscript";
export * from "@wasm-engine/sdk-assemblyscript/entry";

class Asker extends Agent {
  onMessage(message: Message): void {
    const x = message.json.get("x").elements();
    infer("line", Tensor.row([<f32>x[0].asNumber(), <f32>x[1].asNumber()], "x"));
  }

  onAnswer(answer: Message): void {
    const y = answer.tensor("y");
    const text = answer.isError ? answer.errorCode : "answer";
    publish("word", new JsonWriter().text("is", text).number("y", y ? y[0] : -1));
  }
}

run(new Asker());
`;

const config = `version: 1
name: asking
modules: { asker: asker.ts }
models: { line: { path: models/line, providers: [cuda, wasm] } }
agents: [{ id: a, module: asker, capabilities: { models: [line], topics: ["*"] } }]
inputs: [{ file: asked.jsonl, at: tick, to: a, topic: ask, fields: [x] }]
outputs: [{ topic: word, file: out/answers.jsonl }]
`;

let project: Project;
let first: Result;

before(async () => {
  project = await echoProject();
  project.write("models/line/line.onnx", lineModel());
  project.write("models/line/model.json", '{"name":"line","version":"3","file":"line.onnx"}');
  project.write("asker.ts", agent);
  project.write("asked.jsonl", '{"tick":0,"x":[1,2]}\n{"tick":4,"x":[3,0]}\n');
  project.write("asking.yaml", config);
  first = project.cli("run", "asking.yaml", "--dir", "asked", "--json");
});
after(() => project.remove());

test("run reports models, their provider and what was passed over [G8] [S14.run]", () => {
  assert.equal(first.code, 0, first.stderr);
  assert.equal(first.document["inferences"], 2);
  const { models } = first.document as { models: { name: string; version: string; provider: string }[] }; // --json
  assert.deepEqual(
    models.map(({ name, version, provider }) => [name, version, provider]),
    [["line", "3", "wasm"]],
  );
  assert.match(first.stderr, /model line runs on wasm; cuda refused: /);
  assert.deepEqual(
    readFileSync(join(project.folder, "out/answers.jsonl"), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { payload: unknown }).payload),
    [
      { is: "answer", y: 4.5 },
      { is: "answer", y: 1.5 },
    ],
  );
});

test("replay --verify-inference asks the models again; inspect shows them [G8] [S14.replay]", () => {
  const replay = project.cli("replay", "asked", "--verify-inference", "--json");
  assert.equal(replay.code, 0, replay.stderr);
  const { inference } = replay.document as { inference: { compared: number; identical: number } }; // --json
  assert.deepEqual([inference.compared, inference.identical], [2, 2]);
  assert.match(
    project.cli("replay", "asked", "--verify-inference").stdout,
    /2 identical, 0 within tolerance/,
  );
  assert.match(
    project.cli("inspect", "asked").stdout,
    /model line 3 on wasm, not cuda, fingerprint [0-9a-f]{12}/,
  );
});

test("a model that must not fall back ends with 4, a delivery of no kind with 2 [G10] [S14.run]", () => {
  const strict = project.cli("run", "asking.yaml", "--dir", "strict", "--strict-inference", "--json");
  assert.equal(strict.code, 4, strict.stdout);
  assert.equal((strict.document["error"] as { code: string }).code, "WE_MODEL_STRICT"); // contract of --json
  const delivery = project.cli("run", "asking.yaml", "--dir", "late", "--delivery", "later", "--json");
  assert.equal(delivery.code, 2);
  const recorded = project.cli("run", "asking.yaml", "--dir", "recorded", "--delivery", "recorded", "--json");
  assert.equal(recorded.document["inferenceStallMs"], 0, recorded.stderr);
  assert.equal(project.cli("replay", "recorded", "--json").document["verified"], true);
});

test("two inference workers give the same chain, none are refused; a swap needs names and a world [S14.run]", () => {
  const two = project.cli("run", "asking.yaml", "--dir", "two", "--inference-workers", "2", "--json");
  assert.equal(two.document["chainHead"], first.document["chainHead"], two.stderr);
  const refused = (...words: readonly string[]): readonly unknown[] => {
    const { code, document } = project.cli(...words, "--json");
    return [code, (document["error"] as { readonly code: string }).code]; // contract of --json
  };
  const none = ["run", "asking.yaml", "--inference-workers", "0"] as const;
  assert.deepEqual(refused(...none), [2, "WE_INFERENCE_WORKERS"]);
  assert.deepEqual(refused("model", "swap", "line"), [2, "WE_CLI_USAGE"]);
  assert.deepEqual(refused("model", "swap", "line", "line", "--run", "asked"), [2, "WE_CONTROL_NOT_RUNNING"]);
});

test("setup leaves alone what is installed, and knows what it can install [S14.setup]", () => {
  const folder = join(project.folder, ".wasm-engine/native/node_modules/onnxruntime-node");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `.installed-${nativeRuntimeVersion}`), "");
  const done = project.cli("setup", "native", "--dir", project.folder, "--json");
  assert.equal(done.code, 0, done.stdout);
  assert.deepEqual([done.document["wasInstalled"], done.document["version"]], [true, nativeRuntimeVersion]);
  const unknown = project.cli("setup", "gpu", "--json");
  assert.equal(unknown.code, 2);
  assert.match(JSON.stringify(unknown.document), /native and cuda/);
});

test("doctor tries every provider [S14.doctor]", () => {
  const { document, stdout } = project.cli("doctor", "--json");
  const { providers } = document as { providers: { provider: string; ok: boolean; found: string }[] }; // --json
  const web = providers.find(({ provider }) => provider === "wasm");
  assert.deepEqual([web?.ok, web?.found], [true, "onnxruntime-web 1.30.0"], stdout);
  for (const { provider, found } of providers) assert.notEqual(found, "", provider);
});

test("model list loads the models, model try asks one of them [S14.model]", () => {
  const list = project.cli("model", "list", "asking.yaml", "--json");
  assert.equal(list.code, 0, list.stderr);
  const { models } = list.document as { models: { name: string; provider: string; latencyTicks: number }[] }; // --json
  assert.deepEqual(
    models.map(({ name, provider, latencyTicks }) => [name, provider, latencyTicks]),
    [["line", "wasm", 1]],
  );
  const answer = project.cli("model", "try", "asking.yaml", "line", '{"x":[[1,2]]}', "--json");
  assert.deepEqual(
    [answer.code, answer.document["ok"], answer.document["answer"]],
    [0, true, [[4.5]]],
    answer.stderr,
  );
  const wrong = project.cli("model", "try", "asking.yaml", "line", "[[1]]", "--json");
  assert.deepEqual([wrong.code, wrong.document["ok"]], [1, false]);
  assert.equal(project.cli("model", "try", "asking.yaml", "lime", "[[1,2]]", "--json").code, 2);
  assert.equal(project.cli("model", "try", "asking.yaml", "line", "{", "--json").code, 2);
  assert.equal(project.cli("model", "show", "asking.yaml", "--json").code, 2);
});
