import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineError, FaultCode } from "@wasm-engine/abi";
import type { AgentHandle } from "@wasm-engine/abi";
import { imageDigest } from "./base-image.js";
import type { AgentImage, FaultDetail } from "./executor-contract.js";
import { merkleRoot } from "./merkle-tree.js";
import { DATA_AT, Op, scriptGuest } from "./testing/script-guest.js";
import type { Command } from "./testing/script-guest.js";
import { SCRIPT_GUEST, TestWorld, guest, handleFor, hex, sha256 } from "./testing/test-world.js";

const SLICED = { fuelPerSlice: 20_000, fuelPerTurnMax: 200_000 };
const LONG: Command[] = [
  [Op.SPIN, 8000],
  [Op.COUNT, 1],
  [Op.RANDOM, DATA_AT, 1, DATA_AT + 16],
];

/** Digest by the definition, from the image as bytes. */
function digestOfImage(image: AgentImage): string {
  const memory = { bytes: image.memory.length, root: merkleRoot(sha256, image.memory) };
  return hex(imageDigest(sha256, memory, image));
}

function imageOf(world: TestWorld, agent: AgentHandle): AgentImage {
  const image = world.executor.images().find((candidate) => candidate.agent === agent);
  assert.ok(image !== undefined);
  return image;
}

test("[G4] digests that follow changed pages equal the definition over all bytes", () => {
  const world = new TestWorld();
  const agent = world.start("agent");
  for (let round = 0; round < 20; round += 1) {
    world.run(agent, [
      [Op.STORE, DATA_AT + round * 5000, round],
      [Op.FLOATS, round, 0x7ff00001, 0x7f800001],
      ...(round % 5 === 0 ? [[Op.GROW, 1] as const] : []),
    ]);
    assert.equal(world.digest(agent), digestOfImage(imageOf(world, agent)), `round ${round}`);
  }
});

test("[G4] until a turn of several slices lands, digest and image are those before it", () => {
  const world = new TestWorld();
  const agent = world.start("agent", SCRIPT_GUEST, SLICED);
  world.run(agent, [[Op.COUNT, 4]]);
  const before = world.digest(agent);
  world.run(agent, [[Op.COUNT, 4]]);
  const justBefore = world.digest(agent);
  assert.notEqual(justBefore, before);
  const outcome = world.run(agent, [[Op.COUNT, 1]], LONG);
  assert.ok(outcome.fuel > SLICED.fuelPerSlice);
  const image = imageOf(world, agent);
  assert.equal(image.pending?.length, 2);
  assert.equal(digestOfImage(image), justBefore);
  assert.deepEqual(image.ledger.streams, []);
  assert.equal(world.digest(agent), justBefore);
  world.executor.apply([{ kind: "land", agent }], world.tick);
  assert.notEqual(world.digest(agent), justBefore);
  assert.equal(imageOf(world, agent).pending, undefined);
  assert.deepEqual(imageOf(world, agent).ledger, outcome.ledger);
});

test("[G4] the image before a long turn is found again from the journal when nobody asked before", () => {
  const [asked, unasked] = [new TestWorld(), new TestWorld()];
  const digests = [asked, unasked].map((world) => {
    const agent = world.start("agent", SCRIPT_GUEST, SLICED);
    world.run(agent, [[Op.RANDOM, DATA_AT, 1, DATA_AT + 32]]);
    if (world === asked) world.digest(agent);
    world.run(agent, LONG);
    const pending = world.digest(agent);
    world.executor.apply([{ kind: "land", agent }], world.tick);
    return [pending, world.digest(agent)];
  });
  assert.deepEqual(digests[0], digests[1]);
});

