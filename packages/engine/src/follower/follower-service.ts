/** Answers questions about one run: drives its follower in slices and serves requests in between. */

import { EngineError, unreachable } from "@wasm-engine/abi";
import type { ErrorRecord } from "@wasm-engine/abi";
import { inspect } from "../replay/inspect.js";
import { openRecordedRun } from "../replay/track.js";
import type { RecordedRun } from "../replay/track.js";
import type { FollowerCall, FollowerEvent, FollowerRequest, FollowerStatus } from "./contract.js";
import { fail } from "./errors.js";
import { Follower } from "./follower.js";
import { sliceMs, tailPauseMs } from "./limits.js";
import { tracePage } from "./trace-rows.js";
import { why } from "./why.js";

interface Waiting {
  readonly id: number;
  /** `end`: that of the log when it is looked at next. */
  readonly tick: number | "end";
}

export class FollowerService {
  readonly #follower: Follower;
  readonly #emit: (event: FollowerEvent) => void;
  #run: RecordedRun;
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined;
  #isClosed = false;
  /** The follower has read the log to its present end at least once. */
  #isAtEnd = false;
  #failure: EngineError | undefined;

  /** Begins to follow. @throws what opening a run for reading throws */
  constructor(dir: string, emit: (event: FollowerEvent) => void) {
    this.#follower = new Follower(dir);
    this.#run = this.#follower.run;
    this.#emit = emit;
    this.#timer = setImmediate(() => this.#advance());
  }

  take({ id, request }: FollowerCall): void {
    try {
      if (request.kind === "reach") return this.#reach(id, request.tick);
      this.#emit({ kind: "answer", id, value: this.#answer(request) });
    } catch (error) {
      this.#emit({ kind: "error", id, error: recordOf(error, this.#run.dir) });
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#pause();
    this.#follower.close();
  }

  #pause(): void {
    clearTimeout(this.#timer as NodeJS.Timeout); // either kind is taken, and one that has gone off
    clearImmediate(this.#timer as NodeJS.Immediate); // the same
  }

  #answer(request: Exclude<FollowerRequest, { kind: "reach" }>): unknown {
    const { index } = this.#follower;
    switch (request.kind) {
      case "status":
        return this.#follower.status;
      case "trace":
        return tracePage(index, request);
      case "why":
        return why(this.#runAt(index.tick), index, request);
      case "inspect": {
        const { at = index.tick, agent } = request;
        const run = this.#runAt(at);
        const job = { kind: "inspect", dir: run.dir, at, ...(agent === undefined ? {} : { agent }) } as const;
        return { ...inspect(run, job), asOfTick: index.tick };
      }
      default:
        return unreachable(request);
    }
  }

  /** The run as it is on the disk; read anew where it has grown beyond what is asked for. */
  #runAt(tick: number): RecordedRun {
    if (tick > this.#run.log.tick && this.#follower.isLive) this.#run = openRecordedRun(this.#run.dir);
    return this.#run;
  }

  #reach(id: number, asked: number | undefined): void {
    this.#waiting.push({ id, tick: asked ?? "end" });
    if (asked !== undefined) return this.#settle(false);
    this.#pause();
    this.#timer = setImmediate(() => this.#advance());
  }

  #advance(): void {
    if (this.#isClosed) return;
    const startedMs = performance.now();
    let isMore = false;
    try {
      isMore = this.#follower.advance(sliceMs);
    } catch (error) {
      this.#failure = EngineError.is(error)
        ? error
        : fail("WE_FOLLOWER_LOST", { dir: this.#run.dir, cause: String(error) });
    }
    if (!isMore) this.#isAtEnd = true;
    this.#settle(!isMore);
    if (this.#failure !== undefined) return;
    if (isMore) this.#timer = setImmediate(() => this.#advance());
    else if (this.#follower.isLive || this.#waitsForMore()) {
      // Looking at a long log costs: a tenth of the time at most.
      const lookMs = performance.now() - startedMs;
      this.#timer = setTimeout(() => this.#advance(), Math.max(tailPauseMs, 10 * lookMs));
    }
  }

  #waitsForMore(): boolean {
    return this.#waiting.length > 0 && this.#follower.divergence === undefined;
  }

  /** Answers those whose tick has come, and all where no other will. */
  #settle(isLooked: boolean): void {
    const { status, divergence } = this.#follower;
    const error = this.#failure;
    const isFinal = divergence !== undefined || (this.#isAtEnd && !status.live);
    this.#waiting = this.#waiting.filter(({ id, tick }) => {
      if (error !== undefined) this.#emit({ kind: "error", id, error: error.toRecord() });
      else if (isFinal || (tick === "end" ? isLooked : status.asOfTick >= tick))
        this.#emit({ kind: "answer", id, value: status satisfies FollowerStatus });
      else return true;
      return false;
    });
  }
}

function recordOf(error: unknown, dir: string): ErrorRecord {
  return (EngineError.is(error) ? error : fail("WE_FOLLOWER_LOST", { dir, cause: String(error) })).toRecord();
}
