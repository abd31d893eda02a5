/**
 * engine.yaml to a {@link ResolvedWorld}: read, parse, check the shape, check what it refers to, build the modules,
 * resolve every default into the genesis, check the inputs. Every stage reports all it finds before it stops.
 */

import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import type { ModuleDigest } from "@wasm-engine/abi";
import type { Genesis } from "@wasm-engine/core";
import { scanInput } from "../inputs/input-scan.js";
import { existingDevelopmentKey } from "../modules/key-file.js";
import { checkCapabilities, loadModules, projectPolicy } from "../modules/load-modules.js";
import type { LoadWitness, ModuleRequest } from "../modules/load-modules.js";
import type { AdmittedModule } from "../modules/admission.js";
import type { TrustPolicy } from "../trust/trust-policy.js";
import type { ModelAdapterSetup } from "../adapters/contract.js";
import type { Durability, InputSourceSpec, ResolvedWorld } from "../world/contract.js";
import type { InvariantSetup } from "../invariants/contract.js";
import { isFolder } from "../storage/path-kind.js";
import { expandAgents } from "./agent-table.js";
import { ConfigContext } from "./config-context.js";
import type { ConfigFile } from "./config-file.js";
import { ENGINE_DEFAULTS } from "./defaults.js";
import { configError } from "./errors.js";
import { checkRules } from "./fake-entries.js";
import { buildGenesis, resolveClock } from "./genesis.js";
import { configBytesMax } from "./limits.js";
import { checkInvariantFunctions, resolveInvariants } from "./invariant-entries.js";
import { resolveInference, resolveModels } from "./model-entries.js";
import { withModels } from "./model-override.js";
import type { ModelOverrides } from "./model-override.js";
import { problemsError } from "./problem.js";
import { checkReferences } from "./reference-check.js";
import { checkSchema } from "./schema-check.js";
import { withSettings } from "./settings.js";
import type { Setting } from "./settings.js";
import { resolveInputs, resolveOutputs, resolveStop } from "./surroundings.js";
import { resolveTools } from "./tool-entries.js";
import { resolveTrust } from "./trust-entries.js";
import { parseYaml } from "./yaml-document.js";
import type { YamlDocument } from "./yaml-document.js";

/** Flags that win over the file. */
export interface ConfigOverrides {
  readonly seed?: number;
  /** The run ends at this tick at the latest. */
  readonly ticks?: number;
  readonly durability?: Durability;
  readonly allowUnsigned?: boolean;
  /** Records from standard input instead of the file's inputs that read "-", or besides them. */
  readonly inputs?: readonly InputSourceSpec[];
  /** Sources of models by their names: see model-override.ts. */
  readonly models?: ModelOverrides;
  readonly witness?: LoadWitness;
  /** Other values for parts of the file. */
  readonly settings?: readonly Setting[];
}

export interface LoadedConfig {
  readonly world: ResolvedWorld;
  /** Absolute path of the file. */
  readonly file: string;
  /** Sentences for people: loud, not fatal. */
  readonly warnings: readonly string[];
}

/** Sources of modules, by name, absolute. */
export interface ModuleSourcePlaces {
  readonly directory: string;
  readonly paths: Readonly<Record<string, string>>;
}

/** What a configuration says about models. */
export interface LoadedModels extends Required<
  Pick<ResolvedWorld, "models" | "inference" | "baseDirectory">
> {
  /** Models that no file of this machine is: servers, rules, recordings, failures. */
  readonly served: readonly ModelAdapterSetup[];
}

/**
 * Loads a configuration; `path` is an engine.yaml or a folder that holds one.
 * @throws {WE_CONFIG_MISSING} and the other codes of configuration, modules and inputs
 */
