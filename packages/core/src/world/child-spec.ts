/**
 * Specs and tasks as guests write them: partial JSON, trusted in nothing. A child never has more than its
 * parent: limits, capabilities and priority are bounded by the parent's, the tenant is the parent's.
 */

import { Encoding, encodeUtf8, isAgentId, limits } from "@wasm-engine/abi";
import { guestJsonDepthMax } from "../limits.js";
import type { AgentSpec, Capabilities, FaultPolicy, Genesis, Json, TaskSpec } from "../model.js";
import type { AgentLimits } from "../ports.js";
import type { Agent } from "./agent.js";
import { allows, compileGrant, covers } from "./capability.js";
import { canonicalJson, parseGuestJson } from "./json-text.js";

type JsonMap = { readonly [key: string]: Json };

const specFields = new Set([
  "id",
  "module",
  "args",
  "tenant",
  "priority",
  "every",
  "capabilities",
  "limits",
  "onFault",
  "channels",
]);
const taskFields = new Set(["taskId", "agentId", "priority", "payload", "dependsOn", "onDependencyFailure"]);

/** The resolved spec of a child, or undefined where the parent may not start it or the JSON is not a spec. */
export function parseChildSpec(genesis: Genesis, parent: Agent, bytes: Uint8Array): AgentSpec | undefined {
  const map = guestMap(bytes, specFields);
  if (map === undefined) return undefined;
  const { id, module, tenant } = map;
  if (typeof id !== "string" || !isAgentId(id) || typeof module !== "string") return undefined;
  const digest = Object.hasOwn(genesis.modules, module) ? genesis.modules[module] : undefined;
  if (digest === undefined || !allows(parent.grants.spawn, module)) return undefined;
  if (tenant !== undefined && tenant !== parent.spec.tenant) return undefined;
  const priority = integerOf(map["priority"], parent.spec.priority, Number.MIN_SAFE_INTEGER);
  const every = integerOf(map["every"], 0, 0);
  const capabilities = capabilitiesOf(map["capabilities"]);
  const childLimits = limitsOf(map["limits"], parent.spec.limits);
  const onFault = faultPolicyOf(map["onFault"], parent.spec.onFault);
  const channels = textsOf(map["channels"]);
  if (priority === undefined || priority > parent.spec.priority || every === undefined) return undefined;
  if (!capabilities || !covers(parent.grants, capabilities)) return undefined;
  if (!childLimits || !onFault || !channels) return undefined;
  const joinable = compileGrant(capabilities.topics);
  if (!channels.every((topic) => isTopic(topic) && allows(joinable, topic))) return undefined;
  return {
    id,
    module: digest,
    args: map["args"] ?? null,
    tenant: parent.spec.tenant,
    priority,
    every,
    capabilities,
    limits: childLimits,
    onFault,
    channels: [...new Set(channels)].sort(),
  };
}

/** A task as an agent schedules it, or undefined where the JSON is not a task. */
export function parseGuestTask(owner: Agent, bytes: Uint8Array, notBefore: number): TaskSpec | undefined {
  const map = guestMap(bytes, taskFields);
  if (map === undefined) return undefined;
  const { taskId, agentId = owner.id, onDependencyFailure = "fail" } = map;
  const priority = integerOf(map["priority"], 0, Number.MIN_SAFE_INTEGER);
  const dependsOn = textsOf(map["dependsOn"]);
  if (typeof taskId !== "string" || typeof agentId !== "string" || !isAgentId(agentId)) return undefined;
  if (onDependencyFailure !== "fail" && onDependencyFailure !== "skip" && onDependencyFailure !== "run")
    return undefined;
  if (priority === undefined || !dependsOn) return undefined;
  return {
    taskId,
    agentId,
    priority,
    encoding: Encoding.JSON,
    payload: encodeUtf8(canonicalJson(map["payload"] ?? null)),
    dependsOn,
    onDependencyFailure,
    notBefore,
  };
}

function guestMap(bytes: Uint8Array, fields: ReadonlySet<string>): JsonMap | undefined {
  return mapOf(parseGuestJson(bytes, guestJsonDepthMax), fields);
}

function mapOf(value: Json | undefined, fields: ReadonlySet<string>): JsonMap | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const map = value as JsonMap; // an object of JSON that is no list
  return Object.keys(map).every((key) => fields.has(key)) ? map : undefined;
}

function integerOf(value: Json | undefined, absent: number, least: number): number | undefined {
  if (value === undefined) return absent;
  return typeof value === "number" && Number.isSafeInteger(value) && value >= least ? value : undefined;
}

function textsOf(value: Json | undefined): readonly string[] | undefined {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return undefined;
  const texts: string[] = [];
  for (const entry of value as readonly Json[]) {
    if (typeof entry !== "string") return undefined;
    texts.push(entry);
  }
  return texts;
}

function isTopic(topic: string): boolean {
  return topic.length > 0 && encodeUtf8(topic).length <= limits.topicBytesMax;
}

const capabilityFields = new Set(["send", "topics", "models", "tools", "spawn"]);

function capabilitiesOf(value: Json | undefined): Capabilities | undefined {
  const map = mapOf(value ?? {}, capabilityFields);
  if (map === undefined) return undefined;
  const send = textsOf(map["send"]);
  const topics = textsOf(map["topics"]);
  const models = textsOf(map["models"]);
  const tools = textsOf(map["tools"]);
  const spawn = textsOf(map["spawn"]);
  return send && topics && models && tools && spawn ? { send, topics, models, tools, spawn } : undefined;
}

const limitFields = [
  "fuelPerSlice",
  "fuelPerTurnMax",
  "memoryBytes",
  "mailboxMessages",
  "messagesPerTurnMax",
] as const satisfies readonly (keyof AgentLimits)[];

function limitsOf(value: Json | undefined, parent: AgentLimits): AgentLimits | undefined {
  const map = mapOf(value ?? {}, new Set(limitFields));
  if (map === undefined) return undefined;
  const child: { -readonly [K in keyof AgentLimits]: number } = { ...parent };
  for (const field of limitFields) {
    const limit = integerOf(map[field], parent[field], field === "messagesPerTurnMax" ? 0 : 1);
    if (limit === undefined || limit > parent[field]) return undefined;
    child[field] = limit;
  }
  return child.fuelPerTurnMax >= child.fuelPerSlice ? child : undefined;
}

const faultFields = new Set(["strategy", "from", "max", "withinTicks"]);

function faultPolicyOf(value: Json | undefined, parent: FaultPolicy): FaultPolicy | undefined {
  const map = mapOf(value ?? {}, faultFields);
  if (map === undefined) return undefined;
  const { strategy = parent.strategy, from = parent.from } = map;
  const max = integerOf(map["max"], parent.max, 0);
  const withinTicks = integerOf(map["withinTicks"], parent.withinTicks, 0);
  if (strategy !== "restart" && strategy !== "stop" && strategy !== "escalate") return undefined;
  if (from !== "good" && from !== "fresh") return undefined;
  return max === undefined || withinTicks === undefined ? undefined : { strategy, from, max, withinTicks };
}
