/** Kills of the world process while clients of its control socket are being acknowledged, against a ledger outside. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import type { ConnectedWorld } from "../client/connected-world.js";
import { Engine } from "../client/engine.js";
import { replayRun } from "../client/replay-run.js";
import { echoText, quietSample } from "../testing/controlled-world.js";
import { seededRandom } from "../testing/fault-file-system.js";
import { freshFolder, loggedInputs } from "../testing/run-folders.js";

const folder = freshFolder("control-kill");
const kills = 20;
const seed = 20_010_711;
const lostCodes: ReadonlySet<string> = new Set(["WE_CONTROL_LOST", "WE_CONTROL_NOT_RUNNING"]);

/** What clients were told: key of the input and its sequence. */
type Ledger = Map<string, number>;

/** Sends with a key of its own each, several under way, until the connection is lost. */
async function client(world: ConnectedWorld, name: string, ledger: Ledger): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (;;) {
      const key = `${name}.${next}`;
      next += 1;
      ledger.set(key, (await acknowledged(world, key)) ?? 0);
      if (ledger.get(key) === 0) return void ledger.delete(key);
    }
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
  await world.closed();
}

/** Undefined where the world died before it answered. */
async function acknowledged(world: ConnectedWorld, key: string): Promise<number | undefined> {
  try {
    return (await world.send("a1", key, { key })).seq;
  } catch (error) {
    assert.ok(EngineError.is(error) && lostCodes.has(error.code), String(error));
    return undefined;
  }
}

test(`[G3] ${kills} kills while two clients are acknowledged: all that was is logged exactly once`, async () => {
  const dir = join(folder, "run");
  const sample = await quietSample(folder, { text: echoText, durability: "sync" });
  const random = seededRandom(seed);
  const ledger: Ledger = new Map();
  for (let kill = 0; kill < kills; kill += 1) {
    const start = { start: "live", workers: 1 } as const;
    const owner = await (kill === 0
      ? Engine.open(sample, { ...start, dir })
      : Engine.open(dir, { ...start, resume: true }));
    const before = ledger.size;
    const wanted = 1 + Math.floor(random() * 40);
    const [left, right] = await Promise.all([Engine.connect(dir), Engine.connect(dir)]);
    const watch = setInterval(() => {
      if (ledger.size - before >= wanted) void owner.kill();
    }, 1);
    await Promise.all([client(left, `${kill}.left`, ledger), client(right, `${kill}.right`, ledger)]);
    clearInterval(watch);
    await owner.kill();
    assert.ok(ledger.size > before, `life ${kill} of seed ${seed} acknowledged something`);
  }
  const last = await Engine.open(dir, { resume: true });
  const { chainHead } = await last.stop();
  const logged = loggedInputs(dir);
  const keys = logged.map(({ key }) => key ?? "");
  assert.equal(new Set(keys).size, keys.length, "no input is there twice");
  const seqOf = new Map(logged.map(({ key, seq }) => [key, seq]));
  for (const [key, seq] of ledger) assert.equal(seqOf.get(key), seq, `${key} of seed ${seed}`);
  assert.deepEqual(
    logged.map(({ seq }) => seq),
    logged.map((_, index) => index + 1),
  );
  const replayed = await replayRun(dir, { isolation: "inline" });
  assert.deepEqual([replayed.verified, replayed.chainHead], [true, chainHead]);
});
