/** Overrides applied to plain data: genesis, setup, modules, inputs of the parent. Decides and writes nothing. */

import type { AgentId, ModuleDigest } from "@wasm-engine/abi";
import type { AgentSpec, Genesis, Input, InputBody, Json, WorldContract } from "@wasm-engine/core";
import { adviceFor } from "../config/suggestion.js";
import { checkCapabilities } from "../modules/load-modules.js";
import { checkInputCeilings } from "../trust/ceiling.js";
import { moduleLimitsOf } from "../trust/manifest-limits.js";
import type { RunSetup } from "../world/run-store.js";
import type { ResolvedOverrides } from "./contract.js";
import { forkError } from "./errors.js";

/** The genesis of a fork from before tick 0. @throws {WE_FORK_OVERRIDE} and what a module's capabilities forbid */
export function changedGenesis(genesis: Genesis, overrides: ResolvedOverrides): Genesis {
  const { seed = genesis.seed, policy = genesis.policy, args } = overrides;
  const modules = { ...genesis.modules };
  const digests = new Map<ModuleDigest, ModuleDigest>();
  for (const { name, digest } of overrides.modules) {
    digests.set(knownModule(genesis, name), digest);
    modules[name] = digest;
  }
  let agents = genesis.agents.map((agent) => ({
    ...agent,
    module: digests.get(agent.module) ?? agent.module,
  }));
  for (const change of args) agents = withArguments(agents, change);
  checkGrants(agents, overrides);
  const { moduleLimits = {}, ...rest } = genesis;
  const asked = { ...moduleLimits, ...limitsOf(overrides) };
  const used = new Set<string>(Object.values(modules));
  const kept = Object.entries(asked).filter(([digest]) => used.has(digest));
  const limits = kept.length === 0 ? {} : { moduleLimits: Object.fromEntries(kept) };
  return { ...rest, seed, policy, modules, ...limits, agents };
}

function limitsOf({ modules }: ResolvedOverrides): Genesis["moduleLimits"] {
  return moduleLimitsOf(modules.map(({ admission }) => admission)).moduleLimits;
}

/** Refuses what is part of the genesis. @throws {WE_FORK_GENESIS} */
export function checkNoGenesisChange(overrides: ResolvedOverrides, tick: number): void {
  const { seed, policy, args } = overrides;
  const [first] = [
    ...(seed === undefined ? [] : [`seed=${seed}`]),
    ...(policy === undefined ? [] : [`policy=${policy}`]),
    ...args.map(({ agent, path }) => ["args", agent, ...path].join(".")),
  ];
  if (first !== undefined) throw forkError("WE_FORK_GENESIS", { override: first, tick });
}

/** Only what the world may ask for can be replaced. @throws {WE_FORK_OVERRIDE} */
export function checkReplaced({ models, tools }: Genesis, { replaced }: ResolvedOverrides): void {
  for (const { kind, name } of replaced) {
    const [known, noun] = kind === "tool" ? [tools, "tool"] : [models, "model"];
    if (known.includes(name)) continue;
    throw forkError("WE_FORK_OVERRIDE", {
      override: `${noun}.${name}`,
      reason: `the run asks no ${noun} "${name}"`,
      advice: adviceFor(name, known, `${noun}s`),
    });
  }
}

/** @throws {WE_CAPABILITY_MISSING} {WE_CAPABILITY_CEILING} */
function checkGrants(agents: readonly AgentSpec[], { modules }: ResolvedOverrides): void {
  checkCapabilities(agents, new Map(modules.map((module) => [module.name, module])));
}

/** Digest of the module that a name stands for. @throws {WE_FORK_OVERRIDE} */
function knownModule({ modules }: Genesis, name: string): ModuleDigest {
  const digest = modules[name];
  if (digest !== undefined) return digest;
  throw forkError("WE_FORK_OVERRIDE", {
    override: `module.${name}`,
    reason: `the run has no module "${name}"`,
    advice: adviceFor(name, Object.keys(modules), "modules"),
  });
}

/**
 * An upgrade of every agent that has one of the modules, for the tick after the fork.
 * `digests`: every digest that the run keeps under the name of a module.
 * @throws {WE_FORK_OVERRIDE} {WE_CAPABILITY_MISSING} {WE_CAPABILITY_CEILING}
 */
export function upgradesOf(
  world: WorldContract,
  overrides: ResolvedOverrides,
  known: { readonly digests: (name: string) => readonly ModuleDigest[]; readonly setup: RunSetup },
): readonly (InputBody & { readonly kind: "upgrade"; readonly agent: AgentId })[] {
  return overrides.modules.flatMap((module) => {
    const { name, digest } = module;
    const earlier = new Set([knownModule(world.genesis, name), ...known.digests(name)]);
    const affected = world.agents().filter(({ spec }) => earlier.has(spec.module) && spec.module !== digest);
    checkGrants(
      affected.map(({ spec }) => ({ ...spec, module: digest })),
      overrides,
    );
    return affected.map(({ agentId }) => {
      const waits = overrides.drainTicks === 0 ? {} : { drainTicks: overrides.drainTicks };
      const body = { kind: "upgrade", agent: agentId, module: digest, ...waits } as const;
      checkInputCeilings(admissionsOf(known.setup, overrides), world, body);
      return body;
    });
  });
}

