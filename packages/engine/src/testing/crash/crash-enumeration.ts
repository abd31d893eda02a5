/**
 * Every way in which a disk can fail under the scripted world, one at a time: power cut at a call, a sync that fails,
 * no space from a call on. After each the run is opened again (or goes on), played to its end, and compared with the
 * run that nothing disturbed.
 */

import assert from "node:assert/strict";
import { EngineError, decodeUtf8 } from "@wasm-engine/abi";
import { verifyRunLog } from "../../storage/event-log-reader.js";
import { isShortage } from "../../storage/write-error.js";
import type { ResolvedWorld } from "../../world/contract.js";
import type { RunResult } from "../../world/control.js";
import { FaultFileSystem, seededRandom } from "../fault-file-system.js";
import type { DiskCall } from "../fault-file-system.js";
import { crashFolder, firstLife, loggedKeys, newWitness, nextLife, witnessCopy } from "./crash-life.js";
import type { LifeOptions, Witness } from "./crash-life.js";
import { crashOutput, scriptedInputs } from "./crash-world.js";

export const crashKinds = [
  "cut",
  "cut-twice",
  "cut-short-writes",
  "cut-once-only",
  "sync-fails",
  "full",
] as const;

/**
 * `cut`: power off during the call; `cut-twice`: again while it recovers; `cut-short-writes`: on a disk that takes a
 * few bytes at a time; `cut-once-only`: in a world whose calls must not be repeated; `sync-fails`: EIO; `full`: no
 * space from the call on, until somebody frees some.
 */
export type CrashKind = (typeof crashKinds)[number];

export interface CrashPlace {
  readonly kind: CrashKind;
  /** Number of the disk call, from 1; for `sync-fails` of the sync. */
  readonly call: number;
  /** Decides what a power cut leaves of unsynced writes and names. */
  readonly seed: number;
}

/** What is there when the power goes off during one call. */
interface Moment {
  readonly disk: FaultFileSystem;
  readonly witness: Witness;
}

/** The run that nothing disturbed. */
interface Twin {
  readonly result: RunResult;
  readonly output: string;
  readonly syncs: number;
  /** During every call: a life that is cut there need not be lived again. */
  readonly moments: readonly Moment[];
}

/** Kinds whose undisturbed run is that of `cut`. */
const likeCut: ReadonlySet<CrashKind> = new Set(["cut-twice", "sync-fails", "full"]);

export class CrashEnumeration {
  readonly #world: ResolvedWorld;
  readonly #twins = new Map<CrashKind, Twin>();

  constructor(world: ResolvedWorld) {
    this.#world = world;
  }

  /** Calls of the undisturbed run at which `kind` can strike. */
  callsOf(kind: CrashKind): number {
    const { moments, syncs } = this.#twinOf(kind);
    return kind === "sync-fails" ? syncs : moments.length;
  }

  /** @throws AssertionError where something acknowledged is lost or doubled, or the end is not that of the twin */
  try({ kind, call, seed }: CrashPlace): void {
    const random = seededRandom(call * 1009 + seed * 7 + kind.length);
    switch (kind) {
      case "cut":
      case "cut-once-only":
      case "cut-short-writes":
        return this.#cut(kind, { call, random });
      case "cut-twice":
        return this.#cut(kind, { call, random, again: 1 + Math.floor(random() * 60) });
      case "sync-fails":
        return this.#failSync({ call, random, witness: newWitness() });
      case "full":
        return this.#fill({ call, random, witness: newWitness() });
    }
  }

