/**
 * A folder in Hugging Face layout as a model that writes texts: tokenizer, chat template, decoder, generator. For
 * programs that use a model outside of a world. What is given back depends on the request and the model alone, never
 * on what else is asked for at the same time.
 */

import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { EngineError } from "@wasm-engine/abi";
import type { BatchMode, ProviderName, ProviderRefusal } from "@wasm-engine/core";
import { inferenceError } from "../errors.js";
import {
  joinedRowsMax,
  joinedRowsOfLargeModelsMax,
  keyValueBytesMaxDefault,
  largeModelBytes,
  modelFileBytesMax,
  prefixBytesMaxDefault,
  promptPartTokens,
  stopStringsMax,
  tokenizerBytesMax,
  widthTokensMin,
} from "../limits.js";
import { modelFileOf } from "../model/model-file.js";
import { checkVersions, isFile, readBounded } from "../model/model-folder.js";
import { expectUnchanged, modelDigest, readWeightFiles } from "../model/weight-files.js";
import type { WeightFiles } from "../model/weight-files.js";
import { readOnnxHeader } from "../onnx/index.js";
import { probeKernels } from "../runtime/kernel-probe.js";
import type { OnnxRuntime, OnnxSession, RuntimeDescription, RuntimeSource } from "../runtime/onnx-runtime.js";
import { fingerprintOf } from "../service/fingerprint.js";
import { runtimeSource } from "../service/inference-service.js";
import { reasonOf } from "../service/load-model.js";
import type { ChatMessage, ChatOptions } from "./chat-template.js";
import { withStepOutputs } from "./decoder-graph.js";
import { DecoderSession } from "./decoder-session.js";
import { readDecoderShape } from "./decoder-shape.js";
import type { DecoderShape } from "./decoder-shape.js";
import { AnswerFormats, formatSchema } from "./format/response-format.js";
import type { ResponseFormat } from "./format/response-format.js";
import { Generation } from "./generation.js";
import type { TextResult } from "./generation.js";
import { seedBytes, seedOf } from "./random-draws.js";
import { samplingRule } from "./sampling.js";
import type { Sampling } from "./sampling.js";
import { testSteps } from "./step-test.js";
import type { StepRules } from "./step-test.js";
import { TextGenerator, slabWidth } from "./text-generator.js";
import { readTokenizer } from "./tokenizer.js";
import type { Tokenizer } from "./tokenizer.js";

export interface TextModelOptions {
  /** Absolute folder with config.json, tokenizer.json and the model. */
  readonly folder: string;
  /** File of the model in the folder; default `onnx/model.onnx`, then `model.onnx`, then the only one. */
  readonly file?: string;
  /** Name in messages; default: the folder. */
  readonly name?: string;
  /** Tried in order. Default: `wasm` alone, with equal bits on every machine. */
  readonly providers?: readonly ProviderName[];
  /** Folders whose `node_modules` may hold onnxruntime-node. */
  readonly nativeFrom?: readonly string[];
  /** Threads that one run of a native provider is shared out to; default 1. They are part of the fingerprint. */
  readonly threads?: number;
  /** Texts that get their tokens in one run; default 64, 16 for models above 8 MiB. */
  readonly rowsMax?: number;
  /** Bytes of keys and values of texts under way; default 1 GiB. */
  readonly keyValueBytesMax?: number;
  /** Bytes of keys and values kept for prompts that begin alike; default 256 MiB. */
  readonly prefixBytesMax?: number;
}

/** A text, token ids, or a chat, which the model's template turns into a text. */
export type Prompt = string | readonly number[] | { readonly messages: readonly ChatMessage[] };

export interface TextRequest extends Sampling {
  readonly prompt: Prompt;
  /** Default: as many as the context has room for. */
  readonly maxTokens?: number;
  /** Texts before which the answer ends. */
  readonly stop?: readonly string[];
  /** Keeps the answer to JSON, or to a JSON Schema; without stop strings. */
  readonly responseFormat?: ResponseFormat;
  /** A whole number or 32 bytes, for temperatures above 0; default 0. */
  readonly seed?: number | Uint8Array;
  readonly chat?: ChatOptions;
  /** Gives {@link TextResult.scoresDigest}. */
  readonly digest?: boolean;
  /** Called with each piece of the text as it comes. */
  readonly onText?: (piece: string) => void;
  /** Called once, before the prompt is read, with the number of its tokens. */
  readonly onPrompt?: (tokens: number) => void;
  /** Called after each token that did not end the text. @param tokens chosen so far */
  readonly onToken?: (tokens: number) => void;
  /** Ends the text where it is; the result says `cancelled`. */
  readonly signal?: AbortSignal;
}

