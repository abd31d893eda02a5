import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { assemble, projectFolder, smallAgentText } from "../testing/project.js";
import { loadConfig } from "./load-config.js";

const unsigned = { allowUnsigned: true };

test("[S13] defaults are resolved fully into the genesis", async (context) => {
  const text = "version: 1\nname: small\nmodules: { m: m.wasm }\nagents: [{ id: a, module: m }]\n";
  const directory = projectFolder(context, {
    "engine.yaml": text,
    "m.wasm": await assemble(smallAgentText()),
  });
  const { world, file, warnings } = await loadConfig(directory, unsigned);
  assert.equal(file, join(directory, "engine.yaml"));
  assert.deepEqual(warnings, ['module "m" is NOT SIGNED and runs because unsigned modules are allowed']);
  const [digest] = [...world.modules.keys()];
  assert.deepEqual(world.genesis, {
    semantics: 2,
    name: "small",
    seed: 0,
    epochNanos: 0n,
    tickNanos: 100_000_000n,
    policy: "fifo",
    stride: 1,
    shards: 16,
    stateHashEvery: 64,
    turnsPerTickMax: 1_000_000,
    retainTicks: 10_000,
    agentsMax: 12_000,
    depthBytes: 64 * 1024 * 1024,
    modules: { m: digest },
    tenants: [],
    agents: [
      {
        id: "a",
        module: digest,
        args: null,
        tenant: "default",
        priority: 0,
        every: 0,
        capabilities: { send: [], topics: [], models: [], tools: [], spawn: [] },
        limits: {
          fuelPerSlice: 100_000_000,
          fuelPerTurnMax: 100_000_000,
          memoryBytes: 16 * 1024 * 1024,
          mailboxMessages: 65_536,
          messagesPerTurnMax: 1024,
        },
        onFault: { strategy: "stop", from: "good", max: 3, withinTicks: 1000 },
        channels: [],
      },
    ],
    models: [],
    tools: [],
  });
  assert.deepEqual(world.stop, { when: "idle" });
  assert.equal(world.durability, "sync");
  assert.equal(world.baseDirectory, directory);
});

const full = `# yaml-language-server: $schema=engine.v1.json
version: 1
name: airports
seed: 2001
clock: { tickMs: 16.666667, epoch: 2001-01-01T00:00:00Z }
stop: { when: agent arbiter exits, maxTicks: 20000 }
policy: round-robin
stride: 7
shards: 4
stateHashEvery: 10
modules: { airport: ./m.wasm, arbiter: { path: ./n.wasm } }
models: { delay: ./models/delay }
tools:
  search: ./tools/search.ts
  fetch: { path: ./tools/search.ts, secrets: { KEY: { env: NAME }, PIN: { file: ./pin } }, idempotent: true }
tenants:
  zoo: { fuelPerTick: 5, turnsPerTick: 1, messagesPerTick: 9, share: elastic }
  default: { fuelPerTick: 10, turnsPerTick: 2 }
limits: { fuelPerSlice: 5000, memoryBytes: 65536 }
agents:
  - each: ./airports.csv
    id: "{iata}"
    module: airport
    tenant: zoo
    args: { lat: "{lat}", name: "{name}", code: "{zip}", text: "at {lat}", list: ["{lat}", 1, "{{x}}"] }
    channels: ["weather.{iata}"]
    capabilities: { models: [delay], send: ["*"] }
    limits: { fuelPerTurnMax: 9000 }
  - { id: arbiter, module: arbiter, priority: -3, every: 2, onFault: { strategy: restart } }
inputs:
  - { file: ./flights.csv, at: date, to: "{origin}", topic: departure, fields: [delay] }
  - { file: "-", topic: command }
outputs: [{ topic: score, file: out/scores.jsonl }]
durability: periodic
snapshotEvery: 100
snapshotsKept: all
`;

