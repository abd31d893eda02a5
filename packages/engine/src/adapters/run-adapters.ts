/**
 * The adapters of one open run, as its request desk asks them: gives requests their ids and seeds, notes what may
 * happen only once before it happens, and answers OUTCOME_UNKNOWN for what a former process began and did not see the
 * end of.
 */

import { assert } from "@wasm-engine/abi";
import type { AgentHandle, AgentId } from "@wasm-engine/abi";
import type { ExternalRequest, Json } from "@wasm-engine/core";
import { sha256Hex } from "../crypto/node-crypto.js";
import type { AnswerEvent, AnswerSchedule, Answerer, RequestTarget } from "../inference/answerer.js";
import type { NoteSideRecord } from "../inference/noted-models.js";
import type { Delivery } from "../world/contract.js";
import type { PassCrashPoint } from "../world/crash-point.js";
import { requestKey } from "../inference/request-key.js";
import { unknownText } from "./adapter-host.js";
import type { AdapterEvent, AdapterHost } from "./adapter-host.js";
import { adapterReports, adaptersRecordKind } from "./adapter-report.js";
import type { AdapterReport } from "./adapter-report.js";
import { failure } from "./answers.js";
import type { AdapterAnswer, AdapterRequest, AdapterSetup } from "./contract.js";

/** Kind of the side records that {@link attemptsOf} reads. */
export const attemptedRecordKind = "attempted";
const deathRecordKind = "adapter-thread";

/** Ids of calls that a run has begun and must not begin again. */
export function attemptsOf(
  records: readonly { readonly kind: string; readonly data: Json }[],
): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const { kind, data } of records) {
    if (kind !== attemptedRecordKind) continue;
    const { calls } = data as unknown as { calls: readonly { id: string }[] }; // written below
    for (const { id } of calls) ids.add(id);
  }
  return ids;
}

export interface RunAdaptersParts {
  readonly host: AdapterHost;
  /** How answers enter; what a setup and its kind say is already part of it. */
  readonly delivery: (setup: AdapterSetup) => Delivery;
  /** Hex digest of what the run descends from: part of every id. */
  readonly lineage: string;
  readonly seed: number;
  readonly agentId: (agent: AgentHandle) => AgentId | undefined;
  readonly attempted: ReadonlySet<string>;
  readonly note: NoteSideRecord;
  /** First tick that an answer from now on can enter. */
  readonly nextTick: () => number;
  readonly pass: PassCrashPoint;
}

export class RunAdapters implements Answerer {
  readonly waitsForLog = true;
  readonly #parts: RunAdaptersParts;
  /** By what they serve and their name. */
  readonly #indexes: ReadonlyMap<string, number>;
  readonly #requests = new Map<string, ExternalRequest>();
  readonly #ids = new Map<string, string>();
  /** Known without the thread; taken by the next poll. */
  #known: AnswerEvent[] = [];
  /** From the thread, not yet taken in. */
  readonly #heard: AdapterEvent[] = [];

  constructor(parts: RunAdaptersParts) {
    this.#parts = parts;
    this.#indexes = new Map(parts.host.setups.map(({ serves, name }, index) => [`${serves}:${name}`, index]));
  }

  /** Notes the adapters as they are. */
  noteStart(): void {
    const { note, nextTick } = this.#parts;
    note(adaptersRecordKind, { fromTick: nextTick(), adapters: this.reports } as unknown as Json); // plain data
  }

