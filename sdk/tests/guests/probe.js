// Exercises the JavaScript SDK; the test compares what it says.
import { AgentError, defineAgent } from "wasm-engine/agent";

const loadedAt = Date.now();
const loadedRandom = Math.random();
let early;
try {
  early = globalThis[Symbol.for("wasm-engine.agent")] === undefined ? "no sdk" : "sdk";
} catch (error) {
  early = String(error);
}

async function answered(message, ctx) {
  const answer = await ctx.ask("critic", { text: "grüße 🦆" }, { topic: "frage", timeoutTicks: 30 });
  await ctx.sleep(10);
  ctx.state.answered += 1;
  message.reply({ verdict: answer.body, from: answer.sender });
}

async function refused(_message, ctx) {
  try {
    await ctx.ask("critic", 1);
  } catch (error) {
    ctx.log(error instanceof AgentError, error.name, error.code, error.retryable, error.message);
  }
  try {
    ctx.send("nobody", 1);
  } catch (error) {
    ctx.log(error.code, error.message);
  }
}

function calls(_message, ctx) {
  ctx.send(9, new Uint8Array([1, 2, 3]), { topic: "bytes" });
  ctx.publish("news", [1, 2]);
  ctx.join("news");
  ctx.leave("news");
  void ctx.task({ taskId: "t1" }, { delayTicks: 3 });
  void ctx.infer("delay", { x: 1 }, { timeoutTicks: 0 });
  void ctx.tool("search", { q: 1 });
  const child = ctx.spawn({ id: "child" });
  ctx.log(child.handle, ctx.tick, ctx.now, ctx.lookup("critic"), ctx.lookup("nobody"));
  const random = ctx.random();
  ctx.log(random >= 0 && random < 1 && ctx.random() !== random && ctx.randomBytes(70_000).length);
  console.warn("warned", { a: 1 });
  ctx.exit(3);
}

async function askModel(_message, ctx) {
  const answer = await ctx.infer("delay", { x: { dims: [1, 2], data: new Float32Array([0.5, -2]) } });
  ctx.log(answer.type, answer.dims, answer.data[0]);
  try {
    await ctx.infer("delay", { dims: [3], data: new Float32Array(2) });
  } catch (error) {
    ctx.log(error.name, error.message);
  }
  void ctx.infer("delay", { type: "bool", dims: [2], data: new Uint8Array([1, 0]) });
  void ctx.infer("delay", { dims: [1], data: "text" });
}

const topics = {
  askModel,
  tensors: (message, ctx) => {
    ctx.log(message.body instanceof Uint8Array ? "bytes" : Object.keys(message.body));
    message.reply(message.body);
  },
  answered,
  refused,
  calls,
  echo: (message) => message.reply(message.body),
  reverse: (message) => message.reply(message.body.toReversed()),
  kind: (message, ctx) => ctx.log(message.kind, typeof message.body, message.body instanceof Uint8Array),
  throw: () => {
    throw new TypeError("bad ü");
  },
  reject: () => Promise.reject(new RangeError("later")),
  stray: () => void Promise.reject(new RangeError("stray")),
  handled: async (_message, ctx) => {
    const promise = Promise.reject(new Error("caught later"));
    await null;
    await promise.catch((error) => ctx.log(error.message));
  },
  order: async (_message, ctx) => {
    queueMicrotask?.(() => ctx.log("microtask"));
    await null;
    ctx.log("after await");
  },
  loaded: (_message, ctx) =>
    ctx.log(loadedAt, loadedRandom, early, new Date().toISOString(), new Date(0).getTimezoneOffset()),
  recursion: (_message, ctx) => {
    const deeper = () => 1 + deeper();
    try {
      deeper();
    } catch (error) {
      ctx.log(String(error));
    }
  },
  allocate: () => new Array(10).fill("x".repeat(1000)).map((text, index) => ({ text, index })).length,
};

export const agent = defineAgent({
  capabilities: ["topics", "models", "tools", "spawn"],
  state: { answered: 0 },
  onStart: (message, ctx) => ctx.log("start", message.body.name),
  onTask: (task, ctx) => ctx.log("task", task.topic),
  onCadence: (context, ctx) => ctx.log("cadence", context.tick),
  onStop: (_message, ctx) => ctx.log("stop"),
  onShutdown: (ctx) => ctx.log("shutdown"),
  onMessage: (message, ctx) => topics[message.topic](message, ctx),
});
