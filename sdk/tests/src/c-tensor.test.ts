/** Tensors of the C SDK against the layout of the contract, both ways. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { Encoding, TensorType, decodeTensors, encodeTensors } from "@wasm-engine/abi";
import { PlainHost } from "./testing/plain-host.js";
import { repositoryRoot } from "./testing/repository.js";
import { everyTensor, sample } from "./testing/tensor-samples.js";

const probe = new WebAssembly.Module(readFileSync(`${repositoryRoot}/sdk/tests/guests/probe.wasm`));

function started(): PlainHost {
  return new PlainHost(probe).start();
}

test("infer sends tensors as the contract lays them out; what does not fit is refused", () => {
  const [row, several, log] = started().receive({ topic: "ask model" });
  assert.equal(row?.message?.encoding, Encoding.TENSOR);
  const first = sample("", TensorType.FLOAT32, [1, 2], new Float32Array([0.5, -2]));
  assert.deepEqual(row.message.payload, encodeTensors([first]));
  assert.equal(several?.number, 9);
  assert.deepEqual(
    several.message?.payload,
    encodeTensors([
      sample("tokens", TensorType.INT64, [2, 1, 2], new BigInt64Array([-1n, 0n, 1n, 2n])),
      sample("größe", TensorType.FLOAT64, [], new Float64Array([0.1])),
    ]),
  );
  assert.equal(log?.text, "overflow");
});

test("every type is read and written back byte for byte", () => {
  const tensors = everyTensor.filter(({ name }) => name !== "f16" && name !== "f32");
  const finite = sample("f32", TensorType.FLOAT32, [1, 2], new Float32Array([0.1, -7]));
  const payload = encodeTensors([finite, ...tensors]);
  const asked = started().receive({ topic: "tensors", encoding: Encoding.TENSOR, payload });
  assert.equal(
    asked[0]?.text,
    '{"f32":[0.10000000149011612,-7],"u8":[0,255],"i8":[-128,127],"i16":[-300],"i32":[-70000],' +
      '"i64":[9223372036854775807,-1],"bool":[1,0],"f64":[0.1],"found":true}',
  );
  assert.equal(asked[1]?.message?.encoding, Encoding.TENSOR);
  assert.deepEqual(asked[1].message.payload, payload);
});

test("what is no tensor payload reads as none, whatever byte is wrong", () => {
  const host = started();
  const payload = encodeTensors(everyTensor);
  const read = (bytes: Uint8Array): string | undefined =>
    host.receive({ topic: "tensors", encoding: Encoding.TENSOR, payload: bytes })[0]?.text;
  for (let length = 0; length < payload.length; length += 1) {
    assert.equal(read(payload.slice(0, length)), "none", `${length} bytes`);
  }
  for (let at = 0; at < payload.length; at += 1) {
    const broken = payload.slice();
    broken[at] = (broken[at] ?? 0) ^ 0x40;
    if (typeof decodeTensors(broken) === "string") assert.equal(read(broken), "none", `byte ${at}`);
  }
  assert.equal(host.receive({ topic: "tensors", payload })[0]?.text, "none", "another encoding");
});
