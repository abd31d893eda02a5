/** What a world process can be given to do. Plain data: it crosses the pipe and the thread boundary. */

import type { MessagePort } from "node:worker_threads";
import type { Workers } from "../threads/worker-count.js";
import type { DiffJob } from "../diff/diff-contract.js";
import type { ForkJob, ForksJob, FuturesJob } from "../fork/contract.js";
import type { BisectJob, CheckJob } from "../invariants/contract.js";
import type { ProfileJob } from "../profile/profile-contract.js";
import type { ResolvedWorld } from "./contract.js";
import type { ControlCall, RunUntil } from "./control.js";
import type { SessionOptions } from "./session.js";
import type { DeadLettersJob, InspectJob, LogsJob, ReplayJob } from "../replay/replay-contract.js";
import type { UpgradeCheckJob } from "../upgrade-check/contract.js";
import type { HistoryJob } from "../replay/history-contract.js";
import type { StoryJob } from "../replay/story-contract.js";

/** Where a world comes from: a configuration, or the folder of a run. */
export type WorldOrigin =
  | { readonly kind: "new"; readonly world: ResolvedWorld; readonly dir?: string }
  | { readonly kind: "resume"; readonly dir: string };

/** A tool that is a function of the client's program. */
export interface ProgramTool {
  readonly name: string;
  readonly idempotent?: boolean;
}

export interface WorldJob {
  readonly kind: "world";
  readonly origin: WorldOrigin;
  readonly session: SessionOptions;
  /** Test-only: module that stands for the inference package. */
  readonly inferenceService?: string;
  /** Tools that the client answers. */
  readonly programTools?: readonly ProgramTool[];
  /** Threads that execute agents; default `auto`. */
  readonly workers?: Workers;
  /** The world outlives its client: it runs by itself, and says what it has to say in a file. */
  readonly detached?: { readonly until: RunUntil; readonly log: string };
}

export type Job =
  | WorldJob
  | ReplayJob
  | InspectJob
  | LogsJob
  | DeadLettersJob
  | StoryJob
  | HistoryJob
  | ProfileJob
  | ForkJob
  | ForksJob
  | FuturesJob
  | DiffJob
  | CheckJob
  | BisectJob
  | UpgradeCheckJob;

/** Messages from outside as columns: see call-batch.ts. */
export interface InputBatch {
  readonly kind: "inputs";
  /** Of their calls. */
  readonly ids: Float64Array;
  readonly heads: Uint32Array;
  /** Receivers and topics, each once. */
  readonly names: readonly string[];
  /** One after the other. */
  readonly payloads: Uint8Array;
  /** Absent where none has one. */
  readonly keys?: readonly (string | undefined)[];
}

/** What carries calls. */
export type CallMessage = { readonly kind: "call"; readonly call: ControlCall } | InputBatch;

/** Client to world process, and world process to its orchestrator thread. */
export type JobMessage =
  | { readonly kind: "job"; readonly job: Job }
  | CallMessage
  /** Standard input; without bytes it has ended. */
  | { readonly kind: "stdin"; readonly bytes?: Uint8Array };

/** The job comes as the first message: the thread loads its parts while the client reads its configuration. */
export interface ThreadData {
  /** One int32 that is advanced and notified with every message. */
  readonly bell: SharedArrayBuffer;
  /** To the main thread, which starts threads and hears how they end: see thread-host.ts. */
  readonly threads: MessagePort;
}
