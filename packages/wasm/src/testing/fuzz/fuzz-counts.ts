/** What a fuzz run has done so far. */

import { OPCODES } from "../../opcodes.js";

const numbers = [
  ...([
    "modules",
    "calls",
    "returned",
    "trapped",
    "stopped",
    "budgets",
    "fuelTotals",
    "interpreted",
  ] as const),
  ...(["moved", "nanModules", "accepted"] as const),
] as const;

/** Counts on their way between processes. */
export interface CountRecord {
  readonly numbers: Readonly<Record<(typeof numbers)[number], number>>;
  readonly refusals: readonly (readonly [string, number])[];
  readonly coverage: readonly string[];
}

export class FuzzCounts {
  modules = 0;
  calls = 0;
  returned = 0;
  trapped = 0;
  /** Ended for fuel or depth. */
  stopped = 0;
  budgets = 0;
  fuelTotals = 0;
  interpreted = 0;
  /** States that went on in another instance. */
  moved = 0;
  /** Modules that made a NaN. */
  nanModules = 0;
  accepted = 0;
  readonly refusals = new Map<string, number>();
  readonly coverage: bigint[] = new Array<bigint>(12).fill(0n);

  refuse(code: string): void {
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
  }

  cover(words: readonly bigint[]): void {
    for (const [index, word] of words.entries()) this.coverage[index] = (this.coverage[index] ?? 0n) | word;
  }

  /** Names of instructions that the conformance profile lets through and that were never executed. */
  uncovered(): string[] {
    return OPCODES.flatMap((opcode) => {
      if (opcode === undefined) return [];
      if (opcode.refused !== undefined && opcode.refused !== "table-mutation") return [];
      const word = this.coverage[Math.floor(opcode.op / 64)] ?? 0n;
      return ((word >> BigInt(opcode.op % 64)) & 1n) === 1n ? [] : [opcode.name];
    });
  }

  record(): CountRecord {
    const { modules, calls, returned, trapped, stopped, budgets, fuelTotals, interpreted } = this;
    const { moved, nanModules, accepted } = this;
    return {
      numbers: {
        ...{ modules, calls, returned, trapped, stopped, budgets, fuelTotals, interpreted },
        ...{ moved, nanModules, accepted },
      },
      refusals: [...this.refusals],
      coverage: this.coverage.map(String),
    };
  }

  add(record: CountRecord): void {
    for (const name of numbers) this[name] += record.numbers[name];
    for (const [code, count] of record.refusals) {
      this.refusals.set(code, (this.refusals.get(code) ?? 0) + count);
    }
    this.cover(record.coverage.map(BigInt));
  }

  get refused(): number {
    return [...this.refusals.values()].reduce((sum, count) => sum + count, 0);
  }

  get instructions(): number {
    return OPCODES.filter(
      (opcode) => opcode !== undefined && (opcode.refused ?? "table-mutation") === "table-mutation",
    ).length;
  }

  /** One line. */
  text(): string {
    const covered = this.instructions - this.uncovered().length;
    return [
      `${this.modules} modules`,
      `${this.calls} calls (${this.returned} returned, ${this.trapped} trapped, ${this.stopped} stopped)`,
      `${this.fuelTotals} fuel totals`,
      `${this.budgets} budgets`,
      `${this.moved} states moved`,
      `${this.nanModules} modules made NaN`,
      `${this.interpreted} calls interpreted`,
      `${this.accepted} accepted, ${this.refused} refused`,
      `${covered} of ${this.instructions} instructions executed`,
    ].join(", ");
  }
}