test("[G4] a long turn that faults keeps the state before it busy too", () => {
  const world = new TestWorld();
  const agent = world.start("agent", SCRIPT_GUEST, SLICED);
  const before = world.digest(agent);
  const outcome = world.run(agent, LONG, [[Op.LOOP_FOREVER]]);
  assert.deepEqual([outcome.completed, outcome.fault?.code], [1, FaultCode.OUT_OF_FUEL]);
  assert.equal(outcome.fuel, SLICED.fuelPerTurnMax);
  assert.equal(world.digest(agent), before);
  world.executor.apply([{ kind: "land", agent }], world.tick);
  const model = new TestWorld();
  model.start("agent", SCRIPT_GUEST, SLICED);
  model.run(agent, LONG);
  model.executor.apply([{ kind: "land", agent }], model.tick);
  assert.equal(world.digest(agent), model.digest(agent));
});

test("[G4] a world restored from images goes on like the one that was never stopped", () => {
  const whole = new TestWorld();
  const busy = whole.start("busy", SCRIPT_GUEST, SLICED);
  const plain = whole.start("plain");
  const fresh = whole.create("fresh");
  whole.run(plain, [
    [Op.COUNT, 9],
    [Op.GROW, 1],
    [Op.FLOATS, 7, 0x7ff00007, 0xffc00001],
  ]);
  whole.run(busy, [[Op.COUNT, 1]], LONG);
  const restored = new TestWorld();
  restored.executor.loadImages(structuredClone(whole.executor.images()));
  restored.tick = whole.tick;
  assert.deepEqual(restored.executor.images(), whole.executor.images());
  for (const world of [whole, restored]) world.executor.apply([{ kind: "land", agent: busy }], world.tick);
  for (const agent of [busy, plain, fresh]) assert.equal(restored.digest(agent), whole.digest(agent));
  const next: Command[] = [
    [Op.COUNT, 2],
    [Op.RANDOM, DATA_AT, 1, DATA_AT + 64],
    [Op.GROW, 1],
  ];
  for (const agent of [busy, plain]) assert.deepEqual(restored.run(agent, next), whole.run(agent, next));
  for (const agent of [busy, plain]) assert.equal(restored.digest(agent), whole.digest(agent));
});

test("[G4] a create after loading keeps the image", () => {
  const whole = new TestWorld();
  const agent = whole.start("agent");
  whole.run(agent, [[Op.COUNT, 9]]);
  const restored = new TestWorld();
  restored.executor.loadImages(whole.executor.images());
  restored.create("agent");
  assert.equal(restored.digest(agent), whole.digest(agent));
});

test("[G10] an image that does not fit its module is refused", () => {
  const whole = new TestWorld();
  whole.start("agent");
  const [image] = whole.executor.images();
  assert.ok(image !== undefined);
  const spoilt = [
    { ...image, memory: new Uint8Array(65_536) },
    { ...image, memory: new Uint8Array(4 * 65_536 - 4096) },
    { ...image, state: image.state.slice(16) },
  ];
  for (const candidate of spoilt) {
    assert.throws(
      () => {
        new TestWorld().executor.loadImages([candidate]);
      },
      (error: unknown) => EngineError.is(error) && error.code === "WE_EXECUTOR_IMAGE",
    );
  }
});

test("[G10] unknown and unlinkable modules have codes", () => {
  const world = new TestWorld();
  const raw = {
    digest: guest(scriptGuest("(func)")).digest,
    bytes: Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0),
  };
  const other = new TestWorld({ guests: [raw] });
  const attempts: (readonly [() => unknown, string])[] = [
    [() => world.create("agent", raw), "WE_EXECUTOR_MODULE_UNKNOWN"],
    [() => other.create("agent", raw), "WE_EXECUTOR_MODULE_LINK"],
    [
      () => new TestWorld({ guests: [{ ...raw, bytes: raw.bytes.slice(1) }] }).create("agent", raw),
      "WE_EXECUTOR_MODULE_LINK",
    ],
  ];
  for (const [attempt, code] of attempts) {
    assert.throws(attempt, (error: unknown) => EngineError.is(error) && error.code === code);
  }
});

