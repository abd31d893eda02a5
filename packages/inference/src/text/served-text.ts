/**
 * A model that writes texts as the service of a host asks it: requests of agents to answers, and what is heard of a
 * text on its way. Parts end where so many tokens are chosen, so that they are equal however fast the model is.
 */

import { Encoding, EngineError, assert, encodeUtf8 } from "@wasm-engine/abi";
import type {
  ModelFacts,
  ModelSpec,
  TensorRequest,
  TensorResponse,
  TextEvents,
  TextWriting,
} from "@wasm-engine/core";
import { inferenceError } from "../errors.js";
import { prefillTokensPerTick } from "../limits.js";
import { hasTextModel } from "../model/model-folder.js";
import type { RuntimeSource } from "../runtime/onnx-runtime.js";
import { readAgentRequest } from "./agent-request.js";
import type { TextResult } from "./generation.js";
import { openFrom } from "./text-model.js";
import type { TextModel } from "./text-model.js";

/** Stable: they become parts of logged answers. */
const failedText = "the model failed while it wrote this text";

export interface ServedTextOptions {
  /** Only the first provider of the list will do. */
  readonly strict: boolean;
  /** Largest payload of an answer. */
  readonly answerBytesMax: number;
  /** Bytes of keys and values of texts under way. */
  readonly keyValueBytesMax?: number;
  /** Tokens of every part but the last, unless the model's specification says. */
  readonly partTokens: number;
  /** Called before the model is loaded, with the bytes of its weights. */
  readonly makeRoom?: (bytes: number) => Promise<void>;
}

/** Version of folders without a manifest. */
const version = "unversioned";

export class ServedText {
  readonly facts: ModelFacts;
  readonly #model: TextModel;
  readonly #answerBytesMax: number;
  readonly #partTokens: number;

  private constructor(
    model: TextModel,
    facts: ModelFacts,
    { answerBytesMax, partTokens }: Pick<ServedTextOptions, "answerBytesMax" | "partTokens">,
  ) {
    this.#model = model;
    this.facts = facts;
    this.#answerBytesMax = answerBytesMax;
    this.#partTokens = partTokens;
  }

  /** Undefined where the folder holds no text generator. @throws {WE_MODEL_…} and {WE_TEXT_…} */
  static async open(
    source: RuntimeSource,
    spec: ModelSpec,
    { strict, answerBytesMax, makeRoom, ...rest }: ServedTextOptions,
  ): Promise<ServedText | undefined> {
    const { name, dir: folder, providers, file, digest: expected, pace = {} } = spec;
    const { partTokens, ...budget } = rest;
    const text = { prefillTokensPerTick, tokensPerTick: partTokens, ...pace };
    if (!(await hasTextModel(spec))) return undefined;
    if (spec.version !== undefined && spec.version !== version)
      throw inferenceError("WE_MODEL_VERSION", {
        model: name,
        expected: spec.version,
        path: folder,
        actual: version,
      });
    const [first = "wasm"] = providers;
    const tried = strict ? [first] : providers;
    const place = { name, folder, ...(file === undefined ? {} : { file }) };
    const model = await openFrom(source, { ...place, ...budget, providers: tried }, makeRoom).catch(
      (cause: unknown) => {
        if (!strict || !EngineError.is(cause) || cause.code !== "WE_MODEL_PROVIDERS") throw cause;
        throw inferenceError("WE_MODEL_STRICT", { model: name, provider: first, reason: cause.message });
      },
    );
    const { digest, provider, refused, batchMode, fingerprint, fingerprintParts } = model.facts;
    if (expected !== undefined && expected !== digest) {
      await model.close();
      const actual = { path: folder, actual: digest };
      const pin = { expected, source: "the configuration" };
      throw inferenceError("WE_MODEL_DIGEST_MISMATCH", { model: name, ...actual, ...pin });
    }
    const facts: ModelFacts = {
      name,
      version,
      digest,
      provider,
      refused,
      batchMode,
      fingerprint,
      fingerprintParts,
      latencyTicks: 1,
      text,
    };
    return new ServedText(model, facts, { answerBytesMax, partTokens: text.tokensPerTick });
  }

  /** Bytes that it holds while it is loaded. */
  get weightBytes(): number {
    return this.#model.facts.weightBytes;
  }

  write(request: TensorRequest, events: TextEvents): TextWriting {
    const controller = new AbortController();
    const { signal } = controller;
    const read = readAgentRequest(request);
    if (read.kind === "bad") {
      events.end(failed("BAD_INPUT", read.message), "");
      return { cancel: () => undefined };
    }
    let shown = "";
    const taken = (): string => {
      const text = read.stream ? shown : "";
      shown = "";
      return text;
    };
    const generation = this.#model.generate({
      ...read.request,
      signal,
      onPrompt: (tokens) => {
        events.prompt(tokens);
      },
      onText: (piece) => {
        shown += piece;
      },
      onToken: (tokens) => {
        if (tokens % this.#partTokens === 0 && !signal.aborted) events.part(taken());
      },
    });
    const end = (response: TensorResponse): void => {
      events.end(response, response.ok ? taken() : "");
    };
    generation.then(
      (result) => {
        if (!signal.aborted) end(this.#answer(result));
      },
      (cause: unknown) => {
        // A service that closes answers nothing: whoever goes on with the world asks again.
        const isClosed = EngineError.is(cause) && cause.code === "WE_MODEL_CLOSED";
        if (!isClosed && !signal.aborted) end(failureOf(cause));
      },
    );
    return {
      cancel: () => {
        controller.abort();
      },
    };
  }

  /** Answers of whole requests, in their order. */
  async run(requests: readonly TensorRequest[]): Promise<readonly TensorResponse[]> {
    const ignore = (): void => undefined;
    return await Promise.all(
      requests.map(
        (request) =>
          new Promise<TensorResponse>((resolve) => {
            this.write(request, { prompt: ignore, part: ignore, end: resolve });
          }),
      ),
    );
  }

  close(): Promise<void> {
    return this.#model.close();
  }

  #answer({ text, finishReason, promptTokens, completionTokens }: TextResult): TensorResponse {
    assert(finishReason !== "cancelled", "nobody hears of a cancelled text");
    const json = JSON.stringify({ text, finishReason, promptTokens, completionTokens });
    const payload = encodeUtf8(json);
    if (payload.length <= this.#answerBytesMax) return { ok: true, encoding: Encoding.JSON, payload };
    return failed("FAILED", `the answer has ${payload.length} bytes, at most ${this.#answerBytesMax} fit`);
  }
}

/** Requests are the agent's to mend, and it is told how; the words of a runtime never enter the world. */
const CODES: Readonly<Record<string, string>> = {
  WE_TEXT_PARAMETER: "BAD_INPUT",
  WE_TEXT_TEMPLATE: "BAD_INPUT",
  WE_TEXT_FORMAT: "BAD_INPUT",
  WE_TEXT_FORMAT_LIMIT: "BAD_INPUT",
  WE_TEXT_CONTEXT_LIMIT: "CONTEXT_LIMIT",
  WE_TEXT_LOGITS: "FAILED",
};

function failureOf(cause: unknown): TensorResponse {
  const code = EngineError.is(cause) ? CODES[cause.code] : undefined;
  return code === undefined || !EngineError.is(cause)
    ? failed("FAILED", failedText)
    : failed(code, cause.message);
}

function failed(code: string, message: string): TensorResponse {
  return { ok: false, code, message };
}
