/** Worlds that ask real ONNX models, in a process of their own: the same bits again, replay without them, fallbacks. */

import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isLocalModel } from "../adapters/adapter-report.js";
import { Encoding, TensorType, decodeTensors, decodeUtf8, encodeTensors } from "@wasm-engine/abi";
import { float32Tensor, writeOnnxModel } from "@wasm-engine/inference/onnx";
import { Engine } from "../client/engine.js";
import { inspectRun, replayRun } from "../client/replay-run.js";
import { modelGuestText } from "../testing/model-guest.js";
import { modelWorld } from "../testing/model-world.js";
import { assemble } from "../testing/project.js";
import { freshFolder, loggedInputs } from "../testing/run-folders.js";
import type { OpenOptions } from "../client/engine.js";
import type { RunResult } from "../world/control.js";
import type { ModelSetup } from "../world/contract.js";

const folder = freshFolder("onnx");
const weights = [0.1, -2.5];

/** y = x · w for rows of two numbers. */
function writeModelFolder(dir: string, values: readonly number[] = weights): void {
  mkdirSync(dir, { recursive: true });
  const bytes = writeOnnxModel({
    graphName: "line",
    opsets: { "": 17 },
    inputs: [{ name: "x", type: TensorType.FLOAT32, dimensions: ["rows", 2] }],
    outputs: [{ name: "y", type: TensorType.FLOAT32, dimensions: ["rows", 1] }],
    initializers: [float32Tensor("w", [2, 1], values)],
    nodes: [{ operator: "MatMul", inputs: ["x", "w"], outputs: ["y"] }],
  });
  writeFileSync(join(dir, "model.onnx"), bytes);
  writeFileSync(join(dir, "model.json"), JSON.stringify({ name: "m", version: "1.2.0", file: "model.onnx" }));
}

function rows(...values: readonly number[]): Uint8Array {
  const data = new Uint8Array(new Float32Array(values).buffer);
  return encodeTensors([{ name: "x", type: TensorType.FLOAT32, dimensions: [values.length / 2, 2], data }]);
}

interface AskingOptions {
  readonly directory: string;
  readonly setup?: Partial<ModelSetup>;
  readonly open?: OpenOptions;
}

/** Three agents ask in one tick, one of them with two rows, and the first once more with a wrong shape. */
async function asking({ directory, setup = {}, open = {} }: AskingOptions): Promise<RunResult> {
  const world = await modelWorld({
    directory,
    records: 0,
    encoding: Encoding.TENSOR,
    setup: { providers: ["wasm"], ...setup },
  });
  writeModelFolder(join(directory, "model"));
  await using running = await Engine.open(world, { start: "paused", ...open });
  const tensors = { encoding: Encoding.TENSOR };
  const sent = Promise.all([
    running.send("a1", rows(1, 2), tensors),
    running.send("a2", rows(3, 4, 5, 6), tensors),
    running.send("a3", rows(-1, 0.5), tensors),
    running.send("a1", rows(1, 2).slice(0, 20), tensors),
  ]);
  const result = await running.run();
  await sent;
  return result;
}

function answers(dir: string): readonly { readonly ok: boolean; readonly payload: Uint8Array }[] {
  return loggedInputs(dir).flatMap(({ body }) => (body.kind === "result" ? [body] : []));
}

test("[G8] tensors of several agents in one tick: every answer is what the row alone gives", async () => {
  const { dir, inferences, faults, models: all } = await asking({ directory: join(folder, "rows") });
  const models = all.filter(isLocalModel);
  assert.equal(inferences, 4);
  assert.equal(faults, 0);
  assert.deepEqual([models[0]?.provider, models[0]?.version, models[0]?.refused], ["wasm", "1.2.0", []]);
  const values = answers(dir).map(({ ok, payload }) => {
    const tensors = ok ? decodeTensors(payload) : decodeUtf8(payload);
    if (typeof tensors !== "object") return tensors;
    const [tensor] = tensors;
    assert.deepEqual([tensor?.name, tensor?.dimensions[1]], ["", 1]);
    return [...new Float32Array(tensor?.data.slice().buffer ?? new ArrayBuffer())];
  });
  const line = (...x: readonly [number, number]): number =>
    Math.fround(Math.fround(x[0] * Math.fround(0.1)) + Math.fround(x[1] * -2.5));
  // In the order of the plan, which is that of the scheduler.
  const expected = [
    [line(1, 2)],
    [line(3, 4), line(5, 6)],
    [line(-1, 0.5)],
    '{"code":"FAILED","message":"tensor 0: its data is cut off","retryable":false}',
  ];
  const sorted = (list: readonly unknown[]): string[] => list.map((value) => JSON.stringify(value)).sort();
  assert.deepEqual(sorted(values), sorted(expected));
});

