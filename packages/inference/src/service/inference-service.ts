/**
 * The service that a host asks: models by name, each on the first provider that can run it, memory within a budget.
 * Calls are carried out one after another in the order in which they came; answers do not depend on that order.
 */

import type {
  BatchResult,
  InferenceService,
  ModelFacts,
  ModelSpec,
  ProviderChange,
  ProviderName,
  TensorRequest,
  TensorResponse,
  TextEvents,
  TextWriting,
} from "@wasm-engine/core";
import { EngineError, assert } from "@wasm-engine/abi";
import { inferenceError } from "../errors.js";
import {
  answerBytesMaxDefault,
  keyValueBytesMaxDefault,
  tokensPerTick,
  weightBytesMaxDefault,
} from "../limits.js";
import { readModelFolder } from "../model/model-folder.js";
import { nativeRuntime } from "../runtime/native-runtime.js";
import type { OnnxRuntime, RuntimeSource } from "../runtime/onnx-runtime.js";
import { webRuntime } from "../runtime/web-runtime.js";
import { adviceFor } from "../suggestion.js";
import { ServedText } from "../text/served-text.js";
import { ProviderBroken, answerRequests } from "./answer-requests.js";
import type { TestedShapes } from "./answer-requests.js";
import { loadOnProvider, reasonOf } from "./load-model.js";
import type { LoadContext, LoadedModel } from "./load-model.js";

export interface InferenceServiceOptions {
  /** Folders whose `node_modules` may hold onnxruntime-node, in order; then the one beside this package is tried. */
  readonly nativeFrom?: readonly string[];
  /** Refuse, at load and in the middle of a run, any provider but the first of a model's list. Default false. */
  readonly strict?: boolean;
  /**
   * Bytes of model files in memory at a time; those used longest ago give way and are read again, those that write
   * texts stay. Default 2 GiB.
   */
  readonly weightBytesMax?: number;
  /** Bytes of keys and values of texts under way, per model that writes texts. Default 1 GiB. */
  readonly keyValueBytesMax?: number;
  /** Largest payload of an answer; default: what fits into a message of a world. */
  readonly answerBytesMax?: number;
  /** Tokens of every part of a text but the last; default: those of a tick of a world. */
  readonly partTokens?: number;
}

/** A service on ONNX Runtime. Nothing is loaded before the first model. Close it before its thread or process ends. */
export function createInferenceService(options: InferenceServiceOptions = {}): InferenceService {
  return new LocalInference(runtimeSource(options.nativeFrom ?? []), options);
}

/** Both packages of ONNX Runtime, each opened when a provider of it is asked for first. */
export function runtimeSource(nativeFrom: readonly string[], threads = 1): RuntimeSource {
  let native: OnnxRuntime | undefined;
  return async (provider) => {
    if (provider === "wasm")
      return webRuntime().catch((cause: unknown) => `onnxruntime-web cannot be loaded: ${reasonOf(cause)}`);
    const found = native ?? nativeRuntime(nativeFrom, threads);
    if (typeof found !== "string") native = found;
    return found;
  };
}

interface Entry {
  readonly spec: ModelSpec;
  /** Undefined while the model has given its memory back. */
  model: LoadedModel | undefined;
  facts: ModelFacts;
  readonly bytes: number;
  readonly tested: TestedShapes;
  lastUse: number;
}

