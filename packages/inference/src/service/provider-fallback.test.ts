/** Providers that are absent, that break and that mix rows: what is visible, what goes on, what ends. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProviderName } from "@wasm-engine/core";
import {
  answerJson,
  answerText,
  fourBit,
  folderOf,
  identityModel,
  jsonRequest,
  rowModel,
  rowRequests,
  weights,
} from "../testing/sample-models.js";
import { fakeRuntime, fakeSource, rowwise } from "../testing/fake-runtime.js";
import type { Answer } from "../testing/fake-runtime.js";
import { LocalInference, createInferenceService } from "./inference-service.js";

const double = rowwise((value) => value * 2);
const triple = rowwise((value) => value * 3);
const ask = jsonRequest([1, 2]);

/** Answers like `answer` until it is broken. */
function breakable(answer: Answer): { answer: Answer; broken: boolean } {
  const state = {
    broken: false,
    answer: (inputs: Parameters<Answer>[0]) => {
      if (state.broken) throw new TypeError("device lost");
      return answer(inputs);
    },
  };
  return state;
}

async function serviceOn(
  runtimes: Parameters<typeof fakeSource>[0],
  { providers, strict = false }: { readonly providers: readonly ProviderName[]; readonly strict?: boolean },
): Promise<LocalInference> {
  const service = new LocalInference(fakeSource(runtimes), { strict });
  using folder = folderOf(identityModel());
  // The folder is read again when a provider breaks, so it outlives the load in these tests only where it must.
  await service.load({ name: "m", dir: folder.path, providers });
  return service;
}

test("cuda and webgpu asked for and absent: the model runs on wasm and the reasons are kept", async () => {
  using folder = folderOf(identityModel());
  const service = createInferenceService();
  const facts = await service.load({
    name: "m",
    dir: folder.path,
    providers: ["cuda", "webgpu", "cuda", "wasm"],
  });
  assert.equal(facts.provider, "wasm");
  assert.deepEqual(
    facts.refused.map(({ provider }) => provider),
    ["cuda", "webgpu"],
  );
  for (const { reason } of facts.refused) assert.ok(reason.length > 10, reason);
  assert.deepEqual(answerJson((await service.run("m", [ask])).responses[0]), [1, 2]);
  await service.close();
});

test("without onnxruntime-node every native provider gives the way to get it", async () => {
  const service = new LocalInference(fakeSource({ wasm: fakeRuntime("wasm", double) }));
  using folder = folderOf(identityModel());
  const facts = await service.load({ name: "m", dir: folder.path, providers: ["cuda", "wasm"] });
  assert.deepEqual(facts.refused, [{ provider: "cuda", reason: "no cuda here" }]);
  await assert.rejects(service.load({ name: "n", dir: folder.path, providers: ["cuda", "dml"] }), {
    code: "WE_MODEL_PROVIDERS",
    exitCode: 4,
    message: "Model n can be loaded by none of its providers: cuda: no cuda here; dml: no dml here",
  });
  await assert.rejects(service.load({ name: "n", dir: folder.path, providers: [] }), {
    code: "WE_MODEL_PROVIDERS",
    message: /the list of providers is empty/,
  });
  await service.close();
});

test("strict inference takes the first provider or none", async () => {
  const strict = createInferenceService({ strict: true });
  using folder = folderOf(identityModel());
  await assert.rejects(strict.load({ name: "m", dir: folder.path, providers: ["tensorrt", "wasm"] }), {
    code: "WE_MODEL_STRICT",
    exitCode: 4,
    message: /the provider tensorrt cannot be used/,
  });
  assert.equal((await strict.load({ name: "m", dir: folder.path, providers: ["wasm"] })).provider, "wasm");
  await strict.close();
});

test("a provider that breaks in the middle of a run gives way to the next, and the answer says so", async () => {
  const cuda = breakable(double);
  const service = new LocalInference(
    fakeSource({ cuda: fakeRuntime("cuda", cuda.answer), cpu: fakeRuntime("cpu", triple) }),
  );
  using folder = folderOf(identityModel());
  const before = await service.load({ name: "m", dir: folder.path, providers: ["cuda", "cpu"] });
  assert.deepEqual(answerJson((await service.run("m", [ask])).responses[0]), [2, 4]);
  cuda.broken = true;
  const { responses, changed, facts } = await service.run("m", [ask, ask]);
  assert.deepEqual(responses.map(answerJson), [
    [3, 6],
    [3, 6],
  ]);
  assert.deepEqual(changed, { model: "m", from: "cuda", to: "cpu", reason: "device lost" });
  assert.equal(facts.provider, "cpu");
  assert.deepEqual(facts.refused, [{ provider: "cuda", reason: "device lost" }]);
  assert.notEqual(facts.fingerprint, before.fingerprint);
  cuda.broken = false;
  const later = await service.run("m", [ask]);
  assert.equal(later.changed, undefined, "a change is told once");
  assert.equal(later.facts.provider, "cpu", "what broke is not asked again");
  await service.close();
});