function admissionsOf(setup: RunSetup, { modules }: ResolvedOverrides): NonNullable<RunSetup["admissions"]> {
  return [...(setup.admissions ?? []), ...modules.map(({ admission }) => admission)];
}

/** The setup of a fork: other models and tools, outputs in its own folder. */
export function changedSetup(
  setup: RunSetup,
  overrides: ResolvedOverrides,
  place: { readonly baseDirectory: string | undefined; readonly outputs: RunSetup["outputs"] },
): RunSetup {
  const isKept = (kind: "inference" | "tool", name: string): boolean =>
    !overrides.replaced.some((one) => one.kind === kind && one.name === name);
  const models = (setup.models ?? []).filter(({ name }) => isKept("inference", name));
  const adapters = (setup.adapters ?? []).filter(({ serves, name }) => isKept(serves, name));
  return {
    ...setup,
    models: [...models, ...overrides.models],
    adapters: [...adapters, ...overrides.adapters],
    admissions: admissionsOf(setup, overrides),
    outputs: place.outputs,
    ...(place.baseDirectory === undefined ? {} : { baseDirectory: place.baseDirectory }),
  };
}

/** The parent's later inputs without the dropped ones and with other payloads. @throws {WE_FORK_INPUT} */
export function changedInputs(
  kept: readonly Input[],
  { inputs, dropped }: ResolvedOverrides,
  tick: number,
): readonly Input[] {
  const bySeq = new Map(kept.map((input) => [input.seq, input]));
  const refuse = (seq: number, action: string, reason: string): never => {
    throw forkError("WE_FORK_INPUT", { seq, action, reason, tick });
  };
  const missing = "it is not among the inputs that enter again";
  for (const seq of dropped) if (!bySeq.delete(seq)) refuse(seq, "dropped", missing);
  for (const { seq, encoding, payload } of inputs) {
    const input = bySeq.get(seq) ?? refuse(seq, "changed", missing);
    const body = withPayload(input.body, { encoding, payload });
    if (body === undefined) refuse(seq, "changed", `a ${input.body.kind} has no payload`);
    else bySeq.set(seq, { ...input, body });
  }
  return [...bySeq.values()];
}

type Content = Pick<Extract<InputBody, { kind: "message" }>, "encoding" | "payload">;

function withPayload(body: InputBody, content: Content): InputBody | undefined {
  if (body.kind === "message" || body.kind === "publish") return { ...body, ...content };
  if (body.kind === "task") return { ...body, task: { ...body.task, ...content } };
  return undefined;
}

type ArgumentPlace = ResolvedOverrides["args"][number];

/** @throws {WE_FORK_OVERRIDE} */
function withArguments(agents: AgentSpec[], change: ArgumentPlace): AgentSpec[] {
  const { agent: id, path, value } = change;
  if (agents.some((agent) => agent.id === id)) {
    return agents.map((agent) =>
      agent.id === id ? { ...agent, args: replaced(agent.args, path, value, change) } : agent,
    );
  }
  throw forkError("WE_FORK_OVERRIDE", {
    override: ["args", id, ...path].join("."),
    reason: `no agent "${id}" lives at the start`,
    advice: adviceFor(
      id,
      agents.map((agent) => agent.id),
      "agents",
    ),
  });
}

/** `value` at `path` within `json`; maps on the way are made where they are absent. */
function replaced(json: Json, path: readonly string[], value: Json, change: ArgumentPlace): Json {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  if (isList(json)) {
    const index = Number(name);
    if (Number.isSafeInteger(index) && index >= 0 && index < json.length) {
      return json.map((item, place) => (place === index ? replaced(item, rest, value, change) : item));
    }
  } else if (json === null || typeof json === "object") {
    return { ...json, [name]: replaced(memberOf(json, name), rest, value, change) };
  }
  throw forkError("WE_FORK_OVERRIDE", {
    override: ["args", change.agent, ...change.path].join("."),
    reason: `there is nothing at "${name}" that could be replaced`,
    advice: "see the arguments of the agent with: wasm-engine inspect RUN --agent ID",
  });
}

/** Only a member of its own: every map inherits a `constructor`. */
function memberOf(json: { readonly [key: string]: Json } | null, name: string): Json {
  return json !== null && Object.hasOwn(json, name) ? (json[name] ?? null) : null;
}

/** `Array.isArray` does not narrow readonly arrays. */
function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