test("[S13] a whole configuration: table, clock, tenants, inputs, outputs, stop rule, flags", async (context) => {
  const directory = projectFolder(context, {
    "engine.yaml": full,
    "m.wasm": await assemble(smallAgentText()),
    "n.wasm": await assemble(smallAgentText("(global i32 (i32.const 7))")),
    "airports.csv": 'iata,name,lat,zip\nORD,"O\'Hare, Chicago",41.50,007\nLAS,Las Vegas,36,89119\n',
    "models/delay/model.json": "{}",
    "tools/search.ts": "",
    "flights.csv": "date,origin,delay\n2001-01-01,ORD,5\n2001-01-01,ZZZ,6\n",
  });
  const { world, warnings } = await loadConfig(join(directory, "engine.yaml"), {
    ...unsigned,
    ticks: 50,
    seed: 3,
  });
  const { genesis } = world;
  assert.deepEqual(
    genesis.agents.map(({ id, args, tenant, channels }) => ({ id, args, tenant, channels })),
    [
      {
        id: "ORD",
        args: { lat: 41.5, name: "O'Hare, Chicago", code: "007", text: "at 41.50", list: [41.5, 1, "{x}"] },
        tenant: "zoo",
        channels: ["weather.ORD"],
      },
      {
        id: "LAS",
        args: { lat: 36, name: "Las Vegas", code: 89119, text: "at 36", list: [36, 1, "{x}"] },
        tenant: "zoo",
        channels: ["weather.LAS"],
      },
      { id: "arbiter", args: null, tenant: "default", channels: [] },
    ],
  );
  assert.equal(genesis.seed, 3);
  assert.equal(genesis.tickNanos, 16_666_667n);
  assert.equal(genesis.epochNanos, 978_307_200_000_000_000n);
  assert.deepEqual(
    genesis.tenants.map((tenant) => [tenant.name, tenant.elastic, tenant.messagesPerTick, tenant.agentsMax]),
    [
      // Own agents and half of the 11 997 places that are left; two turns of at most 1 024 messages each.
      ["default", false, 2048, 1 + 5998],
      ["zoo", true, 9, 2 + 5998],
    ],
  );
  assert.deepEqual([genesis.models, genesis.tools], [["delay"], ["fetch", "search"]]);
  assert.deepEqual(genesis.agents[0]?.limits.fuelPerTurnMax, 9000);
  assert.deepEqual(genesis.agents[2]?.limits, { ...genesis.agents[0]?.limits, fuelPerTurnMax: 5000 });
  assert.deepEqual(genesis.agents[2]?.onFault, {
    strategy: "restart",
    from: "good",
    max: 3,
    withinTicks: 1000,
  });
  assert.deepEqual(world.stop, { when: "exit", agent: "arbiter", maxTicks: 50 });
  assert.deepEqual(world.outputs, [{ topic: "score", path: join(directory, "out/scores.jsonl") }]);
  assert.equal(world.inputs[0]?.sha256?.length, 64);
  assert.deepEqual(world.inputs[1], { path: "-", format: "jsonl", topic: "command" });
  assert.deepEqual([world.durability, world.snapshotEvery, world.snapshotsKept], ["periodic", 100, "all"]);
  assert.deepEqual(world.models, [
    { name: "delay", dir: join(directory, "models/delay"), providers: ["wasm"], thread: "shared" },
  ]);
  assert.deepEqual(world.inference, { strict: false });
  const tool = {
    kind: "tool",
    serves: "tool",
    path: join(directory, "tools/search.ts"),
    timeoutMs: 30_000,
    reuse: false,
  };
  const secrets = { KEY: { env: "NAME" }, PIN: { file: join(directory, "pin") } };
  assert.deepEqual(world.adapters, [
    { ...tool, name: "fetch", idempotent: true, secrets },
    { ...tool, name: "search", secrets: {} },
  ]);
  assert.equal(warnings.length, 3);
  assert.ok(warnings.some((warning) => warning.startsWith("flights.csv: 1 of 2 records go to agents")));
});

test("[S13] equal files give an equal genesis wherever they stand", async (context) => {
  const text = "version: 1\nname: small\nmodules: { m: m.wasm }\nagents: [{ id: a, module: m }]\n";
  const files = { "engine.yaml": text, "m.wasm": await assemble(smallAgentText()) };
  const first = await loadConfig(projectFolder(context, files), unsigned);
  const second = await loadConfig(projectFolder(context, files), unsigned);
  assert.deepEqual(first.world.genesis, second.world.genesis);
});

test("[G10] a broken input file is found before anything starts", async (context) => {
  const text = `version: 1
name: w
modules: { m: m.wasm }
agents: [{ id: a, module: m }]
inputs: [{ file: in.csv, topic: t, at: date }]
`;
  const files = {
    "engine.yaml": text,
    "m.wasm": await assemble(smallAgentText()),
    "in.csv": "date\n2001-01-01\nsoon\n",
  };
  const directory = projectFolder(context, files);
  const expected = { code: "WE_INPUT_TIME", message: /in\.csv:3: / };
  await assert.rejects(loadConfig(directory, unsigned), expected);
});
