// quickjs-emscripten: one context per station in one WebAssembly module and one heap; 64 bytes copied in and out.
import { newQuickJSWASMModule } from "quickjs-emscripten";
import { messageWords, stationOf, writeFirst } from "../../dist/ring.js";

export const name = "quickjs-emscripten, context per agent";
// A context takes about 90 KB: 10 000 of them are not what anybody would run.
export const sizes = [50, 1000];

const guest = `
  let count = 0, checksum = 0;
  function hop(buffer) {
    const words = new Uint32Array(buffer);
    let sum = 0;
    for (let word = 0; word < 16; word += 1) sum = (Math.imul(sum, 31) + words[word]) | 0;
    checksum = (checksum + sum) >>> 0;
    count += 1;
    words[0] = Math.imul(words[0], 1664525) + 1013904223;
    words[1] += 1;
    return buffer;
  }
  function state() { return count + " " + checksum; }`;

export const form = async (stations, hops) => {
  const runtime = (await newQuickJSWASMModule()).newRuntime();
  const places = Array.from({ length: stations }, () => {
    const context = runtime.newContext();
    context.unwrapResult(context.evalCode(guest)).dispose();
    return { context, hop: context.getProp(context.global, "hop") };
  });
  let queue = [];
  for (let number = 0; number < stations; number += 1) {
    const words = new Uint32Array(messageWords);
    writeFirst(words, 0, number);
    queue.push(words);
  }
  const startMs = performance.now();
  for (let hop = 0; hop < hops; hop += 1) {
    queue = queue.map((words) => {
      const { context, hop: call } = places[stationOf(words[0], stations)];
      const argument = context.newArrayBuffer(words.slice().buffer);
      const result = context.unwrapResult(context.callFunction(call, context.undefined, argument));
      const bytes = context.getArrayBuffer(result);
      const next = new Uint32Array(bytes.value.slice().buffer);
      bytes.dispose();
      result.dispose();
      argument.dispose();
      return next;
    });
  }
  const elapsedMs = performance.now() - startMs;
  const states = places.map(({ context, hop }) => {
    const text = context.unwrapResult(context.evalCode("state()"));
    const [count, checksum] = context.getString(text).split(" ").map(Number);
    text.dispose();
    hop.dispose();
    context.dispose();
    return { count, checksum };
  });
  runtime.dispose();
  return {
    elapsedMs,
    counts: Uint32Array.from(states, ({ count }) => count),
    checksums: Uint32Array.from(states, ({ checksum }) => checksum),
  };
};
