/** Which exports of a module are called with what. It follows from the seed and the names alone. */

import { ValueType } from "../../value-type.js";
import { interestingBits } from "../generator/interesting-constant.js";
import { derivedSeed, seededRandom } from "../random.js";
import type { Passable } from "./fuzz-host.js";
import type { EntryShape, ModuleShape } from "./module-shape.js";

export interface PlannedCall {
  readonly entry: EntryShape;
  readonly parameters: readonly Passable[];
  /** Only looks: nothing is tried with budgets. */
  readonly observes: boolean;
}

const callsMax = 8;

function hashOf(name: string): number {
  let hash = 7;
  for (let index = 0; index < name.length; index++) hash = (Math.imul(hash, 31) + name.charCodeAt(index)) | 0;
  return hash;
}

/** A value that JavaScript can hand over without loss: no NaN, no vectors. */
function passableValue(type: ValueType, bits: bigint): Passable {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits);
  switch (type) {
    case ValueType.I32:
      return Number(BigInt.asIntN(32, bits));
    case ValueType.I64:
      return BigInt.asIntN(64, bits);
    case ValueType.F32:
      return view.getFloat32(4) || 0;
    default:
      return view.getFloat64(0) || 0;
  }
}

/** Mutations may have given the name to another function. */
function isObserver({ name, type }: EntryShape): boolean {
  return name.startsWith("observe") && type.parameters.length === 0;
}

export function plannedCalls(shape: ModuleShape, seed: number): PlannedCall[] {
  const observers = shape.entries.filter(isObserver);
  const entries = shape.entries.filter((entry) => !isObserver(entry)).slice(0, callsMax);
  const looks = observers.map((entry): PlannedCall => ({ entry, parameters: [], observes: true }));
  const calls: PlannedCall[] = [];
  for (let round = 0; round < 2; round++) {
    for (const entry of entries) {
      if (round > 0 && entry.type.parameters.length === 0) continue;
      const random = seededRandom(derivedSeed(seed ^ hashOf(entry.name), round));
      const parameters = entry.type.parameters.map((type) =>
        passableValue(type, interestingBits(random, type)),
      );
      calls.push({ entry, parameters, observes: false }, ...looks);
    }
  }
  return calls.length === 0 ? looks : calls;
}