export async function loadConfig(path: string, overrides: ConfigOverrides = {}): Promise<LoadedConfig> {
  const { witness } = overrides;
  const { file, directory, config: written, context } = readShape(path, witness, overrides.settings);
  const config = withModels(written, overrides.models ?? {});
  const drafts = expandAgents(context, config);
  checkReferences(context, config, drafts);
  const clock = resolveClock(context, config);
  const inputs = [...resolveInputs(context, config), ...(overrides.inputs ?? [])];
  const outputs = resolveOutputs(context, config);
  const ticks = overrides.ticks === undefined ? {} : { ticks: overrides.ticks };
  const stop = resolveStop(context, config, { drafts, ...ticks });
  const invariants = resolveInvariants(context, config);
  const requests = moduleRequests(context, config);
  const trust = resolveTrust(context, config);
  const { models, adapters: served } = resolveModels(context, config);
  const adapters = [...served, ...resolveTools(context, config)];
  for (const { path: input } of inputs) if (input !== "-") witness?.file?.(input);
  for (const adapter of adapters) if ("path" in adapter) witness?.file?.(adapter.path);
  context.settle();
  checkRules(adapters);
  const allowUnsigned = overrides.allowUnsigned ?? config.trust?.allowUnsigned ?? false;
  const watched = witness === undefined ? {} : { witness };
  const modules = await loadModules(requests, { ...trust, directory, allowUnsigned, ...watched });
  const digests = new Map([...modules].map(([name, module]) => [name, module.digest]));
  const admissions = [...modules.values()].map(({ admission }) => admission);
  const genesis = buildGenesis({
    config,
    clock,
    drafts,
    digests,
    admissions,
    seed: overrides.seed ?? config.seed ?? ENGINE_DEFAULTS.seed,
  });
  checkCapabilities(genesis.agents, modules);
  checkInvariantFunctions(config, modules);
  const scanned = scanInputs(inputs, genesis);
  const world: ResolvedWorld = {
    genesis,
    modules: modulesByDigest(modules),
    admissions,
    inputs: scanned.inputs,
    outputs,
    models,
    ...(adapters.length === 0 ? {} : { adapters }),
    inference: resolveInference(config),
    ...(invariants.length === 0 ? {} : { invariants }),
    stop,
    durability: overrides.durability ?? config.durability ?? ENGINE_DEFAULTS.durability,
    ticksAheadMax: config.ticksAheadMax ?? ENGINE_DEFAULTS.ticksAheadMax,
    ...(config.snapshotEvery === undefined ? {} : { snapshotEvery: config.snapshotEvery }),
    ...(config.snapshotsKept === undefined ? {} : { snapshotsKept: config.snapshotsKept }),
    baseDirectory: directory,
  };
  return {
    world,
    file,
    warnings: [...moduleWarnings(modules), ...scanned.warnings],
  };
}

/**
 * The trust policy of a configuration, whose modules and agents are not looked at.
 * @throws {WE_CONFIG_MISSING} {WE_TRUST_KEY} {WE_TRUST_THRESHOLD} and the other codes of configuration
 */
export function loadTrustPolicy(path: string): TrustPolicy {
  const { directory, config, context } = readShape(path);
  const trust = resolveTrust(context, config);
  context.settle();
  return projectPolicy(trust, () => existingDevelopmentKey(directory));
}

/** Where the sources of a configuration's modules are; nothing is built. @throws what a bad configuration throws */
export function loadModuleSources(path: string): ModuleSourcePlaces {
  const { directory, config, context } = readShape(path);
  const requests = moduleRequests(context, config);
  context.settle();
  return { directory, paths: Object.fromEntries(requests.map((request) => [request.name, request.path])) };
}

/** The invariants of a configuration alone; nothing is built. @throws what a bad configuration throws */
export function loadInvariants(path: string): readonly InvariantSetup[] {
  const { config, context } = readShape(path);
  const invariants = resolveInvariants(context, config);
  context.settle();
  return invariants;
}

/** The models of a configuration alone; nothing is built. @throws what a bad configuration throws */
export function loadModelSetups(path: string): LoadedModels {
  const { directory, config, context } = readShape(path);
  const { models, adapters: served } = resolveModels(context, config);
  context.settle();
  checkRules(served);
  return { models, served, inference: resolveInference(config), baseDirectory: directory };
}

/** A configuration whose shape has been accepted. */
export interface ConfigShape {
  readonly file: string;
  readonly directory: string;
  readonly config: ConfigFile;
  readonly context: ConfigContext;
}

