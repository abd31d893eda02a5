/** The story of a run: who did what when, and when each agent had nothing pending. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { Engine } from "../client/engine.js";
import { storyOfRun } from "../client/replay-run.js";
import { projectFolder } from "../testing/project.js";

const asker = `import { defineAgent } from "wasm-engine/agent";
export const agent = defineAgent({
  capabilities: ["topics", "models"],
  state: { heard: 0 },
  async onStart(message, ctx) {
    await ctx.sleep(2);
    const answer = await ctx.ask("answerer", { n: 1 }, { topic: "question" });
    ctx.state.heard = answer.body.n;
    ctx.log("heard", answer.body.n);
    ctx.publish("result", { n: answer.body.n });
    await ctx.chat("nobody", [{ role: "user", content: "hello" }]).catch(() => undefined);
  },
  onMessage(message, ctx) {
    if (message.body.fails) throw new Error("planted");
    ctx.exit(2);
  },
});
`;

const answerer = `import { defineAgent } from "wasm-engine/agent";
export const agent = defineAgent({
  async onMessage(message, ctx) {
    message.reply({ n: message.body.n + 1 });
    await ctx.sleep(5);
    ctx.send("asker", { fails: true });
    await ctx.sleep(5);
    ctx.send("asker", {});
  },
});
`;

const configuration = `version: 1
name: story
stop: { when: idle }
modules: { asker: ./asker.js, answerer: ./answerer.js }
models: { nobody: { failing: refuse } }
agents:
  - id: asker
    module: asker
    onFault: { strategy: restart, from: good }
    capabilities: { send: [answerer], topics: [result], models: [nobody] }
  - { id: answerer, module: answerer, capabilities: { send: [asker] } }
`;

test("the story names deeds, receivers, answers and ends, and when nothing was pending", async (context) => {
  const files = { "asker.js": asker, "answerer.js": answerer, "engine.yaml": configuration };
  const folder = projectFolder(context, files);
  await using world = await Engine.open(join(folder, "engine.yaml"), { isolation: "inline" });
  const { dir, ticks } = await world.run();
  await world.close();
  const { story, replay } = await storyOfRun(dir, { isolation: "inline" });
  assert.equal(replay.verified, true);
  assert.equal(replay.ticks, ticks);
  const told = story.entries.map(({ agentId, kind, about, text }) => [agentId, kind, about, text]);
  const [question, answer, published, said, asked, heard, bad, fault, good, exit, ...more] = told;
  assert.deepEqual(question, ["asker", "sent", "answerer, question", '{"n":1}']);
  assert.deepEqual(answer, ["answerer", "sent", "asker, answer", '{"n":2}']);
  assert.deepEqual([published, said, asked].map((entry) => entry?.slice(0, 3)).sort(), [
    ["asker", "asked", "model nobody"],
    ["asker", "published", "result"],
    ["asker", "said", "info"],
  ]);
  assert.deepEqual(heard?.slice(0, 3), ["asker", "heard", "model nobody, failed"]);
  assert.deepEqual(bad, ["answerer", "sent", "asker", '{"fails":true}']);
  assert.deepEqual(fault?.slice(0, 3), ["asker", "fault", "GUEST_ERROR"]);
  assert.match(fault?.[3] ?? "", /planted[^]*asker\.js:14/);
  assert.deepEqual(good, ["answerer", "sent", "asker", "{}"]);
  assert.deepEqual(exit, ["asker", "exit", "code 2", ""]);
  assert.deepEqual(more, []);
  const [second, first] = story.agents;
  const ticksOf = (kind: string): number => story.entries.find((entry) => entry.kind === kind)?.tick ?? -1;
  assert.equal(first?.until, ticksOf("exit") - 1);
  assert.deepEqual(
    first.quiet,
    [[ticksOf("heard"), ticksOf("exit") - 1]],
    "pending until the model answered",
  );
  const answered = story.entries[1]?.tick ?? -1;
  assert.deepEqual(second?.quiet, [
    [0, answered - 1],
    [answered + 10, story.tick],
  ]);
  assert.deepEqual(second.state, { state: {}, waiting: [], queued: 0 });
});
