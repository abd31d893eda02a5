import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineError, FaultCode, encodeMessage, encodeUtf8 } from "@wasm-engine/abi";
import fc from "fast-check";
import { SCRIBBLE } from "./testing/hostile-corpus.js";
import { DATA_AT, Op, message, storeBytes } from "./testing/script-guest.js";
import type { Command } from "./testing/script-guest.js";
import { SCRIPT_GUEST, TestWorld, handleFor } from "./testing/test-world.js";
import type { TestWorldOptions, TurnOutcome } from "./testing/test-world.js";

const seed = Number(process.env["FUZZ_SEED"] ?? Date.now() % 2 ** 31);
const runs = Number(process.env["FUZZ_RUNS"] ?? 60);
const repeat = `repeat with FUZZ_SEED=${seed} node --test packages/executor/dist/atomicity.test.js`;

const outgoing = encodeMessage(message({ topic: encodeUtf8("t"), payload: encodeUtf8("x"), peer: 9 }));
const sends: Command[] = [...storeBytes(0x2800, outgoing), [Op.SEND, 0x2800, -1]];

const good: fc.Arbitrary<Command[]> = fc.oneof(
  fc
    .tuple(fc.integer({ min: 0, max: 0x700 }), fc.integer())
    .map(([word, value]): Command[] => [[Op.STORE, DATA_AT + word * 4, value]]),
  fc.integer().map((value): Command[] => [[Op.COUNT, value]]),
  fc.tuple(fc.integer(), fc.integer(), fc.integer()).map(([a, b, c]): Command[] => [[Op.FLOATS, a, b, c]]),
  fc.integer({ min: 0, max: 9 }).map((name): Command[] => [[Op.RANDOM, DATA_AT, name, DATA_AT + 16]]),
  fc.constant<Command[]>([[Op.GROW, 1]]),
  fc.constant<Command[]>([[Op.DROP_SEGMENT]]),
  fc.constant(sends),
  fc.constant<Command[]>([[Op.LOG, 1, DATA_AT, 64]]),
  fc.constant<Command[]>([...storeBytes(0x2700, encodeUtf8("stranger")), [Op.LOOKUP, 0x2700, 8, 0x2710]]),
  fc.constant<Command[]>([
    [Op.TICK, 0x2720],
    [Op.TIME, 0x2728],
  ]),
  fc.constant<Command[]>([...storeBytes(0x2740, encodeUtf8('{"id":"c"}')), [Op.SPAWN, 0x2740, 10, 0x2750]]),
  // Twenty of them, the most that one turn can hold, stay within the turn's fuel: a good script does not fault.
  fc.integer({ min: 1, max: 7_000 }).map((turns): Command[] => [[Op.SPIN, turns]]),
);
const ending: fc.Arbitrary<Command[]> = fc.constantFrom<Command[]>(
  [[Op.TRAP, 0]],
  [[Op.TRAP, 4]],
  [[Op.LOOP_FOREVER]],
  [[Op.RECURSE]],
  [[Op.RETURN, -1]],
);
const script = fc.array(good, { minLength: 1, maxLength: 5 }).map((parts) => parts.flat());
const faulting = fc
  .tuple(script, fc.boolean(), ending)
  .map(([past, scribbles, end]) => [...past, ...(scribbles ? SCRIBBLE : []), ...end]);
const turn = fc.array(fc.oneof({ weight: 3, arbitrary: script }, { weight: 1, arbitrary: faulting }), {
  minLength: 1,
  maxLength: 4,
});
const history = fc.array(turn, { minLength: 1, maxLength: 12 });

function isFaulting(commands: readonly Command[]): boolean {
  const last = commands.at(-1)?.[0];
  return last === Op.TRAP || last === Op.LOOP_FOREVER || last === Op.RECURSE || last === Op.RETURN;
}

function worldOf(options: TestWorldOptions): TestWorld {
  const world = new TestWorld(options);
  world.known.set("stranger", handleFor("stranger"));
  return world;
}

test(`[G6] random interleavings equal a model that never executed what faulted (${repeat})`, () => {
  fc.assert(
    fc.property(history, fc.constantFrom(0, 1000, 1_000_000), (turns, journalFuelMax) => {
      const world = worldOf({ journalFuelMax });
      const model = worldOf({});
      const [agent, twin] = [world.start("agent"), model.start("agent")];
      for (const scripts of turns) {
        const first = scripts.findIndex(isFaulting);
        const outcome = world.run(agent, ...scripts);
        const clean = first < 0 ? scripts : scripts.slice(0, first);
        const expected = model.run(twin, ...clean);
        assert.equal(outcome.completed, clean.length);
        assert.equal(outcome.fault?.invocation, first < 0 ? undefined : first);
        assert.deepEqual(outcome.effects, expected.effects);
        assert.deepEqual(outcome.ledger, expected.ledger);
        if (first < 0) assert.equal(outcome.fuel, expected.fuel);
      }
      assert.equal(world.digest(agent), model.digest(twin));
    }),
    { seed, numRuns: runs },
  );
});

