import assert from "node:assert/strict";
import { test } from "node:test";
import { TensorType } from "@wasm-engine/abi";
import { halfBits, halfValue, readElement, writeElement } from "./element-value.js";

test("all 65 536 half floats survive the way to a number and back", () => {
  for (let bits = 0; bits < 65_536; bits += 1) {
    const value = halfValue(bits);
    if (Number.isNaN(value)) assert.equal((bits & 0x7c00) === 0x7c00 && (bits & 1023) !== 0, true);
    else assert.equal(halfBits(value), bits);
  }
});

test("numbers between two half floats go to the nearer one, from the middle to the even one", () => {
  for (let bits = 0; bits < 0x7bff; bits += 1) {
    const [low, high] = [halfValue(bits), halfValue(bits + 1)];
    const middle = (low + high) / 2;
    assert.equal(halfBits(middle), bits % 2 === 0 ? bits : bits + 1);
    assert.equal(halfBits(middle - (high - low) / 1024), bits);
    assert.equal(halfBits(middle + (high - low) / 1024), bits + 1);
    assert.equal(halfBits(-middle), 0x8000 | halfBits(middle));
  }
  assert.equal(halfBits(65519.99), 0x7bff);
  assert.equal(halfBits(65520), 0x7c00);
  assert.equal(halfBits(-Infinity), 0xfc00);
  assert.equal(halfBits(NaN), 0x7e00);
});

test("what a type cannot hold is said, both ways", () => {
  const view = new DataView(new ArrayBuffer(8));
  const refused: readonly (readonly [TensorType, unknown, string])[] = [
    [TensorType.UINT8, 256, "256 is no whole number from 0 to 255"],
    [TensorType.INT8, 0.5, "0.5 is no whole number from -128 to 127"],
    [TensorType.INT64, 2 ** 53, "9007199254740992 is no whole number"],
    [TensorType.FLOAT16, 70_000, "70000 is beyond float16"],
    [TensorType.BOOL, 2, "2 is no boolean"],
    [TensorType.FLOAT32, true, "true is no number"],
    [TensorType.FLOAT32, { a: 1 }, "an object is no number"],
  ];
  for (const [type, value, problem] of refused)
    assert.ok(writeElement(view, 0, type, value)?.startsWith(problem), `${String(type)} ${problem}`);
  view.setBigInt64(0, 2n ** 60n, true);
  assert.equal(
    readElement(view, 0, TensorType.INT64),
    "1152921504606846976, which no JSON number holds exactly",
  );
});
