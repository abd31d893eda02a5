/**
 * Fuel profiles of recorded runs: each in a world process of its own, or inline in tests. Names of functions are taken
 * from builds with names, which are made here: compilers are no part of a world process.
 */

import { resolve } from "node:path";
import type { NamedBuild, ProfileJob, ProfileOptions, ProfileReport } from "../profile/profile-contract.js";
import { fail } from "../world/errors.js";
import { readSetup } from "../world/run-store.js";
import { loadModuleSources } from "./deferred.js";
import { executeJob } from "./replay-run.js";
import type { JobOptions } from "./replay-run.js";
import { withRun } from "./run-place.js";
import type { RunPlace } from "./run-place.js";

export interface ProfileRunOptions extends ProfileOptions, JobOptions {
  /**
   * Where names of functions come from, by module: a source in AssemblyScript or C, or a .wasm file with a name
   * section, of the same code. Where nothing is said, the sources of the project are tried.
   */
  readonly names?: Readonly<Record<string, string>>;
}

/**
 * Executes a run again and tells which code its fuel went to.
 * @throws {WE_RUN_UNKNOWN} {WE_RUN_TICK} {WE_AGENT_UNKNOWN} {WE_PROFILE_MODULE} {WE_PROFILE_NAMES}; what building a
 * source for names throws; {WE_RUN_DIVERGED} where what was executed is not what the log holds
 */
export async function profileOfRun(run: string, options: ProfileRunOptions = {}): Promise<ProfileReport> {
  const { agent, module, from, to, blocks } = options;
  const job: Omit<ProfileJob, "dir"> = {
    kind: "profile",
    ...(agent === undefined ? {} : { agent }),
    ...(module === undefined ? {} : { module }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(blocks === undefined ? {} : { blocks }),
  };
  return withRun(run, options.baseDirectory, async (place) => {
    const { dir, name } = place;
    const asked = await buildsOf(options.names ?? {}, true);
    const names = { ...(await projectBuilds(place, options)), ...asked };
    const report = (await executeJob({ ...job, dir, names }, options)) as ProfileReport; // value of the job
    return { ...report, dir: name };
  });
}

/** Builds of the project's sources. Whatever is wrong with them, functions have numbers then. */
async function projectBuilds(
  { dir, name }: RunPlace,
  { names, module }: ProfileRunOptions,
): Promise<Record<string, NamedBuild>> {
  // A bundle comes from elsewhere: its folders are not asked.
  if (dir !== name) return {};
  try {
    const { paths } = await loadModuleSources(readSetup(dir).baseDirectory);
    const wanted = Object.entries(paths).filter(([own]) => {
      return names?.[own] === undefined && (module === undefined || module === own);
    });
    return await buildsOf(Object.fromEntries(wanted), false);
  } catch {
    return {};
  }
}

async function buildsOf(
  paths: Readonly<Record<string, string>>,
  isAsked: boolean,
): Promise<Record<string, NamedBuild>> {
  const builds: Record<string, NamedBuild> = {};
  for (const [module, path] of Object.entries(paths)) {
    const bytes = await buildOf(path, isAsked);
    if (bytes !== undefined) builds[module] = { bytes, isAsked };
    else if (isAsked) throw fail("WE_PROFILE_NAMES", { module, why: "its compiler keeps no names" });
  }
  return builds;
}

async function buildOf(path: string, isAsked: boolean): Promise<Uint8Array | undefined> {
  const { namedModule } = await import("../modules/named-module.js");
  try {
    return await namedModule(resolve(path));
  } catch (error) {
    if (isAsked) throw error;
    return undefined;
  }
}
