/**
 * Replays the log of a run, recorded or live, and keeps its index. It executes in slices, so that whoever drives it can
 * answer questions in between; every commit is compared with the log before its tick is shown.
 */

import type { EngineError } from "@wasm-engine/abi";
import { equalBytes } from "@wasm-engine/core";
import { nodeHasher } from "../crypto/node-crypto.js";
import { compareCommits } from "../replay/play.js";
import { openRecordedRun, openTrack } from "../replay/track.js";
import type { RecordedRun, Track } from "../replay/track.js";
import { RunFolder, lockHolder } from "../storage/index.js";
import { fail } from "../world/errors.js";
import type { FollowerStatus } from "./contract.js";
import { EventIndex } from "./event-index.js";
import { indexPlace } from "./index-place.js";
import type { IndexPlace } from "./index-place.js";
import { LogTail } from "./log-tail.js";
import type { TailedTick } from "./log-tail.js";
import { TickScribe } from "./tick-scribe.js";
import { TurnTap } from "./turn-tap.js";

interface Playing {
  readonly track: Track;
  readonly scribe: TickScribe;
}

export class Follower {
  readonly run: RecordedRun;
  readonly index: EventIndex;
  readonly #place: IndexPlace;
  readonly #lockPath: string;
  readonly #tap = new TurnTap();
  #tail: LogTail;
  #ticks: Iterator<TailedTick, void, undefined> | undefined;
  #ahead: TailedTick | undefined;
  #playing: Playing | undefined;
  #divergence: EngineError | undefined;
  #ticksExecuted = 0;
  #logTick: number;

  /** @throws what opening a run for reading throws */
  constructor(dir: string) {
    this.run = openRecordedRun(dir);
    this.#logTick = this.run.log.tick;
    this.#lockPath = RunFolder.open(dir, nodeHasher).lockPath;
    this.#place = indexPlace(dir);
    this.index = EventIndex.open(this.#place.path, this.run.log.genesisDigest);
    this.#tail = this.#openTail();
    this.#agree();
  }

  get status(): FollowerStatus {
    const { runId, dir, genesis } = this.run;
    const { epochNanos, tickNanos } = genesis;
    return {
      runId,
      dir,
      epochNanos,
      tickNanos,
      asOfTick: this.index.tick,
      firstTick: (this.run.log.base?.tick ?? -1) + 1,
      logTick: this.#logTick,
      live: this.isLive,
      events: this.index.events,
      indexBytes: this.index.bytes,
      ticksExecuted: this.#ticksExecuted,
      ...(this.#divergence === undefined ? {} : { divergence: this.#divergence.toRecord() }),
    };
  }

  /** A process has the run open. */
  get isLive(): boolean {
    return lockHolder(this.#lockPath) !== undefined;
  }

  get divergence(): EngineError | undefined {
    return this.#divergence;
  }

  /** Executes for about `sliceMs`. True while there is more at hand. @throws {WE_LOG_DAMAGED} */
  advance(sliceMs: number): boolean {
    if (this.#divergence !== undefined) return false;
    const endMs = performance.now() + sliceMs;
    while (performance.now() < endMs) {
      const entry = this.#next();
      if (entry === undefined) {
        this.index.flush();
        return false;
      }
      if (!this.#play(entry)) return false;
    }
    return true;
  }

  close(): void {
    this.index.flush();
    this.#playing?.track.close();
    this.index.close();
    this.#place.release();
  }

  #next(): TailedTick | undefined {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (ahead !== undefined) return ahead;
    this.#ticks ??= this.#tail.read();
    const { done, value } = this.#ticks.next();
    if (done === true || value === undefined) {
      this.#ticks = undefined;
      return undefined;
    }
    this.#logTick = Math.max(this.#logTick, value.tick);
    return value;
  }

  /** Passes over the ticks that the index holds, if they are those of the log; else forgets the index. */
  #agree(): void {
    if (this.index.tick < 0) return;
    const { tick, chainHead } = this.run.log;
    if (tick === this.index.tick && equalBytes(chainHead, this.index.chainHead)) return;
    for (let entry = this.#next(); entry !== undefined; entry = this.#next()) {
      if (entry.tick < this.index.tick) continue;
      if (entry.tick === this.index.tick && equalBytes(entry.chainHead, this.index.chainHead)) return;
      break;
    }
    this.index.clear();
    this.#ticks = undefined;
    this.#tail = this.#openTail();
  }

  /** Begins with the last commit whose events the index holds, to see whether it is still the same run. */
  #openTail(): LogTail {
    const { log, dir } = this.run;
    const place = RunFolder.open(dir, nodeHasher).log;
    const known = { genesis: log.genesis, digest: log.genesisDigest };
    return new LogTail(place, this.index.tick > 0 ? { ...known, tick: this.index.tick - 1 } : undefined);
  }

  #play(entry: TailedTick): boolean {
    if (entry.tick <= this.index.tick) return true;
    this.#playing ??= this.#begin();
    const { track, scribe } = this.#playing;
    if (this.#divergence !== undefined) return false;
    const executed = this.#execute(track, entry);
    if (executed === undefined) return false;
    scribe.write(executed);
    return true;
  }

  /** A world at the tick of the index. */
  #begin(): Playing {
    const scribe = new TickScribe(this.index, this.#tap, this.run.stacks);
    scribe.recall();
    const { tick } = this.index;
    const track = this.#openTrack(tick);
    for (const entry of this.run.log.ticks(track.world.tick)) {
      if (entry.commit === undefined || entry.tick > tick) break;
      const executed = this.#execute(track, { ...entry, commit: entry.commit });
      if (executed === undefined) break;
      scribe.pass(executed);
    }
    return { track, scribe };
  }

  /** From a snapshot, unless a turn was under way in it: its effects are not in any snapshot. */
  #openTrack(tick: number): Track {
    const options = { machine: this.#tap.machine };
    if (tick >= 0) {
      const track = openTrack(this.run, tick, options);
      if (!track.world.agents().some(({ status }) => status === "busy")) return track;
      track.close();
    }
    // Nothing is known of what happened before the base of a log: causes end there.
    return openTrack(this.run, this.run.log.base?.tick, options);
  }

  #execute(
    track: Track,
    entry: Omit<TailedTick, "chainHead">,
  ): Parameters<TickScribe["write"]>[0] | undefined {
    const { tick, inputs, commit } = entry;
    this.#tap.turns = [];
    const result = track.world.step(tick, inputs);
    this.#ticksExecuted += 1;
    const difference = compareCommits(commit, result.commit);
    if (difference === undefined) return { tick, inputs, result, track };
    this.#divergence = fail("WE_RUN_DIVERGED", { ...difference, dir: this.run.dir });
    return undefined;
  }
}
