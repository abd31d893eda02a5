import assert from "node:assert/strict";
import { test } from "node:test";
import {
  FaultCode,
  OutcomeReader,
  OutcomeRegion,
  Refusal,
  TurnRegion,
  EntryCode,
  encodeMessage,
  encodeUtf8,
  limits,
} from "@wasm-engine/abi";
import type { AgentHandle } from "@wasm-engine/abi";
import { EMPTY_LEDGER } from "./executor-contract.js";
import { createTurnExecutor } from "./turn-executor.js";
import { DATA_AT, MESSAGE_AT, Op, message, scriptMessage, storeBytes } from "./testing/script-guest.js";
import type { Command } from "./testing/script-guest.js";
import {
  SCRIPT_GUEST,
  TEST_DEPTH_BYTES,
  TEST_LIMITS,
  TestWorld,
  agentId,
  effectsOf,
  handleFor,
  sha256,
} from "./testing/test-world.js";
import type { Turn, TurnOutcome } from "./testing/test-world.js";

/** Regions that hold nothing, and regions that hold everything. */
const TIGHT = { regionBytes: 24, mailBytesMax: 24 };
const WIDE = { regionBytes: 2 ** 20, mailBytesMax: 2 ** 20 };

const outgoing = encodeMessage(message({ topic: encodeUtf8("t"), payload: encodeUtf8("xyz"), peer: 9 }));
const sends: Command[] = [...storeBytes(0x2800, outgoing), [Op.SEND, 0x2800, -1]];

function scripts(...commands: readonly (readonly Command[])[]): Turn["invocations"] {
  return commands.map((script) => ({ entry: "receive", message: scriptMessage(script) }));
}

test("[G7] an outcome region that grows in the middle of a turn holds the same records", () => {
  const lines = Array.from({ length: 40 }, (_, index): Command => [Op.LOG, 1, DATA_AT, 100 + index * 37]);
  const outcomes = [TIGHT, WIDE].map((bounds) => {
    const world = new TestWorld(bounds);
    const agent = world.start("agent");
    return [world.run(agent, lines, sends, lines), world.run(agent, sends), world.digest(agent)];
  });
  assert.deepEqual(outcomes[0], outcomes[1]);
});

test("[G7] a turn may fill its effects to the last byte, whatever the region held", () => {
  const recordBytes = 24 + 16_384;
  const fits = Math.floor(limits.turnEffectBytesMax / recordBytes);
  const full = Array.from({ length: fits + 1 }, (): Command => [Op.LOG, 1, DATA_AT, 16_384]);
  const rest = limits.turnEffectBytesMax - fits * recordBytes - 24;
  const outcomes = [TIGHT, WIDE].map((bounds) => {
    const world = new TestWorld(bounds);
    const agent = world.start("agent");
    const outcome = world.run(agent, full, [
      [Op.LOG, 1, DATA_AT, rest],
      [Op.LOG, 1, DATA_AT, 0],
    ]);
    assert.equal(outcome.effects.length, limits.turnEffectBytesMax);
    assert.equal(effectsOf(outcome).length, fits + 1);
    assert.deepEqual(world.results(agent, fits + 3).slice(fits), [Refusal.LIMIT, 0, Refusal.LIMIT]);
    return outcome;
  });
  assert.deepEqual(outcomes[0], outcomes[1]);
});

test("[G6] many turns of one region: each has its record, whatever the one before it did", () => {
  const names = Array.from({ length: 60 }, (_, index) => `agent-${index}`);
  const [together, alone] = [new TestWorld(TIGHT), new TestWorld(WIDE)];
  const agents = names.map((name) => {
    alone.start(name);
    return together.start(name);
  });
  const turns = agents.map((agent, index): Turn => {
    const busy = scripts(
      [[Op.COUNT, index], ...sends],
      [[Op.RANDOM, DATA_AT, index % 5, DATA_AT + 16]],
      sends,
    );
    // A fault in the middle leaves messages behind that nobody reads.
    const faulting = scripts([...sends, [Op.LOG, 3, DATA_AT, 9]], [[Op.TRAP, 0]], sends, sends);
    return { agent, invocations: index % 7 === 3 ? [] : index % 3 === 0 ? faulting : busy };
  });
  const outcomes = together.execute(turns);
  const expected = turns.map((turn) => {
    alone.tick = together.tick - 1;
    return alone.execute([turn])[0];
  });
  assert.deepEqual(outcomes, expected);
  for (const agent of agents) assert.equal(together.digest(agent), alone.digest(agent));
  assert.deepEqual(
    outcomes.map(({ fault }) => fault?.code),
    turns.map((_, index) => (index % 3 === 0 && index % 7 !== 3 ? FaultCode.TRAP : undefined)),
  );
});

