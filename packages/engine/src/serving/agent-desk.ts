/**
 * Agents of a running world as respondents: each request is a question, one logged input, so that a replay has it. The
 * world is reached over its control socket; one that has ended and goes on in another process is found again.
 */

import { EngineError } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";
import type { ConnectedWorld } from "../client/connected-world.js";
import type { ReceivedMessage } from "../client/received-message.js";
import { isRecord } from "../control/record.js";
import { readAgentAnswer } from "./agent-answer.js";
import type { Answer, Listed, Question, Respondent } from "./contract.js";
import { fail } from "./errors.js";

/** Begins the names of agents among those of models. */
export const agentPrefix = "agent/";
/** Where agents publish parts of an answer: `{ request, text }`. */
export const partsTopic = "chat.parts";

export interface AgentDeskOptions {
  readonly connect: () => Promise<ConnectedWorld>;
  /** 0: questions wait for ever. */
  readonly timeoutMs: number;
}

export class AgentDesk {
  readonly #options: AgentDeskOptions;
  /** Whoever hears parts, by agent and request. */
  readonly #readers = new Map<string, (text: string) => void>();
  #world: Promise<ConnectedWorld> | undefined;

  constructor(options: AgentDeskOptions) {
    this.#options = options;
  }

  /** Agents that live, sorted. @throws {WE_CONTROL_NOT_RUNNING} */
  async list(): Promise<readonly Listed[]> {
    const { agents } = await (await this.#connected()).agents();
    return agents.map(({ agentId }) => ({ name: `${agentPrefix}${agentId}`, ownedBy: "world" }));
  }

  /** Whether there is such an agent the world says when it is asked. */
  respondent(name: string): Respondent {
    const agent = name.slice(agentPrefix.length);
    return {
      name,
      ownedBy: "world",
      kind: "agent",
      write: (question) => this.#write(agent, question),
      embed: () => {
        const expected = "a model that gives vectors; agents are asked for texts";
        return Promise.reject(
          fail("WE_SERVE_FIELD", { field: "model", came: JSON.stringify(name), expected }),
        );
      },
    };
  }

  async close(): Promise<void> {
    const world = await this.#world?.catch(() => undefined);
    await world?.close();
  }

  async #write(agent: string, question: Question): Promise<Answer> {
    const { id, kind, members, hear, key } = question;
    const world = await this.#connected();
    const reader = `${agent} ${id}`;
    if (hear !== undefined) this.#readers.set(reader, hear);
    try {
      const body: Json = { request: id, ...members, stream: hear !== undefined };
      const options = { topic: kind, ...(key === undefined ? {} : { key }) };
      const { payload } = await this.#asked(world, { agent, body, options, signal: question.signal });
      // Parts that came before the answer are read first.
      await new Promise((resolve) => setImmediate(resolve));
      return readAgentAnswer(payload);
    } finally {
      this.#readers.delete(reader);
    }
  }

  async #asked(world: ConnectedWorld, { agent, body, options, signal }: AgentAsk): Promise<ReceivedMessage> {
    const { timeoutMs } = this.#options;
    const deadline = new AbortController();
    const timer = timeoutMs === 0 ? undefined : setTimeout(() => deadline.abort(), timeoutMs);
    try {
      const both = AbortSignal.any([signal, deadline.signal]);
      return await world.ask(agent, body, { ...options, signal: both });
    } catch (error) {
      if (EngineError.is(error) && error.code === "WE_WORLD_ABORTED" && deadline.signal.aborted)
        throw fail("WE_SERVE_NO_ANSWER", { agent, seconds: timeoutMs / 1000 });
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** The connection that is there, or a new one. */
  #connected(): Promise<ConnectedWorld> {
    const connecting = (this.#world ??= this.#connect());
    connecting.catch(() => {
      if (this.#world === connecting) this.#world = undefined;
    });
    return connecting;
  }

  async #connect(): Promise<ConnectedWorld> {
    const world = await this.#options.connect();
    const forget = (): void => {
      this.#world = undefined;
    };
    void world.closed().then(forget);
    const parts = await world.messages(partsTopic);
    void this.#readParts(parts);
    return world;
  }

  async #readParts(parts: AsyncIterable<ReceivedMessage>): Promise<void> {
    try {
      for await (const { agentId, payload } of parts) {
        if (!isRecord(payload)) continue;
        const { request, text } = payload as { readonly request?: unknown; readonly text?: unknown }; // as above
        if (typeof request === "string" && typeof text === "string" && text !== "")
          this.#readers.get(`${agentId} ${request}`)?.(text);
      }
    } catch {
      // The connection is gone: whoever waits for an answer over it is told by the call itself.
    }
  }
}

interface AgentAsk {
  readonly agent: string;
  readonly body: Json;
  readonly options: { readonly topic: string; readonly key?: string };
  readonly signal: AbortSignal;
}
