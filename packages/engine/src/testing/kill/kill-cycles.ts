/**
 * Kills of the world's process at random moments, while it opens too, under clients that are acknowledged over the
 * control socket and in process. What was not acknowledged is sent again with its key. After some cycles the run is
 * stopped and compared with the ledger outside, with its replay, and with a world that was never disturbed.
 */

import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "@wasm-engine/abi";
import type { ConnectedWorld } from "../../client/connected-world.js";
import { Engine } from "../../client/engine.js";
import { replayRun } from "../../client/replay-run.js";
import type { RunningWorld } from "../../client/running-world.js";
import type { ResolvedWorld } from "../../world/contract.js";
import { readRunStore } from "../../world/run-store.js";
import { echoText, quietSample } from "../controlled-world.js";
import { seededRandom } from "../fault-file-system.js";
import type { Random } from "../fault-file-system.js";
import { freshTwin } from "./fresh-twin.js";
import { KillLedger } from "./kill-ledger.js";

export interface KillPlan {
  /** Fresh folder. */
  readonly directory: string;
  readonly seed: number;
  readonly cycles: number;
}

export interface KillReport {
  readonly cycles: number;
  /** Cycles whose process died before its world was open. */
  readonly openingKills: number;
  readonly acknowledged: number;
  readonly resent: number;
  readonly ticks: number;
}

const topic = "score";
const endCodes: ReadonlySet<string> = new Set([
  "WE_CONTROL_LOST",
  "WE_CONTROL_NOT_RUNNING",
  "WE_WORLD_DIED",
  "WE_WORLD_ENDED",
]);
const neverCodes: ReadonlySet<string> = new Set(["WE_RUN_NOT_FOUND", "WE_RUN_NEVER_STARTED"]);
const lanesPerClient = 3;
const acknowledgedPerLifeMax = 40;
/** Part of the lives that are killed while they open. */
const openingShare = 0.2;

type Client = Pick<RunningWorld & ConnectedWorld, "send">;

class KilledRun {
  readonly #plan: KillPlan;
  readonly #world: ResolvedWorld;
  readonly #dir: string;
  readonly #random: Random;
  readonly #ledger: KillLedger;
  /** The folder holds a run: from then on it must open. */
  #isStarted = false;
  #openMs = 400;
  #openingKills = 0;
  #resent = 0;

  constructor(plan: KillPlan, world: ResolvedWorld) {
    this.#plan = plan;
    this.#world = world;
    this.#dir = join(plan.directory, "run");
    this.#random = seededRandom(plan.seed);
    this.#ledger = new KillLedger(join(plan.directory, "ledger.txt"));
  }