  #cut(kind: CrashKind, point: { call: number; random: () => number; again?: number }): void {
    const { call, random, again } = point;
    const moment = this.#twinOf(kind).moments[call - 1];
    assert.ok(moment !== undefined, `the world makes call ${call}`);
    const witness = witnessCopy(moment.witness);
    let system = moment.disk.afterCut(random);
    let result: RunResult | undefined;
    if (again !== undefined) {
      system.cutAt = again;
      const { current } = { current: system };
      result = untilCut(current, () => nextLife(current, this.#options(kind), witness));
      if (result === undefined) system = current.isCut ? current.afterCut(random) : current;
    }
    if (result === undefined) [system, result] = this.#finish(system, kind, witness);
    this.#check(system, kind, witness, result);
  }

  /** A failed sync ends the life at once: nobody knows what is on the disk. A snapshot's own is only not kept. */
  #failSync({ call, random, witness }: { call: number; random: () => number; witness: Witness }): void {
    const disk = this.#disk("sync-fails");
    let syncs = 0;
    disk.fault = (name) => (isSync(name) && (syncs += 1) === call ? "EIO" : undefined);
    try {
      firstLife(disk, this.#options("sync-fails"), witness);
      const notes = crashFolder(disk).sideRecords();
      assert.ok(
        notes.some(({ kind }) => kind === "snapshot-failed"),
        "a world goes on after a sync that failed",
      );
    } catch (error) {
      const codes = ["WE_LOG_FAILED", "WE_RUN_UNWRITABLE", "WE_OUTPUT_WRITE"];
      if (!EngineError.is(error) || !codes.includes(error.code)) throw error;
    }
    const [system, result] = this.#finish(disk.afterCut(random), "sync-fails", witness);
    this.#check(system, "sync-fails", witness, result);
  }

  /** No space from `call` on; it returns when the world stands still, and the same life goes on. */
  #fill({ call, random, witness }: { call: number; random: () => number; witness: Witness }): void {
    const disk = this.#disk("full");
    disk.writeBytesMax = 1 + Math.floor(random() * 300);
    const code = random() < 0.5 ? "ENOSPC" : "EDQUOT";
    let isFull = true;
    disk.fault = (name) => {
      const needsSpace = name === "open" || name === "write" || name === "makeFolder" || name === "rename";
      return isFull && needsSpace && disk.calls >= call ? code : undefined;
    };
    const relieve = (): boolean => {
      const wasFull = isFull;
      isFull = false;
      return wasFull;
    };
    let system = disk;
    let result: RunResult | undefined;
    try {
      result = firstLife(disk, { ...this.#options("full"), relieve }, witness);
    } catch (error) {
      // While it is being made, opened or stopped, a world does not wait for space.
      if (!isShortage(error)) throw error;
      isFull = false;
      [system, result] = this.#finish(disk, "full", witness);
    }
    this.#check(system, "full", witness, result);
  }

  /** Opens what is there and plays to the end; where nothing was acknowledged a new run is made instead. */
  #finish(system: FaultFileSystem, kind: CrashKind, witness: Witness): [FaultFileSystem, RunResult] {
    const options = this.#options(kind);
    const result = nextLife(system, options, witness);
    if (result !== undefined) return [system, result];
    assert.equal(witness.acknowledged.size, 0, "nothing is acknowledged before a run is there");
    const fresh = new FaultFileSystem();
    return [fresh, firstLife(fresh, options, witness)];
  }

  #check(system: FaultFileSystem, kind: CrashKind, witness: Witness, result: RunResult): void {
    const twin = this.#twinOf(kind);
    const keys = loggedKeys(system);
    for (const { key } of scriptedInputs()) assert.ok(keys.has(key), `${key} is in the log`);
    for (const [key, seq] of witness.acknowledged) assert.equal(keys.get(key), seq, `place of ${key}`);
    assert.ok(!keys.has("refused"), "a refused input is in the log");
    const folder = crashFolder(system);
    const { ok, damagedAt } = verifyRunLog(folder.log);
    assert.ok(ok, damagedAt?.reason);
    assert.ok(folder.sideRecords().length > 0);
    if (kind === "cut-once-only") {
      for (const [id, count] of witness.asked) assert.ok(count <= 1, `call ${id} was begun ${count} times`);
      this.#replayWhole(system, witness, result);
      return;
    }
    assert.equal(result.chainHead, twin.result.chainHead, "the chain of the undisturbed run");
    assert.equal(result.stateHash, twin.result.stateHash);
    assert.equal(outputOf(system), twin.output, "the output of the undisturbed run");
  }

  /** Answers that nobody knows make another world than the twin's; its own log must lead to it, output included. */
  #replayWhole(system: FaultFileSystem, witness: Witness, { chainHead }: RunResult): void {
    const output = outputOf(system);
    for (const name of system.list("/run/snapshots") ?? []) system.remove(`/run/snapshots/${name}`);
    const again = nextLife(system, this.#options("cut-once-only"), witness);
    assert.equal(again?.chainHead, chainHead, "the log leads to the same chain");
    assert.equal(outputOf(system), output, "the output is written once");
  }

  #options(kind: CrashKind): LifeOptions {
    return { world: this.#world, inputs: scriptedInputs(), isRepeatable: kind !== "cut-once-only" };
  }

  #disk(kind: CrashKind): FaultFileSystem {
    const disk = new FaultFileSystem();
    if (kind === "cut-short-writes") disk.writeBytesMax = 150;
    return disk;
  }

  #twinOf(asked: CrashKind): Twin {
    const kind = likeCut.has(asked) ? "cut" : asked;
    const made = this.#twins.get(kind);
    if (made !== undefined) return made;
    const disk = this.#disk(kind);
    const witness = newWitness();
    const moments: Moment[] = [];
    disk.onCall = () => void moments.push({ disk: disk.copy(), witness: witnessCopy(witness) });
    const result = firstLife(disk, this.#options(kind), witness);
    const count = (name: DiskCall): number => disk.callsByKind.get(name) ?? 0;
    const syncs = count("sync") + count("syncFolder");
    const twin = { result, output: outputOf(disk), syncs, moments };
    this.#twins.set(kind, twin);
    return twin;
  }
}

function isSync(call: DiskCall): boolean {
  return call === "sync" || call === "syncFolder";
}

/** Undefined where the power went off. */
function untilCut<Result>(system: FaultFileSystem, live: () => Result): Result | undefined {
  try {
    return live();
  } catch (error) {
    if (!system.isCut || error instanceof assert.AssertionError) throw error;
    return undefined;
  }
}

function outputOf(system: FaultFileSystem): string {
  return decodeUtf8(system.read(crashOutput) ?? new Uint8Array()) ?? "not UTF-8";
}