test("[G8] [G4] live twins are equal, models asked again give the recorded bits, replay needs none", async () => {
  const directory = join(folder, "twins");
  const first = await asking({ directory });
  const second = await asking({ directory: join(folder, "twins-2"), setup: { thread: "own" } });
  assert.equal(second.chainHead, first.chainHead);
  assert.equal(
    second.models.filter(isLocalModel)[0]?.fingerprint,
    first.models.filter(isLocalModel)[0]?.fingerprint,
  );
  const report = await replayRun(first.dir, { verifyInference: true });
  assert.equal(report.verified, true);
  const { compared, identical, different, models } =
    report.inference ?? assert.fail("models were asked again");
  assert.deepEqual([compared, identical, different, models[0]?.compared], [4, 4, 0, "bits"]);
  assert.equal((await inspectRun(first.dir)).models?.[0]?.provider, "wasm");
  writeModelFolder(join(directory, "model"), [0.2, -2.5]);
  await assert.rejects(replayRun(first.dir, { verifyInference: true }), {
    code: "WE_MODEL_DIGEST_MISMATCH",
    exitCode: 3,
  });
  await assert.rejects(Engine.open(first.dir, { resume: true }), { code: "WE_MODEL_DIGEST_MISMATCH" });
  rmSync(join(directory, "model"), { recursive: true });
  assert.equal((await replayRun(first.dir)).verified, true);
});

test("[G8] a provider that is not there is passed over visibly, and refused under --strict-inference", async () => {
  const setup = { providers: ["cuda", "wasm"] } as const;
  const { models: all, dir } = await asking({ directory: join(folder, "fallback"), setup });
  const models = all.filter(isLocalModel);
  assert.equal(models[0]?.provider, "wasm");
  assert.equal(models[0].refused[0]?.provider, "cuda");
  assert.notEqual(models[0].refused[0].reason, "");
  assert.equal((await inspectRun(dir)).models?.filter(isLocalModel)[0]?.refused[0]?.provider, "cuda");
  const strict = asking({ directory: join(folder, "strict"), setup, open: { strictInference: true } });
  await assert.rejects(strict, { code: "WE_MODEL_STRICT", exitCode: 4 });
});

test("[S13] engine.yaml: models, JSON requests of an input file, a model that nobody declared", async () => {
  const directory = join(folder, "yaml");
  mkdirSync(directory, { recursive: true });
  writeModelFolder(join(directory, "models/line"));
  writeFileSync(join(directory, "line.wasm"), await assemble(modelGuestText({ model: "line" })));
  writeFileSync(join(directory, "none.wasm"), await assemble(modelGuestText({ model: "none" })));
  const inputs = [
    [[1, 2]],
    [
      [1, 2],
      [3, 4],
    ],
    [[1]],
    "text",
  ];
  const records = inputs.map((x, tick) => JSON.stringify({ tick, x }));
  writeFileSync(join(directory, "in.jsonl"), `${records.join("\n")}\n`);
  const text = `version: 1
name: line
modules: { line: line.wasm, none: none.wasm }
models: { line: models/line }
agents:
  - { id: a, module: line, channels: [t], capabilities: { models: [line], topics: ["*"] } }
  - { id: b, module: none, channels: [t], capabilities: { models: ["*"], topics: ["*"] } }
inputs: [{ file: in.jsonl, at: tick, topic: t, fields: [x] }]
`;
  writeFileSync(join(directory, "engine.yaml"), text);
  await using world = await Engine.open(directory, { allowUnsigned: true });
  const { dir, inferences, models } = await world.run();
  assert.equal(inferences, 4, "requests to a name that is not declared never leave the world");
  assert.equal(models[0]?.delivery, "lockstep");
  const texts = answers(dir).map(({ ok, payload }) => `${ok} ${decodeUtf8(payload) ?? ""}`);
  // The single precision of the model, written as the shortest number of its double.
  assert.equal(texts[0], "true [[-4.900000095367432]]");
  assert.match(texts[1] ?? "", /^true \[\[-4\.9\d*\],\[-9\.6\d*\]\]$/);
  for (const answer of texts.slice(2)) assert.match(answer, /^false .*"code":"FAILED".*"retryable":false/);
  assert.equal(texts.length, 4);
});