export interface TextModelFacts {
  readonly name: string;
  /** Hex SHA-256 of the model's file. */
  readonly digest: string;
  readonly provider: ProviderName;
  readonly refused: readonly ProviderRefusal[];
  /** How texts are generated together without changing a bit; `serial`: one after the other. */
  readonly batchMode: BatchMode;
  /** Hex SHA-256 over what may decide bits besides the request: files, runtime, options, kernels, rules. */
  readonly fingerprint: string;
  /** The parts that {@link fingerprint} covers, for people. */
  readonly fingerprintParts: Readonly<Record<string, string>>;
  /** Bytes of its graph and weights. */
  readonly weightBytes: number;
  readonly context: number;
  readonly vocabulary: number;
}

export interface TextModel {
  readonly facts: TextModelFacts;
  /** Ids of a text with what the model expects around it: what counts against the context. */
  tokenize(text: string): readonly number[];
  /** The text of ids, without special tokens. */
  textOf(tokens: readonly number[]): string;
  /** @throws {WE_TEXT_…} for a request that cannot be carried out. */
  generate(request: TextRequest): Promise<TextResult>;
  /** What is under way rejects with WE_MODEL_CLOSED. Close it before its thread or process ends. */
  close(): Promise<void>;
}

/** @throws {WE_MODEL_…} or {WE_TEXT_…} that says what is wrong with the folder. */
export async function openTextModel(options: TextModelOptions): Promise<TextModel> {
  return openFrom(runtimeSource(options.nativeFrom ?? [], options.threads), options);
}

/** {@link openTextModel} over any source. @param makeRoom called before weights of so many bytes are loaded */
export async function openFrom(
  source: RuntimeSource,
  options: TextModelOptions,
  makeRoom?: (bytes: number) => Promise<void>,
): Promise<TextModel> {
  const files = await readFiles(options);
  const { model, decoder, shape, config } = files;
  const decoderBytes = decoder.length + files.weights.bytes;
  await makeRoom?.(decoderBytes);
  const patched = withStepOutputs(decoder, shape);
  const opened = await createSession(source, options.providers ?? ["wasm"], {
    model,
    bytes: patched,
    weights: files.weights,
  });
  await expectUnchanged({ model, path: files.path }, files.weights);
  const { session, provider, refused } = opened;
  const rowsDefault = decoderBytes > largeModelBytes ? joinedRowsOfLargeModelsMax : joinedRowsMax;
  const decoding = new DecoderSession(session, shape);
  const rowsMax = Math.min(options.rowsMax ?? rowsDefault, joinedRowsMax);
  const rules = await stepRules(decoding, files, rowsMax);
  const generator = new TextGenerator(decoding, {
    model,
    provider,
    rules,
    context: config.context,
    rowsMax: Math.max(rowsMax, 1),
    keyValueBytesMax: options.keyValueBytesMax ?? keyValueBytesMaxDefault,
    prefixBytesMax: options.prefixBytesMax ?? prefixBytesMaxDefault,
  });
  const facts: TextModelFacts = {
    name: model,
    digest: files.digest,
    provider,
    refused,
    batchMode: rules.mode,
    ...fingerprintOf({
      digest: files.digest,
      provider,
      description: withTextRules(opened.runtime.describe(provider), files, rules),
      kernels: await probeKernels(opened.runtime, provider),
      batchMode: rules.mode,
    }),
    weightBytes: decoderBytes,
    context: config.context,
    vocabulary: shape.vocabulary,
  };
  return {
    facts,
    tokenize: (text) => files.tokenizer.encode(text),
    textOf: (tokens) => files.tokenizer.decode(tokens),
    generate: async (request) => {
      const generation = planned(request, files);
      request.onPrompt?.(generation.plan.prompt.length);
      const cancel = (): void => {
        generation.cancel();
      };
      request.signal?.addEventListener("abort", cancel);
      if (request.signal?.aborted === true) cancel();
      try {
        return await generator.generate(generation);
      } finally {
        request.signal?.removeEventListener("abort", cancel);
      }
    },
    close: () => generator.close(),
  };
}