test("[S14.replay] one flipped bit changes the digest of that agent alone, and stays", () => {
  const world = new TestWorld();
  const [agent, stranger] = [world.start("agent"), world.start("stranger")];
  const [before, strangerBefore] = [world.digest(agent), world.digest(stranger)];
  world.executor.testing.flipBit(agent, DATA_AT, 3);
  const flipped = world.digest(agent);
  assert.notEqual(flipped, before);
  assert.equal(world.digest(stranger), strangerBefore);
  world.run(agent, [
    [Op.COUNT, 1],
    [Op.TRAP, 0],
  ]);
  assert.equal(world.digest(agent), flipped);
  assert.equal(world.memory(agent)[DATA_AT], 8);
  world.executor.testing.flipBit(agent, DATA_AT, 3);
  assert.equal(world.digest(agent), before);
});

test("reset gives fresh memory, keeps the ledger and the streams' positions", () => {
  const world = new TestWorld();
  const agent = world.start("agent");
  const { ledger } = world.run(agent, [
    [Op.COUNT, 5],
    [Op.GROW, 1],
    [Op.RANDOM, DATA_AT, 1, DATA_AT + 16],
  ]);
  world.executor.apply([{ kind: "reset", agent }], world.tick);
  const created = new TestWorld();
  assert.equal(world.digest(agent), created.digest(created.create("agent")));
  const again = world.turn(agent, [{ entry: "init" }]);
  assert.deepEqual(again.ledger, ledger);
  assert.deepEqual(world.run(agent, [[Op.RANDOM, DATA_AT, 1, DATA_AT + 16]]).ledger.streams, [["1", 32]]);
});

/** Exports and imports the counter; `add` tells the versions apart. */
function versioned(add: number, extra = ""): string {
  return scriptGuest(`
    (func (export "agent_export_state") (result i32)
      (i32.store (i32.const 0x3000) (i32.const 4))
      (i32.store (i32.const 0x3004) (global.get $counter))
      (i32.const 0x3000))
    (func (export "agent_import_state") (param i32) (result i32)
      (global.set $counter (i32.add (i32.load offset=4 (local.get 0)) (i32.const ${add})))
      (i32.const 0))
    (func (export "agent_describe") (result i32)
      (i32.store (i32.const 0x3000) (i32.const 1))
      (i32.store8 (i32.const 0x3004) (i32.add (i32.const 48) (global.get $counter)))
      (i32.const 0x3000))
    ${extra}`);
}

test("an upgrade moves exported state, the ledger and the streams", () => {
  const [old, next] = [guest(versioned(0)), guest(versioned(2))];
  const world = new TestWorld({ guests: [old, next] });
  const agent = world.start("agent", old);
  const { ledger } = world.run(agent, [
    [Op.COUNT, 4],
    [Op.RANDOM, DATA_AT, 1, DATA_AT + 16],
  ]);
  const [outcome] = world.executor.apply([{ kind: "upgrade", agent, module: next.digest }], world.tick);
  assert.equal(outcome?.result, "imported");
  assert.ok(outcome.fuel > 0);
  assert.equal(Buffer.from(world.executor.describe(agent) ?? []).toString(), "7");
  assert.deepEqual(imageOf(world, agent).ledger, ledger);
  assert.equal(imageOf(world, agent).initialised, true);
  assert.equal(world.run(agent, [[Op.COUNT, 1]]).fault, undefined);
  assert.equal(Buffer.from(world.executor.describe(agent) ?? []).toString(), "8");
});

test("an upgrade without exported state starts from fresh memory", () => {
  const next = guest(versioned(2));
  const world = new TestWorld({ guests: [next] });
  const agent = world.start("agent");
  world.run(agent, [[Op.COUNT, 4]]);
  const [outcome] = world.executor.apply([{ kind: "upgrade", agent, module: next.digest }], world.tick);
  assert.deepEqual(outcome, { agent, result: "fresh", fuel: 0 });
  const reference = new TestWorld({ guests: [next] });
  assert.equal(world.digest(agent), reference.digest(reference.create("agent", next)));
});

