/**
 * `node scripts/dist/module-speed.js [--megabytes 10]`: how long validation and instrumentation take for modules that
 * are large in one way each, beside an eighth of the size: time per byte that grows is not linear. Least of three runs.
 */

import { instrument, validate } from "@wasm-engine/wasm";
import { LARGE_SHAPES } from "../../packages/wasm/dist/testing/large-module.js";
import { programOptions, wholeNumber } from "../../packages/wasm/dist/testing/program-options.js";
import { EngineError } from "@wasm-engine/abi";

const { values } = programOptions({
  usage: "node scripts/dist/module-speed.js [--megabytes 10]",
  options: { megabytes: { type: "string", default: "10" } },
});
const profile = "conformance";

function leastMs(work: () => void): number {
  const runs = [1, 2, 3].map(() => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  return Math.min(...runs);
}

/** Time of instrumentation, validation included; `undefined` where the result is refused for its size. */
function instrumentMs(bytes: Uint8Array): number | undefined {
  try {
    return leastMs(() => void instrument(bytes, { profile }));
  } catch (error) {
    if (EngineError.is(error)) return undefined;
    throw error;
  }
}

/** Bytes of the module, as many as asked for or what the limits of the shape allow. */
function sized(make: (units: number) => Uint8Array, bytesWanted: number): Uint8Array {
  let units = Math.floor((1_000 * bytesWanted) / make(1_000).length);
  for (;;) {
    const bytes = make(units);
    try {
      validate(bytes, { profile });
      return bytes;
    } catch (error) {
      if (!EngineError.is(error) || error.code !== "WE_MODULE_LIMIT") throw error;
      units = Math.floor(units / 2);
    }
  }
}

const nanosPerByte = (ms: number, bytes: Uint8Array): string => ((ms * 1e6) / bytes.length).toFixed(1);
console.log(
  "| module | MB | validate ms | ns per byte | at an eighth | instrument ms | ns per byte | at an eighth |",
);
console.log("|---|---:|---:|---:|---:|---:|---:|---:|");
for (const { name, make } of LARGE_SHAPES) {
  const large = sized(make, wholeNumber("megabytes", values.megabytes, 1) * 1e6);
  const small = sized(make, large.length / 8);
  const [ms, smallMs] = [large, small].map((bytes) => leastMs(() => void validate(bytes, { profile })));
  const [wholeMs, smallWholeMs] = [large, small].map(instrumentMs);
  const words = [name, (large.length / 1e6).toFixed(1), (ms ?? 0).toFixed(0)];
  words.push(nanosPerByte(ms ?? 0, large), nanosPerByte(smallMs ?? 0, small));
  words.push(wholeMs?.toFixed(0) ?? "too large");
  words.push(wholeMs === undefined ? "" : nanosPerByte(wholeMs, large));
  words.push(smallWholeMs === undefined ? "" : nanosPerByte(smallWholeMs, small));
  console.log(`| ${words.join(" | ")} |`);
}