/** What the test at load finds; a decoder that fails it is freed. */
async function stepRules(
  decoding: DecoderSession,
  { model, path, config: { context } }: Files,
  rowsMax: number,
): Promise<StepRules> {
  try {
    return await testSteps(decoding, { rowsMax, width: slabWidth(1, context), wide: context });
  } catch (cause) {
    await decoding.dispose();
    if (EngineError.is(cause)) throw cause;
    throw inferenceError("WE_TEXT_DECODER", { model, path, reason: reasonOf(cause) });
  }
}

interface Files {
  readonly model: string;
  readonly path: string;
  readonly decoder: Uint8Array;
  /** Weights of the decoder in other files. */
  readonly weights: WeightFiles;
  /** Hex SHA-256 of the decoder and its weights. */
  readonly digest: string;
  /** Hex SHA-256 over the texts that decide which tokens a prompt has. */
  readonly tokenizerDigest: string;
  readonly shape: DecoderShape;
  readonly tokenizer: Tokenizer;
  readonly formats: AnswerFormats;
  readonly config: TextConfig;
}

interface TextConfig {
  readonly context: number;
  readonly endTokens: ReadonlySet<number>;
}

async function readFiles({ folder, name: model = folder, file }: TextModelOptions): Promise<Files> {
  const path = join(folder, ...(file ?? (await modelFileOf(model, folder))).split("/"));
  const decoder = await readBounded(model, path, modelFileBytesMax);
  const header = readOnnxHeader(decoder);
  if (typeof header === "string") throw inferenceError("WE_MODEL_MALFORMED", { model, path, reason: header });
  checkVersions({ model, path }, header);
  const shape = readDecoderShape(header);
  if (typeof shape === "string") throw inferenceError("WE_TEXT_DECODER", { model, path, reason: shape });
  const weights = await readWeightFiles({ model, path }, header.weightFiles);
  const text = async (name: string): Promise<string> =>
    Buffer.from(await readBounded(model, join(folder, name), tokenizerBytesMax)).toString("utf8");
  const optional = async (name: string): Promise<string | undefined> =>
    (await isFile(join(folder, name))) ? text(name) : undefined;
  const config = await optional("tokenizer_config.json");
  const chatTemplate = await optional("chat_template.jinja");
  const vocabulary = await text("tokenizer.json");
  const tokenizer = readTokenizer(model, {
    tokenizer: vocabulary,
    ...(config === undefined ? {} : { config }),
    ...(chatTemplate === undefined ? {} : { chatTemplate }),
  });
  const main = await text("config.json");
  const settings = readConfig({ model, path: join(folder, "config.json") }, [
    await optional("generation_config.json"),
    main,
  ]);
  return {
    model,
    path,
    decoder,
    digest: modelDigest(basename(path), decoder, weights),
    weights,
    tokenizerDigest: sha256(JSON.stringify([vocabulary, config ?? null, chatTemplate ?? null])),
    shape,
    tokenizer,
    formats: new AnswerFormats(tokenizer),
    config: settings,
  };
}

const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");

/** The rules of this folder decide bits like the options of a session, and stand beside them. */
function withTextRules(
  description: RuntimeDescription,
  { tokenizerDigest }: Files,
  { mixedWidths, padded }: StepRules,
): RuntimeDescription {
  const widths = mixedWidths ? "mixed" : padded ? `from ${widthTokensMin}` : "as long as each past";
  const rules = `text 2: parts of ${promptPartTokens}, widths ${widths}, tokenizer ${tokenizerDigest}`;
  return { ...description, options: `${description.options} ${rules}` };
}

const CONTEXT_KEYS = ["max_position_embeddings", "n_positions", "n_ctx", "max_seq_len"];

/** The first text that states a member wins. */
function readConfig(
  place: { readonly model: string; readonly path: string },
  texts: readonly (string | undefined)[],
): TextConfig {
  const configs = texts.flatMap((json): Readonly<Record<string, unknown>>[] => {
    if (json === undefined) return [];
    try {
      const value: unknown = JSON.parse(json);
      return typeof value === "object" && value !== null ? [{ ...value }] : [];
    } catch (cause) {
      throw inferenceError("WE_TEXT_DECODER", { ...place, reason: `it is no JSON (${reasonOf(cause)})` });
    }
  });
  const find = (keys: readonly string[], fits: (value: unknown) => boolean): unknown =>
    configs.flatMap((config) => keys.map((key) => config[key])).find(fits);
  const context = Number(find(CONTEXT_KEYS, (value) => Number.isInteger(value) && Number(value) >= 2));
  if (Number.isNaN(context))
    throw inferenceError("WE_TEXT_DECODER", {
      ...place,
      reason: "it does not state max_position_embeddings",
    });
  const end = find(["eos_token_id"], (value) => value !== undefined && value !== null);
  const ends = Array.isArray(end) ? (end as readonly unknown[]) : [end];
  return { context, endTokens: new Set(ends.flatMap((id) => (typeof id === "number" ? [id] : []))) };
}

