/**
 * The job `profile`: executes the ticks of a log again with modules that are instrumented for profiling. Every commit
 * must be that of the log, so what is told of the run is what happened in it.
 */

import { compareIds } from "@wasm-engine/abi";
import type { ModuleDigest } from "@wasm-engine/abi";
import { functionNamesFrom } from "@wasm-engine/wasm";
import { fail } from "../world/errors.js";
import { ticksPerProgress } from "../world/limits.js";
import { readConfirmed } from "../replay/confirmed-track.js";
import { tickRange } from "../replay/play.js";
import type { ReplayProgress } from "../replay/replay-contract.js";
import type { RecordedRun } from "../replay/track.js";
import { CallProfiler } from "./call-profiler.js";
import type { ModuleToProfile } from "./call-profiler.js";
import type { ProfileJob, ProfileReport, ProfiledBlock, ProfiledFunction } from "./profile-contract.js";

/** @throws {WE_RUN_TICK} {WE_RUN_DIVERGED} {WE_AGENT_UNKNOWN} {WE_PROFILE_MODULE} {WE_PROFILE_NAMES} */
export function profileRun(
  run: RecordedRun,
  job: ProfileJob,
  onProgress: (progress: ReplayProgress) => void,
): ProfileReport {
  const { from, to } = tickRange(run, job);
  const { agent, module, names = {} } = job;
  for (const [name, { isAsked }] of Object.entries(names)) if (isAsked) digestsNamed(run, name);
  const modules = module === undefined ? undefined : digestsNamed(run, module);
  const profiler = new CallProfiler({
    from,
    ...(agent === undefined ? {} : { agent }),
    ...(modules === undefined ? {} : { modules }),
  });
  let ticks = 0;
  let executed = 0;
  let turnsExecuted = 0;
  let isKnown = agent === undefined || run.genesis.agents.some(({ id }) => id === agent);
  const onTick: NonNullable<Parameters<typeof readConfirmed>[1]["onTick"]> = (tick, result, { world }) => {
    if (tick >= from) ticks += 1;
    executed += 1;
    turnsExecuted += result.figures.turns;
    isKnown ||= world.agents().some(({ agentId }) => agentId === agent);
    if (executed % ticksPerProgress === 0) onProgress({ tick, turnsExecuted });
  };
  const instrumented = {
    module: (digest: ModuleDigest) => profiler.module(digest, moduleToProfile(run, job, digest)),
    witness: profiler,
  };
  readConfirmed(run, { from, to, onTick, instrumented }, () => undefined);
  if (agent !== undefined && !isKnown) throw fail("WE_AGENT_UNKNOWN", { agent, tick: to });
  return {
    runId: run.runId,
    dir: run.dir,
    from,
    to,
    ticks,
    calls: profiler.calls,
    faultedCalls: profiler.faultedCalls,
    fuel: profiler.fuel,
    overdrawnFuel: profiler.overdrawnFuel,
    agents: profiler.agents(),
    functions: functionsOf(profiler),
    ...(job.blocks === true ? { blocks: blocksOf(profiler) } : {}),
    tree: profiler.tree.data(),
  };
}

/** @throws {WE_PROFILE_NAMES} */
function moduleToProfile(run: RecordedRun, { names }: ProfileJob, digest: ModuleDigest): ModuleToProfile {
  const name = run.moduleName(digest);
  const original = run.moduleBytes(digest);
  const named = names?.[name];
  if (named === undefined) return { name, original, names: undefined };
  const found = namesFrom(original, named.bytes);
  if (found === undefined && named.isAsked) {
    throw fail("WE_PROFILE_NAMES", { module: name, why: "it holds other code than the run executed" });
  }
  return { name, original, names: found };
}

function namesFrom(original: Uint8Array, named: Uint8Array): readonly string[] | undefined {
  try {
    return functionNamesFrom(original, named);
  } catch {
    // No module at all is not this one either.
    return undefined;
  }
}

function functionsOf(profiler: CallProfiler): ProfiledFunction[] {
  const functions = profiler.tree.frames().filter(({ calls }) => calls > 0);
  return functions
    .map(({ name, ...sums }) => ({ ...name, ...sums }))
    .sort((left, right) => right.selfFuel - left.selfFuel || inModules(left, right));
}

function blocksOf(profiler: CallProfiler): ProfiledBlock[] {
  const byFuel = (left: ProfiledBlock, right: ProfiledBlock): number =>
    right.fuel - left.fuel || inModules(left, right) || left.offset - right.offset;
  return profiler.blocks().sort(byFuel);
}

interface Placed {
  readonly module: string;
  readonly index: number;
}

function inModules(left: Placed, right: Placed): number {
  return compareIds(left.module, right.module) || left.index - right.index;
}

/** A name may have had several modules: upgrades and forks change them. @throws {WE_PROFILE_MODULE} */
function digestsNamed(run: RecordedRun, module: string): ReadonlySet<ModuleDigest> {
  const digests = [...run.modules.keys()];
  const named = new Set(digests.filter((digest) => run.moduleName(digest) === module));
  if (named.size > 0) return named;
  const known = [...new Set(digests.map((digest) => run.moduleName(digest)))].sort(compareIds);
  throw fail("WE_PROFILE_MODULE", { module, known: known.join(", ") });
}
