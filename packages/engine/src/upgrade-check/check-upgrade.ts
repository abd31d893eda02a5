/**
 * The job `upgrade-check`: executes a recorded run again, and new code of some modules beside it with the same mail.
 * The recorded code is confirmed by the log; the run is not changed and nobody is asked anything.
 */

import type { ModuleDigest } from "@wasm-engine/abi";
import { World } from "@wasm-engine/core";
import { adviceFor } from "../config/suggestion.js";
import { nodeHasher } from "../crypto/node-crypto.js";
import { forkError } from "../fork/errors.js";
import { compareCommits, tickRange } from "../replay/play.js";
import type { ReplayProgress } from "../replay/replay-contract.js";
import type { RecordedRun } from "../replay/track.js";
import { requireReach } from "../storage/event-log-reader.js";
import { singleThread } from "../threads/machine.js";
import { fail } from "../world/errors.js";
import { ticksPerProgress } from "../world/limits.js";
import { decodeContent } from "../world/snapshot-content.js";
import type { CheckedAgent, UpgradeCheckJob, UpgradeCheckReport } from "./contract.js";
import { ShadowExecutor } from "./shadow-executor.js";
import type { Replacement } from "./shadow-executor.js";

/** @throws {WE_FORK_OVERRIDE} {WE_RUN_TICK} {WE_RUN_DIVERGED} {WE_AGENT_UNKNOWN} */
export function checkUpgrade(
  run: RecordedRun,
  job: UpgradeCheckJob,
  onProgress: (progress: ReplayProgress) => void,
): UpgradeCheckReport {
  const { from, to } = tickRange(run, job);
  const { world, shadow } = openShadow(run, job, from);
  // From the start on it has begun before the world made its agents.
  let [ticksExecuted, turnsExecuted, isOn] = [0, 0, from === 0];
  for (const entry of run.log.ticks(world.tick)) {
    if (entry.commit === undefined || entry.tick > to) break;
    if (!isOn && entry.tick >= from) {
      shadow.begin(entry.tick);
      isOn = true;
    }
    const result = world.step(entry.tick, entry.inputs);
    const difference = compareCommits(entry.commit, result.commit);
    if (difference !== undefined) throw fail("WE_RUN_DIVERGED", { ...difference, dir: run.dir });
    ticksExecuted += 1;
    turnsExecuted += result.figures.turns;
    if (ticksExecuted % ticksPerProgress === 0) onProgress({ tick: entry.tick, turnsExecuted });
  }
  const known: ReadonlySet<string> = new Set([
    ...run.genesis.agents.map(({ id }) => id),
    ...world.agents().map(({ agentId }) => agentId),
    ...shadow.agentIds,
  ]);
  for (const agent of job.agents ?? []) {
    if (!known.has(agent)) throw fail("WE_AGENT_UNKNOWN", { agent, tick: to });
  }
  const { agents } = shadow;
  return {
    runId: run.runId,
    dir: run.dir,
    modules: job.modules.map(({ name, digest }) => ({ name, digest })),
    equal: agents.every(({ firstDifference }) => firstDifference === null),
    from,
    to,
    ticksExecuted,
    agents,
    faults: agents.filter(({ firstDifference }) => firstDifference?.shadow.fault !== undefined).length,
    fuelRatio: ratioOf(agents),
  };
}

function ratioOf(agents: readonly CheckedAgent[]): number | null {
  const recorded = agents.reduce((sum, { fuel }) => sum + fuel.recorded, 0);
  return recorded === 0 ? null : agents.reduce((sum, { fuel }) => sum + fuel.shadow, 0) / recorded;
}

function openShadow(
  run: RecordedRun,
  job: UpgradeCheckJob,
  from: number,
): { readonly world: ReturnType<typeof World.create>; readonly shadow: ShadowExecutor } {
  const { genesis, modules } = run;
  const fresh = new Map(job.modules.map(({ digest, instrumented }) => [digest, instrumented] as const));
  const recorded = singleThread.start({ genesis, modules }).executor;
  const shadow = new ShadowExecutor({
    recorded,
    shadow: singleThread.start({ genesis, modules: new Map([...modules, ...fresh]) }).executor,
    replacementOf: replacements(run, job),
    isChecked: (agent) => job.agents === undefined || job.agents.includes(agent),
  });
  const ports = { hasher: nodeHasher, executors: shadow.executors };
  const snapshot = from === 0 ? undefined : run.newestSnapshot(from - 1);
  requireReach(run.dir, run.log.base, snapshot?.tick ?? -1, from);
  if (snapshot === undefined) {
    // Before the world makes its agents: they never have another code.
    if (from === 0) shadow.begin(0);
    return { world: World.create(genesis, ports), shadow };
  }
  const content = decodeContent(snapshot);
  recorded.loadImages(content.images);
  return { world: World.restore(genesis, content.world, ports), shadow };
}

/** @throws {WE_FORK_OVERRIDE} */
function replacements(
  { genesis, moduleName }: RecordedRun,
  { modules }: UpgradeCheckJob,
): (module: ModuleDigest) => Replacement | undefined {
  const known = Object.keys(genesis.modules);
  for (const { name } of modules) {
    if (known.includes(name)) continue;
    throw forkError("WE_FORK_OVERRIDE", {
      override: `module.${name}`,
      reason: `the run has no module "${name}"`,
      advice: adviceFor(name, known, "modules"),
    });
  }
  return (module) => modules.find(({ name }) => name === moduleName(module));
}
