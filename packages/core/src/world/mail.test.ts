/** Where mail lies on its way from one tick to the next shows in no chain, no state and no agent's memory. */

import assert from "node:assert/strict";
import test from "node:test";
import { MessageKind } from "@wasm-engine/abi";
import { nodeHasher } from "../testing/node-hasher.js";
import type { RegionOptions } from "../testing/object-executors.js";
import { all, atStart, puppet, type Acts } from "../testing/puppet.js";
import { randomGenesis, randomInputs, randomScript } from "../testing/random-world.js";
import { ScriptExecutors } from "../testing/script-executors.js";
import { ScriptWorld, agentId, genesis, handle, lifecycle, message, spec } from "../testing/script-world.js";
import { SeededRandom, repeatable, seeds } from "../testing/seeded-random.js";
import { World } from "./world.js";

/** Regions that nothing fits into, that fill up, that grow from nothing, and that threads would have. */
const regionKinds: readonly RegionOptions[] = [
  { regionBytes: 8, mailBytesMax: 8 },
  { regionBytes: 128, mailBytesMax: 128 },
  { regionBytes: 8, mailBytesMax: 1 << 20, lanes: 3 },
  { regionBytes: 1 << 16, lanes: 2 },
];

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function bytesAsText(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? hex(value) : value;
}

/** Everything that a world shows after every tick. */
function momentOf(script: ScriptWorld): string {
  const { world } = script;
  const parts = [script.results.at(-1), world.agents(), hex(world.stateHash()), hex(world.exportState())];
  return JSON.stringify(parts, bytesAsText);
}

function worldOf(acts: Acts, regions: RegionOptions): ScriptWorld {
  const ids = Object.keys(acts);
  return new ScriptWorld(genesis(ids.map((id) => spec(id, { channels: ["all"] }))), puppet(acts), regions);
}

/** Every agent sends to everybody and publishes, with payloads of many lengths. */
const chatter: Acts = Object.fromEntries(
  ["a", "b", "c", "d", "e"].map((id) => [
    id,
    all(
      atStart((context) => void context.send(context.handle, { topic: "again", payload: id })),
      (context, { topic, text }) => {
        if (topic !== "again") return;
        for (const peer of ["a", "b", "c", "d", "e"])
          context.send(handle(peer), { payload: text.repeat(context.tick % 7) });
        context.publish("all", text.slice(0, context.tick % 11));
        context.send(context.handle, { topic: "again", payload: `${text}${id}` });
      },
    ),
  ]),
);

function chat(regions: RegionOptions): { readonly script: ScriptWorld; readonly moments: string[] } {
  const script = worldOf(chatter, regions);
  const moments: string[] = [];
  for (let tick = 0; tick < 25; tick += 1) {
    script.step();
    moments.push(momentOf(script));
  }
  return { script, moments };
}

test("[G7] mail that finds no room in its region travels in the heap and leaves the same chain", () => {
  const [none, some, grown, wide] = regionKinds.map((regions) => chat(regions));
  for (const other of [some, grown, wide]) assert.deepEqual(other?.moments, none?.moments);
  // Start messages always come inline: they are of the engine.
  assert.equal(none?.script.executors.messages.mail, 0);
  assert.ok(
    (some?.script.executors.messages.mail ?? 0) > 25,
    "a small region holds a message or two per tick",
  );
  assert.ok((some?.script.executors.messages.inline ?? 0) > 100, "a small region is soon full");
  assert.ok((grown?.script.executors.messages.inline ?? Infinity) < 200, "a region grows to what was wanted");
  assert.equal(wide?.script.executors.messages.inline, 5, "a large region holds everything");
});

/** A sends to everybody for ten ticks; b is paused, c is busy with a long turn, d may take one turn in three ticks. */
function leftover(regions: RegionOptions): { readonly lines: string[]; readonly head: string } {
  const acts: Acts = {
    a: (context, { message: received, topic }) => {
      if (context.tick > 10 || (received?.kind !== MessageKind.START && topic !== "again")) return;
      for (const peer of ["b", "c", "d"]) context.send(handle(peer), { topic: `of ${context.tick}` });
      context.publish("all", "shared");
      context.send(context.handle, { topic: "again" });
    },
    b: undefined,
    c: (context, { topic }) => {
      if (topic === "of 2") context.burn(4500);
    },
    d: undefined,
  };
  const script = worldOf(acts, regions);
  script.step([lifecycle("pause", "b")]);
  for (let tick = 1; tick < 14; tick += 1)
    script.step(tick % 3 === 1 ? [lifecycle("pause", "d")] : [lifecycle("resume", "d")]);
  assert.ok((script.world.agent(agentId("b"))?.mailbox.length ?? 0) === 22, "mail of many ticks waits");
  script.step([lifecycle("resume", "b")], 40);
  script.runUntil(60);
  return {
    lines: ["b", "c", "d"].map((id) => script.executors.stateOf(id) ?? ""),
    head: hex(script.world.chainHead),
  };
}

test("mail that waits for many ticks keeps its order and its bytes, wherever it lay", () => {
  const [first, ...others] = regionKinds.map((regions) => leftover(regions));
  for (const other of others) assert.deepEqual(other, first);
  const received = (first?.lines[0] ?? "").split("\n").filter((line) => / MESSAGE of /.test(line));
  const expected = Array.from({ length: 11 }, (_, tick) => `40 MESSAGE of ${tick}`);
  assert.deepEqual(received, expected);
});

test("mail of a tick that was skipped over is not lost: its receiver was paused when it came", () => {
  for (const regions of regionKinds) {
    const acts: Acts = {
      a: atStart((context) => void context.send(handle("b"), { topic: "early" })),
      b: undefined,
    };
    const script = worldOf(acts, regions);
    script.step([lifecycle("pause", "b")]);
    assert.equal(script.world.nextDueTick(), undefined);
    script.step([message("b", "late"), lifecycle("resume", "b")], 8);
    assert.deepEqual(script.executors.stateOf("b")?.split("\n"), [
      "8 init",
      "8 START null",
      "8 MESSAGE early",
      "8 MESSAGE late",
    ]);
  }
});

/** Chain heads, states and what left the world, tick by tick. */
function randomRun(seed: number, regions: RegionOptions): string[] {
  const random = new SeededRandom(seed);
  const start = randomGenesis(random);
  const executors = new ScriptExecutors(randomScript, {
    ...regions,
    upgrade: (id) => ({ result: id < "c" ? "imported" : id < "e" ? "fresh" : "refused", fuel: 5, code: 2 }),
  });
  const world = World.create(start, { hasher: nodeHasher, executors });
  const moments: string[] = [];
  let seq = 1;
  for (let tick = 0; tick < 50; tick += 1) {
    const inputs = randomInputs(random, tick, seq);
    seq += inputs.length;
    if (inputs.length === 0 && world.nextDueTick() !== tick) continue;
    const result = world.step(tick, inputs);
    moments.push(JSON.stringify([result, hex(world.exportState()), world.nextDueTick()], bytesAsText));
  }
  return moments;
}

test("[G7] random worlds: tiny regions, large regions and several lanes give one chain", () => {
  for (const seed of seeds("regions", 12)) {
    repeatable(seed, "world/mail.test.js", () => {
      const [first, ...others] = regionKinds.map((regions) => randomRun(seed, regions));
      assert.ok((first?.length ?? 0) > 10);
      for (const other of others) assert.deepEqual(other, first);
    });
  }
});
