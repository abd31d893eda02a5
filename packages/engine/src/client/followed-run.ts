/** A run that can be asked about: the client's side of a follower's process. */

import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { EngineError } from "@wasm-engine/abi";
import type { AgentId } from "@wasm-engine/abi";
import type {
  FollowerCall,
  FollowerEvent,
  FollowerRequest,
  FollowerStatus,
  FollowerValues,
  TraceFilter,
  TracePage,
  TraceRow,
  WhyReport,
  WhyTarget,
} from "../follower/contract.js";
import { fail } from "../follower/errors.js";
import type { ConsoleLine } from "../replay/replay-contract.js";
import { formatTime } from "../time/virtual-time.js";
import { fail as worldError } from "../world/errors.js";
import { worldProcessFlags } from "../world/v8-flags.js";
import { runPlace } from "./run-place.js";
import type { RunPlace } from "./run-place.js";

const program = fileURLToPath(new URL("../follower/follower-process.js", import.meta.url));

/** A follower that was told to end is ended after so long. */
const farewellMs = 5000;

export interface FollowOptions {
  /** Where prefixes and `@last` are looked up; default: the working directory. */
  readonly baseDirectory?: string;
  /** Ends the follower. */
  readonly signal?: AbortSignal;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: EngineError) => void;
}

/**
 * Questions about a recorded or running run, answered by a process of its own that replays the log, compares every
 * commit with it, and keeps a disposable index beside the run. Views carry `asOfTick`.
 */
export class FollowedRun implements AsyncDisposable {
  readonly #place: RunPlace;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #gone: Promise<void>;
  #error: EngineError | undefined;
  #nextId = 1;

