/**
 * The library's view of an open world: a thin client. Every change is a logged input whose promise resolves once
 * it is durable; every long call takes an AbortSignal. Names follow the founding interface (DESIGN §13).
 */

import { isLocalModel } from "../adapters/adapter-report.js";
import type { AgentId, EngineError } from "@wasm-engine/abi";
import type { Genesis, InputBody, Json } from "@wasm-engine/core";
import type { ModelReport } from "../inference/contract.js";
import { resolveSwap } from "../inference/model-swaps.js";
import type {
  Acknowledgement,
  AgentReport,
  Progress,
  RunResult,
  SnapshotReport,
  WorldMessage,
  WorldReport,
} from "../world/control.js";
import type { StopRule } from "../world/contract.js";
import { fail } from "../world/errors.js";
import { asAgentId, resolveSpec, resolveTask, resolveUpgrade } from "./agent-input.js";
import type { AgentInput, TaskInput } from "./agent-input.js";
import { TelemetryHooks } from "./telemetry-hooks.js";
import type { TelemetryHook } from "./telemetry-hooks.js";
import type { OpenedWorld, WorldLink } from "./link.js";
import { encodePayload } from "../world/payload.js";
import type { Payload } from "../world/payload.js";
import { receivedMessage } from "./received-message.js";
import type { ReceivedMessage } from "./received-message.js";
import { Subscription } from "./subscription.js";

/** One of many messages. */
export interface OutgoingMessage extends Pick<SendOptions, "key" | "topic" | "encoding"> {
  readonly agentId: string;
  readonly payload: Payload;
}

/** What became of one of many messages: it is durable, or it was refused before it was logged. */
export type SendOutcome = Acknowledgement | { readonly error: EngineError };

/** Options of calls that become one input. */
export interface SendOptions {
  /** Idempotency key: a second input with the same key is ignored by the world while it remembers the first. */
  readonly key?: string;
  /** Names the type of a direct message. */
  readonly topic?: string;
  readonly encoding?: 0 | 1 | 2 | 3 | 4;
  readonly signal?: AbortSignal;
}

export interface UpgradeOptions extends SendOptions {
  /** Ticks to wait; default 600. 0: at once, requests carry over to the new version. */
  readonly drainTicks?: number;
}

export interface RunOptions {
  /** Stops before this tick. */
  readonly ticks?: number;
  /** Default: the stop rule of the configuration. */
  readonly until?: StopRule | "never";
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** The founding shape of a snapshot, with the tick and hash that identify it. */
export interface SnapshotState extends SnapshotReport {
  readonly agents: readonly AgentReport[];
  readonly schedulerQueue: readonly { readonly agentId: AgentId; readonly messages: number }[];
  readonly onnxModelStates: readonly ModelReport[];
  readonly timestamp: string;
}

const defaultTopic = "message";

function inputRequest(body: InputBody): { readonly method: "input"; readonly body: InputBody } {
  return { method: "input", body };
}

export class RunningWorld implements AsyncDisposable {
  readonly runId: string;
  readonly dir: string;
  /** Sentences of the configuration for people: loud, not fatal. */
  readonly warnings: readonly string[];
  readonly #link: WorldLink;
  readonly #genesis: Genesis;
  readonly #hooks = new TelemetryHooks();
  readonly #subscriptions = new Map<number, Subscription>();
  #nextSubscription = 1;
  #stopping: Promise<RunResult> | undefined;