test("[G7] messages of the mail region and inline ones arrive alike, and touch nothing behind them", () => {
  const worlds = [new TestWorld(TIGHT), new TestWorld(WIDE)];
  const room = MESSAGE_AT + 0x1000;
  const digests = worlds.map((world) => {
    const agent = world.start("agent");
    world.run(agent, [[Op.ALLOC, room]]);
    const outcomes = Array.from({ length: 24 }, (_, payloadBytes) => {
      const payload = new Uint8Array(payloadBytes).fill(payloadBytes);
      const bytes = encodeMessage(message({ payload, topic: encodeUtf8("t".repeat(payloadBytes % 9)) }));
      world.run(agent, [[Op.FILL, room, 0xaa, 0x400]]);
      // The script guest reads commands of 16 bytes each: shorter payloads are no command, others op 0 or unknown.
      const outcome = world.turn(agent, [{ entry: "receive", message: bytes }]);
      const memory = world.memory(agent).subarray(room, room + 0x400);
      assert.deepEqual(memory.slice(0, bytes.length), bytes);
      assert.deepEqual(
        new Set(memory.slice(bytes.length + 24)),
        new Set([0xaa]),
        "nothing behind the message",
      );
      return outcome;
    });
    return [outcomes, world.digest(agent)];
  });
  assert.deepEqual(digests[0], digests[1]);
});

test("[G2] regions in shared memory give the records of regions in the heap", () => {
  const records = [
    (bytes: number) => new ArrayBuffer(bytes),
    (bytes: number) => new SharedArrayBuffer(bytes),
  ].map((allocate) => {
    const agent = handleFor("agent");
    const executor = createTurnExecutor({
      modules: () => SCRIPT_GUEST,
      sha256,
      depthBytes: TEST_DEPTH_BYTES,
    });
    const id = agentId("agent");
    executor.apply(
      [
        {
          kind: "create",
          agent,
          id,
          module: SCRIPT_GUEST.digest,
          limits: TEST_LIMITS,
          streamSeed: sha256(encodeUtf8("seed")),
          ledger: EMPTY_LEDGER,
        },
      ],
      0,
    );
    executor.seal({ added: [[id, agent]], removed: [] });
    const turns = new TurnRegion(allocate, 24);
    const outcomes = new OutcomeRegion(allocate, 8);
    const mail = new Uint8Array(allocate(4096));
    const looks: Command[] = [
      ...storeBytes(0x2700, encodeUtf8("agent")),
      [Op.LOOKUP, 0x2700, 5, 0x2710],
      [Op.LOG, 3, DATA_AT, 300],
    ];
    const mailed = scriptMessage([...looks, ...sends]);
    mail.set(mailed, 64);
    turns.begin(7, -5n);
    turns.beginTurn(agent, 3);
    turns.invoke(EntryCode.INIT);
    turns.invokeWithMail(EntryCode.RECEIVE, 64, mailed.length);
    turns.invokeWithMessage(
      EntryCode.STEP,
      scriptMessage([
        [Op.TIME, DATA_AT],
        [Op.LOG, 1, DATA_AT, 8],
        [Op.TRAP, 0],
      ]),
    );
    executor.executeTurns(turns.region, mail, outcomes);
    return outcomeOf(outcomes, agent, executor.imageDigests([agent]));
  });
  assert.deepEqual(records[0], records[1]);
});

function outcomeOf(outcomes: OutcomeRegion, agent: AgentHandle, digests: readonly Uint8Array[]): unknown {
  const reader = new OutcomeReader(outcomes.region);
  reader.advance(3);
  assert.deepEqual([reader.agent, reader.completed, reader.faultCode], [agent, 2, FaultCode.TRAP]);
  assert.equal(reader.messages, 1);
  return [outcomes.region.bytes.slice(0, outcomes.usedBytes), digests];
}

test("[G4] a journal that is executed again after a restore repeats time, lookups and limits", () => {
  const sliced = { fuelPerSlice: 20_000, fuelPerTurnMax: 400_000 };
  const whole = new TestWorld(TIGHT);
  whole.known.set("stranger", handleFor("stranger"));
  const agent = whole.start("agent", SCRIPT_GUEST, sliced);
  const looks: Command[] = [
    ...storeBytes(0x2700, encodeUtf8("strangernobody")),
    [Op.LOOKUP, 0x2700, 8, 0x2710],
    [Op.LOOKUP, 0x2708, 6, 0x2718],
    [Op.TIME, 0x2728],
  ];
  const outcome: TurnOutcome = whole.run(agent, sends, looks, [[Op.SPIN, 9000]], [...looks, ...sends]);
  assert.ok(outcome.fuel > sliced.fuelPerSlice, "the turn has not landed");
  const images = structuredClone(whole.executor.images());
  const pending = images[0]?.pending ?? [];
  assert.deepEqual(
    pending.map(({ lookups }) => lookups),
    [[], [handleFor("stranger"), 0], [], [handleFor("stranger"), 0]],
  );
  assert.deepEqual([pending[0]?.turnMessages, pending[3]?.turnMessages], [0, 1]);
  assert.equal(pending[3]?.timeNanos, whole.timeNanos(whole.tick));
  const restored = new TestWorld(WIDE);
  restored.executor.loadImages(images);
  for (const world of [whole, restored]) world.executor.apply([{ kind: "land", agent }], whole.tick);
  assert.equal(restored.digest(agent), whole.digest(agent));
});