  get reports(): readonly AdapterReport[] {
    return adapterReports(this.#parts.host, this.#parts.delivery);
  }

  get threadDeaths(): number {
    return this.#parts.host.deaths;
  }

  schedule({ kind, name }: RequestTarget): AnswerSchedule | undefined {
    const setup = this.#parts.host.setups[this.#indexes.get(`${kind}:${name}`) ?? -1];
    if (setup === undefined) return undefined;
    return { delivery: this.#parts.delivery(setup), latencyTicks: setup.latencyTicks ?? 1 };
  }

  ask(name: string, requests: readonly ExternalRequest[]): void {
    const [first] = requests;
    const index = this.#indexes.get(`${first?.kind ?? ""}:${name}`);
    assert(index !== undefined, "only adapters of the world are asked");
    const { host, attempted, pass } = this.#parts;
    const fresh: AdapterRequest[] = [];
    for (const request of requests) {
      const call = this.#callOf(request);
      this.#requests.set(call.id, request);
      this.#ids.set(requestKey(request.agent, request.requestId), call.id);
      const answer = host.answerOf(call.id);
      if (answer !== undefined) this.#know(request, answer);
      else if (host.knows(call.id)) continue;
      else if (host.isRepeatable(index) || !attempted.has(call.id)) fresh.push(call);
      else this.#know(request, failure("OUTCOME_UNKNOWN", unknownText));
    }
    if (fresh.length === 0) return;
    pass("before-attempt");
    if (!host.isRepeatable(index)) this.#noteAttempts(fresh, requests);
    for (const call of fresh) host.ask(index, call);
    pass("after-ask");
  }

  forget(request: ExternalRequest): void {
    const key = requestKey(request.agent, request.requestId);
    const id = this.#ids.get(key);
    if (id === undefined) return;
    this.#ids.delete(key);
    this.#requests.delete(id);
    this.#parts.host.forget(id);
  }

  poll(): readonly AnswerEvent[] {
    // What cannot be noted for want of space is looked at again.
    for (this.#heard.push(...this.#parts.host.poll()); this.#heard[0] !== undefined; this.#heard.shift()) {
      const translated = this.#translate(this.#heard[0]);
      if (translated !== undefined) this.#known.push(translated);
    }
    const events = this.#known;
    this.#known = [];
    return events;
  }

  /** The program that opened the world has answered a call of one of its functions. */
  hearProgram(id: string, answer: AdapterAnswer): void {
    this.#parts.host.hearProgram(id, answer);
  }

  /** Tools take longer than anybody should look at a word. */
  looksAgain(): boolean {
    return false;
  }

  close(): void {
    this.#parts.host.close();
  }

  #know(request: ExternalRequest, answer: AdapterAnswer): void {
    this.#known.push(answerEvent(request, answer));
  }

  #translate(event: AdapterEvent): AnswerEvent | undefined {
    if (event.kind === "died") {
      const { cause, deaths } = event;
      this.#parts.note(deathRecordKind, { fromTick: this.#parts.nextTick(), cause, deaths });
      return event;
    }
    const request = this.#requests.get(event.id);
    if (request === undefined) return undefined;
    if (event.kind === "answer") return answerEvent(request, event.answer);
    const { encoding, payload } = event;
    return { kind: "part", request, encoding, payload };
  }

  /** Durable before the first of the calls goes out. */
  #noteAttempts(calls: readonly AdapterRequest[], requests: readonly ExternalRequest[]): void {
    const numbers = new Map(
      requests.map((request) => [
        this.#ids.get(requestKey(request.agent, request.requestId)),
        request.requestId,
      ]),
    );
    const noted = calls.map(({ id, name, agentId, tick }) => {
      return { id, tool: name, agent: agentId, requestId: numbers.get(id) ?? 0, tick };
    });
    this.#parts.note(attemptedRecordKind, { calls: noted });
  }

  #callOf(request: ExternalRequest): AdapterRequest {
    const { kind, agent, name, tick, emissionIndex, encoding, payload, requestId } = request;
    const { lineage, seed, agentId: idOf } = this.#parts;
    const agentId = idOf(agent);
    assert(agentId !== undefined, "an agent whose request is awaited lives");
    const id = digestOf(["wasm-engine request", lineage, agentId, tick, emissionIndex]);
    const sample = digestOf(["wasm-engine seed", seed, agentId, requestId]);
    const start = Number.parseInt(sample.slice(0, 8), 16) >>> 1;
    return { id, kind, agentId, name, tick, encoding, payload, seed: start };
  }
}

function digestOf(parts: readonly (string | number)[]): string {
  return sha256Hex(Buffer.from(JSON.stringify(parts)));
}

function answerEvent(request: ExternalRequest, answer: AdapterAnswer): AnswerEvent {
  const reused = answer.ok && answer.reused === true ? ({ reused: true } as const) : {};
  return { kind: "answer", request, answer, ...reused };
}
