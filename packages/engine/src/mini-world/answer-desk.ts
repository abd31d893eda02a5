/**
 * Requests of a world in a test and their answers. Lockstep: an answer enters at the tick that it is due, in the order
 * of emission, and that tick waits for it. The same rules as the engine's request desk, with functions instead of
 * threads.
 */

import type { ExternalRequest, InputBody, WorldContract } from "@wasm-engine/core";
import type { AgentId } from "@wasm-engine/abi";
import type { AdapterAnswer, AdapterRequest } from "../adapters/contract.js";
import { requestSeed } from "../adapters/request-seed.js";
import { decodePayload } from "../world/payload.js";
import { sha256Hex } from "../crypto/node-crypto.js";
import { resultBody } from "../inference/request-desk.js";
import { requestKey } from "../inference/request-key.js";
import { settledAnswer } from "./answers.js";
import type { Answerer, AskedRequest } from "./answers.js";
import type { AgentNames } from "../observed/agent-names.js";
import { promptOf } from "../observed/world-record.js";

/** Who answers, by name. */
export interface Answerers {
  readonly models: ReadonlyMap<string, Answerer>;
  readonly tools: ReadonlyMap<string, Answerer>;
}

interface Pending {
  readonly request: ExternalRequest;
  readonly dueTick: number;
  /** undefined: nobody ever answers. */
  readonly settled: Promise<AdapterAnswer | "refused" | undefined>;
}

/** What a fork takes along: answers that are under way are not asked anew. */
export interface DeskState {
  readonly pending: ReadonlyMap<string, Pending>;
  readonly counts: ReadonlyMap<string, number>;
}

/** What the desk knows of its world. */
export interface DeskWorld {
  readonly names: AgentNames;
  readonly seed: number;
}

export class AnswerDesk {
  readonly #seed: number;
  readonly #answerers: Answerers;
  readonly #names: AgentNames;
  /** In order of emission. */
  readonly #pending: Map<string, Pending>;
  /** Requests so far, by agent and name. */
  readonly #counts: Map<string, number>;

  constructor(answerers: Answerers, world: DeskWorld, from?: DeskState) {
    const { names, seed } = world;
    this.#seed = seed;
    this.#answerers = answerers;
    this.#names = names;
    this.#pending = new Map(from?.pending);
    this.#counts = new Map(from?.counts);
  }

  get state(): DeskState {
    return { pending: new Map(this.#pending), counts: new Map(this.#counts) };
  }

  /** Asks what an executed tick has requested, and forgets what the world no longer waits for. */
  note(world: Pick<WorldContract, "awaits">, requests: readonly ExternalRequest[]): void {
    for (const [key, { request }] of this.#pending) {
      if (!world.awaits(request.agent, request.requestId)) this.#pending.delete(key);
    }
    for (const request of requests) {
      if (world.awaits(request.agent, request.requestId)) this.#ask(request);
    }
  }

  /** The first tick from `first` on in which an answer enters. */
  dueTick(first: number): number | undefined {
    let due = Infinity;
    for (const { dueTick } of this.#pending.values()) due = Math.min(due, Math.max(first, dueTick));
    return due === Infinity ? undefined : due;
  }

  /**
   * Waits for the answers that are due up to `tick` and drops those that never come; true where one was dropped, which
   * may mean that nothing is due in that tick any more.
   */
  async settle(tick: number): Promise<boolean> {
    let hasDropped = false;
    for (const [key, { dueTick, settled }] of [...this.#pending]) {
      if (dueTick > tick || (await settled) !== undefined) continue;
      hasDropped = this.#pending.delete(key) || hasDropped;
    }
    return hasDropped;
  }

  /** Results that enter at `tick`, after {@link settle}. */
  async take(tick: number): Promise<readonly InputBody[]> {
    const bodies: InputBody[] = [];
    for (const [key, { request, dueTick, settled }] of [...this.#pending]) {
      const answer = dueTick > tick ? undefined : await settled;
      if (answer === undefined) continue;
      this.#pending.delete(key);
      bodies.push(resultBody(request, answer));
    }
    return bodies;
  }

  #ask(request: ExternalRequest): void {
    const { kind, name, agent, requestId, tick } = request;
    const input = decodePayload(request.encoding, request.payload);
    const id = this.#names.of(agent)?.id ?? "";
    const counted = `${id}:${kind}:${name}`;
    const nth = this.#counts.get(counted) ?? 0;
    this.#counts.set(counted, nth + 1);
    const raw = this.#rawRequest(request, id as AgentId); // brand: the id of an agent that lives
    const asked: AskedRequest = { agent: id, kind, name, tick, input, messages: promptOf(input), nth, raw };
    const answerer = (kind === "inference" ? this.#answerers.models : this.#answerers.tools).get(name);
    const settled =
      answerer === undefined ? Promise.resolve("refused" as const) : settledAnswer(answerer, asked);
    // Whoever waits for it hears of a refusal.
    settled.catch(() => undefined);
    const { latencyTicks = 1 } = answerer ?? {};
    const ticks = typeof latencyTicks === "number" ? latencyTicks : latencyTicks(asked);
    this.#pending.set(requestKey(agent, requestId), { request, dueTick: tick + Math.max(1, ticks), settled });
  }

  #rawRequest(request: ExternalRequest, agentId: AgentId): AdapterRequest {
    const { kind, name, tick, encoding, payload, emissionIndex, requestId } = request;
    const id = sha256Hex(Buffer.from(JSON.stringify([this.#seed, agentId, tick, emissionIndex])));
    const seed = requestSeed(this.#seed, agentId, requestId);
    return { id, kind, agentId, name, tick, encoding, payload, seed };
  }
}
