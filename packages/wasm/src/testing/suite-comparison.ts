/** Runs files of the official suite in three worlds at once: plain, metered by the oracle, instrumented. */

import { Instrumented, InstrumentedStatus } from "@wasm-engine/abi";
import type { ConformanceAction, ConformanceCommand, ConformanceFile } from "./conformance.js";
import { meterEachInstruction } from "./fuel-oracle.js";
import { SuiteWorld } from "./suite-world.js";
import type { Outcome, Preparation } from "./suite-world.js";

export interface ComparisonCounts {
  modules: number;
  returns: number;
  traps: number;
  fuelTotals: number;
  budgets: number;
  readonly differences: string[];
}

/** Files whose functions keep no state: their actions can be repeated with other budgets. */
const stateless =
  /^(block|br|func|call_indirect|local_get|local_tee|i32|f32|f64|conversions|simd_.*arith.*)$/;

export class SuiteComparison {
  readonly counts: ComparisonCounts = {
    modules: 0,
    returns: 0,
    traps: 0,
    fuelTotals: 0,
    budgets: 0,
    differences: [],
  };
  readonly #instrument: Preparation;
  /** The sweep costs two more calls per action. */
  readonly #withBudgets: boolean;

  constructor(instrument: Preparation, withBudgets: boolean) {
    this.#instrument = instrument;
    this.#withBudgets = withBudgets;
  }

  run(file: ConformanceFile): void {
    const worlds = [(bytes: Uint8Array) => bytes, meterEachInstruction, this.#instrument].map(
      (prepare) => new SuiteWorld(prepare),
    );
    for (const command of file.commands) {
      const place = `${file.name}:${command.line}`;
      try {
        if (!this.#command(file, command, worlds, place)) return;
      } catch (error) {
        this.counts.differences.push(`${place}: ${String(error)}`);
        return;
      }
    }
  }

  /** False: the file cannot go on. */
  #command(
    file: ConformanceFile,
    command: ConformanceCommand,
    worlds: readonly SuiteWorld[],
    place: string,
  ): boolean {
    const { type, action, filename = "" } = command;
    if (type === "module") {
      for (const world of worlds) world.instantiate(file, filename, command.name);
      this.counts.modules += 1;
      this.#compareFuel(worlds, place);
    } else if (type === "register") {
      for (const world of worlds) world.register(command.as ?? "", command.name);
    } else if (type === "assert_uninstantiable") {
      for (const world of worlds) fails(() => world.instantiate(file, filename, undefined));
    } else if (action?.type === "invoke") {
      const results = (command.expected ?? []).map((value) => value.type);
      this.#action(worlds, action, results, place);
      const [plain, , instrumented] = worlds;
      const sampled = this.#withBudgets && this.counts.returns % 4 === 0;
      if (type === "assert_return" && sampled && stateless.test(file.name)) {
        if (plain !== undefined && instrumented !== undefined) {
          this.#budgets(instrumented, action, results, place);
        }
      }
    }
    return true;
  }

  #action(
    worlds: readonly SuiteWorld[],
    action: ConformanceAction,
    results: readonly string[],
    place: string,
  ): void {
    const [plain, oracle, instrumented] = worlds.map((world) => world.perform(action, results));
    if (plain === undefined || oracle === undefined || instrumented === undefined) return;
    if (plain.kind === "trap") {
      this.counts.traps += 1;
      const native = plain.message.includes("call stack");
      const same =
        oracle.kind === "trap" &&
        instrumented.kind === "trap" &&
        (native || instrumented.message === plain.message);
      if (!same) this.#differs(place, "traps", [plain, oracle, instrumented].map(describe));
      return;
    }
    this.counts.returns += 1;
    if (!sameResults(plain, instrumented, results)) {
      this.#differs(place, "results", [plain, oracle, instrumented].map(describe));
    }
    this.#compareFuel(worlds, place);
  }

  #compareFuel(worlds: readonly SuiteWorld[], place: string): void {
    const [, expected, actual] = worlds.map((world) => world.fuelUsed());
    this.counts.fuelTotals += 1;
    if (expected !== actual) this.#differs(place, "fuel", [expected, actual]);
  }

  /** One unit less than the total fails, the total itself succeeds and leaves nothing. */
  #budgets(world: SuiteWorld, action: ConformanceAction, results: readonly string[], place: string): void {
    const total = world.fuelUsed();
    if (total === 0n) return;
    for (const [budget, enough] of [
      [total - 1n, false],
      [total, true],
    ] as const) {
      const outcome = world.perform(action, results, budget);
      const left = world.counter(Instrumented.fuel, action.module);
      const status = world.counter(Instrumented.status, action.module);
      const failed = outcome.kind === "trap" ? status === InstrumentedStatus.OUT_OF_FUEL : Number(left) < 0;
      this.counts.budgets += 1;
      if (failed === enough || (enough && left !== 0n)) {
        this.#differs(place, `budget ${budget} of ${total}`, [describe(outcome), left, status]);
      }
    }
  }

  #differs(place: string, what: string, values: readonly unknown[]): void {
    this.counts.differences.push(`${place}: ${what} ${values.map(String).join(" | ")}`);
  }
}

function describe(outcome: Outcome): string {
  if (outcome.kind === "trap") return `trap ${outcome.message}`;
  return outcome.kind === "bits" ? [...outcome.bits].join(",") : outcome.values.map(String).join(",");
}

function fails(instantiate: () => void): void {
  try {
    instantiate();
  } catch {
    return;
  }
  throw new Error("was instantiated");
}

/** Equal bits; where the plain module gives any NaN the instrumented one may give the canonical one. */
function sameResults(plain: Outcome, instrumented: Outcome, results: readonly string[]): boolean {
  if (plain.kind !== instrumented.kind) return false;
  if (plain.kind === "values" && instrumented.kind === "values") return true;
  if (plain.kind !== "bits" || instrumented.kind !== "bits") return false;
  return results.every((type, index) => {
    const [a, b] = [plain, instrumented].map(({ bits }) => bits.slice(index * 16, index * 16 + 16));
    if (a === undefined || b === undefined) return false;
    if (a.every((byte, place) => byte === b[place])) return true;
    if (type === "f32" || type === "f64" || type === "v128") return sameLanes(a, b);
    return false;
  });
}

/** The shape of a vector is unknown here: a NaN in either reading of a lane excuses its difference. */
function sameLanes(a: Uint8Array, b: Uint8Array): boolean {
  const [a32, b32] = [new Float32Array(a.buffer), new Float32Array(b.buffer)];
  const [a64, b64] = [new Float64Array(a.buffer), new Float64Array(b.buffer)];
  const same32 = a32.every((value, lane) => Object.is(value, b32[lane]));
  const same64 = a64.every((value, lane) => Object.is(value, b64[lane]));
  return same32 || same64;
}
