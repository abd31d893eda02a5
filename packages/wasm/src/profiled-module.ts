/**
 * `instrumentForProfile`: the module that {@link instrument} makes, with probes at every segment and around every
 * function. Fuel, results, traps and state are the same; the probes tell which code was executed and what it costs.
 * For replays that look: such a module never enters a run.
 */

import { assert } from "@wasm-engine/abi";
import { FunctionPlanner } from "./function-planner.js";
import { functionNamesOf } from "./function-names.js";
import { ProbeList } from "./fuel-probe.js";
import type { ProbePlace } from "./fuel-probe.js";
import { layoutOf } from "./layout.js";
import { writeModule } from "./module-writer.js";
import { ProbeWriter } from "./probe-writer.js";
import { retriedBodies } from "./retry.js";
import { stateLayout } from "./state-functions.js";
import { validate } from "./validator.js";
import type { ValidatedModule } from "./validator.js";

/** What the words of a profiled module's probes mean. */
export interface ProfileMap {
  /** By index in the original's function space, imported ones first: see {@link functionNamesOf}. */
  readonly functions: readonly string[];
  /** Word `1 + functions.length + n` is place n. */
  readonly places: readonly ProbePlace[];
}

export interface ProfiledModule {
  readonly bytes: Uint8Array;
  readonly map: ProfileMap;
}

/**
 * Validates a module, unless that has been done, and instruments it for profiling.
 * @param source the original, not the instrumented bytes; or what {@link validate} gave for them
 * @throws {WE_MODULE_…} every code of {@link validate}
 */
export function instrumentForProfile(source: Uint8Array | ValidatedModule): ProfiledModule {
  const { module, profile } = source instanceof Uint8Array ? validate(source) : source;
  assert(profile === "agent", "what is profiled has run as an agent");
  const planner = new FunctionPlanner(module);
  const plans = planner.planAll();
  const layout = layoutOf(module, {
    droppedSegments: planner.droppedSegments,
    entries: undefined,
    retried: retriedBodies(plans),
    probed: true,
  });
  const list = new ProbeList(module.functions.length);
  const probes = new ProbeWriter(list, layout);
  const input = { module, layout, plans, canonicalizeNan: true, probes };
  const bytes = writeModule(input, stateLayout(module, layout, false));
  return { bytes, map: { functions: functionNamesOf(module), places: list.places } };
}
