/** The runs of a project: which there are, in what state, and which of them is meant where nobody says so. */

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fail } from "../control/errors.js";
import { nodeHasher } from "../crypto/node-crypto.js";
import { RunFolder } from "../storage/index.js";
import { lockHolder } from "../storage/run-lock.js";
import type { ConnectedStatus } from "./connected-world.js";
import { ControlClient } from "./control-client.js";
import { runsBelow, searchedPlaces, shownNames } from "../world/run-reference.js";
import type { RunFolderName } from "../world/run-reference.js";
import { hex } from "../world/report.js";
import { readRunStore } from "../world/run-store.js";

/**
 * `running`: a process has it open; `ended`: its stop rule held or it was told to stop; `interrupted`: by a signal;
 * `crashed`: its process died, it can be resumed; `unreadable`: not a run of this version, or damaged.
 */
export type RunState = "running" | "ended" | "interrupted" | "crashed" | "unreadable";

export interface RunSummary {
  readonly runId: string;
  readonly dir: string;
  readonly name: string;
  readonly state: RunState;
  /** Process that has it open. */
  readonly pid?: number;
  /** Somebody answers at its control socket. */
  readonly isReachable: boolean;
  readonly ticks?: number;
  readonly chainHead?: string;
  /** When it was made, by the wall clock, RFC 3339. */
  readonly createdAt?: string;
  /** Of everything in its folder. */
  readonly bytes: number;
  /** The run that it was forked from, and the last tick that both share; -1 for none. */
  readonly parent?: RunParent;
}

export interface RunParent {
  readonly runId: string;
  readonly at: number;
  /** What is different, as `--set` and its kin would say it. */
  readonly overrides: readonly string[];
}

/** Every run of `baseDirectory` and the projects below it, newest first. */
export async function listRuns(baseDirectory: string = process.cwd()): Promise<readonly RunSummary[]> {
  const runs = [...runsBelow(baseDirectory)].reverse();
  return Promise.all(runs.map(summaryOf));
}

/**
 * The folder of the only running world.
 * @throws {WE_RUN_NOT_LIVE} {WE_RUN_SEVERAL_LIVE}
 */
export function onlyLiveRun(baseDirectory: string = process.cwd()): string {
  const live = runsBelow(baseDirectory).filter(({ dir }) => liveProcess(dir) !== undefined);
  const [only] = live;
  if (only === undefined) throw fail("WE_RUN_NOT_LIVE", { searched: searchedPlaces(baseDirectory) });
  if (live.length === 1) return only.dir;
  throw fail("WE_RUN_SEVERAL_LIVE", { count: live.length, runs: shownNames(live.map(({ id }) => id)) });
}

/** The process that has the run in `dir` open. */
export function liveProcess(dir: string): number | undefined {
  return lockHolder(join(dir, "lock"));
}

async function summaryOf({ id, dir }: RunFolderName): Promise<RunSummary> {
  const bytes = bytesOf(dir);
  const head = headOf(dir);
  const parent = head?.parent === undefined ? {} : { parent: head.parent };
  const base = { runId: id, dir, name: head?.name ?? "", bytes, isReachable: false, ...parent };
  const createdAt = head?.createdAt === undefined ? {} : { createdAt: head.createdAt };
  const pid = liveProcess(dir);
  if (pid !== undefined) {
    const status = await statusOf(dir);
    const figures = status === undefined ? {} : { ticks: status.tick + 1, chainHead: status.chainHead };
    return { ...base, ...createdAt, ...figures, state: "running", pid, isReachable: status !== undefined };
  }
  return { ...base, ...createdAt, ...endOf(dir) };
}

async function statusOf(dir: string): Promise<ConnectedStatus | undefined> {
  try {
    const client = await ControlClient.connect(dir);
    try {
      return (await client.call("status")) as ConnectedStatus; // spec/control.md
    } finally {
      await client.close();
    }
  } catch {
    return undefined;
  }
}

type RunHead = Pick<RunSummary, "name" | "createdAt" | "parent">;

function headOf(dir: string): RunHead | undefined {
  try {
    const info = RunFolder.open(dir, nodeHasher).readInfo();
    const { name, createdAt, fork } = info as Readonly<Record<string, unknown>>; // looked at next
    if (typeof name !== "string" || typeof createdAt !== "string") return undefined;
    const { parent, at, overrides } = (fork ?? {}) as Readonly<Record<string, unknown>>; // as above
    const isFork = typeof parent === "string" && typeof at === "number";
    if (!isFork) return { name, createdAt };
    const texts = Array.isArray(overrides) ? overrides.filter((text) => typeof text === "string") : [];
    return { name, createdAt, parent: { runId: parent, at, overrides: texts } };
  } catch {
    return undefined;
  }
}

type RunEnding = Pick<RunSummary, "state" | "ticks" | "chainHead">;

/** From the side records where they say it; a run that crashed has to be read. */
function endOf(dir: string): RunEnding {
  try {
    const last = RunFolder.open(dir, nodeHasher)
      .sideRecords()
      .filter(({ kind }) => kind === "opened" || kind === "closed")
      .at(-1);
    const { reason, chainHead, reachedTick } = (last?.data ?? {}) as Readonly<Record<string, unknown>>; // JSON
    const isClosed = last?.kind === "closed";
    const state = !isClosed ? "crashed" : reason === "interrupted" ? "interrupted" : "ended";
    if (isClosed && typeof chainHead === "string" && typeof reachedTick === "number")
      return { state, ticks: reachedTick + 1, chainHead };
    const { recovered } = readRunStore(dir);
    return { state, ticks: recovered.reachedTick + 1, chainHead: hex(recovered.chainHead) };
  } catch {
    return { state: "unreadable" };
  }
}

/** A folder that changes meanwhile is counted as far as it is there. */
function bytesOf(path: string): number {
  try {
    const entry = statSync(path);
    if (!entry.isDirectory()) return entry.isFile() ? entry.size : 0;
    return readdirSync(path).reduce((sum, name) => sum + bytesOf(join(path, name)), 0);
  } catch {
    return 0;
  }
}