/** {@link InferenceService} over any source of runtimes. */
export class LocalInference implements InferenceService {
  readonly #context: LoadContext;
  readonly #weightBytesMax: number;
  readonly #limits: {
    readonly answerBytesMax: number;
    readonly keyValueBytesMax: number;
    readonly partTokens: number;
  };
  readonly #entries = new Map<string, Entry>();
  /** Models that write texts: never given back while they are loaded, because texts are under way. */
  readonly #texts = new Map<string, ServedText>();
  /** Settles when everything asked so far is done. */
  #tail: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;
  #uses = 0;

  constructor(source: RuntimeSource, options: InferenceServiceOptions = {}) {
    this.#context = {
      source,
      probes: new Map<ProviderName, Promise<string>>(),
      strict: options.strict ?? false,
    };
    this.#weightBytesMax = options.weightBytesMax ?? weightBytesMaxDefault;
    const { answerBytesMax = answerBytesMaxDefault, keyValueBytesMax = keyValueBytesMaxDefault } = options;
    this.#limits = { answerBytesMax, keyValueBytesMax, partTokens: options.partTokens ?? tokensPerTick };
  }

  load(spec: ModelSpec): Promise<ModelFacts> {
    return this.#queued(`load of ${spec.name}`, async () => {
      const { source, strict } = this.#context;
      const makeRoom = (bytes: number): Promise<void> => this.#makeRoom(spec.name, bytes);
      const text = await ServedText.open(source, spec, { strict, ...this.#limits, makeRoom });
      if (text !== undefined) {
        await this.#remove(spec.name);
        this.#texts.set(spec.name, text);
        return text.facts;
      }
      const files = await readModelFolder(spec);
      const former = this.#entries.get(spec.name);
      await this.#makeRoom(spec.name, files.bytesTotal);
      const model = await loadOnProvider(this.#context, spec, files);
      this.#uses += 1;
      const entry = {
        spec,
        model,
        facts: model.facts,
        bytes: model.bytes,
        tested: new Map(),
        lastUse: this.#uses,
      };
      this.#entries.set(spec.name, entry);
      // Only now: a model that cannot be loaded leaves the one it would have replaced.
      await former?.model?.session.dispose();
      await this.#texts.get(spec.name)?.close();
      this.#texts.delete(spec.name);
      return model.facts;
    });
  }

  unload(name: string): Promise<void> {
    return this.#queued(`unload of ${name}`, async () => {
      if (!this.#texts.has(name)) this.#entry(name);
      await this.#remove(name);
    });
  }

  run(name: string, requests: readonly TensorRequest[]): Promise<BatchResult> {
    return this.#queued(`request to ${name}`, async () => {
      const text = this.#texts.get(name);
      if (text === undefined) return await this.#run(this.#entry(name), requests);
      return { responses: await text.run(requests), facts: text.facts };
    });
  }

  write(name: string, request: TensorRequest, events: TextEvents): TextWriting {
    const text = this.#texts.get(name);
    if (text === undefined) throw this.#unknown(name);
    return text.write(request, events);
  }

  facts(): readonly ModelFacts[] {
    return [...this.#entries.values(), ...this.#texts.values()].map(({ facts }) => facts);
  }

  close(): Promise<void> {
    this.#closing ??= this.#tail.then(async () => {
      for (const { model } of this.#entries.values()) await model?.session.dispose();
      for (const text of this.#texts.values()) await text.close();
      this.#entries.clear();
      this.#texts.clear();
    });
    return this.#closing;
  }

  async #remove(name: string): Promise<void> {
    const [entry, text] = [this.#entries.get(name), this.#texts.get(name)];
    this.#entries.delete(name);
    this.#texts.delete(name);
    await entry?.model?.session.dispose();
    await text?.close();
  }

  #queued<Result>(action: string, work: () => Promise<Result>): Promise<Result> {
    if (this.#closing !== undefined) return Promise.reject(inferenceError("WE_MODEL_CLOSED", { action }));
    const result = this.#tail.then(work);
    this.#tail = result.catch(() => undefined);
    return result;
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw this.#unknown(name);
    return entry;
  }

  #unknown(name: string): Error {
    const known = [...this.#entries.keys(), ...this.#texts.keys()];
    return inferenceError("WE_MODEL_UNKNOWN", { model: name, advice: adviceFor(name, known, "models") });
  }

  async #run(entry: Entry, requests: readonly TensorRequest[]): Promise<BatchResult> {
    this.#uses += 1;
    entry.lastUse = this.#uses;
    const before = entry.facts.provider;
    let reason = "";
    for (;;) {
      const model = entry.model ?? (await this.#reopen(entry, reason));
      if (reason === "") reason = model.facts.refused.at(-1)?.reason ?? "";
      let responses: readonly TensorResponse[];
      try {
        const { tested } = entry;
        responses = await answerRequests({ model, tested, ...this.#limits }, requests);
      } catch (cause) {
        if (!(cause instanceof ProviderBroken)) throw cause;
        reason = cause.message;
        await this.#giveUp(entry, model, reason);
        continue;
      }
      const { provider } = entry.facts;
      if (provider === before) return { responses, facts: entry.facts };
      const changed: ProviderChange = { model: entry.spec.name, from: before, to: provider, reason };
      return { responses, changed, facts: entry.facts };
    }
  }

  /** The provider is broken: it is not asked again for this model. */
  async #giveUp(entry: Entry, model: LoadedModel, reason: string): Promise<void> {
    const { provider, refused } = model.facts;
    entry.model = undefined;
    entry.tested.clear();
    entry.facts = { ...entry.facts, refused: [...refused, { provider, reason }] };
    // A broken session may not even end well; nothing of it is used any more.
    await model.session.dispose().catch(() => undefined);
    const parameters = { model: entry.spec.name, provider, reason };
    if (this.#context.strict) throw inferenceError("WE_MODEL_STRICT", parameters);
  }

  async #reopen(entry: Entry, brokenBy: string): Promise<LoadedModel> {
    const { spec, facts } = entry;
    const { name } = spec;
    const { dir, providers, file } = spec;
    const files = await readModelFolder({ name, dir, providers, ...(file === undefined ? {} : { file }) });
    if (files.digest !== facts.digest)
      throw inferenceError("WE_MODEL_CHANGED", {
        model: name,
        path: files.path,
        expected: facts.digest,
        actual: files.digest,
      });
    await this.#makeRoom(name, entry.bytes);
    try {
      const model = await loadOnProvider(this.#context, spec, files, facts.refused);
      entry.model = model;
      // The manifest is not part of the digest: what it said when the model was loaded stays.
      entry.facts = { ...model.facts, version: facts.version, latencyTicks: facts.latencyTicks };
      return model;
    } catch (cause) {
      const none = EngineError.is(cause) && cause.code === "WE_MODEL_PROVIDERS" && brokenBy !== "";
      if (!none) throw cause;
      throw inferenceError("WE_MODEL_RUN", { model: name, provider: facts.provider, reason: brokenBy });
    }
  }

  /**
   * Frees models used longest ago until `bytes` more fit; pinned ones and those that write texts stay. The model of
   * that name counts as free.
   */
  async #makeRoom(name: string, bytes: number): Promise<void> {
    const limit = { model: name, bytes, bytesMax: this.#weightBytesMax };
    if (bytes > this.#weightBytesMax)
      throw inferenceError("WE_MODEL_LIMIT", { ...limit, budget: "the budget for weights" });
    for (;;) {
      const others = [...this.#entries.values()].filter(
        (entry) => entry.spec.name !== name && entry.model !== undefined,
      );
      const texts = [...this.#texts].filter(([other]) => other !== name);
      const held = texts.reduce((sum, [, { weightBytes }]) => sum + weightBytes, 0);
      const used = others.reduce((sum, entry) => sum + entry.bytes, held);
      if (used + bytes <= this.#weightBytesMax) return;
      const [oldest] = others
        .filter(({ spec }) => spec.pinned !== true)
        .sort((left, right) => left.lastUse - right.lastUse);
      if (oldest === undefined)
        throw inferenceError("WE_MODEL_LIMIT", {
          ...limit,
          budget: `the budget besides ${used} bytes that stay`,
        });
      const { model } = oldest;
      assert(model !== undefined, "only loaded models are counted");
      oldest.model = undefined;
      await model.session.dispose();
    }
  }
}