  constructor(link: WorldLink, opened: OpenedWorld, warnings: readonly string[] = []) {
    this.warnings = warnings;
    this.#link = link;
    this.#genesis = opened.genesis;
    this.runId = opened.runId;
    this.dir = opened.dir;
    link.listen({
      progress: (progress) => this.#hooks.call({ kind: "progress", progress }),
      observed: (observed) => this.#hooks.call({ kind: "observed", observed }),
      toolLine: (line) => this.#hooks.call({ kind: "tool-line", line }),
      recovered: (tick, { code, message }) => this.#hooks.call({ kind: "recovered", tick, code, message }),
      message: (subscription, message) =>
        this.#subscriptions.get(subscription)?.push(receivedMessage(message)),
      ended: (error) => {
        for (const subscription of this.#subscriptions.values()) subscription.end(error);
      },
    });
  }

  /** Process that executes the agents. */
  get pid(): number {
    return this.#link.pid;
  }

  /** Sends a message to an agent. */
  send(agentId: string, payload: Payload, options: SendOptions = {}): Promise<Acknowledgement> {
    return this.#input(this.#message(agentId, payload, { ...options, answerWanted: false }), options);
  }

  /**
   * Sends many messages, as so many calls of {@link send} in this order would, with one promise for all of them: it
   * resolves when each is durable or refused, and tells both in the place of its message. Agents and payloads are
   * checked before the first is sent. @throws {WE_AGENT_SPEC} {WE_WORLD_ENDED} {WE_WORLD_ABORTED}
   */
  async sendMany(
    messages: readonly OutgoingMessage[],
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<readonly SendOutcome[]> {
    const requests = messages.map(({ agentId, payload, key, topic, encoding }) => {
      const to = asAgentId(agentId);
      const { encoding: code, payload: bytes } = encodePayload(payload, encoding);
      const body: InputBody = {
        kind: "message",
        to,
        topic: topic ?? defaultTopic,
        encoding: code,
        payload: bytes,
        answerWanted: false,
      };
      return key === undefined ? inputRequest(body) : { ...inputRequest(body), key };
    });
    const answers = await this.#link.callMany(requests, options.signal);
    return answers.map((answer) => ("error" in answer ? answer : (answer.value as Acknowledgement))); // protocol
  }

  /** Sends a message and waits for its answer. @throws {WE_ASK_FAILED} */
  async ask(agentId: string, payload: Payload, options: SendOptions = {}): Promise<ReceivedMessage> {
    const body = this.#message(agentId, payload, { ...options, answerWanted: true });
    const { key, signal } = options;
    const answer = await this.#link.call(
      { method: "ask", body, ...(key === undefined ? {} : { key }) },
      signal,
    );
    return receivedMessage(answer as WorldMessage); // the session answers `ask` with a WorldMessage
  }

  publish(topic: string, payload: Payload, options: SendOptions = {}): Promise<Acknowledgement> {
    return this.#input({ kind: "publish", topic, ...encodePayload(payload, options.encoding) }, options);
  }

  /** Starts an agent; its first turn is in the tick of the acknowledgement. */
  async spawnAgent(spec: AgentInput, options: SendOptions = {}): Promise<AgentId> {
    const resolved = resolveSpec(this.#genesis, spec);
    await this.#input({ kind: "spawn", spec: resolved }, options);
    return resolved.id;
  }

  scheduleTask(agentId: string, task: TaskInput, options: SendOptions = {}): Promise<Acknowledgement> {
    return this.#input({ kind: "task", task: resolveTask(agentId, task) }, options);
  }

  joinChannel(agentId: string, channel: string, options: SendOptions = {}): Promise<Acknowledgement> {
    return this.#input({ kind: "join", agent: asAgentId(agentId), topic: channel }, options);
  }

  leaveChannel(agentId: string, channel: string, options: SendOptions = {}): Promise<Acknowledgement> {
    return this.#input({ kind: "leave", agent: asAgentId(agentId), topic: channel }, options);
  }

  /** Graceful end (`stop`), immediate end (`terminate`), no turns (`pause`) and turns again (`resume`). */
  controlAgent(
    agentId: string,
    action: "stop" | "terminate" | "pause" | "resume",
    options: SendOptions = {},
  ): Promise<Acknowledgement> {
    return this.#input({ kind: action, agent: asAgentId(agentId) }, options);
  }

  /**
   * Gives an agent another module of the genesis. While requests of the agent are pending the upgrade waits: answers
   * are delivered, everything else stays in the mailbox, and `inspect` shows it. What is still pending after
   * `drainTicks` refuses it, as a fault that names it. @throws {WE_AGENT_SPEC}
   */
  upgradeAgent(agentId: string, module: string, options: UpgradeOptions = {}): Promise<Acknowledgement> {
    return this.#input(resolveUpgrade(this.#genesis, { agentId, module, ...options }), options);
  }

  /**
   * Has model `by` of the configuration answer what `model` is asked from the tick of the input on; what is under way
   * is answered by the former one. A model that answers for itself ends that. @throws {WE_INFERENCE_SWAP}
   */
  swapModel(model: string, by: string, options: Pick<SendOptions, "signal"> = {}): Promise<Acknowledgement> {
    return this.#input(resolveSwap(this.#genesis, { model, by }), options);
  }

  /** Messages that the world publishes on `topic` from now on (`*`: on every topic), once they are durable. */
  messages(topic: string, options: { readonly signal?: AbortSignal } = {}): Subscription {
    const id = this.#nextSubscription;
    this.#nextSubscription += 1;
    const close = (): void => {
      if (!this.#subscriptions.delete(id) || this.#link.end !== undefined) return;
      this.#link.call({ method: "unsubscribe", subscription: id }).catch(() => undefined);
    };
    const subscription = new Subscription(close);
    this.#subscriptions.set(id, subscription);
    options.signal?.addEventListener("abort", () => void subscription.return(), { once: true });
    this.#link.call({ method: "subscribe", topic, subscription: id }).catch(() => subscription.return());
    return subscription;
  }

  /** Executes until the stop rule holds, keeps a snapshot and reports. */
  async run(options: RunOptions = {}): Promise<RunResult> {
    const { onProgress, ticks, until } = options;
    const forget =
      onProgress === undefined
        ? undefined
        : this.#hooks.register((event) => {
            if (event.kind === "progress") onProgress(event.progress);
          });
    try {
      const request = { rule: until ?? "configured", ...(ticks === undefined ? {} : { ticks }) } as const;
      const result = await this.#link.call({ method: "run", until: request }, options.signal);
      return result as RunResult; // the session answers `run` with a RunResult
    } finally {
      forget?.();
    }
  }

  /** Executes the next `ticks` ticks that have work. */
  async step(
    ticks = 1,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<{ tick: number; chainHead: string }> {
    const value = await this.#link.call({ method: "step", ticks }, options.signal);
    return value as { tick: number; chainHead: string }; // the session answers `step` so
  }

  async pause(): Promise<void> {
    await this.#link.call({ method: "pause" });
  }

  async resume(): Promise<void> {
    await this.#link.call({ method: "resume" });
  }

  /** Keeps a snapshot in the run folder and returns what it shows. */
  async snapshotState(options: { readonly signal?: AbortSignal } = {}): Promise<SnapshotState> {
    const kept = (await this.#link.call({ method: "snapshot" }, options.signal)) as SnapshotReport; // protocol
    const { agents, timestamp, waiting, models = [] } = await this.inspect();
    const mail = new Map(agents.map(({ agentId, mailbox }) => [agentId, mailbox.length]));
    return {
      ...kept,
      agents,
      schedulerQueue: waiting.map((agentId) => ({ agentId, messages: mail.get(agentId) ?? 0 })),
      onnxModelStates: models.filter(isLocalModel),
      timestamp,
    };
  }

  /** The world as of the last tick. */
  async inspect(
    options: { readonly agent?: string; readonly describe?: boolean } = {},
  ): Promise<WorldReport> {
    const { agent, describe = false } = options;
    const request = { method: "inspect", describe, ...(agent === undefined ? {} : { agent }) } as const;
    return (await this.#link.call(request)) as WorldReport; // the session answers `inspect` so
  }

  /** What an agent says about itself (`agent_describe`), undefined where its module does not. */
  async describe(agentId: string): Promise<Json | undefined> {
    const report = await this.inspect({ agent: agentId, describe: true });
    return report.agents[0]?.describe;
  }

  /** Calls `hook` with what happens; returns the function that ends it. Hooks see copies and cannot slow the world. */
  registerTelemetryHook(hook: TelemetryHook): () => void {
    return this.#hooks.register(hook);
  }

  /** Finishes the tick, seals, keeps a snapshot, closes. Idempotent. */
  stop(reason: "stopped" | "interrupted" = "stopped"): Promise<RunResult> {
    // The world may tell others that it stops before it answers the one who asked: a second stop joins the first.
    this.#stopping ??= this.#stop(reason);
    return this.#stopping;
  }

  /** Ends the world as a power cut would: for tests and for a second Ctrl-C. */
  async kill(): Promise<void> {
    this.#link.kill();
    await this.#link.closed();
  }

  /** Like {@link stop}, and quiet where the world has already ended. */
  async close(): Promise<void> {
    await (this.#link.end === undefined ? this.stop() : this.#stopping?.catch(() => undefined));
    await this.#link.closed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #stop(reason: "stopped" | "interrupted"): Promise<RunResult> {
    const { end } = this.#link;
    if (end !== undefined) {
      if (end.result === undefined) throw end.error ?? fail("WE_WORLD_ENDED", { method: "stop" });
      return end.result;
    }
    const asked = this.#link.call({ method: "stop", reason }) as Promise<RunResult>; // the session answers so
    // Somebody else may have stopped it first: then it has ended as was wanted.
    const result = await asked.catch((error: unknown) => {
      if (this.#link.end?.result === undefined) throw error;
      return this.#link.end.result;
    });
    await this.#link.closed();
    return result;
  }

  #message(agentId: string, payload: Payload, options: SendOptions & { answerWanted: boolean }): InputBody {
    return {
      kind: "message",
      to: asAgentId(agentId),
      topic: options.topic ?? defaultTopic,
      ...encodePayload(payload, options.encoding),
      answerWanted: options.answerWanted,
    };
  }

  async #input(body: InputBody, options: SendOptions): Promise<Acknowledgement> {
    const { key, signal } = options;
    const value = await this.#link.call(
      { method: "input", body, ...(key === undefined ? {} : { key }) },
      signal,
    );
    return value as Acknowledgement; // the session answers `input` so
  }
}
