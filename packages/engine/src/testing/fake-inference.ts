/**
 * An inference service without a runtime, whose behaviour a file in the model's folder decides: for tests of what the
 * engine does around a model. Its answer is a function of the request alone. Loaded by name into inference threads.
 */

import { createHash } from "node:crypto";
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Encoding, EngineError, decodeUtf8, encodeUtf8 } from "@wasm-engine/abi";
import type {
  BatchResult,
  InferenceService,
  ModelFacts,
  ModelSpec,
  ProviderName,
  TensorRequest,
  TensorResponse,
  TextEvents,
  TextWriting,
} from "@wasm-engine/core";

/** `fake.json` of a model's folder. */
export interface FakeBehaviour {
  readonly version?: string;
  readonly latencyTicks?: number;
  /** Sleeps before every answer. */
  readonly delayMs?: number;
  /** Ends the thread in the batch of this number, from 0: the first time, or whenever a batch has it. */
  readonly diesInBatch?: number;
  readonly diesAlways?: boolean;
  /** Another provider takes over in the batch of this number. */
  readonly changesInBatch?: number;
  /** Part of every answer: the same fingerprint, other answers. */
  readonly salt?: string;
  /** The model cannot be loaded. */
  readonly refuses?: boolean;
  /** Ends the thread while it loads. */
  readonly diesAtLoad?: boolean;
  /** It writes texts, which take so many milliseconds per part, or up to so many. */
  readonly writes?: { readonly partMs?: number; readonly partMsMax?: number };
  /** Ends the thread at the part of this number, from 0, the first time. */
  readonly diesAtPart?: number;
}

class FakeService implements InferenceService {
  readonly #models = new Map<string, { spec: ModelSpec; behaviour: FakeBehaviour; provider: ProviderName }>();
  #batches = 0;
  #parts = 0;

  load(spec: ModelSpec): Promise<ModelFacts> {
    const behaviour = JSON.parse(readFileSync(join(spec.dir, "fake.json"), "utf8")) as FakeBehaviour; // of the test
    if (behaviour.diesAtLoad === true) process.exit(9);
    if (behaviour.refuses === true) {
      const message = `Model ${spec.name}: ${spec.dir} holds no model: it is a fake`;
      return Promise.reject(
        new EngineError({ code: "WE_MODEL_FOLDER", message, exitCode: 2, retryable: false, details: {} }),
      );
    }
    this.#models.set(spec.name, { spec, behaviour, provider: spec.providers[0] ?? "wasm" });
    return Promise.resolve(this.#factsOf(spec.name));
  }

  unload(name: string): Promise<void> {
    this.#models.delete(name);
    return Promise.resolve();
  }

  run(name: string, requests: readonly TensorRequest[]): Promise<BatchResult> {
    const model = this.#models.get(name);
    if (model === undefined) throw new Error(`no model ${name}`);
    const { spec, behaviour } = model;
    const batch = this.#batches;
    this.#batches += 1;
    appendFileSync(join(spec.dir, "calls.txt"), `${name} ${requests.length}\n`);
    if (behaviour.delayMs !== undefined) sleep(behaviour.delayMs);
    const diedMark = join(spec.dir, "died.txt");
    if (behaviour.diesInBatch === batch && (behaviour.diesAlways === true || !existsSync(diedMark))) {
      writeFileSync(diedMark, "");
      process.exit(7);
    }
    const from = model.provider;
    const isChanging = behaviour.changesInBatch === batch;
    if (isChanging) model.provider = "wasm";
    return Promise.resolve({
      responses: requests.map((request) => answerOf(request, behaviour.salt ?? "")),
      facts: this.#factsOf(name),
      ...(isChanging ? { changed: { model: name, from, to: "wasm", reason: "it was told to" } } : {}),
    });
  }

  write(name: string, { payload, seed = 0 }: TensorRequest, events: TextEvents): TextWriting {
    const model = this.#models.get(name);
    if (model === undefined) throw new Error(`no model ${name}`);
    const { spec, behaviour } = model;
    const { prompt, maxTokens, stream } = JSON.parse(decodeUtf8(payload) || "{}") as FakePrompt; // of the test
    if (prompt === undefined || maxTokens === undefined) {
      // What was answered before a thread died comes without its words.
      events.end({ ok: false, message: "no request" }, "");
      return { cancel: () => undefined };
    }
    const text = fakeText(`${seed} ${prompt} ${behaviour.salt ?? ""}`, maxTokens);
    appendFileSync(join(spec.dir, "calls.txt"), `${name} 1\n`);
    let told = 0;
    let timer: NodeJS.Timeout | undefined;
    const later = (step: () => void): void => {
      const { partMs = 0, partMsMax = 0 } = behaviour.writes ?? {};
      timer = setTimeout(step, partMs + Math.random() * partMsMax);
    };
    const step = (): void => {
      this.#endAt(spec.dir, behaviour);
      const shown = stream === true ? text.slice(told, told + fakePartTokens) : "";
      told += fakePartTokens;
      if (told < maxTokens) {
        events.part(shown);
        return later(step);
      }
      const usage = { promptTokens: prompt.length, completionTokens: maxTokens };
      const answer = encodeUtf8(JSON.stringify({ text, finishReason: "length", ...usage }));
      events.end({ ok: true, encoding: Encoding.JSON, payload: answer } satisfies TensorResponse, shown);
    };
    later(() => {
      events.prompt(prompt.length);
      later(step);
    });
    return {
      cancel: () => {
        clearTimeout(timer);
        appendFileSync(join(spec.dir, "cancelled.txt"), `${prompt}\n`);
      },
    };
  }

  #endAt(dir: string, { diesAtPart }: FakeBehaviour): void {
    const diedMark = join(dir, "died.txt");
    if (diesAtPart === this.#parts && !existsSync(diedMark)) {
      writeFileSync(diedMark, "");
      process.exit(7);
    }
    this.#parts += 1;
  }