test("[G6] a refused upgrade leaves the agent as it was, with a code", () => {
  const old = guest(versioned(0));
  const looping = guest(versioned(1, "(func $spin (loop $l (br $l))) (start $spin)"));
  const failing = guest(
    versioned(1).replace(
      '(i32.const 0))\n    (func (export "agent_describe")',
      '(i32.const -9))\n    (func (export "agent_describe")',
    ),
  );
  const denied = guest(versioned(1, '(func (export "_initialize") (drop (call $tick)))'));
  const large = guest(versioned(1).replace('(memory (export "memory") 3)', '(memory (export "memory") 9)'));
  const world = new TestWorld({ guests: [old, looping, failing, denied, large] });
  const agent = world.start("agent", old);
  world.run(agent, [[Op.COUNT, 4]]);
  const before = world.digest(agent);
  const expected: (readonly [typeof old, number, number])[] = [
    [looping, FaultCode.OUT_OF_FUEL, 0],
    [failing, FaultCode.GUEST_ERROR, -9],
    [denied, FaultCode.HOST_DENIED, 0],
    [large, FaultCode.HOST_DENIED, 0],
  ];
  for (const [module, code, guestCode] of expected) {
    const [outcome] = world.executor.apply([{ kind: "upgrade", agent, module: module.digest }], world.tick);
    assert.deepEqual(outcome, { agent, result: "refused", fuel: 2_000_000, code, guestCode });
    assert.equal(world.digest(agent), before);
  }
  assert.equal(Buffer.from(world.executor.describe(agent) ?? []).toString(), "5");
  const untouched = new TestWorld({ guests: [old] });
  untouched.start("agent", old);
  untouched.run(agent, [[Op.COUNT, 4]]);
  for (const candidate of [world, untouched]) candidate.run(agent, [[Op.COUNT, 1]]);
  assert.equal(world.digest(agent), untouched.digest(agent), "exporting left nothing behind");
});

test("what is logged while state moves is told with a refusal and is no effect", () => {
  const [log, old] = ["(call $log (i32.const 3) (i32.const 0x3100) (i32.const 4))", guest(versioned(0))];
  const silent = guest(
    versioned(1, `(data (i32.const 0x3100) "why?") (func (export "_initialize") (drop ${log}))`),
  );
  const refusing = guest(
    versioned(1, `(data (i32.const 0x3100) "why?") (func $fail (drop ${log}) unreachable) (start $fail)`),
  );
  const details: FaultDetail[] = [];
  const world = new TestWorld({
    guests: [old, silent, refusing],
    onFaultDetail: (detail) => details.push(detail),
  });
  const agent = world.start("agent", old);
  const upgrade = (module: typeof old): string | undefined =>
    world.executor.apply([{ kind: "upgrade", agent, module: module.digest }], 7)[0]?.result;
  assert.equal(upgrade(refusing), "refused");
  assert.deepEqual(
    details.map(({ id, tick, code, detail }) => [id, tick, code, detail]),
    [["agent", 7, FaultCode.TRAP, "the upgrade was refused\nwhy?"]],
  );
  assert.equal(upgrade(silent), "imported");
  assert.equal(details.length, 1);
  assert.equal(world.run(agent, [[Op.COUNT, 1]]).effects.length, 0);
});

test("describing shows in no result", () => {
  const module = guest(versioned(0));
  const [watched, alone] = [new TestWorld({ guests: [module] }), new TestWorld({ guests: [module] })];
  for (const world of [watched, alone]) {
    const agent = world.start("agent", module);
    for (let round = 0; round < 5; round += 1) {
      world.run(agent, [[Op.COUNT, 1]]);
      if (world === watched) assert.ok(world.executor.describe(agent) !== undefined);
    }
  }
  assert.equal(watched.digest(handleFor("agent")), alone.digest(handleFor("agent")));
});
