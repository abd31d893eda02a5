/**
 * Models of this machine as respondents of the server: hands questions to their thread, hears it, and starts it again
 * where it died. A text whose client is gone ends after its next token.
 */

import { Worker } from "node:worker_threads";
import { EngineError, encodeUtf8, decodeUtf8 } from "@wasm-engine/abi";
import type { Json, ModelFacts, TensorResponse } from "@wasm-engine/core";
import { isRecord } from "../control/record.js";
import type { Answer, JsonMap, Question, Respondent, Vectors } from "./contract.js";
import { fail } from "./errors.js";
import { modelDeathsMax } from "./limits.js";
import type { FromModels, ModelThreadSetup, ToModels } from "./model-messages.js";

interface Waiting {
  readonly hear: (piece: string) => void;
  readonly done: (response: TensorResponse) => void;
  readonly failed: (error: EngineError) => void;
}

/** Codes of answers that say that the request is at fault. */
const requestCodes: readonly string[] = ["BAD_INPUT", "CONTEXT_LIMIT"];

export class ModelDesk {
  readonly #setup: ModelThreadSetup;
  readonly #waiting = new Map<number, Waiting>();
  #thread: Worker | undefined;
  #ended: Promise<void> = Promise.resolve();
  #facts: readonly ModelFacts[] = [];
  #nextId = 1;
  #deaths = 0;
  /** The models could be loaded once. */
  #wasReady = false;
  #isClosing = false;

  private constructor(setup: ModelThreadSetup) {
    this.#setup = setup;
  }

  /** Resolves once every model is loaded. @throws what loading throws */
  static async open(setup: ModelThreadSetup): Promise<ModelDesk> {
    const desk = new ModelDesk(setup);
    await desk.#start();
    return desk;
  }

  get facts(): readonly ModelFacts[] {
    return this.#facts;
  }

  respondents(): readonly Respondent[] {
    return this.#facts.map((facts) => ({
      name: facts.name,
      ownedBy: "wasm-engine",
      kind: "model",
      fingerprint: `fp_${facts.fingerprint.slice(0, 16)}`,
      write: (question) => this.#write(facts, question),
      embed: (members) => this.#embed(facts, members),
    }));
  }

  /** Finishes the run that is made, then ends the thread: ending it within native code would abort the process. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#failAll(fail("WE_SERVE_CLOSING"));
    this.#send({ kind: "close" });
    await this.#ended;
  }

  #start(): Promise<void> {
    const thread = new Worker(new URL("./model-thread.js", import.meta.url), { workerData: this.#setup });
    this.#thread = thread;
    let cause = "";
    return new Promise((resolve, reject) => {
      thread.on("message", (news: FromModels) => {
        if (news.kind === "ready") {
          this.#facts = news.facts;
          this.#wasReady = true;
          resolve();
        } else if (news.kind === "failed") {
          cause = news.error.message;
          reject(EngineError.fromRecord(news.error));
        } else this.#take(news);
      });
      thread.on("error", (error) => (cause = String(error)));
      this.#ended = new Promise((ended) => {
        thread.once("exit", (code) => {
          ended();
          const lost = fail("WE_SERVE_MODELS_LOST", { cause: cause === "" ? `exit code ${code}` : cause });
          reject(lost);
          if (this.#thread === thread) this.#bury(lost);
        });
      });
    });
  }

  /** What it was asked fails; whoever asks next finds another one. */
  #bury(lost: EngineError): void {
    this.#thread = undefined;
    this.#failAll(lost);
    this.#deaths += 1;
    if (this.#isClosing || !this.#wasReady || this.#deaths >= modelDeathsMax) return;
    // Nobody waits for it here: what goes wrong is told to those who ask.
    this.#start().catch(() => undefined);
  }

  #take(news: Extract<FromModels, { readonly id: number }>): void {
    const waiting = this.#waiting.get(news.id);
    if (waiting === undefined) return;
    if (news.kind === "part") return waiting.hear(news.text);
    this.#deaths = 0;
    this.#waiting.delete(news.id);
    if (news.text !== "") waiting.hear(news.text);
    waiting.done(news.response);
  }

  #failAll(error: EngineError): void {
    for (const { failed } of this.#waiting.values()) failed(error);
    this.#waiting.clear();
  }

  #send(message: ToModels): void {
    this.#thread?.postMessage(message);
  }

  async #write(facts: ModelFacts, { kind, members, hear, signal }: Question): Promise<Answer> {
    const { name } = facts;
    if (facts.text === undefined) {
      const field = kind === "chat" ? "messages" : "prompt";
      throw fail("WE_SERVE_FIELD", {
        field: "model",
        came: JSON.stringify(name),
        expected: `a model that writes texts, which ${field} is for; this one gives vectors`,
      });
    }
    const request = { ...members, stream: hear !== undefined };
    const value = await this.#ask("write", {
      name,
      request,
      signal,
      ...(hear === undefined ? {} : { hear }),
    });
    const { text, finishReason, promptTokens, completionTokens } = value as unknown as Answer; // of served-text.ts
    return { text, finishReason, promptTokens, completionTokens };
  }

  async #embed({ name, text }: ModelFacts, members: JsonMap): Promise<Vectors> {
    const refuse = (expected: string): EngineError =>
      fail("WE_SERVE_FIELD", { field: "model", came: JSON.stringify(name), expected });
    if (text !== undefined) throw refuse("a model that gives vectors; this one writes texts");
    const value = await this.#ask("run", { name, request: members });
    if (value["embeddings"] === undefined)
      throw refuse("a model that gives vectors; this one gives something else");
    return value as unknown as Vectors; // written by encoder.ts
  }

  /** Resolves with the answer of the model. @throws {WE_SERVE_REFUSED} {WE_SERVE_FAILED} {WE_SERVE_MODELS_LOST} */
  async #ask(
    kind: "write" | "run",
    { name, request, signal, hear = () => undefined }: Ask,
  ): Promise<Readonly<Record<string, unknown>>> {
    if (this.#isClosing) throw fail("WE_SERVE_CLOSING");
    if (this.#thread === undefined) throw fail("WE_SERVE_MODELS_LOST", { cause: "it was not started again" });
    const id = this.#nextId;
    this.#nextId += 1;
    const cancel = (): void => {
      this.#waiting.get(id)?.failed(fail("WE_SERVE_CLOSING"));
      this.#waiting.delete(id);
      this.#send({ kind: "cancel", id });
    };
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      const response = await new Promise<TensorResponse>((done, failed) => {
        this.#waiting.set(id, { hear, done, failed });
        this.#send({ kind, id, model: name, payload: encodeUtf8(JSON.stringify(request)) });
        if (signal?.aborted === true) cancel();
      });
      return answerOf(name, response);
    } finally {
      signal?.removeEventListener("abort", cancel);
    }
  }
}

interface Ask {
  readonly name: string;
  readonly request: Readonly<Record<string, Json>>;
  readonly signal?: AbortSignal;
  readonly hear?: (piece: string) => void;
}

function answerOf(model: string, response: TensorResponse): Readonly<Record<string, unknown>> {
  if (!response.ok) {
    const { code = "FAILED", message: reason } = response;
    throw fail(requestCodes.includes(code) ? "WE_SERVE_REFUSED" : "WE_SERVE_FAILED", { model, reason });
  }
  const value: unknown = JSON.parse(decodeUtf8(response.payload) ?? "null");
  return isRecord(value) ? value : {};
}
