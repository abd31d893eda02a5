/** The project of an imagined user: two agents in two languages, and a program that uses the library. */

/** Files of the project by path. */
export const projectFiles: Readonly<Record<string, string>> = {
  "engine.yaml": `# yaml-language-server: $schema=./node_modules/wasm-engine/schema/engine.v1.json
version: 1
name: consumer
seed: 3
clock: { tickMs: 1000, epoch: 2001-01-01T00:00:00Z }
stop: { when: idle, maxTicks: 500 }
modules: { asker: ./agents/asker.js, adder: ./agents/adder.ts }
agents:
  - { id: asker, module: asker, capabilities: { send: [adder], topics: [sum] } }
  - { id: adder, module: adder, capabilities: { send: [asker] } }
inputs: [{ file: ./work.jsonl, at: tick, to: asker, topic: work }]
outputs: [{ topic: sum, file: ./out/sums.jsonl }]
`,
  "javascript-only.yaml": `version: 1
name: alone
modules: { asker: ./agents/asker.js }
agents:
  - { id: asker, module: asker, capabilities: { send: ["*"], topics: [sum] } }
`,
  "model.yaml": `version: 1
name: forecast
stop: { when: idle, maxTicks: 100 }
models: { delay: { path: ./models/delay, providers: [wasm] } }
modules: { forecaster: ./agents/forecaster.ts }
agents:
  - { id: forecaster, module: forecaster, capabilities: { models: [delay], topics: [forecast] } }
outputs: [{ topic: forecast, file: ./out/forecast.jsonl }]
`,
  "native.yaml": `version: 1
name: native
stop: { when: idle, maxTicks: 100 }
models: { delay: { path: ./models/delay, providers: [cpu, wasm] } }
modules: { forecaster: ./agents/forecaster.ts }
agents:
  - { id: forecaster, module: forecaster, capabilities: { models: [delay], topics: [forecast] } }
`,
  "agents/forecaster.ts": `import { Agent, JsonWriter, Message } from "@wasm-engine/sdk-assemblyscript";
import { Tensor, infer, publish, run } from "@wasm-engine/sdk-assemblyscript";
export * from "@wasm-engine/sdk-assemblyscript/entry";

class Forecaster extends Agent {
  onStart(_message: Message): void {
    const features: StaticArray<f32> = [0.5, 0.25, 1, 0, 0.125, 0, 1];
    infer("delay", Tensor.row(features));
  }

  onAnswer(answer: Message): void {
    const tensor = answer.tensor();
    if (answer.isError || tensor === null) publish("forecast", new JsonWriter().text("error", answer.errorCode));
    else publish("forecast", new JsonWriter().number("probability", tensor[0]));
  }
}

run(new Forecaster());
`,
  "work.jsonl": [1, 2, 3, 4].map((tick) => `${JSON.stringify({ tick, value: tick * 10 })}\n`).join(""),
  "agents/asker.js": `import { defineAgent } from "wasm-engine/agent";

export const agent = defineAgent({
  capabilities: ["topics"],
  state: { sums: 0 },
  async onMessage(message, ctx) {
    const answer = await ctx.ask("adder", { value: message.body.value });
    ctx.state.sums += 1;
    ctx.publish("sum", { sum: answer.body.sum });
  },
});
`,
  "agents/adder.ts": `import { Agent, JsonWriter, Message, run } from "@wasm-engine/sdk-assemblyscript";
export * from "@wasm-engine/sdk-assemblyscript/entry";

class Adder extends Agent {
  private sum: f64 = 0;

  onMessage(message: Message): void {
    this.sum += message.json.number("value");
    if (message.answerWanted) message.reply(new JsonWriter().number("sum", this.sum));
  }
}

run(new Adder());
`,
  "src/main.ts": `import { Engine, EngineError, replayRun } from "wasm-engine";
import type { RunningWorld } from "wasm-engine";
import { defineAgent } from "wasm-engine/agent";

export type Unused = ReturnType<typeof defineAgent>;
const world: RunningWorld = await Engine.open("engine.yaml");
const { tick, durability } = await world.send("adder", { value: 1 });
const answer = await world.ask("adder", { value: 2 });
await world.close();
const { verified, ticks } = await replayRun(world.dir);
let code = "";
try {
  await Engine.open("no-such-world.yaml");
} catch (error) {
  if (EngineError.is(error)) code = error.code;
}
console.log(JSON.stringify({ sent: tick >= 0, durability, answer: answer.payload, verified, ran: ticks > 0, code }));
`,
  "tsconfig.json": JSON.stringify({
    compilerOptions: {
      target: "ES2023",
      lib: ["ES2023"],
      types: ["node"],
      module: "nodenext",
      moduleResolution: "nodenext",
      strict: true,
      outDir: "dist",
      rootDir: "src",
    },
    include: ["src"],
  }),
};

/** Folder of the repository that the project has a copy of as `models/delay`. */
export const modelSource = "examples/airports/models/delay";

/** Sums that the four inputs must lead to. */
export const expectedSums: readonly number[] = [10, 30, 60, 100];
