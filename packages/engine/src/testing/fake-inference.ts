/**
 * An inference service without a runtime, whose behaviour a file in the model's folder decides: for tests of what the
 * engine does around a model. Its answer is a function of the request alone. Loaded by name into inference threads.
 */

import { createHash } from "node:crypto";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Encoding, EngineError, decodeUtf8, encodeUtf8 } from "@wasm-engine/abi";
import type {
  BatchResult,
  InferenceService,
  ModelFacts,
  ModelSpec,
  ProviderName,
  TensorRequest,
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
  /** Part of its fingerprint. */
  readonly mark?: string;
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
    if (behaviour.diesInBatch === batch && (behaviour.diesAlways === true || isFirstDeath(spec.dir)))
      process.exit(7);
    const from = model.provider;
    const isChanging = behaviour.changesInBatch === batch;
    if (isChanging) model.provider = "wasm";
    return Promise.resolve({
      responses: requests.map((request) => {
        if (behaviour.writes === undefined) return answerOf(request, behaviour.salt ?? "");
        const asked = JSON.parse(decodeUtf8(request.payload) ?? "") as FakePrompt; // of the test
        const { payload } = textAnswer(asked, { seed: request.seed ?? 0, salt: behaviour.salt });
        return { ok: true, encoding: Encoding.JSON, payload };
      }),
      facts: this.#factsOf(name),
      ...(isChanging ? { changed: { model: name, from, to: "wasm", reason: "it was told to" } } : {}),
    });
  }

  write(name: string, { payload, seed = 0 }: TensorRequest, events: TextEvents): TextWriting {
    const model = this.#models.get(name);
    if (model === undefined) throw new Error(`no model ${name}`);
    const { spec, behaviour } = model;
    const asked = JSON.parse(decodeUtf8(payload) || "{}") as Partial<FakePrompt>; // of the test
    const { prompt, maxTokens, stream } = asked;
    if (prompt === undefined || maxTokens === undefined) {
      // What was answered before a thread died comes without its words.
      events.end({ ok: false, message: "no request" }, "");
      return { cancel: () => undefined };
    }
    const { tokensPerTick = fakePartTokens } = spec.pace ?? {};
    const response = textAnswer({ prompt, maxTokens }, { seed, salt: behaviour.salt });
    appendFileSync(join(spec.dir, "calls.txt"), `${name} 1\n`);
    let told = 0;
    let timer: NodeJS.Timeout | undefined;
    const later = (step: () => void): void => {
      const { partMs = 0, partMsMax = 0 } = behaviour.writes ?? {};
      timer = setTimeout(step, partMs + Math.random() * partMsMax);
    };
    const step = (): void => {
      this.#endAt(spec.dir, behaviour);
      const shown = stream === true ? response.text.slice(told, told + tokensPerTick) : "";
      told += tokensPerTick;
      if (told < maxTokens) {
        events.part(shown);
        return later(step);
      }
      events.end({ ok: true, encoding: Encoding.JSON, payload: response.payload }, shown);
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
    if (diesAtPart === this.#parts && isFirstDeath(dir)) process.exit(7);
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
    const { spec, behaviour, provider } = model;
    const { version = "1", latencyTicks = 1 } = behaviour;
    const digest = "ab".repeat(32);
    const fingerprintParts = { provider };
    const fingerprint = `${provider}${behaviour.mark ?? ""}`.padEnd(64, "0");
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
        : { text: { prefillTokensPerTick: 512, tokensPerTick: fakePartTokens, ...spec.pace } }),
    };
  }
}

interface FakePrompt {
  readonly prompt: string;
  readonly maxTokens: number;
  readonly stream?: boolean;
}

const fakePartTokens = 8;

interface FakeSeed {
  readonly seed: number;
  readonly salt: string | undefined;
}

/** One letter per token, a function of the seed. */
function textAnswer(
  { prompt, maxTokens }: Pick<FakePrompt, "prompt" | "maxTokens">,
  { seed, salt = "" }: FakeSeed,
): { readonly text: string; readonly payload: Uint8Array } {
  let letters = "";
  for (let block = 0; letters.length < maxTokens; block += 1) {
    letters += createHash("sha256").update(`${seed} ${prompt} ${salt} ${block}`).digest("base64url");
  }
  const text = letters.slice(0, maxTokens);
  const usage = { promptTokens: prompt.length, completionTokens: maxTokens };
  return { text, payload: encodeUtf8(JSON.stringify({ text, finishReason: "length", ...usage })) };
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

/** One of the threads of a model dies, whichever asks first. */
function isFirstDeath(folder: string): boolean {
  try {
    writeFileSync(join(folder, "died.txt"), "", { flag: "wx" });
    return true;
  } catch {
    return false;
  }
}
