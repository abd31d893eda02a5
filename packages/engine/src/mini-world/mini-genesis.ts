/**
 * From options to what a world starts from, by the code that resolves configurations: the same options as an
 * engine.yaml give the same genesis. Models and tools are names only: tests answer for them.
 */

import { basename, dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { encodeUtf8 } from "@wasm-engine/abi";
import type { ModuleDigest } from "@wasm-engine/abi";
import type { Genesis, InputBody } from "@wasm-engine/core";
import type { AdapterSetup } from "../adapters/contract.js";
import { asAgentId } from "../client/agent-input.js";
import { encodePayload } from "../world/payload.js";
import { expandAgents } from "../config/agent-table.js";
import type { AgentDraft } from "../config/agent-table.js";
import { ConfigContext } from "../config/config-context.js";
import type { CapabilitiesEntry, ConfigFile } from "../config/config-file.js";
import { ENGINE_DEFAULTS } from "../config/defaults.js";
import { buildGenesis, resolveClock } from "../config/genesis.js";
import type { GenesisParts } from "../config/genesis.js";
import { acceptedConfig, moduleRequests, readShape, scanInputs } from "../config/load-config.js";
import { resolveModels } from "../config/model-entries.js";
import { checkReferences } from "../config/reference-check.js";
import { resolveInputs } from "../config/surroundings.js";
import { resolveTools } from "../config/tool-entries.js";
import { parseYaml } from "../config/yaml-document.js";
import { admitModule } from "../modules/admission.js";
import type { AdmittedModule } from "../modules/admission.js";
import { writeAtomically } from "../modules/build-cache.js";
import { developmentKey } from "../modules/key-file.js";
import { checkCapabilities, loadModules, projectPolicy } from "../modules/load-modules.js";
import type { InputSourceSpec } from "../world/contract.js";
import { miniWorldError } from "./errors.js";
import { standInModule, standInSource } from "./stand-in.js";
import type { AgentOptions, AgentsWorld, ModuleSource, TestInput, WorldOptions } from "./world-options.js";

/** Everything that a world of a test is made from. */
export interface MiniWorldSetup {
  readonly genesis: Genesis;
  readonly modules: ReadonlyMap<ModuleDigest, AdmittedModule>;
  readonly inputs: readonly InputSourceSpec[];
  /** Messages from outside, by tick. */
  readonly scheduled: readonly ScheduledInput[];
  /** Adapters of the configuration: they answer where the test does not. */
  readonly adapters: readonly AdapterSetup[];
  readonly baseDirectory: string;
  readonly secrets: ReadonlyMap<string, string>;
}

export interface ScheduledInput {
  readonly tick: number;
  readonly body: InputBody;
}

/** @throws what a bad configuration, a module that cannot be built or a bad option throws */
export async function resolveSetup(options: WorldOptions): Promise<MiniWorldSetup> {
  return options.config === undefined ? await setupOfAgents(options) : await setupOfConfig(options);
}

function pathOf(place: string | URL): string {
  return place instanceof URL || place.startsWith("file:") ? fileURLToPath(place) : place;
}

/** Folder that paths are relative to. */
function baseOf(options: WorldOptions): string {
  return resolve(options.directory === undefined ? "." : pathOf(options.directory));
}

async function setupOfConfig(options: Extract<WorldOptions, { config: unknown }>): Promise<MiniWorldSetup> {
  const path = resolve(baseOf(options), pathOf(options.config));
  const { directory, config: written, context } = readShape(path);
  const config = answered(written, options);
  const drafts = expandAgents(context, config);
  checkReferences(context, config, drafts);
  const clock = resolveClock(context, config);
  const inputs = options.inputs === false ? [] : resolveInputs(context, config);
  const left = unanswered(config, options);
  const adapters = [...resolveModels(context, left).adapters, ...resolveTools(context, left)];
  const requests = moduleRequests(context, config);
  context.settle();
  const admitted = await loadModules(requests, { keys: [], directory, allowUnsigned: true });
  const seed = options.seed ?? config.seed ?? ENGINE_DEFAULTS.seed;
  const genesis = buildGenesis({ config, clock, drafts, ...modulesOf(admitted), seed });
  checkCapabilities(genesis.agents, admitted);
  const files = inputs.filter((input) => input.path !== "-");
  const scanned = scanInputs(files, genesis).inputs;
  return {
    genesis,
    modules: byDigest(admitted),
    inputs: scanned,
    scheduled: [],
    adapters,
    baseDirectory: directory,
    secrets: secretsOf(options),
  };
}

/** Answers for what the world does not have are a mistake of the test. */
function answered(config: ConfigFile, options: WorldOptions): ConfigFile {
  for (const kind of ["models", "tools"] as const) {
    const known = Object.keys(config[kind] ?? {});
    const stranger = Object.keys(options[kind] ?? {}).find((name) => !known.includes(name));
    if (stranger === undefined) continue;
    const problem = `"${kind}" answers for "${stranger}", which its configuration does not name`;
    const advice = `it names: ${known.join(", ") || "none"}`;
    throw miniWorldError("WE_TEST_OPTION", { problem, advice });
  }
  return config;
}

/** Models and tools that the test leaves to the configuration. Models in folders are not: they need a thread. */
function unanswered(config: ConfigFile, options: WorldOptions): ConfigFile {
  const models = Object.entries(config.models ?? {}).filter(([name, entry]) => {
    const isFolder = typeof entry === "string" ? !entry.startsWith("openai:") : entry.path !== undefined;
    return !isFolder && options.models?.[name] === undefined;
  });
  const tools = Object.entries(config.tools ?? {}).filter(([name]) => options.tools?.[name] === undefined);
  return { ...config, models: Object.fromEntries(models), tools: Object.fromEntries(tools) };
}

async function setupOfAgents(options: AgentsWorld): Promise<MiniWorldSetup> {
  const directory = baseOf(options);
  const sources = new ModuleSources(directory, options.modules ?? {});
  const document = parseYaml("createWorld", encodeUtf8(JSON.stringify(documentOf(options, sources))));
  const context = new ConfigContext(document, directory);
  const config: ConfigFile = {
    ...acceptedConfig(document),
    models: namesOf(options.models),
    tools: namesOf(options.tools),
  };
  const drafts = expandAgents(context, config);
  checkReferences(context, config, drafts);
  const clock = resolveClock(context, config);
  context.settle();
  const admitted = await sources.load();
  const seed = options.seed ?? ENGINE_DEFAULTS.seed;
  const granted = drafts.map((draft) => withGrants(draft, options, admitted));
  const genesis = buildGenesis({ config, clock, drafts: granted, ...modulesOf(admitted), seed });
  checkCapabilities(genesis.agents, admitted);
  const scheduled = scheduledInputs(options.inputs ?? []);
  return {
    genesis,
    modules: byDigest(admitted),
    inputs: [],
    scheduled,
    adapters: [],
    baseDirectory: directory,
    secrets: secretsOf(options),
  };
}

function secretsOf({ secrets = {} }: WorldOptions): ReadonlyMap<string, string> {
  return new Map(Object.entries(secrets));
}

function scheduledInputs(inputs: readonly TestInput[]): readonly ScheduledInput[] {
  const scheduled = inputs.map(({ tick, to, topic = "", body, answerWanted = false }): ScheduledInput => {
    return {
      tick,
      body: { kind: "message", to: asAgentId(to), topic, ...encodePayload(body), answerWanted },
    };
  });
  return scheduled.sort((left, right) => left.tick - right.tick);
}

function namesOf(answers: Readonly<Record<string, unknown>> | undefined): Record<string, string> {
  return Object.fromEntries(Object.keys(answers ?? {}).map((name) => [name, "answered by the test"]));
}

/** The options as the configuration that they stand for. */
function documentOf(options: AgentsWorld, sources: ModuleSources): unknown {
  const { name = "test", tickMs, epoch, policy, limits } = options;
  const agents = Object.entries(options.agents).map(([id, given]) => {
    const { module, ...rest } = agentOptions(given);
    return { ...rest, deny: undefined, id, module: sources.nameOf(module) };
  });
  return {
    version: 1,
    name,
    ...(tickMs === undefined && epoch === undefined ? {} : { clock: { tickMs, epoch } }),
    ...(policy === undefined ? {} : { policy }),
    ...(limits === undefined ? {} : { limits }),
    modules: Object.fromEntries(sources.names.map((module) => [module, module])),
    agents,
  };
}

function agentOptions(given: ModuleSource | AgentOptions): AgentOptions {
  const isModule = typeof given === "string" || given instanceof URL || given instanceof Uint8Array;
  return isModule ? { module: given } : given;
}

/** Everything that the module declares, unless the test says otherwise. */
function withGrants(
  draft: AgentDraft,
  options: AgentsWorld,
  admitted: ReadonlyMap<string, AdmittedModule>,
): AgentDraft {
  const given = options.agents[draft.id];
  const { deny = [] } = given === undefined ? {} : agentOptions(given);
  const wanted = admitted.get(draft.entry.module)?.wants.keys() ?? [];
  const kinds = new Set<keyof CapabilitiesEntry>(["send", ...wanted]);
  const granted = Object.fromEntries([...kinds].map((kind) => [kind, ["*"]]));
  const capabilities = { ...granted, ...draft.entry.capabilities };
  const kept = Object.entries(capabilities).filter(([kind]) => !deny.some((denied) => denied === kind));
  return { ...draft, entry: { ...draft.entry, capabilities: Object.fromEntries(kept) } };
}

function modulesOf(
  admitted: ReadonlyMap<string, AdmittedModule>,
): Pick<GenesisParts, "digests" | "admissions"> {
  return {
    digests: new Map([...admitted].map(([name, { digest }]) => [name, digest])),
    admissions: [...admitted.values()].map(({ admission }) => admission),
  };
}

function byDigest(admitted: ReadonlyMap<string, AdmittedModule>): ReadonlyMap<ModuleDigest, AdmittedModule> {
  return new Map([...admitted.values()].map((module) => [module.digest, module]));
}

/** The modules of a world by name: those that the test names, and those that it gives to agents. */
class ModuleSources {
  readonly #directory: string;
  readonly #sources = new Map<string, string | Uint8Array>();

  constructor(directory: string, named: Readonly<Record<string, ModuleSource>>) {
    this.#directory = directory;
    for (const [name, source] of Object.entries(named)) this.#sources.set(name, this.#place(source));
  }

  get names(): readonly string[] {
    return [...this.#sources.keys()];
  }

  /** The name of a module: as the test calls it, or after its file. */
  nameOf(source: ModuleSource): string {
    if (typeof source === "string" && this.#sources.has(source)) return source;
    if (source === standInModule) return this.#nameOfStandIn();
    const place = this.#place(source);
    for (const [name, known] of this.#sources) if (known === place) return name;
    const stem = typeof place === "string" ? stemOf(place) : "module";
    let name = stem;
    for (let number = 2; this.#sources.has(name); number += 1) name = `${stem}-${number}`;
    this.#sources.set(name, place);
    return name;
  }

  #nameOfStandIn(): string {
    const path = join(this.#directory, ".wasm-engine", "build", "stand-in.js");
    writeAtomically(path, standInSource);
    this.#sources.set(standInModule, path);
    return standInModule;
  }

  /** Builds what are sources. One after the other: compilers are large. */
  async load(): Promise<ReadonlyMap<string, AdmittedModule>> {
    const directory = this.#directory;
    const admitted = new Map<string, AdmittedModule>();
    for (const [name, source] of this.#sources) {
      if (typeof source === "string") {
        const trust = { keys: [], directory, allowUnsigned: true };
        for (const [, module] of await loadModules([{ name, path: source }], trust))
          admitted.set(name, module);
        continue;
      }
      const policy = projectPolicy({ keys: [] }, () => developmentKey(directory));
      const module = { name, path: `${name} (bytes)`, bytes: source };
      admitted.set(name, admitModule(module, { directory, policy, allowUnsigned: true }));
    }
    return admitted;
  }

  #place(source: ModuleSource): string | Uint8Array {
    return source instanceof Uint8Array ? source : resolve(this.#directory, pathOf(source));
  }
}

/** Name of a file without extensions, as modules are named; a file called agent or index after its folder. */
function stemOf(path: string): string {
  const plain = basename(path, extname(path)).replace(/\.as$/, "");
  const name = /^(index|agent)$/.test(plain) ? basename(dirname(path)) : plain;
  const clean = name.replaceAll(/[^A-Za-z0-9._-]/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  return clean === "" ? "module" : clean.slice(0, 40);
}
