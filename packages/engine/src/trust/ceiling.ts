/**
 * What modules may be granted, by who signed them. A key may have a ceiling; a grant is within the ceiling of a module
 * where at least as many of its signers allow it as the policy requires signers at all. So one signer of two cannot
 * vouch alone for a power, and a further signature never takes anything away. See ADR 0023.
 */

import type { ModuleDigest } from "@wasm-engine/abi";
import { allows, compileGrant } from "@wasm-engine/core";
import type { AgentLimits, AgentSpec, Capabilities, InputBody, WorldContract } from "@wasm-engine/core";
import { fail } from "../world/errors.js";
import { trustError } from "./errors.js";
import { checkLimitsOf } from "./manifest-limits.js";

/** The most that modules signed by a key may be granted. An absent list allows nothing, an absent limit everything. */
export interface Ceiling extends Partial<Capabilities> {
  readonly limits?: Partial<AgentLimits>;
}

/** Somebody who signed a module, as run.json keeps it. */
export interface Signer {
  readonly name: string;
  /** Hex; a hint for people. */
  readonly keyId: string;
  /** Absent: the key may vouch for everything. */
  readonly ceiling?: Ceiling;
}

/** Why a module was let in: kept with the run. Plain data. */
export interface ModuleAdmission {
  readonly module: string;
  readonly digest: ModuleDigest;
  /** pinned: the configuration names its digest. unsigned: loud, by `allowUnsigned`. */
  readonly by: "signature" | "pin" | "unsigned";
  /** Signers that were needed; 0 unless by signature. */
  readonly threshold: number;
  readonly signers: readonly Signer[];
  /** What the module's manifest asks for at least. Absent: nothing, and in runs of earlier releases. */
  readonly limits?: Partial<Pick<AgentLimits, "fuelPerSlice" | "memoryBytes">>;
}

/** The part of an agent that ceilings are about. */
export type Granted = Pick<AgentSpec, "id" | "capabilities" | "limits">;

const capabilityNames = [
  "send",
  "topics",
  "models",
  "tools",
  "spawn",
] as const satisfies (keyof Capabilities)[];
const limitNames = [
  "fuelPerSlice",
  "fuelPerTurnMax",
  "memoryBytes",
  "mailboxMessages",
  "messagesPerTurnMax",
] as const satisfies (keyof AgentLimits)[];

/**
 * Checks an agent against the ceilings of its module and of every module that it may start children from. Children
 * never have more than their parent, so a parent within a ceiling has no child above it.
 * @param modules digest per name, as in the genesis
 * @throws {WE_CAPABILITY_CEILING}
 */
export function checkCeilings(
  admissions: readonly ModuleAdmission[],
  modules: Readonly<Record<string, ModuleDigest>>,
  agent: Granted & { readonly module: ModuleDigest },
): void {
  if (!admissions.some(({ signers }) => signers.some(hasCeiling))) return;
  const children = Object.keys(modules).filter((name) =>
    allows(compileGrant(agent.capabilities.spawn), name),
  );
  const childDigests = new Set(children.map((name) => modules[name]));
  for (const admission of admissions) {
    const isOwn = admission.digest === agent.module;
    if (isOwn) checkAgent(admission, agent, `Agent ${agent.id} is granted`);
    else if (childDigests.has(admission.digest))
      checkAgent(admission, agent, `Agent ${agent.id} may start children of the module and pass on`);
  }
}

/**
 * Checks an input that starts an agent or gives it another module, before it is logged.
 * @throws {WE_CAPABILITY_CEILING} {WE_LIMIT_BELOW_MANIFEST} {WE_AGENT_UNKNOWN}
 */
export function checkInputCeilings(
  admissions: readonly ModuleAdmission[],
  world: Pick<WorldContract, "genesis" | "agent" | "tick">,
  body: InputBody,
): void {
  const { modules } = world.genesis;
  const check = (agent: Granted & { readonly module: ModuleDigest }): void => {
    checkCeilings(admissions, modules, agent);
    checkLimitsOf(admissions, agent);
  };
  if (body.kind === "spawn") check(body.spec);
  if (body.kind !== "upgrade") return;
  const spec = world.agent(body.agent)?.spec ?? world.genesis.agents.find(({ id }) => id === body.agent);
  if (spec !== undefined) return check({ ...spec, module: body.module });
  // Perhaps it is started by an input that waits for its tick: what it holds cannot be told yet.
  const isBound = admissions.some(
    ({ digest, signers }) => digest === body.module && signers.some(hasCeiling),
  );
  if (isBound) throw fail("WE_AGENT_UNKNOWN", { agent: body.agent, tick: world.tick });
}

function hasCeiling({ ceiling }: Signer): boolean {
  return ceiling !== undefined;
}

function checkAgent(admission: ModuleAdmission, agent: Granted, subject: string): void {
  for (const capability of capabilityNames) {
    for (const grant of agent.capabilities[capability]) {
      const isAllowed = (ceiling: Ceiling): boolean => allows(compileGrant(ceiling[capability] ?? []), grant);
      require(admission, isAllowed, { subject, capability, came: JSON.stringify(grant) });
    }
  }
  for (const name of limitNames) {
    const value = agent.limits[name];
    const isAllowed = ({ limits }: Ceiling): boolean => value <= (limits?.[name] ?? Infinity);
    require(admission, isAllowed, { subject, capability: `limits.${name}`, came: value });
  }
}

interface Asked {
  readonly subject: string;
  readonly capability: string;
  readonly came: unknown;
}

function require(admission: ModuleAdmission, isAllowed: (ceiling: Ceiling) => boolean, asked: Asked): void {
  const { module, signers, threshold } = admission;
  const refusing = signers.filter(({ ceiling }) => ceiling !== undefined && !isAllowed(ceiling));
  const count = signers.length - refusing.length;
  if (count >= threshold) return;
  const ceilings = refusing.map(({ name, keyId }) => `ceiling of key ${name}, id ${keyId}`).join("; ");
  throw trustError("WE_CAPABILITY_CEILING", {
    ...asked,
    module,
    count,
    threshold,
    ceilings,
    keys: refusing.map(({ name }) => name),
  });
}
