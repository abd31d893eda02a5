/** One run of a dev session: opened new or as a fork, executed until it ends or a save cuts it short, verified. */

import { forkRun } from "../client/fork-run.js";
import { Engine } from "../client/engine.js";
import type { OpenOptions } from "../client/engine.js";
import { recordsOfRun } from "../client/run-log.js";
import type { RunningWorld } from "../client/running-world.js";
import type { DevEvent, DevOptions, DevPlan } from "./contract.js";
import { devError } from "./errors.js";
import { modulesToBring } from "./dev-plan.js";
import type { DevRun } from "./dev-plan.js";
import { failuresOf } from "./failure.js";
import type { DevFailure } from "./failure.js";
import { failuresKept } from "./limits.js";
import type { Project } from "./load-project.js";
import { newDevRun } from "./old-runs.js";

export interface OpenedRun {
  readonly world: RunningWorld;
  /** Grows while the world runs. */
  readonly failures: readonly DevFailure[];
}

interface OpenRequest {
  readonly plan: DevPlan;
  readonly project: Project;
  /** What a fork starts from. */
  readonly last: DevRun | undefined;
  readonly options: DevOptions;
  readonly signal: AbortSignal;
}

/** @throws what making a fork and opening a world throw */
export async function openDevRun(request: OpenRequest): Promise<OpenedRun> {
  const { plan, project, last, options, signal } = request;
  const { world: resolved } = project.loaded;
  const dir = newDevRun(resolved.baseDirectory);
  const { workers, realtime, isolation = "process" } = options;
  const open: OpenOptions = {
    observe: true,
    isolation,
    ...(workers === undefined ? {} : { workers }),
    ...(realtime === undefined ? {} : { realtime }),
  };
  if (plan.how === "fork" && last !== undefined) {
    await forkRun(last.dir, {
      at: plan.at < 0 ? "start" : plan.at,
      dir,
      overrides: await overridesOf(plan, project, last),
      signal,
      isolation,
    });
  }
  const world =
    plan.how === "fork"
      ? await Engine.open(dir, { ...open, resume: true })
      : await Engine.open(resolved, { ...open, dir });
  return { world, failures: listen(world, options.tell) };
}

/** All code that is not that of the parent's start; its own upgrades after the fork would bring old code back. */
async function overridesOf(
  plan: Extract<DevPlan, { readonly how: "fork" }>,
  project: Project,
  last: DevRun,
): Promise<{ readonly modules: Readonly<Record<string, string>>; readonly dropped: readonly number[] }> {
  const modules: Record<string, string> = {};
  const dropped: number[] = [];
  let names: readonly string[] = [];
  for await (const record of recordsOfRun(last.dir)) {
    if (record.kind === "genesis" || record.kind === "base")
      names = modulesToBring(record.genesis.modules, project);
    if (record.kind !== "input" || record.input.tick <= plan.at) continue;
    if (record.input.body.kind === "upgrade") dropped.push(record.input.seq);
  }
  for (const name of names) {
    const source = project.sources.get(name);
    if (source !== undefined) modules[name] = source;
  }
  return { modules, dropped };
}

function listen(world: RunningWorld, tell: (event: DevEvent) => void): readonly DevFailure[] {
  const failures: DevFailure[] = [];
  world.registerTelemetryHook((event) => {
    if (event.kind === "progress") tell({ kind: "progress", progress: event.progress });
    if (event.kind === "recovered")
      tell({ kind: "warning", text: `${event.message}; the world goes on after tick ${event.tick}` });
    if (event.kind === "tool-line") tell(event);
    if (event.kind !== "observed") return;
    tell({ kind: "observed", observed: event.observed });
    failures.push(...failuresOf(event.observed).slice(0, failuresKept - failures.length));
  });
  return failures;
}

/** Refuses a fork in which an agent still runs code that it should have given up. @throws {WE_DEV_UPGRADE_REFUSED} */
export async function checkUpgraded(
  world: RunningWorld,
  { plan, project, names, failures }: UpgradeCheck,
): Promise<void> {
  if (plan.how === "new") return;
  const now = project.loaded.world.genesis.modules;
  const { agents } = await world.inspect();
  const stale = agents.find(({ module }) => {
    const known = [...(names.get(module) ?? [])];
    return known.length > 0 && known.every((name) => now[name] !== module);
  });
  if (stale === undefined) return;
  const reason = failures.find(({ agentId, tick }) => agentId === stale.agentId && tick > plan.at);
  throw devError("WE_DEV_UPGRADE_REFUSED", {
    agent: stale.agentId,
    tick: plan.at,
    reason: reason?.detail.split("\n")[0] ?? "it was not upgraded",
  });
}

export interface UpgradeCheck {
  readonly plan: DevPlan;
  readonly project: Project;
  /** Names that module digests have had in this session. */
  readonly names: ReadonlyMap<string, ReadonlySet<string>>;
  readonly failures: readonly DevFailure[];
}
