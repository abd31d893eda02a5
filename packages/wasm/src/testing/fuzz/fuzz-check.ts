/**
 * One module against itself: as it is, metered instruction by instruction, instrumented, and interpreted. The first
 * difference in results, traps, host calls, memory, globals, fuel or budgets is what a fuzz run is looking for.
 */

import { Instrumented } from "@wasm-engine/abi";
import { instrument } from "../../instrument.js";
import type { Instrumented as InstrumentedModule } from "../../wasm-contract.js";
import type { Profile } from "../../module-draft.js";
import { meterEachInstruction } from "../fuel-oracle.js";
import { derivedSeed, oneIn, seededRandom } from "../random.js";
import type { Random } from "../random.js";
import { checkBudgets, checkSlices, checkTrapBudgets, checkTwin, leastDepth } from "./budget-check.js";
import type { CheckedCall } from "./budget-check.js";
import { plannedCalls } from "./call-plan.js";
import type { PlannedCall } from "./call-plan.js";
import type { FuzzCounts } from "./fuzz-counts.js";
import { DEPTH_PER_CALL, FUEL_PER_CALL, FuzzWorld, describeOutcome, firstDifference } from "./fuzz-world.js";
import { compareInterpreted, compareInterpretedState } from "./interpreter-check.js";
import { InterpretedWorld, interpretable } from "./interpreted-world.js";
import type { InterpretedReport } from "./interpreted-world.js";
import type { CallReport, Outcome } from "./fuzz-world.js";
import { checkQuota } from "./quota-check.js";
import { moduleShape } from "./module-shape.js";
import type { ModuleShape } from "./module-shape.js";

/** What was found, in words; `kind` stays the same while a module shrinks. */
export interface Difference {
  readonly kind: string;
  readonly text: string;
}

export interface CheckOptions {
  readonly seed: number;
  readonly profile: Profile;
  readonly counts: FuzzCounts;
  /** What was instrumented already. */
  readonly instrumented?: InstrumentedModule;
  /** How a module is instrumented otherwise: tests of the tests hand in something worse. */
  readonly instrument?: typeof instrument | undefined;
}

interface Worlds {
  readonly instrumented: FuzzWorld;
  readonly oracle: FuzzWorld;
  /** Only as long as no NaN was made, whose bits the engine chooses. */
  plain: FuzzWorld | undefined;
}

const usual = { fuel: FUEL_PER_CALL, depth: DEPTH_PER_CALL };

function compile(bytes: Uint8Array): WebAssembly.Module {
  return new WebAssembly.Module(bytes as BufferSource); // never shared memory
}

class ModuleCheck {
  readonly #bytes: Uint8Array;
  readonly #options: CheckOptions;
  readonly #counts: FuzzCounts;
  readonly #shape: ModuleShape;
  readonly #random: Random;
  #interpreted: InterpretedWorld | undefined;

  constructor(bytes: Uint8Array, options: CheckOptions) {
    this.#bytes = bytes;
    this.#options = options;
    this.#counts = options.counts;
    this.#shape = moduleShape(bytes);
    this.#random = seededRandom(derivedSeed(options.seed, 99));
  }

