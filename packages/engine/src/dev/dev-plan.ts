/** Decides how the next run comes to be from what changed and how the last one ended. Pure. */

import type { Story } from "../replay/story-contract.js";
import type { RunResult } from "../world/control.js";
import { changeOf } from "./config-change.js";
import type { DevPlan } from "./contract.js";
import { decisiveFailure } from "./failure.js";
import type { DevFailure } from "./failure.js";
import { forkPoint } from "./fork-point.js";
import type { Project } from "./load-project.js";

/** A run of this session. */
export interface DevRun {
  readonly dir: string;
  readonly project: Project;
  readonly result: RunResult;
  readonly failures: readonly DevFailure[];
  /** Gathered by the replay that verified it; absent where it was not told yet. */
  readonly story: Story | undefined;
  /** It stays running: other code takes over where it stands. */
  readonly isLive: boolean;
}

export interface PlanRequest {
  readonly last: DevRun | undefined;
  readonly project: Project;
  readonly trigger: "start" | "saved" | "again" | "fork";
  readonly saved: readonly string[];
  /** Names that module digests have had in this session. */
  readonly names: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Undefined: nothing to do. */
export function planOf(request: PlanRequest): DevPlan | undefined {
  const { last, project, trigger, saved } = request;
  if (last === undefined) return { how: "new", why: "first", what: [] };
  if (trigger === "again") return { how: "new", why: "asked", what: [] };
  const change = changeOf(last.project.loaded, project.loaded, saved);
  if (change.kind === "world") return { how: "new", why: "changed", what: change.what };
  const modules = change.kind === "modules" ? change.names : [];
  if (trigger !== "fork" && modules.length === 0) return undefined;
  const fork = { how: "fork", parent: last.result.runId, modules } as const;
  if (last.isLive) return { ...fork, at: last.result.ticks - 1, because: [] };
  const failure = failureOf(request, last, modules);
  if (failure === undefined || last.story === undefined) {
    return trigger === "fork" ? undefined : { ...fork, at: -1, because: [] };
  }
  const outdated = outdatedModules(last.story, request);
  return { ...fork, failure, ...forkPoint(last.story, failure.before, outdated) };
}

function failureOf({ names }: PlanRequest, last: DevRun, modules: readonly string[]): DevFailure | undefined {
  const digests = new Map(last.story?.agents.map(({ agentId, module }) => [agentId, module]));
  const ended = last.result.unsupervised?.agentId;
  return decisiveFailure(last.failures, {
    ...(ended === undefined ? {} : { ended }),
    hasChanged: (agentId) => {
      const known = names.get(digests.get(agentId) ?? "");
      return modules.some((name) => known?.has(name));
    },
  });
}

/** Digests that agents of the story run and that are not those of the project any more. */
function outdatedModules(story: Story, { project, names }: PlanRequest): ReadonlySet<string> {
  const now = project.loaded.world.genesis.modules;
  const digests = story.agents
    .map(({ module }) => module)
    .filter((digest) => {
      const known = [...(names.get(digest) ?? [])];
      return known.length > 0 && known.every((name) => now[name] !== digest);
    });
  return new Set(digests);
}

/** Modules that a fork of the run must bring along: those whose code is not that of its start. */
export function modulesToBring(genesisModules: Readonly<Record<string, string>>, project: Project): string[] {
  const now = project.loaded.world.genesis.modules;
  return Object.keys(now).filter((name) => genesisModules[name] !== now[name]);
}