test("where no provider is left the call ends with a coded error, and strict inference allows no other", async () => {
  const cases = [
    { strict: false, providers: ["cuda"], code: "WE_MODEL_RUN" },
    { strict: true, providers: ["cuda", "cpu"], code: "WE_MODEL_STRICT" },
  ] as const;
  for (const { strict, providers, code } of cases) {
    const cuda = breakable(double);
    const runtimes = { cuda: fakeRuntime("cuda", cuda.answer), cpu: fakeRuntime("cpu", triple) };
    const service = new LocalInference(fakeSource(runtimes), { strict });
    using folder = folderOf(identityModel());
    await service.load({ name: "m", dir: folder.path, providers });
    cuda.broken = true;
    await assert.rejects(service.run("m", [ask]), { code, exitCode: 4, message: /device lost/ });
    await service.close();
  }
});

test("a request that breaks nothing but itself changes no provider", async () => {
  const picky: Answer = (inputs) => {
    const [answer] = double(inputs);
    const values = new Float32Array(Uint8Array.from(inputs[0]?.data ?? []).buffer);
    if (values.includes(666)) throw new TypeError("out of range");
    return answer === undefined ? [] : [answer];
  };
  const service = await serviceOn(
    { cuda: fakeRuntime("cuda", picky), cpu: fakeRuntime("cpu", triple) },
    { providers: ["cuda", "cpu"] },
  );
  const { responses, changed } = await service.run("m", [ask, jsonRequest([666, 0]), ask]);
  assert.deepEqual(responses.map(answerJson), [[2, 4], "the model cannot take these values", [2, 4]]);
  assert.equal(changed, undefined);
  await service.close();
});

test("rows that change in company are asked alone, or in pairs where that is what they depend on", async () => {
  const modes: readonly (readonly [Answer, string])[] = [
    [double, "exact"],
    [rowwise((value, _, rows) => (rows === 1 ? value * 2 : value * 2 + 2 ** -10)), "min-2-rows"],
    [rowwise((value, row) => value * 2 + (row === 63 ? 2 ** -10 : 0)), "serial"],
    [rowwise((value, _, rows) => value / rows), "serial"],
    [rowwise((value, row) => (row === 1 ? value : value * 2)), "serial"],
  ];
  for (const [answer, mode] of modes) {
    const service = await serviceOn({ cuda: fakeRuntime("cuda", answer) }, { providers: ["cuda"] });
    assert.equal(service.facts()[0]?.batchMode, mode);
    const requests = rowRequests(9, 2);
    const together = (await service.run("m", requests)).responses.map(answerText);
    for (const [index, request] of requests.entries())
      assert.equal(answerText((await service.run("m", [request])).responses[0]), together[index], mode);
    await service.close();
  }
});

test("a provider that loads but computes nothing is passed over", async () => {
  const dead: Answer = () => {
    throw new TypeError("kernel launch failed");
  };
  const service = await serviceOn(
    { webgpu: fakeRuntime("webgpu", dead), wasm: fakeRuntime("wasm", double) },
    { providers: ["webgpu", "wasm"] },
  );
  assert.deepEqual(service.facts()[0]?.refused, [{ provider: "webgpu", reason: "kernel launch failed" }]);
  await service.close();
});

test("NaN throughout: a graphics provider is passed over, on a processor the model is refused", async () => {
  const nan = fakeRuntime(
    "nan",
    rowwise((value, _, rows) => (rows === 1 ? NaN : value)),
  );
  const service = await serviceOn(
    { cuda: nan, wasm: fakeRuntime("wasm", double) },
    { providers: ["cuda", "wasm"] },
  );
  assert.deepEqual(service.facts()[0]?.refused, [
    { provider: "cuda", reason: "output y is NaN for every input" },
  ]);
  using folder = folderOf(identityModel());
  const processor = new LocalInference(fakeSource({ cpu: nan }));
  await assert.rejects(processor.load({ name: "m", dir: folder.path, providers: ["cpu"] }), {
    code: "WE_MODEL_NAN",
  });
  await Promise.all([service.close(), processor.close()]);
});

test("[G10] operators that no runtime has, and weights of NaN, are found at load", async () => {
  const service = createInferenceService();
  using strange = folderOf(
    rowModel([{ operator: "Teleport", inputs: ["x"], outputs: ["y"] }], { columns: 2, outputs: [["y", 2]] }),
  );
  await assert.rejects(service.load({ name: "m", dir: strange.path, providers: ["wasm"] }), {
    code: "WE_MODEL_PROVIDERS",
    message: /wasm: .*No Op registered for Teleport/,
  });
  const w = weights(1, "w", 2, 2);
  const poisoned = rowModel([{ operator: "MatMul", inputs: ["x", "w"], outputs: ["y"] }], {
    columns: 2,
    outputs: [["y", 2]],
    initializers: [{ ...w, data: new Uint8Array(new Float32Array(4).fill(NaN).buffer) }],
  });
  using nan = folderOf(poisoned);
  await assert.rejects(service.load({ name: "m", dir: nan.path, providers: ["wasm"] }), {
    code: "WE_MODEL_NAN",
    message: /output y is NaN in every element/,
  });
  // NaN for some inputs is a property of the function, not a fault of the file.
  using root = folderOf(
    rowModel([{ operator: "Sqrt", inputs: ["x"], outputs: ["y"] }], { columns: 1, outputs: [["y", 1]] }),
  );
  await service.load({ name: "root", dir: root.path, providers: ["wasm"] });
  using quantised = folderOf(fourBit());
  await service.load({ name: "four-bit", dir: quantised.path, providers: ["wasm"] });
  await service.close();
});
