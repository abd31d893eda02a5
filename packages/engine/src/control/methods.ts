/** The methods of the control socket as data: what each takes (JSON Schema) and what it asks of the world. */

import { limits } from "@wasm-engine/abi";
import { drainTicksMax } from "@wasm-engine/core";
import type { Genesis, InputBody, Json } from "@wasm-engine/core";
import { asAgentId, resolveSpec, resolveTask, resolveUpgrade } from "../client/agent-input.js";
import type { AgentInput, TaskInput } from "../client/agent-input.js";
import { resolveSwap } from "../inference/model-swaps.js";
import { encodePayload, encodingNames, encodingOf } from "../world/payload.js";
import type { EncodedPayload } from "../world/payload.js";
import { agentSpecSchema } from "../config/schema.js";
import type { ControlRequest } from "../world/control.js";
import { batchMessagesMax } from "./limits.js";
import type { ConnectionMethod, ControlMethod, MethodParams } from "./method-contract.js";

const agentId = { type: "string", minLength: 1, maxLength: 63 } as const;
const topic = { type: "string", minLength: 1, maxLength: limits.topicBytesMax } as const;
const key = { type: "string", minLength: 1, maxLength: 255 } as const;
const modelName = { type: "string", minLength: 1, maxLength: 255 } as const;
const count = { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;
/** Content: any JSON as `body`, or bytes as base64 in `payload` with their encoding. */
const content = {
  body: true,
  payload: { type: "string", pattern: "^[A-Za-z0-9+/]*={0,2}$" },
  encoding: { enum: encodingNames },
} as const;
const contentRule = { oneOf: [{ required: ["body"] }, { required: ["payload", "encoding"] }] } as const;

function params(properties: Record<string, unknown>, required: readonly string[] = [], rule = {}): Json {
  // JSON by construction: the literals of this file.
  return { type: "object", additionalProperties: false, properties, required, ...rule } as Json;
}

interface Content {
  readonly body?: Json;
  readonly payload?: string;
  readonly encoding?: string;
}

function contentOf({ body, payload, encoding }: Content): EncodedPayload {
  if (payload === undefined) return encodePayload(body ?? null);
  return encodePayload(new Uint8Array(Buffer.from(payload, "base64")), encodingOf(encoding));
}

function input(body: InputBody, given: MethodParams, isChecked = false): ControlRequest {
  const { key: name } = given as { readonly key?: string }; // the schema of every input has it so
  const method = body.kind === "message" && body.answerWanted ? "ask" : "input";
  return {
    method,
    body,
    ...(name === undefined ? {} : { key: name }),
    ...(isChecked ? { known: true } : {}),
  };
}

interface SendParams extends Content {
  readonly to: string;
  readonly topic?: string;
  readonly wait?: boolean;
  readonly check?: boolean;
}

function message(given: MethodParams, answerWanted: boolean): readonly ControlRequest[] {
  const { to, topic: name = "message", check = true, ...rest } = given as unknown as SendParams; // its schema
  const body = { kind: "message", to: asAgentId(to), topic: name, ...contentOf(rest), answerWanted } as const;
  return [input(body, given, check)];
}

/** An agent where one is named, else the world. */
function agentOr(
  action: "pause" | "resume" | "stop",
  world: ControlRequest,
): (given: MethodParams) => readonly ControlRequest[] {
  return (given) => {
    const { agent } = given as { readonly agent?: string }; // its schema
    return agent === undefined ? [world] : [input({ kind: action, agent: asAgentId(agent) }, given, true)];
  };
}

const sendProperties = { to: agentId, topic, ...content, key, check: { type: "boolean" } };
const agentProperties = { agent: agentId, key };

/** One message of many. */
export const batchedMessage: ControlMethod = {
  params: params(sendProperties, ["to"], contentRule),
  requests: (given) => message(given, false),
};

/** Methods that carry many messages, each of which has its own outcome. */
export const batchMethods: Readonly<Record<string, ConnectionMethod>> = {
  sendMany: {
    params: params({ messages: { type: "array", items: true, maxItems: batchMessagesMax } }, ["messages"]),
  },
};

/** Methods that ask the world. */
export const controlMethods: Readonly<Record<string, ControlMethod>> = {
  send: {
    params: params({ ...sendProperties, wait: { type: "boolean" } }, ["to"], contentRule),
    requests: (given) => message(given, given["wait"] === true),
    checksMessage: true,
  },
  ask: {
    params: params(sendProperties, ["to"], contentRule),
    requests: (given) => message(given, true),
    checksMessage: true,
  },
  publish: {
    params: params({ topic, ...content, key }, ["topic"], contentRule),
    requests: (given) => {
      const { topic: name, ...rest } = given as unknown as Content & { readonly topic: string }; // its schema
      return [input({ kind: "publish", topic: name, ...contentOf(rest) }, given)];
    },
  },
  spawn: {
    params: params({ spec: agentSpecSchema, key }, ["spec"]),
    requests: (given, genesis) => {
      const spec = resolveSpec(genesis, given["spec"] as AgentInput); // its schema
      return [input({ kind: "spawn", spec }, given)];
    },
  },
  task: {
    params: params(
      {
        agent: agentId,
        taskId: { type: "string", minLength: 1, maxLength: 255 },
        ...content,
        priority: { type: "integer" },
        dependsOn: { type: "array", items: { type: "string" }, maxItems: 1000 },
        onDependencyFailure: { enum: ["fail", "skip", "run"] },
        notBefore: count,
        key,
      },
      ["agent", "taskId"],
    ),
    requests: (given) => {
      const task = given as unknown as TaskInput & Content & { readonly agent: string }; // its schema
      const { body, payload, ...rest } = task;
      const resolved = resolveTask(task.agent, rest);
      const carried = body === undefined && payload === undefined ? {} : contentOf(task);
      return [input({ kind: "task", task: { ...resolved, ...carried } }, given, true)];
    },
  },
  join: {
    params: params({ agent: agentId, topic, key }, ["agent", "topic"]),
    requests: (given) => membership("join", given),
  },
  leave: {
    params: params({ agent: agentId, topic, key }, ["agent", "topic"]),
    requests: (given) => membership("leave", given),
  },
  upgrade: {
    params: params(
      {
        agent: agentId,
        module: { type: "string", minLength: 1 },
        drainTicks: { ...count, maximum: drainTicksMax },
        key,
      },
      ["agent", "module"],
    ),
    requests: (given, genesis) => [input(upgradeBody(given, genesis), given, true)],
  },
  swapModel: {
    params: params({ model: modelName, by: modelName }, ["model", "by"]),
    requests: (given, genesis) => {
      const swap = given as unknown as { readonly model: string; readonly by: string }; // its schema
      return [input(resolveSwap(genesis, swap), given, true)];
    },
  },
  pause: { params: params(agentProperties), requests: agentOr("pause", { method: "pause" }) },
  resume: { params: params(agentProperties), requests: agentOr("resume", { method: "resume" }) },
  stop: {
    params: params(agentProperties),
    requests: agentOr("stop", { method: "stop", reason: "stopped" }),
  },
  kill: {
    params: params(agentProperties, ["agent"]),
    requests: (given) => {
      const { agent } = given as { readonly agent: string }; // its schema
      return [input({ kind: "terminate", agent: asAgentId(agent) }, given, true)];
    },
  },
  step: {
    params: params({ ticks: { ...count, minimum: 1, maximum: 1_000_000_000 } }),
    // A world that ticks by itself would not stand still after the last step.
    requests: (given) => {
      const { ticks = 1 } = given as { readonly ticks?: number }; // its schema
      return [{ method: "pause" }, { method: "step", ticks, durable: true }];
    },
  },
  snapshot: { params: params({}), requests: () => [{ method: "snapshot" }], isHeavy: true },
  status: { params: params({}), requests: () => [{ method: "status" }] },
  agents: { params: params({}), requests: () => [{ method: "agents" }], isHeavy: true },
  inspect: {
    params: params({ agent: agentId, describe: { type: "boolean" } }),
    requests: (given) => {
      const { agent, describe = false } = given as { readonly agent?: string; readonly describe?: boolean }; // schema
      return [{ method: "inspect", describe, ...(agent === undefined ? {} : { agent }) }];
    },
    isHeavy: true,
  },
  deadLetters: {
    params: params({ since: count }),
    requests: (given) => {
      const { since = 0 } = given as { readonly since?: number }; // its schema
      return [{ method: "dead-letters", since }];
    },
    isHeavy: true,
  },
};

/** Methods about the connection itself. */
export const connectionMethods: Readonly<Record<string, ConnectionMethod>> = {
  subscribe: { params: params({ topic }, ["topic"]) },
  unsubscribe: { params: params({ subscription: count }, ["subscription"]) },
  cancel: { params: params({ id: { type: ["string", "number"] } }, ["id"]) },
};

function membership(kind: "join" | "leave", given: MethodParams): readonly ControlRequest[] {
  const { agent, topic: name } = given as { readonly agent: string; readonly topic: string }; // its schema
  return [input({ kind, agent: asAgentId(agent), topic: name }, given, true)];
}

/** @throws {WE_AGENT_SPEC} */
function upgradeBody(given: MethodParams, genesis: Genesis): InputBody {
  type Upgrade = { readonly agent: string; readonly module: string; readonly drainTicks?: number };
  const { agent: agentId, ...rest } = given as unknown as Upgrade; // its schema
  return resolveUpgrade(genesis, { agentId, ...rest });
}
