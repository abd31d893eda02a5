/**
 * The library's view of a world that somebody else runs: the calls of {@link RunningWorld} over the control socket of
 * its run. Closing it closes the connection, not the world.
 */

import { Encoding } from "@wasm-engine/abi";
import type { AgentId } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";
import type { WireMessage } from "../control/wire-message.js";
import type {
  Acknowledgement,
  AgentRows,
  DeadLetterList,
  RunResult,
  SnapshotReport,
  WorldReport,
  WorldStatus,
} from "../world/control.js";
import { asAgentId } from "./agent-input.js";
import type { AgentInput, TaskInput } from "./agent-input.js";
import type { ControlClient } from "./control-client.js";
import { encodingName, encodingOf } from "../world/payload.js";
import type { Payload } from "../world/payload.js";
import type { ReceivedMessage } from "./received-message.js";
import type { OutgoingMessage, SendOptions, SendOutcome, UpgradeOptions } from "./running-world.js";
import { sendBatches } from "./send-batches.js";
import { Subscription } from "./subscription.js";

export interface ConnectedSendOptions extends SendOptions {
  /** False: neither is the receiver looked for nor the body held against what its module declares. Default true. */
  readonly check?: boolean;
}

/** One of many messages. */
export interface ConnectedMessage extends OutgoingMessage {
  /** As of {@link ConnectedSendOptions}. */
  readonly check?: boolean;
}

/** Where the world stands, and the process that executes it. */
export interface ConnectedStatus extends WorldStatus {
  readonly pid: number;
}

interface CallOptions {
  readonly signal?: AbortSignal;
}

interface KeyedOptions extends CallOptions {
  /** Idempotency key of the input. */
  readonly key?: string;
}

export class ConnectedWorld implements AsyncDisposable {
  /** Folder of the run. */
  readonly dir: string;
  readonly #client: ControlClient;
  readonly #subscriptions = new Map<number, Subscription>();