interface OpenedSession {
  readonly session: OnnxSession;
  readonly runtime: OnnxRuntime;
  readonly provider: ProviderName;
  readonly refused: readonly ProviderRefusal[];
}

async function createSession(
  source: RuntimeSource,
  providers: readonly ProviderName[],
  {
    model,
    bytes,
    weights,
  }: { readonly model: string; readonly bytes: Uint8Array; readonly weights: WeightFiles },
): Promise<OpenedSession> {
  const refused: ProviderRefusal[] = [];
  for (const provider of providers) {
    const runtime = await source(provider);
    if (typeof runtime === "string") {
      refused.push({ provider, reason: runtime });
      continue;
    }
    try {
      const session = await runtime.createSession(bytes, provider, weights);
      return { session, runtime, provider, refused };
    } catch (cause) {
      refused.push({ provider, reason: reasonOf(cause) });
    }
  }
  const reasons = refused.map(({ provider, reason }) => `${provider}: ${reason}`).join("; ");
  throw inferenceError("WE_MODEL_PROVIDERS", {
    model,
    reasons: reasons === "" ? "the list of providers is empty" : reasons,
  });
}

function planned(request: TextRequest, { model, shape, tokenizer, formats, config }: Files): Generation {
  const { context, endTokens } = config;
  const refuse = (name: string, value: unknown, expected: string): Error =>
    inferenceError("WE_TEXT_PARAMETER", { name, value: String(value), expected });
  const prompt = promptTokens(request, model, tokenizer);
  if (prompt.length === 0) throw refuse("prompt", "empty", "at least one token");
  const stranger = prompt.find((id) => !Number.isInteger(id) || id < 0 || id >= shape.vocabulary);
  if (stranger !== undefined) throw refuse("prompt", stranger, `token ids from 0 to ${shape.vocabulary - 1}`);
  const { maxTokens = Math.max(context - prompt.length, 1), stop = [], seed = 0 } = request;
  if (!Number.isInteger(maxTokens) || maxTokens < 1)
    throw refuse("maxTokens", maxTokens, "a whole number from 1");
  if (prompt.length + maxTokens > context)
    throw inferenceError("WE_TEXT_CONTEXT_LIMIT", { model, context, promptTokens: prompt.length, maxTokens });
  if (stop.length > stopStringsMax || stop.includes(""))
    throw refuse("stop", `a list of ${stop.length}`, `up to ${stopStringsMax} texts that are not empty`);
  if (typeof seed === "number" ? !Number.isSafeInteger(seed) : seed.length !== seedBytes)
    throw refuse(
      "seed",
      typeof seed === "number" ? seed : `${seed.length} bytes`,
      "a whole number or 32 bytes",
    );
  const format = formatSchema(request.responseFormat);
  if (format !== undefined && stop.length > 0)
    throw refuse("stop", `a list of ${stop.length}`, "empty where responseFormat is given");
  const plan = {
    prompt,
    rule: samplingRule(request, shape.vocabulary),
    seed: typeof seed === "number" ? seedOf(seed) : seed,
    maxTokens,
    stop,
    endTokens,
    digest: request.digest === true,
    constraint: format && formats.constraint(format.schema, { maxTokens, endTokens }),
    onText: request.onText ?? ((): void => undefined),
    ...(request.onToken === undefined ? {} : { onToken: request.onToken }),
  };
  return new Generation(plan, tokenizer);
}

function promptTokens({ prompt, chat }: TextRequest, model: string, tokenizer: Tokenizer): readonly number[] {
  if (typeof prompt === "string") return tokenizer.encode(prompt);
  if (!("messages" in prompt)) return prompt;
  if (tokenizer.chatTemplate === undefined)
    throw inferenceError("WE_TEXT_TEMPLATE", { model, reason: "the model has none" });
  // The template writes special tokens itself.
  return tokenizer.encode(tokenizer.chatTemplate.render(prompt.messages, chat), { special: false });
}
