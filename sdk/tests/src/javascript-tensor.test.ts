/** Tensors of the JavaScript SDK against the layout of the contract, both ways. */

import assert from "node:assert/strict";
import test from "node:test";
import { Encoding, MessageKind, TensorType, decodeTensors, encodeTensors } from "@wasm-engine/abi";
import { buildAgent } from "@wasm-engine/sdk-javascript";
import { PlainHost } from "./testing/plain-host.js";
import { repositoryRoot } from "./testing/repository.js";
import { everyTensor, sample } from "./testing/tensor-samples.js";

const { bytes } = await buildAgent({ entry: `${repositoryRoot}/sdk/tests/guests/probe.js` });
const probe = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>); // never shared memory

function started(): PlainHost {
  return new PlainHost(probe).start();
}

test("infer sends and gives back tensors; what is none goes as JSON or is refused with a reason", () => {
  const host = started();
  const [asked] = host.receive({ topic: "askModel" });
  assert.equal(asked?.message?.encoding, Encoding.TENSOR);
  const row = sample("x", TensorType.FLOAT32, [1, 2], new Float32Array([0.5, -2]));
  assert.deepEqual(asked.message.payload, encodeTensors([row]));
  const payload = encodeTensors([sample("", TensorType.FLOAT32, [1, 1], new Float32Array([0.25]))]);
  const after = host.receive({
    kind: MessageKind.INFERENCE,
    correlationId: asked.requestId,
    flags: 2,
    topic: "delay",
    encoding: Encoding.TENSOR,
    payload,
  });
  assert.deepEqual(
    after.filter(({ call }) => call === "log").map(({ text }) => text),
    ["float32 [1,1] 0.25", 'RangeError tensor "": dimensions [3] hold 3 elements, not 2'],
  );
  const [flags, plain] = after.filter(({ call }) => call === "infer");
  assert.deepEqual(
    flags?.message?.payload,
    encodeTensors([sample("", TensorType.BOOL, [2], new Uint8Array([1, 0]))]),
  );
  assert.equal(plain?.message?.encoding, Encoding.JSON);
});

test("every type is read and written back byte for byte", () => {
  const payload = encodeTensors(everyTensor);
  const asked = started().receive({ topic: "tensors", encoding: Encoding.TENSOR, payload });
  assert.equal(asked[0]?.text, JSON.stringify(everyTensor.map(({ name }) => name)));
  assert.equal(asked[1]?.message?.encoding, Encoding.TENSOR);
  assert.deepEqual(asked[1].message.payload, payload);
});

test("what is no tensor payload stays bytes, whatever is cut off or changed", () => {
  const host = started();
  const payload = encodeTensors(everyTensor);
  const read = (broken: Uint8Array): string | undefined =>
    host.receive({ topic: "tensors", encoding: Encoding.TENSOR, payload: broken })[0]?.text;
  for (let length = 0; length < payload.length; length += 5) {
    assert.equal(read(payload.slice(0, length)), "bytes", `${length} bytes`);
  }
  for (let at = 0; at < payload.length; at += 3) {
    const broken = payload.slice();
    broken[at] = (broken[at] ?? 0) ^ 0x80;
    if (typeof decodeTensors(broken) === "string") assert.equal(read(broken), "bytes", `byte ${at}`);
  }
});