  private constructor(place: RunPlace, child: ChildProcess) {
    this.#place = place;
    this.#child = child;
    child.on("message", (message) => this.#receive(message as FollowerEvent)); // sent by our own follower
    this.#gone = new Promise((resolve) => {
      const end = (cause: string): void => {
        this.#fail(fail("WE_FOLLOWER_LOST", { dir: place.name, cause }));
        resolve();
      };
      child.once("error", (error) => end(error.message));
      child.once("exit", (code, signal) => end(signal ?? `exit code ${code ?? 0}`));
    });
  }

  /**
   * Starts to follow a run: a folder, a prefix of an id, `@last`, or a bundle.
   * @throws {WE_RUN_UNKNOWN} {WE_RUN_AMBIGUOUS} {WE_BUNDLE_DAMAGED}
   */
  static async open(run: string, { baseDirectory, signal }: FollowOptions = {}): Promise<FollowedRun> {
    const place = await runPlace(run, baseDirectory);
    const child = fork(program, [place.dir], {
      execArgv: [...worldProcessFlags],
      serialization: "advanced",
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const followed = new FollowedRun(place, child);
    const abort = (): void => {
      followed.#fail(worldError("WE_WORLD_ABORTED", { method: "follow" }));
      child.kill("SIGKILL");
    };
    signal?.addEventListener("abort", abort, { once: true });
    void followed.#gone.then(() => signal?.removeEventListener("abort", abort));
    if (signal?.aborted === true) abort();
    return followed;
  }

  /** Process that follows. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** How far it is. */
  status(): Promise<FollowerStatus> {
    return this.#ask({ kind: "status" });
  }

  /**
   * Waits until ticks up to `tick` have been executed again; default: those that the log holds now.
   * @throws {WE_LOG_DAMAGED} {WE_RUN_DIVERGED} a divergence at or before `tick`
   */
  async reach(tick?: number): Promise<FollowerStatus> {
    const status = await this.#ask({ kind: "reach", ...(tick === undefined ? {} : { tick }) });
    if (status.divergence !== undefined) throw EngineError.fromRecord(status.divergence);
    return status;
  }

  /** One page of events in order. */
  page(
    filter: TraceFilter = {},
    from: { readonly after?: number; readonly limit?: number } = {},
  ): Promise<TracePage> {
    return this.#ask({ kind: "trace", filter, ...from });
  }

  /** Events that pass, page by page; with `follow`, also those that come while the run is live. */
  async *trace(filter: TraceFilter = {}, { follow = false } = {}): AsyncGenerator<TraceRow> {
    const { fromTick = 0, toTick = Infinity } = filter;
    await this.reach();
    if (fromTick > toTick) throw worldError("WE_RUN_RANGE", { from: fromTick, to: toTick });
    for (let after = 0; ;) {
      const page = await this.page(filter, { after });
      yield* page.rows;
      after = page.next ?? page.end;
      if (page.next !== undefined) continue;
      if (!follow || page.asOfTick >= toTick) return;
      const { asOfTick, live } = await this.reach(page.asOfTick + 1);
      if (!live && asOfTick === page.asOfTick) return;
    }
  }

  /** Console lines and faults; with `follow`, also those that come while the run is live. */
  async *lines(
    filter: Pick<TraceFilter, "agent" | "fromTick" | "toTick"> = {},
    options: { readonly follow?: boolean } = {},
  ): AsyncGenerator<ConsoleLine> {
    const { epochNanos, tickNanos } = await this.status();
    for await (const row of this.trace({ ...filter, console: true }, options)) {
      const { tick, agentId, kind, detail = "", text = "" } = row;
      const timestamp = formatTime(epochNanos + BigInt(tick) * tickNanos);
      const isFault = kind === "fault";
      const told = !isFault ? text : text === "" ? detail : `${detail}: ${text}`;
      // Agents have no other names than ids.
      yield { tick, timestamp, agentId: agentId as AgentId, level: isFault ? "fault" : detail, text: told };
    }
  }

  /** The chain of causes of a message, a fault, or the last change of a field. @throws {WE_FOLLOWER_EVENT} */
  why(target: WhyTarget, { behind }: { readonly behind?: number } = {}): Promise<WhyReport> {
    return this.#ask({ kind: "why", target, ...(behind === undefined ? {} : { behind }) });
  }

  /** The world, or one agent, as sealed at a tick. @throws {WE_RUN_TICK} {WE_AGENT_UNKNOWN} */
  inspect(
    options: { readonly at?: number; readonly agent?: string } = {},
  ): Promise<FollowerValues["inspect"]> {
    return this.#ask({ kind: "inspect", ...options });
  }

  /** Ends the process and waits for its end. */
  async close(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    // One that has not begun yet may miss the farewell; what it keeps is disposable.
    const overdue = setTimeout(() => this.#child.kill("SIGKILL"), farewellMs);
    await this.#gone;
    clearTimeout(overdue);
    this.#place.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #ask<Request extends FollowerRequest>(request: Request): Promise<FollowerValues[Request["kind"]]> {
    return new Promise((resolve, reject) => {
      if (this.#error !== undefined) return reject(this.#error);
      const id = this.#nextId;
      this.#nextId += 1;
      // The follower answers each request with the value of its kind.
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#child.send({ id, request } satisfies FollowerCall, () => undefined);
    });
  }

  #receive(event: FollowerEvent): void {
    if (event.kind === "failed") return this.#fail(EngineError.fromRecord(event.error));
    const waiting = this.#waiting.get(event.id);
    this.#waiting.delete(event.id);
    if (event.kind === "answer") waiting?.resolve(event.value);
    else waiting?.reject(EngineError.fromRecord(event.error));
  }

  #fail(error: EngineError): void {
    this.#error ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#error);
    this.#waiting.clear();
  }
}

/** Starts to follow a run. @throws {WE_RUN_UNKNOWN} {WE_RUN_AMBIGUOUS} {WE_BUNDLE_DAMAGED} */
export function followRun(run: string, options: FollowOptions = {}): Promise<FollowedRun> {
  return FollowedRun.open(run, options);
}
