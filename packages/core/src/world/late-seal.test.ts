/** Ticks that are sealed later: the same chain, in order, and nothing before its state hash is there. */

import assert from "node:assert/strict";
import test from "node:test";
import type { Genesis, Input, Seal } from "../model.js";
import { LateExecutors } from "../testing/late-executors.js";
import { nodeHasher } from "../testing/node-hasher.js";
import { randomGenesis, randomInputs, randomScript } from "../testing/random-world.js";
import { ScriptExecutors } from "../testing/script-executors.js";
import { SeededRandom, repeatable, seeds } from "../testing/seeded-random.js";
import type { WorldContract } from "../world-contract.js";
import { World } from "./world.js";

const ticks = 60;

function scenario(seed: number): { readonly genesis: Genesis; readonly inputs: readonly Input[][] } {
  const random = new SeededRandom(seed);
  const genesis = { ...randomGenesis(random), stateHashEvery: 1 + random.below(9) };
  let seq = 1;
  const inputs = Array.from({ length: ticks }, (_, tick) => {
    const own = randomInputs(random, tick, seq);
    seq += own.length;
    return own;
  });
  return { genesis, inputs };
}

function told({ commit, chainHead }: Seal): string {
  return `${commit.tick} ${JSON.stringify(commit)} ${Buffer.from(chainHead).toString("hex")}`;
}

/** Executes every tick that has something to do. */
function run(world: WorldContract, inputs: readonly Input[][], execute: (tick: number) => void): void {
  for (const [tick, own] of inputs.entries())
    if (own.length > 0 || world.nextDueTick() === tick) execute(tick);
}

function atOnce(seed: number): { readonly seals: string[]; readonly states: Map<number, string> } {
  const { genesis, inputs } = scenario(seed);
  const world = World.create(genesis, { hasher: nodeHasher, executors: new ScriptExecutors(randomScript) });
  const seals: string[] = [];
  const states = new Map<number, string>();
  run(world, inputs, (tick) => {
    const { commit, chainHead } = world.step(tick, inputs[tick] ?? []);
    seals.push(told({ commit, chainHead }));
    states.set(tick, Buffer.from(nodeHasher.sha256(world.exportState())).toString("hex"));
  });
  return { seals, states };
}

/** What somebody may do between two ticks. */
function disturb(world: WorldContract, random: SeededRandom, states: ReadonlyMap<number, string>): void {
  switch (random.below(6)) {
    case 0:
      return void world.advanceSeals(1 + random.below(3));
    case 1:
      return void assert.equal(world.chainHead.length, 32);
    case 2:
      return void assert.equal(world.stateHash().length, 32);
    case 3: {
      const state = Buffer.from(nodeHasher.sha256(world.exportState())).toString("hex");
      return assert.equal(state, states.get(world.tick), "the exported state has the chain head of its tick");
    }
    default:
      return;
  }
}

test("[G1] ticks that are sealed later have the chain of those that are sealed at once", () => {
  let waited = 0;
  for (const seed of seeds("late-seal", 20)) {
    repeatable(seed, "world/late-seal.test.js", () => {
      const { seals: expected, states } = atOnce(seed);
      const { genesis, inputs } = scenario(seed);
      const executors = new LateExecutors(randomScript);
      const world = World.create(genesis, { hasher: nodeHasher, executors });
      const random = new SeededRandom(seed + 1);
      const seals: string[] = [];
      let executed = 0;
      run(world, inputs, (tick) => {
        world.advance(tick, inputs[tick] ?? []);
        executed += 1;
        executors.isDone = random.oneIn(6);
        disturb(world, random, states);
        seals.push(...world.takeSeals(random.oneIn(12)).map(told));
        waited += executed - seals.length;
      });
      seals.push(...world.takeSeals(true).map(told));
      assert.deepEqual(seals, expected);
      assert.deepEqual(world.takeSeals(true), [], "each is given once");
    });
  }
  assert.ok(waited > 100, "ticks have waited");
});

test("a tick whose hash is not there yet, and those after it, are not sealed until it is", () => {
  const { genesis, inputs } = scenario(1);
  const executors = new LateExecutors(randomScript);
  const world = World.create({ ...genesis, stateHashEvery: 50 }, { hasher: nodeHasher, executors });
  world.advance(0, inputs[0] ?? []);
  world.advance(1, inputs[1] ?? []);
  while (world.advanceSeals(1));
  assert.deepEqual(world.takeSeals(false), []);
  executors.isDone = true;
  assert.deepEqual(world.takeSeals(false), [], "encoding and hashing are not done by asking");
  while (world.advanceSeals(1));
  const sealed = world.takeSeals(false).map(({ commit }) => commit.tick);
  assert.deepEqual(sealed, [0, 1]);
});
