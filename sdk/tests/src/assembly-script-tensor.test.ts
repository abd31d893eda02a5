/** Tensors of the AssemblyScript SDK against the layout of the contract, both ways. */

import assert from "node:assert/strict";
import test from "node:test";
import { Encoding, TensorType, decodeTensors, encodeTensors } from "@wasm-engine/abi";
import type { TensorBlock } from "@wasm-engine/abi";
import { compileAssemblyScript } from "./testing/assembly-script.js";
import { PlainHost } from "./testing/plain-host.js";
import { everyTensor } from "./testing/tensor-samples.js";

const probe = new WebAssembly.Module(await compileAssemblyScript("sdk/tests/guests/probe.ts"));

function started(): PlainHost {
  return new PlainHost(probe).start();
}

test("infer sends tensors as the contract lays them out", () => {
  const [row, several] = started().receive({ topic: "ask model" });
  assert.equal(row?.message?.encoding, Encoding.TENSOR);
  assert.deepEqual(row.message.payload, encodeTensors([block("", 1, [1, 2], new Float32Array([0.5, -2]))]));
  assert.equal(several?.number, 9);
  assert.deepEqual(
    several.message?.payload,
    encodeTensors([
      block("tokens", TensorType.INT64, [2, 1, 2], new BigInt64Array([-1n, 0n, 1n, 2n])),
      block("größe", TensorType.FLOAT64, [], new Float64Array([0.1])),
      block("none", TensorType.FLOAT32, [0, 3], new Float32Array()),
    ]),
  );
});

test("every type is read and written back byte for byte", () => {
  const payload = encodeTensors(everyTensor);
  const asked = started().receive({ topic: "tensors", encoding: Encoding.TENSOR, payload });
  assert.deepEqual(asked[1]?.message?.payload, payload);
  assert.equal(asked[1].message.encoding, Encoding.TENSOR);
  assert.equal(
    asked[0]?.text,
    "9 f32[1,3]=0.10000000149011612,0.0,Infinity u8[2]=0.0,255.0 i8[2]=-128.0,127.0 i16[1]=-300.0 " +
      "i32[1]=-70000.0 i64[2]=9223372036854775807,-1 bool[2]=1.0,0.0 " +
      "f16[4]=1.0,-2.0,5.960464477539063e-8,65504.0 f64[]=0.1",
  );
});

test("a single tensor needs no name", () => {
  const payload = encodeTensors([block("", TensorType.FLOAT32, [1], new Float32Array([2]))]);
  const [line] = started().receive({ topic: "tensors", encoding: Encoding.TENSOR, payload });
  assert.equal(line?.text, "1 single y [1]=2.0");
});

test("what is no tensor payload reads as none, whatever byte is wrong", () => {
  const host = started();
  const payload = encodeTensors(everyTensor);
  const read = (bytes: Uint8Array): string | undefined =>
    host.receive({ topic: "tensors", encoding: Encoding.TENSOR, payload: bytes })[0]?.text;
  for (let length = 0; length < payload.length; length += 1)
    assert.equal(read(payload.slice(0, length)), "0");
  for (let at = 0; at < payload.length; at += 1) {
    const broken = payload.slice();
    broken[at] = (broken[at] ?? 0) ^ 0x80;
    const decoded = decodeTensors(broken);
    const text = read(broken) ?? "";
    // A guest does not check the encoding of a name; everything else it sees as the engine does.
    if (typeof decoded !== "string") assert.match(text, /^9 /, `byte ${at}`);
    else if (!decoded.includes("UTF-8")) assert.equal(text, "0", `byte ${at}: ${decoded}`);
  }
  assert.equal(host.receive({ topic: "tensors", payload })[0]?.text, "0", "another encoding");
});

function block(
  name: string,
  type: TensorType,
  dimensions: readonly number[],
  values: ArrayBufferView,
): TensorBlock {
  return {
    name,
    type,
    dimensions,
    data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  };
}