  facts(): readonly ModelFacts[] {
    return [...this.#models.keys()].map((name) => this.#factsOf(name));
  }

  close(): Promise<void> {
    this.#models.clear();
    return Promise.resolve();
  }

  #factsOf(name: string): ModelFacts {
    const model = this.#models.get(name);
    if (model === undefined) throw new Error(`no model ${name}`);
    const { behaviour, provider } = model;
    const { version = "1", latencyTicks = 1 } = behaviour;
    const digest = "ab".repeat(32);
    const fingerprintParts = { provider };
    const fingerprint = provider.padEnd(64, "0");
    const batchMode = "exact";
    return {
      name,
      version,
      digest,
      provider,
      refused: [],
      batchMode,
      fingerprint,
      fingerprintParts,
      latencyTicks,
      ...(behaviour.writes === undefined
        ? {}
        : { text: { prefillTokensPerTick: 512, tokensPerTick: fakePartTokens } }),
    };
  }
}

interface FakePrompt {
  readonly prompt?: string;
  readonly maxTokens?: number;
  readonly stream?: boolean;
}

const fakePartTokens = 8;

/** One letter per token, a function of the seed. */
function fakeText(seed: string, tokens: number): string {
  let text = "";
  for (let block = 0; text.length < tokens; block += 1) {
    text += createHash("sha256").update(`${seed} ${block}`).digest("base64url");
  }
  return text.slice(0, tokens);
}

/** The text backwards; a request with `"bad"` cannot be answered, one with `"long"` gets more than a message holds. */
function answerOf({ encoding, payload }: TensorRequest, salt: string): BatchResult["responses"][number] {
  const text = decodeUtf8(payload) ?? "";
  if (text.includes('"bad"')) return { ok: false, message: "the fake model takes no bad input" };
  if (text.includes('"long"')) return { ok: true, encoding, payload: new Uint8Array(1_100_000) };
  return { ok: true, encoding, payload: encodeUtf8(JSON.stringify([...text].reverse().join("") + salt)) };
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

export function createInferenceService(): InferenceService {
  return new FakeService();
}
