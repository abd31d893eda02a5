/** Where `dev` forks: back from pending awaits, again where an upgrade is refused, on in a world that never ends. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { DevProcess, devProject } from "./testing/dev-process.js";
import type { DevProject } from "./testing/dev-process.js";

async function session(
  files: Readonly<Record<string, string>>,
  use: (dev: DevProcess, project: DevProject) => Promise<void>,
): Promise<void> {
  const project = devProject(files);
  const dev = new DevProcess(project.folder, []);
  try {
    await use(dev, project);
  } finally {
    await dev.remove();
    project.remove();
  }
}

const patient = (fails: boolean): string => `import { defineAgent } from "wasm-engine/agent";
export const agent = defineAgent({
  state: { done: 0 },
  async onMessage(message, ctx) {
    await ctx.sleep(4);
    if (${String(fails)} && message.body.n === 1) throw new Error("planted");
    ctx.state.done += 1;
    ctx.log("done", message.body.n);
  },
});
`;

test("[S14.dev] a pending await: the fork steps back to where nothing was pending, and says so", async () => {
  const files = {
    "engine.yaml": `version: 1
name: patience
stop: { when: idle }
modules: { patient: ./patient.ts }
agents: [{ id: patient, module: patient, onFault: { strategy: restart } }]
inputs: [{ file: ./inputs.jsonl, at: tick, to: patient, topic: go }]
`,
    "inputs.jsonl": '{"tick":2,"n":0}\n{"tick":20,"n":1}\n',
    "patient.ts": patient(true),
  };
  await session(files, async (dev, project) => {
    assert.match(await dev.until(/^watching/m), /^failed +agent patient faulted at tick 24/m);
    project.write("patient.ts", patient(false));
    const second = await dev.until(/^watching/m);
    assert.match(
      second,
      /^forked +at tick 19, before agent patient failed at tick 24, .*something of patient was pending$/m,
    );
    assert.match(second, /^gone +/m);
    assert.match(second, /done 1$/m);
    assert.doesNotMatch(second, /done 0$/m, "the past is shared, not run again");
    project.write("inputs.jsonl", '{"tick":2,"n":0}\n');
    assert.match(await dev.until(/^watching/m), /^plan +from the start: inputs changed$/m);
  });
});

const writer = (fails: boolean): string => `import { defineAgent } from "wasm-engine/agent";
export const agent = defineAgent({
  capabilities: ["models", "tools", "topics"],
  async onStart(message, ctx) {
    const texts = [];
    for (const content of ["one", "two"]) {
      texts.push((await ctx.chat("writer", [{ role: "user", content }])).text);
      texts.push((await ctx.tool("count", { content })).letters);
    }
    if (${String(fails)}) throw new Error("planted");
    ctx.publish("result", { texts });
  },
});
`;

test("[S14.dev] always pending: a run from the start that asks no model and calls no tool again", async () => {
  const files = {
    "engine.yaml": `version: 1
name: writing
stop: { when: idle }
modules: { writer: ./agents/writer.ts }
models: { writer: { scripted: ./writer.yaml } }
tools: { count: ./tools/count.mjs }
agents:
  - id: writer
    module: writer
    capabilities: { models: [writer], tools: [count], topics: [result] }
    onFault: { strategy: stop }
`,
    "writer.yaml": "- answer: 'about {last}'\n",
    "tools/count.mjs": `import { lettersOf } from "./letters.mjs";
export default {
  name: "count",
  input: { type: "object" },
  run: ({ content }) => ({ letters: lettersOf(content) }),
};
`,
    "tools/letters.mjs": "export const lettersOf = (text) => text.length;\n",
    "agents/writer.ts": writer(true),
  };
  await session(files, async (dev, project) => {
    const first = await dev.until(/^watching/m);
    assert.match(first, /^failed +agent writer faulted/m);
    project.write("agents/writer.ts", writer(false));
    const second = await dev.until(/^watching/m);
    assert.match(
      second,
      /^plan +from the start with new writer and recorded answers; .*of writer was pending$/m,
    );
    assert.match(second, /^answers +4 reused, 0 asked anew$/m);
    assert.match(second, /^gone +the failure of agent writer/m);
    assert.match(second, /\+ tick \d+ published result: \{"texts":\["about one",3,"about two",3\]\}/);
    project.write("writer.yaml", "- answer: 'on {last}'\n");
    const third = await dev.until(/^watching/m);
    assert.match(third, /^plan +from the start: scripted writer changed$/m);
    assert.match(third, /"texts":\["on one",3,"on two",3\]/);
    project.write("tools/letters.mjs", "export const lettersOf = (text) => -text.length;\n");
    const fourth = await dev.until(/^watching/m);
    assert.match(fourth, /^plan +from the start: tool count changed$/m);
    assert.match(fourth, /"texts":\["on one",-3,"on two",-3\]/);
  });
});

const counting = (
  fails: boolean,
  version: number,
): string => `import { defineAgent } from "wasm-engine/agent";
export const agent = defineAgent({
  version: ${version},
  state: { seen: 0 },
  onMessage(message, ctx) {
    if (${String(fails)} && message.body.n === 3) throw new Error("planted");
    ctx.state.seen += message.body.n;
  },
});
`;

test("[S14.dev] an upgrade that the new code refuses: from the start, with the reason", async () => {
  const files = {
    "engine.yaml": `version: 1
name: counting
stop: { when: idle }
modules: { counter: ./counter.ts }
agents: [{ id: counter, module: counter, onFault: { strategy: restart } }]
inputs: [{ file: ./inputs.jsonl, at: tick, to: counter, topic: go }]
`,
    "inputs.jsonl": '{"tick":2,"n":1}\n{"tick":4,"n":3}\n{"tick":6,"n":5}\n',
    "counter.ts": counting(true, 1),
  };
  await session(files, async (dev, project) => {
    assert.match(await dev.until(/^watching/m), /^failed +agent counter faulted at tick 4/m);
    project.write("counter.ts", counting(false, 2));
    const second = await dev.until(/^watching/m);
    assert.match(second, /^error\[WE_DEV_UPGRADE_REFUSED\]: Agent counter kept its old code after tick 3: /m);
    assert.match(second, /^plan +from the start, because the fork was refused$/m);
    assert.match(second, /^gone +the failure/m);
    assert.match(second, /~ state\.seen: 6 -> 9/);
  });
});

const clock = (word: string): string => `import { defineAgent } from "wasm-engine/agent";
export const agent = defineAgent({
  state: { rounds: 0 },
  onCadence(message, ctx) {
    ctx.state.rounds += 1;
    if (ctx.state.rounds % 1000 === 0) ctx.log(${JSON.stringify(word)}, ctx.state.rounds);
  },
});
`;

test("[S14.dev] a world that never ends goes on where it stood, with the new code", async () => {
  const files = {
    "engine.yaml": `version: 1
name: clock
stop: { when: never }
modules: { clock: ./clock.ts }
agents: [{ id: clock, module: clock, every: 1 }]
`,
    "clock.ts": clock("tick"),
  };
  await session(files, async (dev, project) => {
    await dev.until(/ clock {2}tick 1000$/m);
    project.write("clock.ts", "export const agent = (;\n");
    await dev.until(/^error\[WE_/m);
    await dev.until(/ clock {2}tick \d+$/m);
    project.write("clock.ts", clock("tock"));
    const forked = await dev.until(/^forked +at tick \d+, where the world stood, with new clock$/m);
    const rounds = [...forked.matchAll(/tick (\d+)$/gm)].map(([, count]) => Number(count));
    const [, next = "0"] = / clock {2}tock (\d+)$/m.exec(await dev.until(/ clock {2}tock \d+$/m)) ?? [];
    assert.ok(Number(next) >= Math.max(0, ...rounds), "the state has moved along");
    const ended = await dev.interrupt();
    assert.equal(ended.code, 130, ended.stderr);
  });
});
