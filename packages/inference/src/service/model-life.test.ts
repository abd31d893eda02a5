/** Loading, replacing, giving memory back, ending; on the runtime that is always there. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { answerText, folderOf, jsonRequest, mlp } from "../testing/sample-models.js";
import { decoderFolder, sampleDecoder } from "../testing/sample-decoder.js";
import { createInferenceService } from "./inference-service.js";

const providers = ["wasm"] as const;
const ask = jsonRequest([1, 2, 3, 4]);

test("models give way to others within the budget, the one used longest ago first, and answer as before", async () => {
  const sizes = [16, 17, 18].map((hidden) => mlp({ hidden }));
  const bytes = sizes.map(({ length }) => length);
  const service = createInferenceService({ weightBytesMax: (bytes[1] ?? 0) + (bytes[2] ?? 0) + 10 });
  const folders = sizes.map((model) => folderOf(model));
  const names = ["a", "b", "c"];
  const first: string[] = [];
  for (const [index, name] of names.entries()) {
    await service.load({ name, dir: folders[index]?.path ?? "", providers });
    first.push(answerText((await service.run(name, [ask])).responses[0]));
  }
  assert.deepEqual(
    service.facts().map(({ name }) => name),
    names,
  );
  // `a` had to go for `c`; it comes back, and `b` goes, and so on.
  for (let round = 0; round < 2; round += 1)
    for (const [index, name] of names.entries()) {
      const { responses, changed } = await service.run(name, [ask]);
      assert.equal(answerText(responses[0]), first[index]);
      assert.equal(changed, undefined);
    }
  await service.close();
  folders.forEach((folder) => folder[Symbol.dispose]());
});

test("a file that changed while its model was out of memory is refused", async () => {
  const [one, two] = [mlp({ hidden: 16 }), mlp({ hidden: 16, classes: 4 })];
  using first = folderOf(one);
  using second = folderOf(two);
  const service = createInferenceService({ weightBytesMax: two.length });
  await service.load({ name: "first", dir: first.path, providers });
  await service.load({ name: "second", dir: second.path, providers });
  first.write("model.onnx", mlp({ hidden: 15 }));
  await assert.rejects(service.run("first", [ask]), { code: "WE_MODEL_CHANGED", exitCode: 3 });
  first.write("model.onnx", one);
  assert.equal((await service.run("first", [ask])).responses[0]?.ok, true);
  await service.close();
});

test("pinned models stay; what has no room beside them is refused", async () => {
  const model = mlp();
  using folder = folderOf(model);
  const service = createInferenceService({ weightBytesMax: model.length + 1 });
  await service.load({ name: "kept", dir: folder.path, providers, pinned: true });
  await assert.rejects(service.load({ name: "other", dir: folder.path, providers }), {
    code: "WE_MODEL_LIMIT",
    exitCode: 5,
    message: /bytes that stay/,
  });
  assert.equal((await service.run("kept", [ask])).responses[0]?.ok, true);
  const tiny = createInferenceService({ weightBytesMax: 10 });
  await assert.rejects(tiny.load({ name: "m", dir: folder.path, providers }), { code: "WE_MODEL_LIMIT" });
  await Promise.all([service.close(), tiny.close()]);
});

test("models that write texts count in the budget, make others give way, and stay", async () => {
  const [decoder, model] = [sampleDecoder("grouped"), mlp()];
  using writer = decoderFolder(decoder);
  using folder = folderOf(model);
  using large = folderOf(mlp({ hidden: 40 }));
  const service = createInferenceService({ weightBytesMax: decoder.length + model.length });
  await service.load({ name: "early", dir: folder.path, providers });
  await service.load({ name: "writer", dir: writer.path, providers });
  for (const name of ["a", "b"]) await service.load({ name, dir: folder.path, providers });
  for (const name of ["early", "a", "b", "early"])
    assert.equal((await service.run(name, [ask])).responses[0]?.ok, true);
  await assert.rejects(service.load({ name: "large", dir: large.path, providers }), {
    code: "WE_MODEL_LIMIT",
    message: new RegExp(`${decoder.length} bytes that stay`),
  });
  await service.close();
});

test("a model that cannot be loaded leaves the one it would have replaced", async () => {
  using folder = folderOf(mlp());
  const service = createInferenceService();
  const before = await service.load({ name: "m", dir: folder.path, providers });
  const answer = answerText((await service.run("m", [ask])).responses[0]);
  folder.write("model.onnx", mlp().subarray(0, 200));
  await assert.rejects(service.load({ name: "m", dir: folder.path, providers }), {
    code: "WE_MODEL_MALFORMED",
  });
  assert.deepEqual(service.facts(), [before]);
  assert.equal(answerText((await service.run("m", [ask])).responses[0]), answer);
  folder.write("model.onnx", mlp({ hidden: 20 }));
  const after = await service.load({ name: "m", dir: folder.path, providers });
  assert.notEqual(after.digest, before.digest);
  assert.notEqual(answerText((await service.run("m", [ask])).responses[0]), answer);
  await service.close();
});

test("unknown names and calls after the end are coded errors; closing finishes what runs", async () => {
  using folder = folderOf(mlp());
  const service = createInferenceService();
  await service.load({ name: "delay", dir: folder.path, providers });
  await assert.rejects(service.run("dellay", [ask]), {
    code: "WE_MODEL_UNKNOWN",
    hint: /did you mean "delay"/,
  });
  await assert.rejects(service.unload("x"), { code: "WE_MODEL_UNKNOWN", hint: "known models: delay" });
  const running = service.run("delay", [ask]);
  const closing = service.close();
  assert.equal((await running).responses[0]?.ok, true);
  await closing;
  await service.close();
  await assert.rejects(service.run("delay", [ask]), { code: "WE_MODEL_CLOSED" });
  await assert.rejects(service.load({ name: "m", dir: folder.path, providers }), { code: "WE_MODEL_CLOSED" });
  assert.deepEqual(service.facts(), []);
});

test("an empty call is answered with nothing", async () => {
  using folder = folderOf(mlp());
  const service = createInferenceService();
  await service.load({ name: "m", dir: folder.path, providers });
  assert.deepEqual((await service.run("m", [])).responses, []);
  await service.unload("m");
  await service.close();
});
