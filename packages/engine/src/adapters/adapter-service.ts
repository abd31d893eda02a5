/**
 * All adapters of a world, wherever an event loop is: makes them, calls them, gives each call its signal and its limit
 * of time, and lets nothing out that holds a secret or fits no message. Exactly one answer per call; the first counts.
 */

import type { Encoding } from "@wasm-engine/abi";
import type { AdapterFacts, AdapterNews, AdapterOptions } from "./adapter-messages.js";
import { createAdapter } from "./adapter-table.js";
import { answerOf, failure, timeoutAnswer } from "./answers.js";
import type { Adapter, AdapterAnswer, AdapterRequest, AdapterSetup } from "./contract.js";
import { adapterError } from "./errors.js";
import { answerBytesMax, failureCharsMax, limitsItself } from "./limits.js";
import { ProgramCalls } from "./program-calls.js";
import { Redaction, readSecrets } from "./secret-values.js";
import type { ToolDefinition } from "./tool.js";
import type { ToolLines } from "./tool-lines.js";

interface Place {
  readonly adapter: Adapter;
  readonly setup: AdapterSetup;
}

interface ServiceExtras {
  readonly inMemory?: InMemory;
  /** Takes what adapters write to their consoles; absent: it goes where the process writes. */
  readonly lines?: ToolLines;
}

type Tell = (news: AdapterNews) => void;

interface ServiceParts {
  readonly redaction: Redaction;
  readonly tell: Tell;
  readonly programs: ProgramCalls;
  readonly lines: ToolLines | undefined;
}

interface Call {
  readonly controller: AbortController;
  readonly timer: NodeJS.Timeout | undefined;
}

/** What a caller in the same thread has in memory. It never crosses a thread: functions do not, secrets must not. */
export interface InMemory {
  /** Values by the names that adapters know them by; they win over the sources of setups. */
  readonly secrets?: ReadonlyMap<string, string>;
  /** Tools by name; all others are loaded. */
  readonly definitions?: ReadonlyMap<string, ToolDefinition>;
}

export class AdapterService {
  readonly #places: readonly Place[];
  readonly #redaction: Redaction;
  readonly #tell: Tell;
  readonly #programs: ProgramCalls;
  readonly #lines: ToolLines | undefined;
  readonly #calls = new Map<string, Call>();

  private constructor(places: readonly Place[], { redaction, tell, programs, lines }: ServiceParts) {
    this.#places = places;
    this.#redaction = redaction;
    this.#tell = tell;
    this.#programs = programs;
    this.#lines = lines;
  }

  /** Returns when every adapter is made. @throws {WE_SECRET_MISSING} and what adapters have against their setups */
  static async open(
    setups: readonly AdapterSetup[],
    { inMemory = {}, lines, ...options }: AdapterOptions & ServiceExtras,
    tell: Tell,
  ): Promise<AdapterService> {
    const { secrets: known = new Map<string, string>(), definitions } = inMemory;
    const values = setups.map((setup) => readSecrets(setup, process.env, known));
    // A tool may send one secret to a server that another tool asks: every value is kept out of every answer.
    const redaction = new Redaction([...known, ...values.flatMap((secrets) => [...secrets])]);
    lines?.begin(
      (line) => tell({ kind: "line", line }),
      (text) => redaction.text(text),
    );
    const programs = new ProgramCalls(tell);
    const callProgram = programs.call.bind(programs);
    const made = await Promise.allSettled(
      setups.map(async (setup, index): Promise<Place> => {
        const secret = (name: string): string => values[index]?.get(name) ?? missing(setup, name);
        const definition = setup.serves === "tool" ? definitions?.get(setup.name) : undefined;
        const surroundings = {
          ...options,
          secret,
          callProgram,
          ...(definition === undefined ? {} : { definition }),
        };
        const make = (): Promise<Adapter> => createAdapter(setup, surroundings, redaction);
        return { setup, adapter: await (lines?.within(setup.name, make) ?? make()) };
      }),
    );
    // The first of the configuration is reported, whichever failed first.
    const places = made.map((outcome) => {
      if (outcome.status === "rejected") throw outcome.reason;
      return outcome.value;
    });
    return new AdapterService(places, { redaction, tell, programs, lines });
  }

  get facts(): readonly AdapterFacts[] {
    return this.#places.map(({ adapter: { identity, idempotent } }) => ({
      ...(identity === undefined ? {} : { identity }),
      ...(idempotent === undefined ? {} : { idempotent }),
    }));
  }

  ask(index: number, request: AdapterRequest): void {
    const place = this.#places[index];
    if (place === undefined) return;
    const { adapter, setup } = place;
    const { id } = request;
    const controller = new AbortController();
    const giveUp = (): void => this.#finish(id, timeoutAnswer(setup.timeoutMs));
    const timer = limitsItself(setup) ? undefined : setTimeout(giveUp, setup.timeoutMs);
    this.#calls.set(id, { controller, timer });
    const part = (encoding: Encoding, payload: Uint8Array): void => this.#part(id, encoding, payload);
    const call = { signal: controller.signal, part };
    const work = (): Promise<AdapterAnswer> => answerOf(adapter, request, call);
    void (this.#lines?.within(setup.name, work) ?? work()).then((answer) => this.#finish(id, answer));
  }

  /** The world does not wait any more: what still comes is dropped. */
  forget(id: string): void {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if (call === undefined) return;
    clearTimeout(call.timer);
    call.controller.abort();
  }

  /** The program that opened the world has answered a call of one of its functions. */
  hearProgram(id: string, answer: AdapterAnswer): void {
    this.#programs.answer(id, answer);
  }

  /** Gives up every call, then closes the adapters. */
  async close(): Promise<void> {
    for (const id of [...this.#calls.keys()]) this.forget(id);
    await Promise.allSettled(this.#places.map(async ({ adapter }) => adapter.close?.()));
  }

  #part(id: string, encoding: Encoding, payload: Uint8Array): void {
    const clean = this.#redaction.payload(encoding, payload);
    if (!this.#calls.has(id) || clean.length > answerBytesMax) return;
    this.#tell({ kind: "part", id, encoding, payload: clean });
  }

  #finish(id: string, answer: AdapterAnswer): void {
    if (!this.#calls.has(id)) return;
    this.forget(id);
    this.#tell({ kind: "answer", id, answer: fitting(this.#redaction.answer(answer)) });
  }
}

function missing(setup: AdapterSetup, name: string): never {
  const user = `${setup.serves === "tool" ? "Tool" : "Model"} ${setup.name}`;
  const entry = `grant it in engine.yaml, at ${setup.name}: secrets: { ${name}: { env: VARIABLE } }`;
  const advice = `${entry}; a test gives it in the secrets of createWorld`;
  throw adapterError("WE_SECRET_MISSING", {
    user,
    name,
    cause: "the configuration does not grant it",
    advice,
  });
}

function fitting(answer: AdapterAnswer): AdapterAnswer {
  if (!answer.ok) {
    const { message } = answer;
    if (message.length <= failureCharsMax) return answer;
    return { ...answer, message: `${message.slice(0, failureCharsMax - 1)}…` };
  }
  const { length } = answer.payload;
  if (length <= answerBytesMax) return answer;
  return failure("FAILED", `the answer has ${length} bytes; at most ${answerBytesMax} fit a message`);
}