test(`[G5] [G7] twins with other bounds of the host agree in everything (${repeat})`, () => {
  const bounds: TestWorldOptions[] = [
    {},
    { journalFuelMax: 0, journalBytesMax: 0 },
    { instancesMax: 1 },
    { instancesMax: 2, journalFuelMax: 5000 },
  ];
  fc.assert(
    fc.property(fc.array(history, { minLength: 3, maxLength: 3 }), fc.boolean(), (histories, looks) => {
      const records = bounds.map((options) => playAll(worldOf(options), histories, looks));
      for (const record of records) assert.deepEqual(record, records[0]);
    }),
    { seed, numRuns: Math.ceil(runs / 4) },
  );
});

/** Several agents in one world, tick by tick; where `looks`, digests are asked for all the time. */
function playAll(world: TestWorld, histories: readonly Command[][][][], looks: boolean): unknown[] {
  const agents = histories.map((_, index) => world.start(`agent-${index}`));
  const outcomes: TurnOutcome[] = [];
  const length = Math.max(...histories.map((turns) => turns.length));
  for (let tick = 0; tick < length; tick += 1) {
    for (const [index, turns] of histories.entries()) {
      const scripts = turns[tick];
      const agent = agents[index];
      if (scripts === undefined || agent === undefined) continue;
      outcomes.push(world.run(agent, ...scripts));
      if (looks) world.digest(agent);
    }
  }
  return [outcomes, agents.map((agent) => world.digest(agent)), world.executor.images()];
}

test("[G5] a slot that a hostile agent used gives the next agent a clean image", () => {
  const world = new TestWorld({ instancesMax: 1 });
  const reference = new TestWorld();
  const fresh = reference.digest(reference.create("victim"));
  const hostile = world.start("hostile");
  world.run(hostile, SCRIBBLE);
  world.run(hostile, [...SCRIBBLE, [Op.TRAP, 0]]);
  world.executor.apply([{ kind: "drop", agent: hostile }], world.tick);
  const victim = world.create("victim");
  assert.equal(world.digest(victim), fresh);
  const outcome = world.turn(victim, [{ entry: "init" }]);
  assert.deepEqual(outcome, reference.turn(handleFor("victim"), [{ entry: "init" }]));
  assert.deepEqual(world.memory(victim), reference.memory(handleFor("victim")));
});

test("[G5] agents that share slots keep apart", () => {
  const alone = new TestWorld();
  const shared = new TestWorld({ instancesMax: 1 });
  const names = ["a", "b", "c"];
  for (const world of [alone, shared]) for (const name of names) world.start(name);
  for (let round = 0; round < 5; round += 1) {
    for (const [index, name] of names.entries()) {
      const commands: Command[] = [
        [Op.COUNT, index + round],
        [Op.RANDOM, DATA_AT, index, DATA_AT + 16],
        [Op.GROW, index],
      ];
      assert.deepEqual(shared.run(handleFor(name), commands), alone.run(handleFor(name), commands));
    }
  }
  for (const name of names) assert.equal(shared.digest(handleFor(name)), alone.digest(handleFor(name)));
  assert.deepEqual([shared.executor.figures().instances, alone.executor.figures().instances], [1, 3]);
});

test("[G6] a rollback repeats what the turn had used, the sealed view of then, and its clock", () => {
  const world = new TestWorld();
  world.known.set("stranger", handleFor("stranger"));
  const agent = world.start("agent");
  const many = [...storeBytes(0x2800, outgoing), [Op.FLOOD, 0x2800, 16]] as const;
  const full = Array.from({ length: 255 }, (): Command => [Op.LOG, 1, 0, 16_384]);
  const looks: Command[] = [
    ...storeBytes(0x2700, encodeUtf8("strangernobody")),
    [Op.LOOKUP, 0x2700, 8, 0x2710],
    [Op.LOOKUP, 0x2708, 6, 0x2718],
    [Op.TICK, 0x2720],
    [Op.TIME, 0x2728],
  ];
  world.run(agent, many, sends);
  world.run(agent, full, [[Op.LOG, 1, 0, 16_384]], looks);
  assert.deepEqual(world.results(agent, 2), [0, -5], "the seventeenth message of a turn");
  assert.deepEqual(world.results(agent, 260).slice(-3), [-5, 0, -6]);
  const before = world.digest(agent);
  const unseen = new TestWorld();
  unseen.known.set("stranger", handleFor("stranger"));
  unseen.start("agent");
  unseen.run(agent, many, sends);
  unseen.run(agent, full, [[Op.LOG, 1, 0, 16_384]], looks);
  unseen.known.clear();
  unseen.known.set("nobody", handleFor("nobody"));
  unseen.tick += 1000;
  assert.equal(unseen.run(agent, [...SCRIBBLE, [Op.TRAP, 0]]).fault?.code, FaultCode.TRAP);
  assert.equal(unseen.digest(agent), before);
  assert.ok(unseen.executor.figures().reconstructions > 0);
});

