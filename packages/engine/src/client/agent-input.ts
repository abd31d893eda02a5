/** Agents and tasks as a program writes them, completed to what the world takes. */

import { Encoding, isAgentId, limits } from "@wasm-engine/abi";
import type { AgentId } from "@wasm-engine/abi";
import { drainTicksDefault, drainTicksMax } from "@wasm-engine/core";
import type {
  AgentLimits,
  AgentSpec,
  Capabilities,
  FaultPolicy,
  Genesis,
  InputBody,
  Json,
  TaskSpec,
} from "@wasm-engine/core";
import { ENGINE_DEFAULTS } from "../config/defaults.js";
import { fail } from "../world/errors.js";
import { encodePayload } from "../world/payload.js";
import type { Payload } from "../world/payload.js";

/** `AgentSpec` of the founding interface: `module` is a name of the configuration. */
export interface AgentInput {
  readonly id: string;
  readonly module: string;
  readonly args?: Json;
  readonly tenant?: string;
  readonly priority?: number;
  readonly every?: number;
  readonly channels?: readonly string[];
  readonly capabilities?: Partial<Capabilities>;
  readonly limits?: Partial<AgentLimits>;
  readonly onFault?: Pick<FaultPolicy, "strategy"> & Partial<FaultPolicy>;
}

export interface TaskInput {
  readonly taskId: string;
  readonly payload?: Payload;
  readonly priority?: number;
  readonly dependsOn?: readonly string[];
  readonly onDependencyFailure?: "fail" | "skip" | "run";
  readonly notBefore?: number;
}

/** Checks an id. @throws {WE_AGENT_SPEC} */
export function asAgentId(text: string): AgentId {
  if (!isAgentId(text)) {
    throw fail("WE_AGENT_SPEC", { id: text, reason: "an id is [A-Za-z0-9][A-Za-z0-9._-]{0,62}" });
  }
  return text;
}

/** Completes a specification with defaults. @throws {WE_AGENT_SPEC} */
export function resolveSpec(genesis: Genesis, input: AgentInput): AgentSpec {
  const id = asAgentId(input.id);
  const module = genesis.modules[input.module];
  if (module === undefined)
    throw fail("WE_AGENT_SPEC", { id, reason: `there is no module "${input.module}"` });
  const tenant = input.tenant ?? genesis.tenants[0]?.name ?? "default";
  if (genesis.tenants.length > 0 && !genesis.tenants.some(({ name }) => name === tenant)) {
    throw fail("WE_AGENT_SPEC", { id, reason: `there is no tenant "${tenant}"` });
  }
  const { capabilities = {}, onFault } = input;
  const defaults = ENGINE_DEFAULTS.onFault;
  return {
    id,
    module,
    args: input.args ?? null,
    tenant,
    priority: integer(id, "priority", input.priority ?? 0, Number.MIN_SAFE_INTEGER),
    every: integer(id, "every", input.every ?? 0, 0),
    capabilities: {
      send: capabilities.send ?? [],
      topics: capabilities.topics ?? [],
      models: capabilities.models ?? [],
      tools: capabilities.tools ?? [],
      spawn: capabilities.spawn ?? [],
    },
    limits: resolveLimits(id, input.limits ?? {}),
    onFault: {
      strategy: onFault?.strategy ?? defaults.strategy,
      from: onFault?.from ?? defaults.from,
      max: integer(id, "onFault.max", onFault?.max ?? defaults.max, 0),
      withinTicks: integer(id, "onFault.withinTicks", onFault?.withinTicks ?? defaults.withinTicks, 0),
    },
    channels: input.channels ?? [],
  };
}

/** Completes an upgrade. @throws {WE_AGENT_SPEC} */
export function resolveUpgrade(
  genesis: Genesis,
  upgrade: { readonly agentId: string; readonly module: string; readonly drainTicks?: number },
): InputBody {
  const { agentId: id, module: name, drainTicks = drainTicksDefault } = upgrade;
  const agent = asAgentId(id);
  const module = Object.hasOwn(genesis.modules, name) ? genesis.modules[name] : undefined;
  if (module === undefined) throw fail("WE_AGENT_SPEC", { id, reason: `there is no module "${name}"` });
  integer(id, "drainTicks", drainTicks, 0, drainTicksMax);
  return { kind: "upgrade", agent, module, ...(drainTicks === 0 ? {} : { drainTicks }) };
}

/** Completes a task. @throws {WE_AGENT_SPEC} */
export function resolveTask(agentId: string, task: TaskInput): TaskSpec {
  return {
    taskId: task.taskId,
    agentId: asAgentId(agentId),
    priority: task.priority ?? 0,
    ...(task.payload === undefined
      ? { encoding: Encoding.JSON, payload: new Uint8Array(0) }
      : encodePayload(task.payload)),
    dependsOn: task.dependsOn ?? [],
    onDependencyFailure: task.onDependencyFailure ?? "fail",
    notBefore: task.notBefore ?? 0,
  };
}

function resolveLimits(id: string, given: Partial<AgentLimits>): AgentLimits {
  const fuelPerSlice = integer(id, "fuelPerSlice", given.fuelPerSlice ?? limits.fuelPerSliceDefault, 1);
  const memoryBytes = given.memoryBytes ?? limits.memoryBytesMaxDefault;
  const mailboxMessages = given.mailboxMessages ?? limits.mailboxMessagesMaxDefault;
  const messagesPerTurnMax = given.messagesPerTurnMax ?? limits.messagesPerTurnMaxDefault;
  return {
    fuelPerSlice,
    fuelPerTurnMax: integer(id, "fuelPerTurnMax", given.fuelPerTurnMax ?? fuelPerSlice, fuelPerSlice),
    memoryBytes: integer(id, "memoryBytes", memoryBytes, limits.wasmPageBytes),
    mailboxMessages: integer(id, "mailboxMessages", mailboxMessages, 1),
    messagesPerTurnMax: integer(id, "messagesPerTurnMax", messagesPerTurnMax, 0),
  };
}

function integer(
  id: string,
  name: string,
  value: number,
  ...[least, most = Number.MAX_SAFE_INTEGER]: [least: number, most?: number]
): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw fail("WE_AGENT_SPEC", { id, reason: `"${name}" is ${value}, expected an integer ${range}` });
}