  run(): Difference | undefined {
    const { profile } = this.#options;
    const { instrumented: done, instrument: rewrite = instrument } = this.#options;
    const { bytes, stateBytes } = done ?? rewrite(this.#bytes, { profile });
    // A start section that stays one would run before anything can stop it.
    if (profile === "conformance" && this.#shape.hasStart) return undefined;
    const instrumented = this.#linked(compile(bytes), stateBytes);
    if (!(instrumented instanceof FuzzWorld)) return instrumented;
    if (interpretable(this.#shape)) this.#interpreted = new InterpretedWorld(this.#bytes, this.#shape);
    const start = this.#shape.hasStart ? this.#start(instrumented) : undefined;
    const wrong = start === undefined ? undefined : this.#interpretStart(start, instrumented);
    if (wrong !== undefined) return wrong;
    if (start !== undefined && start.outcome.kind !== "returned") return this.#startFails(start.outcome);
    const worlds = this.#worlds(instrumented);
    const found = start === undefined ? undefined : this.#compareStart(start, worlds);
    return found ?? this.#calls(worlds);
  }

  /** Segments that do not fit and imports that do not link fail in the original too. */
  #linked(module: WebAssembly.Module, stateBytes: number): FuzzWorld | Difference | undefined {
    try {
      return new FuzzWorld(module, this.#shape, stateBytes);
    } catch (error) {
      // Memories and tables that are too large for this machine.
      if (error instanceof RangeError) return undefined;
      if (!(error instanceof WebAssembly.RuntimeError || error instanceof WebAssembly.LinkError)) throw error;
      this.#counts.stopped += 1;
      try {
        new FuzzWorld(compile(this.#bytes), this.#shape);
      } catch {
        return undefined;
      }
      return { kind: "instantiation", text: `the original is instantiated, but: ${error.message}` };
    }
  }

  #start(instrumented: FuzzWorld): CallReport {
    return instrumented.call(Instrumented.start, []);
  }

  #interpretStart(start: CallReport, instrumented: FuzzWorld): Difference | undefined {
    const report = this.#interpreted?.start(usual);
    if (report === undefined) return undefined;
    return this.#compareInterpreted("start function", instrumented, [start, report]);
  }

  #compareInterpreted(
    place: string,
    instrumented: FuzzWorld,
    [report, interpreted]: [CallReport, InterpretedReport],
  ): Difference | undefined {
    this.#counts.interpreted += 1;
    const found = compareInterpreted(place, report, interpreted);
    const { kind } = report.outcome;
    const world = this.#interpreted;
    if (found !== undefined || world === undefined || (kind !== "returned" && kind !== "trapped"))
      return found;
    return compareInterpretedState(place, instrumented, world);
  }

  #interpretCall(call: PlannedCall, report: CallReport, instrumented: FuzzWorld): Difference | undefined {
    const interpreted = this.#interpreted?.call(call, usual);
    if (interpreted === undefined) return undefined;
    return this.#compareInterpreted(placeOf(call), instrumented, [report, interpreted]);
  }

  /** The other worlds execute the start section when they are instantiated: only where it is known to end. */
  #worlds(instrumented: FuzzWorld): Worlds {
    const { profile } = this.#options;
    const oracle = compile(
      meterEachInstruction(this.#bytes, { canonicalizeNan: true, coverage: true, profile }),
    );
    const metered = new FuzzWorld(oracle, this.#shape);
    // A start function that made a NaN may do anything in the original, traps included.
    const plain = metered.nanCount > 0 ? undefined : new FuzzWorld(compile(this.#bytes), this.#shape);
    return { instrumented, oracle: metered, plain };
  }

  /** A start function that traps must trap everywhere. */
  #startFails(outcome: Outcome): Difference | undefined {
    this.#counts.stopped += 1;
    if (outcome.kind !== "trapped") return undefined;
    try {
      new FuzzWorld(compile(meterEachInstruction(this.#bytes, { canonicalizeNan: true })), this.#shape);
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) return undefined;
      throw error;
    }
    return { kind: "start", text: `instrumented ${describeOutcome(outcome)}, but the module starts` };
  }

  #compareStart(start: CallReport, worlds: Worlds): Difference | undefined {
    this.#counts.fuelTotals += 1;
    const expected = worlds.oracle.initialFuel;
    if (start.fuel !== expected) {
      return { kind: "fuel", text: `start function: ${start.fuel} instead of ${expected}` };
    }
    return this.#compareState("start function", worlds);
  }

  #calls(worlds: Worlds): Difference | undefined {
    const calls = plannedCalls(this.#shape, this.#options.seed);
    let returned: CheckedCall | undefined;
    for (const call of calls) {
      // A standalone module passes its imports on as they are: nothing of it runs.
      if (call.entry.imported && this.#options.profile === "conformance") continue;
      const movable = worlds.instrumented.movable && this.#options.profile === "agent" && !call.observes;
      const before = movable ? worlds.instrumented.save() : undefined;
      const report = worlds.instrumented.call(call.entry.name, call.parameters);
      this.#counts.calls += 1;
      const wrong = this.#interpretCall(call, report, worlds.instrumented);
      if (wrong !== undefined) return wrong;
      if (!this.#comparable(report.outcome)) break;
      const found = this.#compareCall(call, report, worlds);
      if (found === "stop") break;
      if (found !== undefined) return found;
      if (before === undefined) continue;
      const checked = { call, before, report };
      const unfair = this.#tryBudgets(worlds.instrumented, checked, call === calls[0]);
      if (unfair !== undefined) return unfair;
      returned = checked;
    }
    this.#counts.cover(worlds.oracle.coverage);
    if (worlds.oracle.nanCount > 0) this.#counts.nanModules += 1;
    const moved = returned === undefined ? undefined : checkTwin(worlds.instrumented, returned, this.#counts);
    return moved ?? this.#quota(worlds.instrumented, calls);
  }

  /** The original knows no quota: only the interpreter can be asked. */
  #quota(instrumented: FuzzWorld, calls: readonly PlannedCall[]): Difference | undefined {
    const asked = this.#options.profile === "agent" && instrumented.movable && oneIn(this.#random, 6);
    if (!asked || this.#interpreted === undefined) return undefined;
    const world = instrumented.twin();
    const pagesMax = (world.memory?.length ?? 0) / 65_536 + this.#random.below(3);
    return checkQuota({
      bytes: this.#bytes,
      shape: this.#shape,
      world,
      calls,
      pagesMax,
      counts: this.#counts,
    });
  }

  #comparable(outcome: Outcome): boolean {
    if (outcome.kind === "returned") this.#counts.returned += 1;
    else if (outcome.kind === "trapped") this.#counts.trapped += 1;
    else this.#counts.stopped += 1;
    return outcome.kind === "returned" || outcome.kind === "trapped";
  }

  #compareCall(call: PlannedCall, report: CallReport, worlds: Worlds): Difference | "stop" | undefined {
    const { name } = call.entry;
    const place = placeOf(call);
    const oracle = worlds.oracle.call(name, call.parameters);
    if (oracle.outcome.kind === "native-stack") return "stop";
    const [actual, expected] = [describeOutcome(report.outcome), describeOutcome(oracle.outcome)];
    if (actual !== expected) return { kind: "outcome", text: `${place}: ${actual} instead of ${expected}` };
    if (report.outcome.kind === "returned") {
      this.#counts.fuelTotals += 1;
      if (report.fuel !== oracle.fuel) {
        return { kind: "fuel", text: `${place}: fuel ${report.fuel} instead of ${oracle.fuel}` };
      }
    }
    if (worlds.oracle.nanCount > 0) worlds.plain = undefined;
    const plain = worlds.plain?.call(name, call.parameters);
    if (plain?.outcome.kind === "native-stack") return "stop";
    if (plain !== undefined && actual !== describeOutcome(plain.outcome)) {
      const original = describeOutcome(plain.outcome);
      return { kind: "plain", text: `${place}: ${actual}, but the original ${original}` };
    }
    return this.#compareState(place, worlds);
  }

  #compareState(place: string, { instrumented, oracle, plain }: Worlds): Difference | undefined {
    for (const [name, other] of [["oracle", oracle] as const, ["original", plain] as const]) {
      if (other === undefined) continue;
      if (instrumented.globals !== other.globals) {
        const text = `${place}: globals ${instrumented.globals}, in the ${name} ${other.globals}`;
        return { kind: "globals", text };
      }
      const at = firstDifference(instrumented.memory, other.memory);
      if (at !== undefined)
        return { kind: "memory", text: `${place}: memory differs from the ${name} at ${at}` };
    }
    return undefined;
  }

  /** @param first nothing was called before: the interpreter can be asked for the same with little depth */
  #tryBudgets(world: FuzzWorld, checked: CheckedCall, first: boolean): Difference | undefined {
    const after = world.save();
    const wrong =
      checkBudgets(world, checked, this.#random, this.#counts) ??
      checkTrapBudgets(world, checked, this.#random, this.#counts) ??
      checkSlices(world, checked, this.#random, this.#counts) ??
      (first || oneIn(this.#random, 8) ? this.#checkDepth(world, checked, first) : undefined);
    world.load(after);
    return wrong;
  }

  #checkDepth(world: FuzzWorld, checked: CheckedCall, first: boolean): Difference | undefined {
    const least = leastDepth(world, checked, this.#counts);
    if (typeof least !== "number") return least;
    if (!first || this.#interpreted === undefined) return undefined;
    for (const depth of [least - 1, least]) {
      const fresh = new InterpretedWorld(this.#bytes, this.#shape);
      fresh.start(usual);
      const { kind } = fresh.call(checked.call, { fuel: FUEL_PER_CALL, depth });
      const expected = depth < least ? "out-of-depth" : checked.report.outcome.kind;
      this.#counts.interpreted += 1;
      // A call that calls nobody and needs nothing fits into no depth at all.
      if (kind === expected || depth < 0) continue;
      const text = `${placeOf(checked.call)} at depth ${depth}: interpreted ${kind} instead of ${expected}`;
      return { kind: "interpreter depth", text };
    }
    return undefined;
  }
}

function placeOf({ entry, parameters }: PlannedCall): string {
  return `${entry.name}(${parameters.map(String).join(", ")})`;
}

/** Runs everything on one module that is valid in its profile. */
export function checkModule(bytes: Uint8Array, options: CheckOptions): Difference | undefined {
  return new ModuleCheck(bytes, options).run();
}
