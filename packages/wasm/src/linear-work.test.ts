/** Work per byte does not grow with the module: counted steps, no clock. Hostile sizes are refused early. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import { instrument } from "./instrument.js";
import { LARGE_SHAPES } from "./testing/large-module.js";
import { stepsOf } from "./testing/work-counter.js";
import { validate } from "./validator.js";

const profile = "conformance";

for (const { name, make } of LARGE_SHAPES) {
  test(`[G6] validation is linear: ${name}`, () => {
    const [small = 0, large = 0] = [500, 8_000].map((units) => {
      const bytes = make(units);
      return stepsOf(() => void validate(bytes, { profile })) / bytes.length;
    });
    assert.ok(large <= small * 1.1, `steps per byte: ${small} to ${large}`);
    assert.ok(large < 10, `${large} steps per byte`);
  });

  test(`[G6] instrumentation is linear: ${name}`, () => {
    // A thunk is larger than an import: thousands of nothing else pass the limit of size.
    const sizes = name === "imports" ? [50, 400] : [500, 8_000];
    const [small = 0, large = 0] = sizes.map((units) => {
      const bytes = make(units);
      return stepsOf(() => void instrument(bytes, { profile })) / bytes.length;
    });
    assert.ok(large <= small * 1.1, `steps per byte: ${small} to ${large}`);
  });
}

test("[G6] 100 000 blocks take as many steps each as 1 000", () => {
  const blocks = LARGE_SHAPES.find(({ name }) => name === "blocks") ?? assert.fail("there is such a shape");
  const [few = 0, many = 0] = [1_000, 100_000].map(
    (units) => validate(blocks.make(units), { profile }).steps / units,
  );
  assert.ok(many <= few * 1.01, `${few} to ${many}`);
});

/** Error and steps until it. */
function refusal(bytes: Uint8Array): { readonly error: EngineError; readonly steps: number } {
  let error: unknown;
  const steps = stepsOf(() => {
    try {
      validate(bytes);
    } catch (thrown) {
      error = thrown;
    }
  });
  assert.ok(EngineError.is(error), "the module is refused");
  return { error, steps };
}

test("[G6] ten megabytes of types are refused at their count, before any of them is read", () => {
  const types = LARGE_SHAPES.find(({ name }) => name === "types") ?? assert.fail("there is such a shape");
  const bytes = types.make(1_700_000);
  assert.ok(bytes.length > 10_000_000);
  const { error, steps } = refusal(bytes);
  assert.deepEqual([error.code, error.details["item"]], ["WE_MODULE_LIMIT", "types"]);
  assert.ok(steps < 100, `${steps} steps`);
});

test("[G6] wide types are refused where their parameters and results together pass the limit", () => {
  const wide = [0x60, 100, ...new Array<number>(100).fill(0x7f), 16, ...new Array<number>(16).fill(0x7e)];
  const content = [0x80, 0x20, ...Array.from({ length: 4_096 }, () => wide).flat()];
  const size = [(content.length & 127) | 128, ((content.length >> 7) & 127) | 128, content.length >> 14];
  const bytes = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, ...size, ...content]);
  const { error, steps } = refusal(bytes);
  assert.deepEqual(
    [error.code, error.details["item"], error.details["limit"]],
    ["WE_MODULE_LIMIT", "parameters and results of all types", 100_000],
  );
  assert.ok(steps < 130_000, `${steps} steps: it stops there`);
});

test("counts that lie are refused before anything is allocated for them", () => {
  for (const id of [1, 2, 3, 4, 5, 6, 7, 9, 10, 11]) {
    const bytes = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, id, 5, 0xff, 0xff, 0xff, 0xff, 0x0f);
    const { error, steps } = refusal(bytes);
    assert.match(error.code, /^WE_MODULE_(MALFORMED|LIMIT)$/, `section ${id}`);
    assert.ok(steps < 20, `section ${id}: ${steps} steps`);
  }
});

test("a name section of garbage, and names with NUL, quotes and line ends, change nothing", () => {
  const names = [
    "",
    "\0",
    "a\0b",
    '"; drop',
    "\n\r\u2028",
    "\u{1f600}",
    "constructor",
    "__proto__",
    "toString",
  ];
  const encoded = names.map((name) => [...new TextEncoder().encode(name)]);
  const exports = encoded.flatMap((name) => [name.length, ...name, 0, 0]);
  const garbage = [0, 10, 4, 0x6e, 0x61, 0x6d, 0x65, 0, 0xff, 0xff, 0xff, 0xff];
  const bytes = Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...garbage],
    ...[1, 5, 1, 0x60, 0, 1, 0x7f, ...garbage, 3, 2, 1, 0],
    ...[7, exports.length + 1, names.length, ...exports, ...garbage],
    ...[10, 6, 1, 4, 0, 0x41, 7, 0x0b, ...garbage],
  ]);
  for (const chosen of ["agent", "conformance"] as const) {
    const module = validate(bytes, { profile: chosen }).module;
    assert.deepEqual(
      module.exports.map(({ name }) => name),
      names,
    );
    const output = instrument(bytes, { profile: chosen }).bytes;
    const imports = { wasm_engine: { __we_slice: () => 0 } };
    const compiled = new WebAssembly.Module(output as BufferSource); // never shared memory
    const { exports: found } = new WebAssembly.Instance(compiled, imports);
    for (const name of names) assert.equal((found[name] as () => number)(), 7, JSON.stringify(name));
    assert.equal(
      WebAssembly.Module.customSections(compiled, "name").length,
      0,
      "custom sections stay behind",
    );
  }
});
