/** A world of scripted agents with short ways to build it, feed it and look at it. */

import { Encoding, decodeMessage, decodeUtf8, encodeUtf8, handleOfId } from "@wasm-engine/abi";
import type { AgentHandle, AgentId, ModuleDigest } from "@wasm-engine/abi";
import type { AgentSpec, Genesis, Input, InputBody, TaskSpec, TenantSpec, TickResult } from "../model.js";
import type { WorldContract } from "../world-contract.js";
import { World } from "../world/world.js";
import { nodeHasher } from "./node-hasher.js";
import { ScriptExecutors, type Script, type ScriptOptions } from "./script-executors.js";

export const scriptModule = "11".repeat(32) as ModuleDigest; // brand: 64 hex digits

export function agentId(text: string): AgentId {
  return text as AgentId; // brand: test data
}

export function handle(text: string): AgentHandle {
  return handleOfId((bytes) => nodeHasher.sha256(bytes), agentId(text));
}

/** Changes of a spec; limits and fault policy may be partial. */
export type SpecChanges = Partial<Omit<AgentSpec, "id" | "limits" | "onFault" | "capabilities">> & {
  readonly limits?: Partial<AgentSpec["limits"]>;
  readonly onFault?: Partial<AgentSpec["onFault"]>;
  readonly capabilities?: Partial<AgentSpec["capabilities"]>;
};

/** May do everything; faults restart it from the good state. */
export function spec(id: string, changes: SpecChanges = {}): AgentSpec {
  const { limits, onFault, capabilities, ...rest } = changes;
  return {
    id: agentId(id),
    module: scriptModule,
    args: null,
    tenant: "default",
    priority: 0,
    every: 0,
    channels: [],
    ...rest,
    capabilities: { send: ["*"], topics: ["*"], models: ["*"], tools: ["*"], spawn: ["*"], ...capabilities },
    limits: {
      fuelPerSlice: 1000,
      fuelPerTurnMax: 10_000,
      memoryBytes: 65_536,
      mailboxMessages: 100,
      messagesPerTurnMax: 100,
      ...limits,
    },
    onFault: { strategy: "restart", from: "good", max: 100, withinTicks: 1000, ...onFault },
  };
}

/** A tenant with room for what tests do. */
export function tenantSpec(name: string, changes: Partial<TenantSpec> = {}): TenantSpec {
  return {
    name,
    fuelPerTick: 10_000,
    turnsPerTick: 5,
    messagesPerTick: 1000,
    agentsMax: 20,
    elastic: false,
    ...changes,
  };
}

export function genesis(agents: readonly AgentSpec[], changes: Partial<Genesis> = {}): Genesis {
  return {
    semantics: 1,
    name: "script",
    seed: 7,
    epochNanos: 0n,
    tickNanos: 1_000_000n,
    policy: "fifo",
    stride: 1,
    shards: 4,
    stateHashEvery: 1,
    turnsPerTickMax: 1000,
    retainTicks: 50,
    agentsMax: 100,
    depthBytes: 65_536,
    modules: { script: scriptModule },
    tenants: [],
    agents,
    models: ["model"],
    tools: ["tool"],
    ...changes,
  };
}

export class ScriptWorld {
  readonly genesis: Genesis;
  readonly executors: ScriptExecutors;
  readonly world: WorldContract;
  /** Results of all executed ticks. */
  readonly results: TickResult[] = [];
  #seq = 0;

  constructor(start: Genesis, script: Script, options: ScriptOptions = {}) {
    this.genesis = start;
    this.executors = new ScriptExecutors(script, options);
    this.world = World.create(start, { hasher: nodeHasher, executors: this.executors });
  }

  /** Executes the next tick, or `tick`, with these inputs. */
  step(bodies: readonly InputBody[] = [], tick: number = this.world.tick + 1, key?: string): TickResult {
    const inputs: Input[] = bodies.map((body) => {
      this.#seq += 1;
      return { seq: this.#seq, tick, body, ...(key === undefined ? {} : { key }) };
    });
    const result = this.world.step(tick, inputs);
    this.results.push(result);
    return result;
  }

  /** Executes what is due until nothing is, at most up to `tick`. */
  runUntil(tick: number): void {
    for (;;) {
      const due = this.world.nextDueTick();
      if (due === undefined || due > tick) return;
      this.step([], due);
    }
  }

  status(id: string): string | undefined {
    return this.world.agent(agentId(id))?.status;
  }

  /** Ids of the agents that took turns in a tick, in plan order. */
  order(tick: number): string[] {
    const names = new Map(this.genesis.agents.map((agent) => [handle(agent.id), agent.id as string]));
    const turns = this.executors.plans.filter((plan) => plan.tick === tick).flatMap((plan) => plan.turns);
    return turns.map((turn) => names.get(turn.agent) ?? String(turn.agent));
  }

  /** `reason agent topic` of every dead letter so far. */
  deadLetters(): string[] {
    return this.results.flatMap((result) =>
      result.deadLetters.map(({ reason, agentId: id, message }) => {
        const topic = message.length === 0 ? "" : decodeUtf8(decodeMessage(message).topic);
        return `${reason} ${id} ${topic ?? ""}`.trim();
      }),
    );
  }
}

export function message(to: string, topic: string, payload = "", answerWanted = false): InputBody {
  return {
    kind: "message",
    to: agentId(to),
    topic,
    encoding: Encoding.TEXT,
    payload: encodeUtf8(payload),
    answerWanted,
  };
}

export function publish(topic: string, payload = ""): InputBody {
  return { kind: "publish", topic, encoding: Encoding.TEXT, payload: encodeUtf8(payload) };
}

export function task(taskId: string, agent: string, changes: Partial<TaskSpec> = {}): InputBody {
  const base: TaskSpec = {
    taskId,
    agentId: agentId(agent),
    priority: 0,
    encoding: Encoding.TEXT,
    payload: new Uint8Array(0),
    dependsOn: [],
    onDependencyFailure: "fail",
    notBefore: 0,
  };
  return { kind: "task", task: { ...base, ...changes } };
}

export function lifecycle(kind: "stop" | "terminate" | "pause" | "resume", agent: string): InputBody {
  return { kind, agent: agentId(agent) };
}

/** Remembers what each agent saw as `tick entry kind topic text` lines in its memory. */
export function remember(context: { state: string; readonly tick: number }, line: string): void {
  context.state += `${context.state === "" ? "" : "\n"}${context.tick} ${line}`;
}
