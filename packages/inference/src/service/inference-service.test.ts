import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Encoding, TensorType, decodeTensors, encodeTensors } from "@wasm-engine/abi";
import type { ModelFacts } from "@wasm-engine/core";
import { SeededNumbers } from "../batch/seeded-numbers.js";
import { float32Tensor, int, writeOnnxModel } from "../onnx/index.js";
import {
  answerJson,
  answerText,
  batchScaled,
  floatBlock,
  folderOf,
  identityModel,
  jsonRequest,
  mlp,
  rowModel,
  rowRequests,
  tensorRequest,
  weights,
} from "../testing/sample-models.js";
import { createInferenceService } from "./inference-service.js";

const service = createInferenceService();
after(() => service.close());

let names = 0;
/** Loads a model under a fresh name on wasm. */
async function loaded(bytes: Uint8Array, manifest: Readonly<Record<string, unknown>> = {}): Promise<string> {
  using folder = folderOf(bytes, manifest);
  names += 1;
  const name = `model-${names}`;
  await service.load({ name, dir: folder.path, providers: ["wasm"] });
  return name;
}

async function answers(name: string, ...requests: Parameters<typeof service.run>[1]): Promise<unknown[]> {
  return (await service.run(name, requests)).responses.map(answerJson);
}

/** The model of `mlp()` in double precision. */
function reference(x: readonly number[]): number[] {
  const [w1, b1, w2, b2] = [
    weights(1, "", 4, 16),
    weights(2, "", 16),
    weights(3, "", 16, 3),
    weights(4, "", 3),
  ].map(({ data }) => new Float32Array(data.slice().buffer));
  const dense = (input: readonly number[], w = new Float32Array(), b = new Float32Array()): number[] =>
    [...b].map((bias, column) =>
      input.reduce((sum, value, row) => sum + value * (w[row * b.length + column] ?? 0), bias),
    );
  const logits = dense(
    dense(x, w1, b1).map((value) => Math.max(0, value)),
    w2,
    b2,
  );
  const powers = logits.map((value) => Math.exp(value - Math.max(...logits)));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

test("answers are those of the model's definition, in JSON by row or by batch and as tensors", async () => {
  const name = await loaded(mlp());
  const x = [0.5, -1.25, 2, 0.125];
  const { responses, facts } = await service.run(name, [
    jsonRequest(x),
    jsonRequest([x, x]),
    jsonRequest({ x }),
    tensorRequest(floatBlock([1, 4], x)),
    tensorRequest(floatBlock([1, 4], x, "x")),
  ]);
  const [row, batch, named, tensor, namedTensor] = responses;
  const values = answerJson(row) as number[];
  reference(x).forEach((expected, index) => assert.ok(Math.abs((values[index] ?? 9) - expected) < 1e-6));
  assert.deepEqual(answerJson(batch), [values, values]);
  assert.deepEqual(answerJson(named), values);
  assert.equal(answerText(tensor), answerText(namedTensor));
  assert.ok(tensor?.ok === true && tensor.encoding === Encoding.TENSOR);
  const [block] = decodeTensors(tensor.payload);
  assert.ok(block !== undefined && typeof block !== "string");
  assert.deepEqual([block.name, block.type, block.dimensions], ["", TensorType.FLOAT32, [1, 3]]);
  assert.deepEqual(
    [...new Float32Array(block.data.slice().buffer)],
    values,
    "JSON has every digit of the float",
  );
  assert.equal(facts.batchMode, "exact");
});

test("[G8] bits are equal batched or alone, in any order, in another process, on every Node and machine", async () => {
  const program = fileURLToPath(new URL("../testing/answers-program.js", import.meta.url));
  const run = async (...flags: string[]): Promise<string> =>
    (await promisify(execFile)(process.execPath, [...flags, program, "wasm"])).stdout.trim();
  // The digest covers fingerprints too. Runs under Node 20, 22, 24 and 26 print the same one.
  const expected = "c57a9a39cdbd1fc46010dcb9715fb9f960ad53d52b55bd8a461f400e300880bf";
  assert.equal(await run(), expected);
  assert.equal(await run("--liftoff-only", "--disable-wasm-trap-handler"), expected);
});

test("a wrong request is answered in a stable text of ours and disturbs no other", async () => {
  const name = await loaded(mlp());
  const good = tensorRequest(floatBlock([1, 4], [1, 2, 3, 4]));
  const [alone] = (await service.run(name, [good])).responses;
  const wrong: readonly (readonly [Parameters<typeof service.run>[1][number], RegExp])[] = [
    [
      { encoding: Encoding.BYTES, payload: new Uint8Array(4) },
      /^a request has encoding JSON or TENSOR, not 0$/,
    ],
    [
      { encoding: Encoding.TENSOR, payload: new Uint8Array(4) },
      /^a tensor payload has at least 8 bytes, not 4$/,
    ],
    [tensorRequest(), /^input "x" is missing$/],
    [
      tensorRequest(floatBlock([1, 4], [1, 2, 3, 4], "X")),
      /^unknown input "X": did you mean "x"\? known inputs: x$/,
    ],
    [
      tensorRequest(floatBlock([1, 3], [1, 2, 3])),
      /^input "x" has the dimensions \[1, 3\]; the model takes \[batch, 4\]$/,
    ],
    [tensorRequest(floatBlock([4], [1, 2, 3, 4])), /^input "x" has the dimensions \[4\]/],
    [tensorRequest(floatBlock([0, 4], [])), /^input "x" has no rows$/],
    [
      tensorRequest({ name: "", type: TensorType.FLOAT64, dimensions: [1, 4], data: new Uint8Array(32) }),
      /^input "x" is float64; the model takes float32$/,
    ],
    [
      tensorRequest(floatBlock([1, 4], [1, 2, 3, 4]), floatBlock([1, 4], [1, 2, 3, 4], "x")),
      /^input "x" is given twice$/,
    ],
    [jsonRequest("{"), /^the request is no JSON$/],
    [{ encoding: Encoding.JSON, payload: Uint8Array.of(0x22, 0xff, 0x22) }, /^a JSON request is UTF-8$/],
    [jsonRequest([1, 2, "3", 4]), /^input "x": "3" is no number$/],
    [jsonRequest([1, 2, 1e39, 4]), /^input "x": 1e\+39 is beyond float32$/],
    [
      jsonRequest([
        [1, 2, 3, 4],
        [1, 2, 3],
      ]),
      /^input "x": an array at depth 1 has 3 elements, others have 4$/,
    ],
    [jsonRequest([[1, 2, 3, 4], 5]), /^input "x": an array of 4 is missing at depth 1$/],
    [jsonRequest({ x: null }), /^input "x" has the dimensions \[\]/],
    [jsonRequest("[".repeat(200_000) + "]".repeat(200_000)), /^input "x" is nested deeper than 8 levels$/],
    [jsonRequest({ "": [1, 2, 3, 4] }), /^unknown input ""/],
  ];
  const { responses } = await service.run(
    name,
    wrong.flatMap(([request]) => [good, request]),
  );
  wrong.forEach(([, pattern], index) => {
    assert.match(answerText(responses[index * 2 + 1]), pattern);
    assert.equal(responses[index * 2 + 1]?.ok, false);
    assert.equal(answerText(responses[index * 2]), answerText(alone));
  });
});

test("a request that only the model can refuse fails alone, among others of its batch", async () => {
  const name = await loaded(
    rowModel(
      [
        { operator: "Cast", inputs: ["x"], outputs: ["i"], attributes: { to: int(7) } },
        { operator: "Gather", inputs: ["table", "i"], outputs: ["y"], attributes: { axis: int(0) } },
      ],
      { columns: 2, outputs: [["y", 2]], initializers: [float32Tensor("table", [4], [10, 20, 30, 40])] },
    ),
  );
  assert.deepEqual(await answers(name, jsonRequest([0, 1]), jsonRequest([9, 0]), jsonRequest([3, 2])), [
    [10, 20],
    "the model cannot take these values",
    [40, 30],
  ]);
});

test("models of fixed batch are asked one by one; a batch of theirs is refused", async () => {
  const name = await loaded(mlp({ first: 1 }));
  const free = await loaded(mlp());
  const requests = rowRequests(5, 4);
  const fixed = await service.run(name, requests);
  assert.equal(fixed.facts.batchMode, "serial");
  const joined = await service.run(free, requests);
  assert.deepEqual(fixed.responses.map(answerText), joined.responses.map(answerText));
  assert.match(
    String(
      (
        await answers(
          name,
          jsonRequest([
            [1, 2, 3, 4],
            [1, 2, 3, 4],
          ]),
        )
      )[0],
    ),
    /the model takes \[1, 4\]$/,
  );
});

test("models whose rows depend on each other are never joined, nor those whose manifest says so", async () => {
  const scaled = await loaded(batchScaled(8));
  assert.equal(service.facts().find(({ name }) => name === scaled)?.batchMode, "serial");
  const told = await loaded(mlp(), { batch: "serial" });
  assert.equal(service.facts().find(({ name }) => name === told)?.batchMode, "serial");
});

test("requests of several shapes are joined by shape, and every one has its own answer", async () => {
  const name = await loaded(
    rowModel(
      [
        { operator: "Softmax", inputs: ["x"], outputs: ["s"], attributes: { axis: int(-1) } },
        { operator: "Mul", inputs: ["s", "x"], outputs: ["y"] },
      ],
      { columns: "length" },
    ),
  );
  const random = new SeededNumbers(3);
  const requests = Array.from({ length: 40 }, (_, index) => {
    const width = (index % 7) + 1;
    const rows = (index % 3) + 1;
    return tensorRequest(floatBlock([rows, width], random.floats(rows * width)));
  });
  const together = (await service.run(name, requests)).responses.map(answerText);
  for (const [index, request] of requests.entries())
    assert.equal(answerText((await service.run(name, [request])).responses[0]), together[index]);
  assert.equal(new Set(together).size, together.length);
});

test("requests may lie in shared memory and at any offset, as the host's rings leave them", async () => {
  const name = await loaded(mlp());
  const plain = tensorRequest(floatBlock([1, 4], [1, 2, 3, 4]));
  const json = jsonRequest([1, 2, 3, 4]);
  const moved = [plain, json].map(({ encoding, payload }, index) => {
    const shared = new Uint8Array(
      new SharedArrayBuffer(payload.length + 9),
      index === 0 ? 3 : 5,
      payload.length,
    );
    shared.set(payload);
    return { encoding, payload: shared };
  });
  const { responses } = await service.run(name, [plain, json, ...moved]);
  assert.equal(answerText(responses[2]), answerText(responses[0]));
  assert.equal(answerText(responses[3]), answerText(responses[1]));
  assert.ok(responses.every(({ ok }) => ok));
});

test("several inputs and outputs go by name, in JSON and as tensors", async () => {
  const FLOAT32 = TensorType.FLOAT32;
  const name = await loaded(
    writeOnnxModel({
      graphName: "two",
      opsets: { "": 17 },
      inputs: ["a", "b"].map((input) => ({ name: input, type: FLOAT32, dimensions: ["batch", 2] })),
      outputs: ["sum", "difference"].map((output) => ({
        name: output,
        type: FLOAT32,
        dimensions: ["batch", 2],
      })),
      initializers: [],
      nodes: [
        { operator: "Add", inputs: ["a", "b"], outputs: ["sum"] },
        { operator: "Sub", inputs: ["a", "b"], outputs: ["difference"] },
      ],
    }),
  );
  const [json, batch, list, lacking] = await answers(
    name,
    jsonRequest({ b: [1, 2], a: [10, 20] }),
    jsonRequest({ a: [[1, 1]], b: [[0.5, 0.25]] }),
    jsonRequest([1, 2]),
    jsonRequest({ a: [1, 2] }),
  );
  assert.deepEqual(json, { sum: [11, 22], difference: [9, 18] });
  assert.deepEqual(batch, { sum: [[1.5, 1.25]], difference: [[0.5, 0.75]] });
  assert.equal(list, "the model has 2 inputs: send an object with a, b");
  assert.equal(lacking, 'input "b" is missing');
  const { responses } = await service.run(name, [
    tensorRequest(floatBlock([1, 2], [1, 2], "b"), floatBlock([1, 2], [3, 4], "a")),
  ]);
  assert.equal(
    answerText(responses[0]),
    Buffer.from(
      encodeTensors([floatBlock([1, 2], [4, 6], "sum"), floatBlock([1, 2], [2, 2], "difference")]),
    ).toString("hex"),
  );
});

test("every element type goes in and out unchanged", async () => {
  const cases: readonly (readonly [keyof typeof TensorType, unknown])[] = [
    ["FLOAT32", [0.1, -3]],
    ["FLOAT64", [0.1, 1e300]],
    ["FLOAT16", [0.0999755859375, -65504]],
    ["INT8", [-128, 127]],
    ["UINT8", [0, 255]],
    ["INT16", [-32768, 32767]],
    ["INT32", [-2147483648, 2147483647]],
    ["INT64", [-9007199254740991, 9007199254740991]],
    ["BOOL", [true, false]],
  ];
  for (const [type, value] of cases) {
    const port = { type: TensorType[type], dimensions: ["batch", 2] };
    const name = await loaded(
      identityModel({ inputs: [{ name: "x", ...port }], outputs: [{ name: "y", ...port }] }),
    );
    const [answer] = await answers(name, jsonRequest(value));
    const expected = type === "FLOAT32" ? [Math.fround(0.1), -3] : value;
    assert.deepEqual(answer, expected, type);
    await service.unload(name);
  }
});

test("NaN is one NaN in tensors, and JSON never hides it", async () => {
  const name = await loaded(
    rowModel([{ operator: "Log", inputs: ["x"], outputs: ["y"] }], { columns: 2, outputs: [["y", 2]] }),
  );
  const odd = tensorRequest({
    name: "",
    type: TensorType.FLOAT32,
    dimensions: [1, 2],
    data: Uint8Array.of(0x01, 0x00, 0xa0, 0xff, 0x00, 0x00, 0x80, 0x3f),
  });
  const { responses } = await service.run(name, [
    odd,
    jsonRequest([-1, 1]),
    jsonRequest([0, 1]),
    jsonRequest([1, 1]),
  ]);
  assert.ok(responses[0]?.ok === true);
  assert.equal(Buffer.from(responses[0].payload.subarray(-8)).toString("hex"), "0000c07f00000000");
  assert.equal(answerText(responses[1]), 'output "y" holds NaN');
  assert.equal(answerText(responses[2]), 'output "y" holds -Infinity');
  assert.deepEqual(answerJson(responses[3]), [0, 0]);
});

test("answers that no message holds are refused, before the run where sizes are declared", async () => {
  using folder = folderOf(mlp());
  const small = createInferenceService({ answerBytesMax: 100 });
  await small.load({ name: "m", dir: folder.path, providers: ["wasm"] });
  const rows = (count: number): number[] => Array.from({ length: count * 4 }, () => 0);
  const { responses } = await small.run("m", [
    tensorRequest(floatBlock([9, 4], rows(9))),
    tensorRequest(floatBlock([8, 4], rows(8))),
    jsonRequest([0, 0, 0, 0]),
  ]);
  await small.close();
  assert.equal(answerText(responses[0]), "the answer has at least 108 bytes, at most 100 fit");
  assert.equal(answerText(responses[1]), "the answer has 120 bytes, at most 100 fit");
  assert.equal(responses[2]?.ok, true);
});

test("the fingerprint covers model and mode, and is equal wherever they are", async () => {
  const facts = async (bytes: Uint8Array, manifest = {}): Promise<ModelFacts> => {
    const name = await loaded(bytes, manifest);
    const found = service.facts().find((one) => one.name === name);
    assert.ok(found !== undefined);
    return found;
  };
  const [one, same, other, told] = [
    await facts(mlp()),
    await facts(mlp(), { version: "2.0.0", latencyTicks: 3 }),
    await facts(mlp({ hidden: 17 })),
    await facts(mlp(), { batch: "serial" }),
  ];
  assert.equal(one.fingerprint, same.fingerprint);
  assert.deepEqual([same.version, same.latencyTicks, one.latencyTicks], ["2.0.0", 3, 1]);
  assert.notEqual(one.fingerprint, other.fingerprint);
  assert.notEqual(one.fingerprint, told.fingerprint);
  assert.equal(one.fingerprintParts["platform"], "any");
  assert.equal(one.fingerprintParts["runtime"], "onnxruntime-web 1.30.0");
  assert.equal(one.fingerprintParts["model"], one.digest);
});
