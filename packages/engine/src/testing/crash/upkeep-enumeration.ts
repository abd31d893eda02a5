/**
 * Every way in which a disk can fail while runs are compacted, exported, imported, forked, gone on with, removed and
 * tidied up, one at a time. After each, every run that is there opens, what was acknowledged is there, and the script
 * played on from there ends as if nothing had happened.
 */

import assert from "node:assert/strict";
import { EngineError } from "@wasm-engine/abi";
import { isShortage } from "../../storage/write-error.js";
import { seededRandom } from "../fault-file-system.js";
import type { Random } from "../fault-file-system.js";
import type { CrashKind, CrashPlace } from "./crash-enumeration.js";
import type { DiskTree } from "./disk-tree.js";
import { mount } from "./mounted-disk.js";
import { checkUpkeep, leftovers, newUpkeepWitness, playUpkeep, upkeepWitnessCopy } from "./upkeep-script.js";
import type { UpkeepEnd, UpkeepWitness } from "./upkeep-script.js";

/** Those of {@link CrashKind} that mean something where nothing is asked of the outside. */
export const upkeepKinds = [
  "cut",
  "cut-twice",
  "cut-short-writes",
  "sync-fails",
  "full",
] as const satisfies readonly CrashKind[];

export type UpkeepKind = (typeof upkeepKinds)[number];

interface Moment {
  readonly disk: DiskTree;
  readonly witness: UpkeepWitness;
}

interface Twin {
  readonly end: UpkeepEnd;
  readonly syncs: number;
  readonly moments: readonly Moment[];
}

const shortWriteBytes = 700;

export class UpkeepEnumeration {
  readonly #start: DiskTree;
  readonly #twins = new Map<boolean, Twin>();

  /** @param start a disk with a run that has ended */
  constructor(start: DiskTree) {
    this.#start = start;
  }

  callsOf(kind: UpkeepKind): number {
    const { moments, syncs } = this.#twinOf(kind);
    return kind === "sync-fails" ? syncs : moments.length;
  }

  /** @throws AssertionError where a run does not open, something acknowledged is lost, or the end is another */
  try({ kind, call, seed }: Omit<CrashPlace, "kind"> & { readonly kind: UpkeepKind }): void {
    const random = seededRandom(call * 1013 + seed * 11 + kind.length);
    switch (kind) {
      case "cut":
      case "cut-short-writes":
        return this.#cut(kind, { call, random });
      case "cut-twice":
        return this.#cut(kind, { call, random, again: 1 + Math.floor(random() * 60) });
      case "sync-fails":
        return this.#failSync(call, random);
      case "full":
        return this.#fill(call, random);
    }
  }

  #cut(kind: UpkeepKind, point: { call: number; random: Random; again?: number }): void {
    const { call, random, again } = point;
    const moment = this.#twinOf(kind).moments[call - 1];
    assert.ok(moment !== undefined, `the script makes call ${call}`);
    const witness = upkeepWitnessCopy(moment.witness);
    let disk = rebooted(moment.disk.afterCut(random));
    mount(disk);
    checkUpkeep(witness);
    if (again !== undefined) {
      disk.cutAt = again;
      attempt(disk, witness);
      disk.cutAt = undefined;
      if (disk.isCut) disk = rebooted(disk.afterCut(random));
    }
    this.#finish(disk, kind, witness);
  }

  /** The process ends with the error, and the machine soon after: what was not synced may be gone. */
  #failSync(call: number, random: Random): void {
    const disk = this.#start.copy();
    const witness = newUpkeepWitness();
    disk.fault = (name) => (/^sync/.test(name) && disk.syncs === call ? "EIO" : undefined);
    mount(disk);
    try {
      playUpkeep(witness);
    } catch (error) {
      if (!EngineError.is(error) || error.code.startsWith("WE_INTERNAL")) throw error;
    }
    this.#finish(rebooted(disk.afterCut(random)), "sync-fails", witness);
  }

  /** No space from `call` on; what fails leaves everything readable, and is asked for again once there is space. */
  #fill(call: number, random: Random): void {
    const disk = this.#start.copy();
    const witness = newUpkeepWitness();
    disk.writeBytesMax = 100 + Math.floor(random() * 5000);
    const code = random() < 0.5 ? "ENOSPC" : "EDQUOT";
    let isFull = true;
    disk.fault = (name) => {
      const needsSpace = name !== "sync" && name !== "syncFolder" && name !== "remove" && name !== "truncate";
      return isFull && needsSpace && disk.calls >= call ? code : undefined;
    };
    const relieve = (): boolean => {
      const wasFull = isFull;
      isFull = false;
      return wasFull;
    };
    mount(disk);
    try {
      playUpkeep(witness, { relieve });
    } catch (error) {
      if (!isShortage(error) && !isUnwritable(error, code)) throw error;
      mount(rebooted(disk.copy()));
      checkUpkeep(witness);
    }
    isFull = false;
    this.#finish(rebooted(disk), "full", witness);
  }

  #finish(disk: DiskTree, kind: UpkeepKind, witness: UpkeepWitness): void {
    mount(disk);
    checkUpkeep(witness);
    playUpkeep(witness);
    assert.deepEqual(checkUpkeep(witness), this.#twinOf(kind).end, "the end of the undisturbed script");
    assert.deepEqual(leftovers(disk), [], "gc leaves nothing behind");
  }

  #twinOf(kind: UpkeepKind): Twin {
    const isShort = kind === "cut-short-writes";
    const made = this.#twins.get(isShort);
    if (made !== undefined) return made;
    const disk = this.#start.copy();
    if (isShort) disk.writeBytesMax = shortWriteBytes;
    const witness = newUpkeepWitness();
    const moments: Moment[] = [];
    disk.onCall = () => void moments.push({ disk: disk.copy(), witness: upkeepWitnessCopy(witness) });
    mount(disk);
    playUpkeep(witness);
    disk.onCall = undefined;
    const twin = { end: checkUpkeep(witness), syncs: disk.syncs, moments };
    this.#twins.set(isShort, twin);
    return twin;
  }
}

/** Plays until the power goes off. */
function attempt(disk: DiskTree, witness: UpkeepWitness): void {
  mount(disk);
  try {
    playUpkeep(witness);
  } catch (error) {
    if (!disk.isCut || error instanceof assert.AssertionError) throw error;
  }
}

function isUnwritable(error: unknown, code: string): boolean {
  return EngineError.is(error) && /UNWRITABLE$/.test(error.code) && error.message.includes(code);
}

/** The process that held locks is no more; another may have its number. */
function rebooted(disk: DiskTree): DiskTree {
  for (const path of disk.files().filter((name) => /\/lock(\.[^/]*)?$/.test(name))) {
    const file = disk.find(path);
    if (file?.kind !== "file") continue;
    const text = Buffer.from(file.seen)
      .toString()
      .replace(/"started":"\d*"/, '"started":"0"');
    disk.replace(file, Buffer.from(text));
  }
  return disk;
}
