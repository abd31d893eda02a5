/**
 * Kills of the world's process at random moments, while it opens and while it writes a snapshot too, under clients that
 * are acknowledged over the control socket and in process; of a process that compacts the run, and of followers beside
 * the world. What was not acknowledged is sent again with its key. After some cycles the run is stopped and compared
 * with the ledger outside, with its replay, and with a world that was never disturbed.
 */

import assert from "node:assert/strict";
import { readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "@wasm-engine/abi";
import type { ConnectedWorld } from "../../client/connected-world.js";
import { Engine } from "../../client/engine.js";
import { followRun } from "../../client/followed-run.js";
import { replayRun } from "../../client/replay-run.js";
import type { RunningWorld } from "../../client/running-world.js";
import type { ResolvedWorld } from "../../world/contract.js";
import { readRunStore } from "../../world/run-store.js";
import { echoText, quietSample } from "../controlled-world.js";
import { seededRandom } from "../fault-file-system.js";
import type { Random } from "../fault-file-system.js";
import { freshTwin } from "./fresh-twin.js";
import { claim } from "./kill-finding.js";
import { KillLedger } from "./kill-ledger.js";
import { killCompact } from "./killed-compact.js";
import { ToldTicks } from "./told-ticks.js";

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
  /** Cycles whose kill left a snapshot or its pages half written. */
  readonly snapshotKills: number;
  /** Cycles that killed a process which compacted the run. */
  readonly compactKills: number;
  /** Followers that were killed beside their world. */
  readonly followerKills: number;
  /** On the disk when the run was stopped. */
  readonly snapshots: number;
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
const followerEndCodes: ReadonlySet<string> = new Set([
  "WE_WORLD_ABORTED",
  "WE_FOLLOWER_LOST",
  "WE_RUN_TICK",
]);
/** As long as a follower may live. */
const followerMs = 600;
/** Ticks at the end of a run whose events are compared. */
const followedTicks = 20;
const lanesPerClient = 3;
const acknowledgedPerLifeMax = 40;
/** Part of the lives that are killed while they open. */
const openingShare = 0.2;
/** Part of the cycles that kill a process which compacts. */
const compactShare = 0.06;
/** Part of the lives beside which a follower is killed. */
const followerShare = 0.08;
/** Part of the others that are killed as soon as a snapshot is under way. */
const snapshotShare = 0.4;

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
  #snapshotKills = 0;
  #compactKills = 0;
  #followerKills = 0;
  readonly #told = new ToldTicks();
  #resent = 0;
  /** What a client heard of the end of its world. */
  #lastEnd = "";

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
      const choice = this.#random();
      if (choice < openingShare) await this.#killOpening();
      else if (choice < openingShare + compactShare && this.#isStarted) await this.#killCompact();
      else await this.#killLiving();
      this.#ledger.sync();
    }
    const ticks = await this.#check();
    const { count: acknowledged } = this.#ledger;
    this.#ledger.close();
    const [openingKills, snapshotKills] = [this.#openingKills, this.#snapshotKills];
    const [compactKills, followerKills] = [this.#compactKills, this.#followerKills];
    const kills = { openingKills, snapshotKills, compactKills, followerKills };
    const snapshots = namesIn(join(this.#dir, "snapshots")).length;
    return { cycles, ...kills, snapshots, acknowledged, resent: this.#resent, ticks };
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
      claim("unopened", !this.#isStarted, String(error));
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

  /** What the log tells is looked at before: afterwards it tells less. */
  async #killCompact(): Promise<void> {
    this.#told.look(this.#dir);
    if (await killCompact(this.#dir, this.#random)) this.#compactKills += 1;
  }

  /** A follower that is killed some time after it has begun; the world beside it must not notice. */
  async #killFollower(): Promise<void> {
    const killer = new AbortController();
    const followed = await followRun(this.#dir, { signal: killer.signal });
    const reached = followed.reach(Number.MAX_SAFE_INTEGER).catch((error: unknown) => {
      assert.ok(EngineError.is(error) && followerEndCodes.has(error.code), String(error));
    });
    await pause(this.#random() * followerMs);
    killer.abort();
    await reached;
    await followed.close();
    this.#followerKills += 1;
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
    const follower = this.#random() < followerShare ? this.#killFollower() : undefined;
    const wanted = this.#ledger.count + 1 + Math.floor(this.#random() * acknowledgedPerLifeMax);
    const waitsForSnapshot = this.#random() < snapshotShare;
    // Connections cost a world more than inputs do: not every life has both kinds of clients.
    const kinds = Math.floor(this.#random() * 3);
    const remote = kinds === 0 ? undefined : await Engine.connect(this.#dir);
    let hasEnded = false;
    const clients = Promise.all([
      kinds === 1 ? [] : this.#send(world),
      remote === undefined ? [] : this.#send(remote),
    ]).finally(() => (hasEnded = true));
    while (!hasEnded && this.#ledger.count < wanted) await pause(1);
    const before = this.#halfWritten();
    if (waitsForSnapshot) await this.#snapshotBegins(before, wanted + acknowledgedPerLifeMax);
    else await pause(this.#random() * 8);
    assert.ok(!hasEnded, `the world ended by itself: ${this.#lastEnd}`);
    await world.kill();
    await clients;
    await remote?.closed();
    await follower;
    if (this.#hasBegun(before)) this.#snapshotKills += 1;
  }

  /** Waits until files of a snapshot are being written, or for a number of acknowledged inputs. */
  async #snapshotBegins(before: ReadonlySet<string>, countMax: number): Promise<void> {
    while (!this.#hasBegun(before) && this.#ledger.count < countMax) await pause(0);
  }

  #hasBegun(before: ReadonlySet<string>): boolean {
    return [...this.#halfWritten()].some((name) => !before.has(name));
  }

  /** Files of snapshots that are being written, or were when a process was killed. */
  #halfWritten(): ReadonlySet<string> {
    const folders = ["pages", "snapshots"].map((name) => join(this.#dir, name));
    return new Set(folders.flatMap(namesIn).filter((name) => name.endsWith(".tmp")));
  }

  /** First what former lives left unacknowledged, then new keys, several under way, until the world is gone. */
  async #send(client: Client): Promise<void> {
    const left = [...this.#ledger.unacknowledged];
    this.#resent += left.length;
    const lane = async (): Promise<void> => {
      for (;;) {
        const key = left.shift() ?? this.#ledger.take();
        const seq = await acknowledged(client, key, (end) => (this.#lastEnd = end));
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
      const seq = await acknowledged(last, key, (end) => (this.#lastEnd = end));
      assert.ok(seq !== undefined, `the world ended by itself: ${this.#lastEnd}`);
      this.#ledger.acknowledge(key, seq);
    }
    await last.run({ until: { when: "idle" } });
    const { chainHead, ticks } = await last.stop();
    const output = readFileSync(join(this.#plan.directory, "out.jsonl"), "utf8");
    const first = this.#told.look(this.#dir);
    const told = this.#told.all();
    const ledger = this.#ledger.read();
    checkLedger(
      told.flatMap(({ inputs }) => inputs),
      ledger,
    );
    checkOutput(output, ledger);
    const twin = freshTwin(this.#world, topic, told);
    claim(
      "chain",
      twin.chainHead === chainHead,
      `${chainHead} is not that of a world that was never disturbed`,
    );
    claim("outputs", output === twin.output, "not that of a world that was never disturbed");
    const from = first < 0 ? {} : { from: first + 1 };
    const replayed = await replayRun(this.#dir, { ...from, isolation: "inline" });
    claim("chain", replayed.verified && replayed.chainHead === chainHead, "its replay leads elsewhere");
    await checkFollowed(this.#dir);
    return ticks;
  }
}

function checkLedger(
  inputs: readonly { readonly seq: number; readonly key?: string }[],
  ledger: ReadonlyMap<string, number>,
): void {
  const firsts = new Map<string, number[]>();
  for (const [index, { seq, key = "" }] of inputs.entries()) {
    claim("lost", seq === index + 1, `sequence ${seq} stands at place ${index + 1}`);
    firsts.set(key, [...(firsts.get(key) ?? []), seq]);
  }
  for (const [key, seq] of ledger) {
    const isThere = firsts.get(key)?.includes(seq) === true;
    claim("lost", isThere, `${key} was acknowledged as ${seq} and is not in the log`);
  }
}

/** The world took every key once, however often it was sent. */
function checkOutput(output: string, ledger: ReadonlyMap<string, number>): void {
  const counts = new Map<string, number>();
  for (const line of output.split("\n").slice(0, -1)) {
    const { payload } = JSON.parse(line) as { payload: string }; // the echo of a key
    counts.set(payload, (counts.get(payload) ?? 0) + 1);
  }
  for (const key of ledger.keys()) {
    const count = counts.get(key) ?? 0;
    claim(count === 0 ? "lost" : "doubled", count === 1, `${key} acts ${count} times`);
  }
  claim("outputs", counts.size === ledger.size, "something acts that was never acknowledged");
}

/** What killed followers left of an index is gone on with, or made anew; it says what a new one says. */
async function checkFollowed(dir: string): Promise<void> {
  const rows: string[] = [];
  for (const isFresh of [false, true]) {
    if (isFresh) rmSync(join(dir, "index"), { recursive: true, force: true });
    await using followed = await followRun(dir);
    const { asOfTick } = await followed.reach();
    const page = await followed.page({ fromTick: Math.max(0, asOfTick - followedTicks) }, { limit: 1000 });
    rows.push(JSON.stringify([asOfTick, page.rows]));
  }
  assert.equal(rows[0], rows[1], "an index that was gone on with says what a new one says");
}

/** Undefined where the world died before it answered. */
async function acknowledged(
  client: Client,
  key: string,
  onEnd: (end: string) => void,
): Promise<number | undefined> {
  try {
    return (await client.send(`a${1 + (key.length % 3)}`, key, { key, topic })).seq;
  } catch (error) {
    assert.ok(EngineError.is(error) && endCodes.has(error.code), String(error));
    onEnd(error.message);
    return undefined;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // no snapshot yet
  }
}

/** Plays `cycles` kills on one run. @throws AssertionError where anything acknowledged is lost or doubled */
export async function killCycles(plan: KillPlan): Promise<KillReport> {
  const sample = await quietSample(plan.directory, { text: echoText, durability: "sync", snapshotEvery: 7 });
  const outputs = [{ topic, path: join(plan.directory, "out.jsonl") }];
  return new KilledRun(plan, { ...sample, outputs }).play();
}
