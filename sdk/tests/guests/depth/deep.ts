// A thousand nested calls of every common shape succeed; endless ones are an error that can be caught.
import { defineAgent } from "wasm-engine/agent";

const plain = (n: number): number => (n === 0 ? 0 : 1 + plain(n - 1));
const closed = (n: number): (() => number) => () => (n === 0 ? 0 : 1 + closed(n - 1)());
const spread = (...list: number[]): number => (list[0] === 0 ? 0 : 1 + spread(Number(list[0]) - 1, 2, 3));
const later = async (n: number): Promise<number> => (n === 0 ? 0 : 1 + (await later(n - 1)));
const mapped = (n: number): number => (n === 0 ? 0 : 1 + Number([n - 1].map(mapped)[0]));
const sorted = (n: number): number => [2, 1].sort(() => (n === 0 ? 0 : sorted(n - 1))).length;
const told = (n: number): string => (n === 0 ? "" : JSON.stringify({ toJSON: () => told(n - 1) }));

function caught(n: number): number {
  try {
    return n === 0 ? 0 : 1 + caught(n - 1);
  } finally {
    n = 0;
  }
}

function looped(n: number): number {
  let sum = 0;
  for (const m of n === 0 ? [] : [n - 1]) sum += 1 + looped(m);
  return sum;
}

class Box {
  depth(n: number): number {
    return n === 0 ? 0 : 1 + new Box().depth(n - 1);
  }
}

const method = (n: number): number => new Box().depth(n);

defineAgent({
  async onStart(_message, ctx) {
    for (const call of [plain, closed, spread, caught, looped, method]) {
      const answer = call(1000);
      ctx.log(call.name, typeof answer === "function" ? answer() : answer);
    }
    ctx.log("later", await later(750));
    for (const call of [plain, method, mapped, sorted, told]) {
      try {
        ctx.log(call.name, call(1e9));
      } catch (error) {
        ctx.log(call.name, error instanceof RangeError);
      }
    }
  },
});
