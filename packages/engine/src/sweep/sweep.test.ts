/** Sweeps: order, values, metrics, failures as rows, going on, tables. */

import assert from "node:assert/strict";
import { appendFileSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import { Engine } from "../client/engine.js";
import { loadConfig } from "../config/load-config.js";
import { counterText } from "../testing/counter-guest.js";
import { assemble, projectFolder } from "../testing/project.js";
import { combinationsMax } from "./combinations.js";
import type { SweepOptions } from "./contract.js";
import { sweepTable } from "./sweep-table.js";
import { sweepConfig } from "./sweep.js";

const config = `version: 1
name: counted
modules: { counter: ./counter.wasm }
agents: [{ id: c, module: counter, every: 1 }, { id: d, module: counter, every: 2 }]
stop: { when: tick, tick: 9 }
trust: { allowUnsigned: true }
`;
const options: SweepOptions = {
  isolation: "inline",
  seeds: [1, 2],
  settings: [
    { path: "stop.tick", values: [5, 9] },
    { path: "agents.d.every", values: [1, 4] },
  ],
  metrics: [
    { name: "sum", expression: "sum(agents, state.count)" },
    { name: "share", expression: "agent('d').state.count / run.ticks" },
  ],
};

test("every combination is a row in order, with figures and metrics of its own run", async (context) => {
  const directory = projectFolder(context, {
    "engine.yaml": config,
    "counter.wasm": await assemble(counterText()),
  });
  const report = await sweepConfig(directory, { ...options, jobs: 3 });
  assert.deepEqual([report.rows.length, report.failed, report.reused], [8, 0, 0]);
  assert.deepEqual(
    report.rows.map(({ index, seed, settings }) => [
      index,
      settings["stop.tick"],
      settings["agents.d.every"],
      seed,
    ]),
    [5, 9].flatMap((tick, a) =>
      [1, 4].flatMap((every, b) => [1, 2].map((seed, c) => [a * 4 + b * 2 + c, tick, every, seed])),
    ),
  );
  const heads = new Set(report.rows.map(({ chainHead }) => chainHead));
  assert.equal(heads.size, 8, "seeds and values show in the chain");
  const [row] = report.rows;
  await using world = await Engine.open(
    (
      await loadConfig(directory, {
        seed: 1,
        settings: [
          { path: "stop.tick", value: 5 },
          { path: "agents.1.every", value: 1 },
        ],
      })
    ).world,
    { isolation: "inline" },
  );
  const alone = await world.run();
  assert.deepEqual([row?.chainHead, row?.ticks, row?.fuel], [alone.chainHead, 5, alone.fuel]);
  assert.deepEqual(row?.metrics, { sum: 8, share: 4 / 5 });
  const table = sweepTable(report).split("\n");
  assert.equal(
    table[0],
    "index,seed,stop.tick,agents.d.every,ok,reason,ticks,chainHead,agents,turns,messages,faults,fuel,sum,share,error,run",
  );
  assert.match(table[1] ?? "", /^0,1,5,1,true,tick,5,[0-9a-f]{64},2,/);
  assert.equal(table.length, 10);
});

test("a sweep goes on with what it has, runs what is new, and begins again what is torn or gone", async (context) => {
  const directory = projectFolder(context, {
    "engine.yaml": config,
    "counter.wasm": await assemble(counterText()),
  });
  const [first] = options.settings ?? [];
  assert.ok(first);
  const part = await sweepConfig(directory, { ...options, seeds: [1] });
  const whole = await sweepConfig(directory, options);
  assert.deepEqual([part.reused, whole.reused, whole.rows.length], [0, 4, 8]);
  rmSync(whole.rows[0]?.dir ?? "", { recursive: true });
  appendFileSync(join(whole.dir, "rows.jsonl"), '{"key":"torn');
  const again = await sweepConfig(directory, options);
  assert.equal(again.reused, 7);
  const plain = (rows: typeof whole.rows): unknown => rows.map(({ dir: _dir, ...row }) => row);
  assert.deepEqual(plain(again.rows), plain(whole.rows));
});

test("[G10] failures are rows; what the whole sweep has wrong is an error", async (context) => {
  const directory = projectFolder(context, {
    "engine.yaml": config,
    "counter.wasm": await assemble(counterText()),
  });
  const settings = [{ path: "agents.c.every", values: [1, -1] }];
  const strict = join(directory, "strict.yaml");
  appendFileSync(strict, `${config}invariants: [{ name: low, agent: c, expression: state.count < 4 }]\n`);
  const { rows, failed } = await sweepConfig(strict, { isolation: "inline", settings });
  assert.deepEqual(
    [failed, ...rows.map(({ ok, error }) => [ok, error?.code])],
    [2, [false, "WE_INVARIANT_VIOLATED"], [false, "WE_CONFIG_VALUE"]],
  );
  const lost = await sweepConfig(directory, {
    isolation: "inline",
    settings: [{ path: "agents.x.every", values: [1] }],
  });
  assert.equal(lost.rows[0]?.error?.code, "WE_CONFIG_SETTING");
  const codeOf = async (wrong: SweepOptions): Promise<string> => {
    try {
      await sweepConfig(directory, { isolation: "inline", ...wrong });
    } catch (error) {
      if (EngineError.is(error)) return error.code;
      throw error;
    }
    return "";
  };
  const seeds = Array.from({ length: combinationsMax + 1 }, (_, seed) => seed);
  assert.equal(await codeOf({ seeds }), "WE_SWEEP_TOO_MANY");
  const file = join(directory, "counter.wasm");
  assert.equal(await codeOf({ dir: file }), "WE_RUN_UNWRITABLE");
  const { dir = "" } = (await sweepConfig(directory, { isolation: "inline" })).rows[0] ?? {};
  assert.equal(await codeOf({ dir: dir ?? "" }), "WE_RUN_NESTED");
  await assert.rejects(sweepConfig(join(directory, "no.yaml")), { code: "WE_CONFIG_MISSING" });
  assert.ok(!existsSync(join(directory, ".wasm-engine", "sweeps", "no")));
  assert.equal(await codeOf({ metrics: [{ name: "x", expression: "state.count" }] }), "WE_EXPRESSION_NAME");
});