test("[G6] a host failure in a plan leaves every agent of the plan as it was", () => {
  // More logical stack than the native one bears: the host gives up first.
  const world = new TestWorld({ depthBytes: 2 ** 30 });
  const limits = { fuelPerSlice: 1e12, fuelPerTurnMax: 1e12 };
  const [first, second] = [world.start("first"), world.start("second", SCRIPT_GUEST, limits)];
  world.run(first, [[Op.COUNT, 1]]);
  const before = [world.digest(first), world.digest(second)];
  const turns = [
    {
      agent: first,
      invocations: [{ entry: "receive" as const, message: bytesOf([[Op.COUNT, 7], ...sends]) }],
    },
    {
      agent: second,
      invocations: [{ entry: "receive" as const, message: bytesOf([[Op.COUNT, 7], [Op.RECURSE]]) }],
    },
  ];
  world.tick = 98;
  assert.throws(
    () => world.execute(turns),
    (error: unknown) => {
      assert.ok(EngineError.is(error), String(error));
      assert.deepEqual([error.code, error.exitCode, error.retryable], ["WE_EXECUTOR_HOST_FAILURE", 4, true]);
      assert.deepEqual([error.details["agent"], error.details["tick"]], [second, 99]);
      return true;
    },
  );
  assert.deepEqual([world.digest(first), world.digest(second)], before);
  world.tick = 98;
  const [outcome] = world.execute(turns.slice(0, 1));
  assert.equal(outcome?.ledger.messages, 1);
  assert.equal(outcome?.fault, undefined);
});

test("[G7] fuel is exact to the unit: one less than a turn needs is out of fuel", () => {
  const world = new TestWorld();
  const commands: Command[] = [[Op.SPIN, 1000], ...sends];
  const { fuel } = world.run(world.start("measure"), commands);
  const enough = world.run(
    world.start("enough", SCRIPT_GUEST, { fuelPerSlice: fuel, fuelPerTurnMax: fuel }),
    commands,
  );
  assert.deepEqual([enough.fuel, enough.fault], [fuel, undefined]);
  const less = { fuelPerSlice: fuel - 1, fuelPerTurnMax: fuel - 1 };
  const short = world.run(world.start("short", SCRIPT_GUEST, less), commands);
  assert.deepEqual([short.fuel, short.fault?.code], [fuel - 1, FaultCode.OUT_OF_FUEL]);
  const sliced = { fuelPerSlice: 100, fuelPerTurnMax: fuel };
  assert.equal(world.run(world.start("sliced", SCRIPT_GUEST, sliced), commands).fuel, fuel);
});

test("[G7] a faulted turn is charged the slices it began, in full", () => {
  const world = new TestWorld();
  const agent = world.start("agent", SCRIPT_GUEST, { fuelPerSlice: 10_000, fuelPerTurnMax: 25_000 });
  const spin = (turns: number): Command[] => [
    [Op.SPIN, turns],
    [Op.TRAP, 0],
  ];
  assert.equal(world.run(agent, spin(1)).fuel, 10_000);
  world.executor.apply([{ kind: "land", agent }], world.tick);
  const second = world.run(agent, spin(1500));
  assert.equal(second.fuel, 20_000);
  world.executor.apply([{ kind: "land", agent }], world.tick);
  assert.equal(world.run(agent, [[Op.LOOP_FOREVER]]).fuel, 25_000);
});

function bytesOf(commands: readonly Command[]): Uint8Array {
  return encodeMessage(message({ topic: encodeUtf8("script"), payload: payloadOf(commands) }));
}

function payloadOf(commands: readonly Command[]): Uint8Array {
  const words = commands.flatMap((command) => [
    command[0],
    command[1] ?? 0,
    command[2] ?? 0,
    command[3] ?? 0,
  ]);
  return new Uint8Array(Int32Array.from(words).buffer);
}