/** A configuration whose shape the schema has accepted; what it refers to is for the caller to check. */
export function readShape(
  path: string,
  witness?: LoadWitness,
  settings: readonly Setting[] = [],
): ConfigShape {
  const file = locate(path);
  witness?.file?.(file);
  const document = withSettings(parseYaml(shownPath(file), readConfig(file)), settings);
  const config = acceptedConfig(document);
  const directory = dirname(file);
  return { file, directory, config, context: new ConfigContext(document, directory) };
}

/** A document whose shape the schema accepts. @throws {WE_CONFIG_…} with all problems */
export function acceptedConfig(document: YamlDocument): ConfigFile {
  const config = checkSchema(document);
  if (isProblemList(config)) throw problemsError(document.file, config);
  return config;
}

/** Narrows away the list of problems. */
function isProblemList(
  result: ReturnType<typeof checkSchema>,
): result is Extract<typeof result, readonly unknown[]> {
  return Array.isArray(result);
}

function locate(path: string): string {
  const absolute = resolve(path);
  const file = isFolder(absolute) ? join(absolute, "engine.yaml") : absolute;
  if (!existsSync(file)) throw configError("WE_CONFIG_MISSING", { file: path });
  return file;
}

/** Relative to the working folder where that is shorter: messages are read by people. */
function shownPath(file: string): string {
  const short = relative(process.cwd(), file);
  return short === "" || short.startsWith("..") ? file : short;
}

function readConfig(file: string): Uint8Array {
  try {
    const stats = statSync(file);
    if (!stats.isFile()) throw configError("WE_CONFIG_READ", { file, cause: "it is not a file" });
    const { size } = stats;
    if (size > configBytesMax) {
      throw configError("WE_CONFIG_SIZE", { file: basename(file), bytes: size, bytesMax: configBytesMax });
    }
    return readFileSync(file);
  } catch (error) {
    const cause = (error as NodeJS.ErrnoException).code; // node:fs errors and coded errors both have a code
    if (cause === undefined || cause.startsWith("WE_")) throw error;
    throw configError("WE_CONFIG_READ", { file, cause });
  }
}

/** The modules that a configuration names; their files exist. */
export function moduleRequests(context: ConfigContext, config: ConfigFile): ModuleRequest[] {
  return Object.entries(config.modules).flatMap(([name, entry]) => {
    const isText = typeof entry === "string";
    const where = isText ? ["modules", name] : ["modules", name, "path"];
    const path = context.file(where, isText ? entry : entry.path);
    if (path === undefined) return [];
    return { name, path, ...(isText || entry.digest === undefined ? {} : { digest: entry.digest }) };
  });
}

/** Two names of equal modules share one entry: the first name stands for it. */
function modulesByDigest(modules: ReadonlyMap<string, AdmittedModule>): ResolvedWorld["modules"] {
  const byDigest = new Map<ModuleDigest, { name: string; bytes: Uint8Array; instrumented: Uint8Array }>();
  for (const { name, digest, bytes, instrumented } of modules.values()) {
    if (!byDigest.has(digest)) byDigest.set(digest, { name, bytes, instrumented });
  }
  return byDigest;
}

/** Looks through the input files: digests, and records that go to nobody. */
export function scanInputs(
  inputs: readonly InputSourceSpec[],
  genesis: Genesis,
): { readonly inputs: readonly InputSourceSpec[]; readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  const scanned = inputs.map((spec) => {
    if (spec.path === "-") return spec;
    const scan = scanInput(spec, genesis, false);
    if (scan.strangerCount > 0) {
      const share = `${scan.strangerCount} of ${scan.recordCount} records`;
      const text = "go to agents that do not live at the start; without them they become dead letters";
      warnings.push(`${basename(spec.path)}: ${share} ${text}`);
    }
    return { ...spec, sha256: scan.sha256 };
  });
  return { inputs: scanned, warnings };
}

function moduleWarnings(modules: ReadonlyMap<string, AdmittedModule>): string[] {
  return [...modules.values()]
    .filter((module) => module.admission.by === "unsigned")
    .map((module) => `module "${module.name}" is NOT SIGNED and runs because unsigned modules are allowed`);
}