  async play(): Promise<KillReport> {
    const { cycles } = this.#plan;
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      // The last life is long enough to send again what is left.
      if (this.#random() < openingShare) await this.#killOpening();
      else await this.#killLiving();
      this.#ledger.sync();
    }
    const ticks = await this.#check();
    const { count: acknowledged } = this.#ledger;
    this.#ledger.close();
    return { cycles, openingKills: this.#openingKills, acknowledged, resent: this.#resent, ticks };
  }

  /** Undefined where the process was killed before its world was open. */
  async #open(signal?: AbortSignal): Promise<RunningWorld | undefined> {
    const options = { start: "live", workers: 1, ...(signal === undefined ? {} : { signal }) } as const;
    const startMs = performance.now();
    try {
      const world = this.#isStarted
        ? await Engine.open(this.#dir, { ...options, resume: true })
        : await Engine.open(this.#world, { ...options, dir: this.#dir });
      this.#isStarted = true;
      this.#openMs = 0.8 * this.#openMs + 0.2 * (performance.now() - startMs);
      return world;
    } catch (error) {
      if (signal?.aborted === true && EngineError.is(error) && endCodes.has(error.code)) return undefined;
      throw error;
    }
  }

  async #killOpening(): Promise<void> {
    const killer = new AbortController();
    const timer = setTimeout(() => killer.abort(), this.#random() * this.#openMs * 1.1);
    const world = await this.#open(killer.signal);
    clearTimeout(timer);
    if (world === undefined) this.#openingKills += 1;
    else await world.kill();
    if (!this.#isStarted) this.#forgetUnlessStarted();
  }

  /** A run that never started is made anew; one that did must open. */
  #forgetUnlessStarted(): void {
    try {
      readRunStore(this.#dir);
      this.#isStarted = true;
    } catch (error) {
      assert.ok(EngineError.is(error), String(error));
      assert.equal(this.#ledger.count, 0);
      assert.ok(neverCodes.has(error.code), error.message);
      rmSync(this.#dir, { recursive: true, force: true });
    }
  }

  async #killLiving(): Promise<void> {
    const world = await this.#open();
    assert.ok(world !== undefined, "nobody killed it yet");
    const wanted = this.#ledger.count + 1 + Math.floor(this.#random() * acknowledgedPerLifeMax);
    const remote = await Engine.connect(this.#dir);
    const clients = [this.#send(world), this.#send(remote)];
    while (this.#ledger.count < wanted) await new Promise((resolve) => setTimeout(resolve, 1));
    await new Promise((resolve) => setTimeout(resolve, this.#random() * 8));
    await world.kill();
    await Promise.all(clients);
    await remote.closed();
  }

  /** First what former lives left unacknowledged, then new keys, several under way, until the world is gone. */
  async #send(client: Client): Promise<void> {
    const left = [...this.#ledger.unacknowledged];
    this.#resent += left.length;
    const lane = async (): Promise<void> => {
      for (;;) {
        const key = left.shift() ?? this.#ledger.take();
        const seq = await acknowledged(client, key);
        if (seq === undefined) return;
        this.#ledger.acknowledge(key, seq);
      }
    };
    await Promise.all(Array.from({ length: lanesPerClient }, lane));
  }

  /** Ticks of the run. @throws AssertionError */
  async #check(): Promise<number> {
    const last = await this.#open();
    assert.ok(last !== undefined, "nobody kills the last life");
    for (const key of this.#ledger.unacknowledged) {
      this.#ledger.acknowledge(key, (await acknowledged(last, key)) ?? 0);
    }
    await last.run({ until: { when: "idle" } });
    const { chainHead, ticks } = await last.stop();
    const output = readFileSync(join(this.#plan.directory, "out.jsonl"), "utf8");
    const { recovered } = readRunStore(this.#dir);
    this.#checkLedger([...recovered.ticks()].flatMap(({ inputs }) => inputs));
    checkOutput(output, this.#ledger.read());
    const twin = freshTwin(this.#world, topic, recovered.ticks());
    assert.equal(twin.chainHead, chainHead, "the chain of a world that was never disturbed");
    assert.equal(output, twin.output, "its output, every line once");
    const replayed = await replayRun(this.#dir, { isolation: "inline" });
    assert.deepEqual([replayed.verified, replayed.chainHead], [true, chainHead]);
    return ticks;
  }

  #checkLedger(inputs: readonly { readonly seq: number; readonly key?: string }[]): void {
    const firsts = new Map<string, number[]>();
    for (const [index, { seq, key = "" }] of inputs.entries()) {
      assert.equal(seq, index + 1, "sequences have no gap");
      firsts.set(key, [...(firsts.get(key) ?? []), seq]);
    }
    for (const [key, seq] of this.#ledger.read()) {
      assert.ok(firsts.get(key)?.includes(seq), `${key} was acknowledged as ${seq} and is not in the log`);
    }
  }
}

/** The world took every key once, however often it was sent. */
function checkOutput(output: string, ledger: ReadonlyMap<string, number>): void {
  const counts = new Map<string, number>();
  for (const line of output.split("\n").slice(0, -1)) {
    const { payload } = JSON.parse(line) as { payload: string }; // the echo of a key
    counts.set(payload, (counts.get(payload) ?? 0) + 1);
  }
  for (const key of ledger.keys()) assert.equal(counts.get(key), 1, `${key} acts once`);
  assert.equal(counts.size, ledger.size, "nothing acts that was never acknowledged");
}

/** Undefined where the world died before it answered. */
async function acknowledged(client: Client, key: string): Promise<number | undefined> {
  try {
    return (await client.send(`a${1 + (key.length % 3)}`, key, { key, topic })).seq;
  } catch (error) {
    assert.ok(EngineError.is(error) && endCodes.has(error.code), String(error));
    return undefined;
  }
}

/** Plays `cycles` kills on one run. @throws AssertionError where anything acknowledged is lost or doubled */
export async function killCycles(plan: KillPlan): Promise<KillReport> {
  const sample = await quietSample(plan.directory, { text: echoText, durability: "sync", snapshotEvery: 7 });
  const outputs = [{ topic, path: join(plan.directory, "out.jsonl") }];
  return new KilledRun(plan, { ...sample, outputs }).play();
}
