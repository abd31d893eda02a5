/** Views of the world for people and programs: decoded, JSON-safe, never part of the world. */

import { Encoding, MessageFlag, MessageKind, decodeMessage, decodeUtf8, isAgentId } from "@wasm-engine/abi";
import type { AgentHandle } from "@wasm-engine/abi";
import type { AgentView, InputBody, Json, WorldContract } from "@wasm-engine/core";
import type { AdapterReport } from "../adapters/adapter-report.js";
import type { ModelReport } from "../inference/contract.js";
import type {
  AgentReport,
  AgentRows,
  MessageReport,
  ReceiverReport,
  RunResult,
  WorldMessage,
  WorldReport,
} from "./control.js";
import type { ReleasedTick, TickLoop } from "./tick-loop.js";
import { readablePayload } from "./payload.js";
import { formatTime } from "../time/virtual-time.js";

/** JSON that the agent says about itself, computed on a copy; undefined where the module cannot. */
export type DescribeAgent = (agent: AgentHandle) => Json | undefined;

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

function nameOf(table: Readonly<Record<string, number>>, value: number): string {
  const entry = Object.entries(table).find(([, number]) => number === value);
  return entry === undefined ? String(value) : entry[0].toLowerCase();
}

export function reportMessage(bytes: Uint8Array): MessageReport {
  const message = decodeMessage(bytes);
  const flags = Object.entries(MessageFlag).filter(([, bit]) => (message.flags & bit) !== 0);
  return {
    kind: nameOf(MessageKind, message.kind),
    topic: decodeUtf8(message.topic) ?? "",
    encoding: nameOf(Encoding, message.encoding),
    payload: readablePayload(message.encoding, message.payload),
    flags: flags.map(([name]) => name.toLowerCase()),
    messageId: message.messageId,
    correlationId: message.correlationId,
    peer: message.peer,
  };
}

function reportAgent(view: AgentView, digest: string, names: ReadonlyMap<string, string>): AgentReport {
  return {
    agentId: view.agentId,
    status: view.status,
    module: view.spec.module,
    moduleName: names.get(view.spec.module) ?? "",
    tenant: view.spec.tenant,
    fuel: view.fuel,
    faults: view.faults,
    topics: view.topics,
    mailbox: view.mailbox.map(reportMessage),
    pendingRequests: view.pendingRequests,
    ...(view.upgrade === undefined ? {} : { upgrade: view.upgrade }),
    requests: view.ledger.requests,
    messages: view.ledger.messages,
    spawns: view.ledger.spawns,
    streams: view.ledger.streams,
    digest,
  };
}

/** Reports of all agents, or of the one that is asked for; empty where it does not live. */
function reportAgents(
  world: WorldContract,
  options: { agent?: string; describe?: DescribeAgent },
): readonly AgentReport[] {
  const names = moduleNames(world);
  const digests = new Map(world.agentDigests().map(([id, digest]) => [id as string, hex(digest)]));
  const views = world
    .agents()
    .filter((view) => options.agent === undefined || view.agentId === options.agent);
  return views.map((view) => {
    const report = reportAgent(view, digests.get(view.agentId) ?? "", names);
    const described = options.describe?.(view.handle);
    return described === undefined ? report : { ...report, describe: described };
  });
}

/** Every agent in a line: nothing is hashed or decoded for it. */
export function reportRows(world: WorldContract): AgentRows {
  const names = moduleNames(world);
  const agents = world.agents().map((view) => ({
    agentId: view.agentId,
    status: view.status,
    moduleName: names.get(view.spec.module) ?? "",
    tenant: view.spec.tenant,
    mailbox: view.mailbox.length,
    pendingRequests: view.pendingRequests.length,
    messages: view.ledger.messages,
    fuel: view.fuel,
    faults: view.faults,
  }));
  return { tick: world.tick, agents };
}

/** The agent that an input is for; undefined where it is for none, or for one that it starts. */
export function receiverId(body: InputBody): string | undefined {
  if (body.kind === "message") return body.to;
  if (body.kind === "task") return body.task.agentId;
  return "agent" in body && typeof body.agent === "string" ? body.agent : undefined;
}

/** Whom an input for `agentId` would reach: somebody who lives, or is about to be started. */
export function receiverOf(loop: Pick<TickLoop, "world" | "awaitsSpawn">, agentId: string): ReceiverReport {
  const { tick, genesis } = loop.world;
  const first = tick < 0 ? genesis.agents.find(({ id }) => id === agentId) : undefined;
  const module = (isAgentId(agentId) ? loop.world.moduleOf(agentId) : undefined) ?? first?.module;
  if (module !== undefined) return { isKnown: true, module, tick };
  return { isKnown: loop.awaitsSpawn(agentId), tick };
}

function moduleNames({ genesis }: WorldContract): ReadonlyMap<string, string> {
  return new Map(Object.entries(genesis.modules).map(([name, digest]) => [digest as string, name]));
}

/** The world as of its last tick. Without agents where the one asked for does not live. */
export function reportWorld(
  world: WorldContract,
  options: { readonly runId: string; readonly agent?: string; readonly describe?: DescribeAgent },
): WorldReport {
  const { tick, genesis } = world;
  return {
    runId: options.runId,
    tick,
    timestamp: formatTime(genesis.epochNanos + BigInt(Math.max(tick, 0)) * genesis.tickNanos),
    chainHead: hex(world.chainHead),
    stateHash: hex(world.stateHash()),
    waiting: world.schedule().waiting,
    agents: reportAgents(world, options),
  };
}

/** Models together, whatever answers for them; tools apart. */
export function answererReports(
  models: readonly ModelReport[],
  adapters: readonly AdapterReport[],
): Pick<RunResult, "models" | "tools"> {
  return {
    models: [...models, ...adapters.filter(({ serves }) => serves === "inference")],
    tools: adapters.filter(({ serves }) => serves === "tool"),
  };
}

/** The same for a view of the world, which says nothing of what the world does not have. */
export function withAnswerers(
  report: WorldReport,
  { models, tools }: Pick<RunResult, "models" | "tools">,
): WorldReport {
  return {
    ...report,
    ...(models.length === 0 ? {} : { models }),
    ...(tools.length === 0 ? {} : { tools }),
  };
}

/** Departures that subscribers read. */
export function worldMessages(world: WorldContract, released: ReleasedTick): readonly WorldMessage[] {
  const { epochNanos, tickNanos } = world.genesis;
  const timestamp = formatTime(epochNanos + BigInt(released.tick) * tickNanos);
  return released.departures.map((departure) => ({
    tick: released.tick,
    agentId: departure.agentId,
    topic: departure.topic,
    encoding: departure.encoding,
    payload: departure.payload,
    flags: departure.flags,
    timestamp,
  }));
}