  constructor(client: ControlClient) {
    this.#client = client;
    this.dir = client.dir;
    client.listen({
      notified: (method, params) => {
        if (method !== "message") return;
        const { subscription, ...message } = params as unknown as WireMessage & { subscription: number }; // protocol
        this.#subscriptions.get(subscription)?.push(received(message));
      },
      closed: (error) => {
        for (const subscription of this.#subscriptions.values()) subscription.end(error);
      },
    });
  }

  /** Sends a message to an agent. Resolves when it is durable. @throws {WE_MESSAGE_SCHEMA} {WE_AGENT_UNKNOWN} */
  send(agentId: string, payload: Payload, options: ConnectedSendOptions = {}): Promise<Acknowledgement> {
    return this.#call("send", { to: agentId, ...content(payload, options), ...named(options) }, options);
  }

  /**
   * Sends many messages, as so many calls of {@link send} in this order would, with one promise for all of them: it
   * resolves when each is durable or refused, and tells both in the place of its message (`WE_WORLD_ENDED` where the
   * world ended before it). Ids of agents are checked before the first is sent.
   * @throws {WE_AGENT_SPEC} {WE_CONTROL_LOST} {WE_WORLD_ABORTED}
   */
  async sendMany(
    messages: readonly ConnectedMessage[],
    options: CallOptions = {},
  ): Promise<readonly SendOutcome[]> {
    const texts = messages.map(({ agentId, payload, ...rest }) =>
      JSON.stringify({ to: asAgentId(agentId), ...content(payload, rest), ...named(rest) }),
    );
    return sendBatches(this.#client, texts, options.signal);
  }

  /** Sends a message and waits for its answer. @throws {WE_ASK_FAILED} {WE_MESSAGE_SCHEMA} {WE_AGENT_UNKNOWN} */
  async ask(agentId: string, payload: Payload, options: ConnectedSendOptions = {}): Promise<ReceivedMessage> {
    const params = { to: agentId, ...content(payload, options), ...named(options) };
    return received(await this.#call<WireMessage>("ask", params, options));
  }

  publish(topic: string, payload: Payload, options: SendOptions = {}): Promise<Acknowledgement> {
    return this.#call("publish", { topic, ...content(payload, options), ...keyed(options) }, options);
  }

  /** Starts an agent. */
  async spawnAgent(spec: AgentInput, options: KeyedOptions = {}): Promise<AgentId> {
    await this.#call("spawn", { spec, ...keyed(options) }, options);
    return asAgentId(spec.id);
  }

  scheduleTask(agentId: string, task: TaskInput, options: KeyedOptions = {}): Promise<Acknowledgement> {
    const { payload, ...rest } = task;
    const carried = payload === undefined ? {} : content(payload, {});
    return this.#call("task", { agent: agentId, ...rest, ...carried, ...keyed(options) }, options);
  }

  /** Graceful end (`stop`), immediate end (`terminate`), no turns (`pause`) and turns again (`resume`). */
  controlAgent(
    agentId: string,
    action: "stop" | "terminate" | "pause" | "resume",
    options: KeyedOptions = {},
  ): Promise<Acknowledgement> {
    const method = action === "terminate" ? "kill" : action;
    return this.#call(method, { agent: agentId, ...keyed(options) }, options);
  }

  /** Gives an agent another module of the genesis, as {@link RunningWorld.upgradeAgent} does. */
  upgradeAgent(
    agentId: string,
    module: string,
    options: KeyedOptions & Pick<UpgradeOptions, "drainTicks"> = {},
  ): Promise<Acknowledgement> {
    const { drainTicks } = options;
    const wait = drainTicks === undefined ? {} : { drainTicks };
    return this.#call("upgrade", { agent: agentId, module, ...wait, ...keyed(options) }, options);
  }

  /** Has another model answer for a name, as {@link RunningWorld.swapModel} does. */
  swapModel(model: string, by: string, options: CallOptions = {}): Promise<Acknowledgement> {
    return this.#call("swapModel", { model, by }, options);
  }

  /** Messages that the world publishes on `topic` from now on (`*`: on every topic), once they are durable. */
  async messages(topic: string, options: CallOptions = {}): Promise<Subscription> {
    const ids: number[] = [];
    const subscription = new Subscription(() => {
      for (const id of ids) {
        if (!this.#subscriptions.delete(id)) continue;
        this.#client.call("unsubscribe", { subscription: id }).catch(() => undefined);
      }
    });
    // Messages may follow in the same read.
    const arrived = (result: unknown): void => {
      const { subscription: id } = result as { readonly subscription: number }; // spec/control.md
      ids.push(id);
      this.#subscriptions.set(id, subscription);
    };
    const { signal } = options;
    await this.#client.call("subscribe", { topic }, { arrived, ...(signal === undefined ? {} : { signal }) });
    signal?.addEventListener("abort", () => void subscription.return(), { once: true });
    return subscription;
  }

  status(options: CallOptions = {}): Promise<ConnectedStatus> {
    return this.#call("status", {}, options);
  }

  /** Every agent in a line. */
  agents(options: CallOptions = {}): Promise<AgentRows> {
    return this.#call("agents", {}, options);
  }

  /** The world, or one agent of it, as of the last tick. */
  inspect(
    options: { readonly agent?: string; readonly describe?: boolean } & CallOptions = {},
  ): Promise<WorldReport> {
    const { agent, describe } = options;
    const params = {
      ...(agent === undefined ? {} : { agent }),
      ...(describe === undefined ? {} : { describe }),
    };
    return this.#call("inspect", params, options);
  }

  /** Dead letters of tick `since` and later that the world still holds. */
  deadLetters(options: { readonly since?: number } & CallOptions = {}): Promise<DeadLetterList> {
    const { since } = options;
    return this.#call("deadLetters", since === undefined ? {} : { since }, options);
  }

  /** Executes the next `ticks` ticks that have work, and leaves the world paused. */
  step(ticks = 1, options: CallOptions = {}): Promise<{ tick: number; chainHead: string }> {
    return this.#call("step", { ticks }, options);
  }

  pause(options: CallOptions = {}): Promise<{ tick: number }> {
    return this.#call("pause", {}, options);
  }

  resume(options: CallOptions = {}): Promise<{ tick: number }> {
    return this.#call("resume", {}, options);
  }

  /** Keeps a snapshot in the run folder. */
  snapshot(options: CallOptions = {}): Promise<SnapshotReport> {
    return this.#call("snapshot", {}, options);
  }

  /** Finishes the tick, seals, keeps a snapshot and ends the world. */
  stop(options: CallOptions = {}): Promise<RunResult> {
    return this.#call("stop", {}, options);
  }

  /** Closes the connection. The world goes on. */
  close(): Promise<void> {
    return this.#client.close();
  }

  /** Resolves when the connection is closed, by this side or because the world has ended. */
  closed(): Promise<void> {
    return this.#client.closed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The answer of a method is the type that spec/control.md gives it. */
  async #call<Result>(
    method: string,
    params: Readonly<Record<string, unknown>>,
    { signal }: CallOptions,
  ): Promise<Result> {
    return (await this.#client.call(method, params, signal === undefined ? {} : { signal })) as Result; // see above
  }
}

function keyed({ key }: { readonly key?: string }): { readonly key?: string } {
  return key === undefined ? {} : { key };
}

function named(options: ConnectedSendOptions): Readonly<Record<string, unknown>> {
  const { topic, check } = options;
  return {
    ...keyed(options),
    ...(topic === undefined ? {} : { topic }),
    ...(check === undefined ? {} : { check }),
  };
}

/** JSON travels as it is, everything else as base64 with its encoding. */
function content(payload: Payload, options: SendOptions): Readonly<Record<string, unknown>> {
  const isBytes = payload instanceof Uint8Array;
  const { encoding = isBytes ? Encoding.BYTES : Encoding.JSON } = options;
  if (!isBytes && encoding === Encoding.JSON) return { body: payload };
  const bytes = isBytes
    ? payload
    : Buffer.from(typeof payload === "string" ? payload : JSON.stringify(payload));
  return { payload: Buffer.from(bytes).toString("base64"), encoding: encodingName(encoding) };
}

function received(message: WireMessage): ReceivedMessage {
  const { tick, agentId, topic, timestamp, body, payload } = message;
  const encoding = encodingOf(message.encoding);
  const value: Json | Uint8Array = payload === undefined ? (body ?? null) : Buffer.from(payload, "base64");
  return { tick, agentId: asAgentId(agentId), topic, timestamp, encoding, payload: value };
}
