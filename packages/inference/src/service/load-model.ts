/** Brings a model onto the first provider of its list that can run it, and finds out what must be known of it there. */

import { join } from "node:path";
import type { ModelFacts, ModelSpec, ProviderName, ProviderRefusal } from "@wasm-engine/core";
import { isHealthy, selfTest } from "../batch/self-test.js";
import { Encoder } from "../encoder/encoder.js";
import type { EncoderFiles } from "../encoder/encoder.js";
import { readEncoderSettings } from "../encoder/encoder-settings.js";
import { inferenceError } from "../errors.js";
import {
  joinedRowsMax,
  joinedRowsOfLargeModelsMax,
  largeModelBytes,
  reasonCharactersMax,
} from "../limits.js";
import { isFile } from "../model/model-folder.js";
import type { ModelFiles } from "../model/model-folder.js";
import type { ModelShape } from "../model/model-shape.js";
import { expectUnchanged } from "../model/weight-files.js";
import { probeKernels } from "../runtime/kernel-probe.js";
import type { OnnxRuntime, OnnxSession, RuntimeSource } from "../runtime/onnx-runtime.js";
import { fingerprintOf } from "./fingerprint.js";

/** A model on a provider. */
export interface LoadedModel {
  readonly facts: ModelFacts;
  readonly shape: ModelShape;
  readonly bytes: number;
  readonly rowsMax: number;
  readonly session: OnnxSession;
  /** Takes requests of texts, where the model is an encoder with a tokenizer. */
  readonly encoder?: Encoder;
  /** Whether the provider still answers what it answered at load: if so, a run that failed is the request's fault. */
  isHealthy(): Promise<boolean>;
}

/** Kernel probes are of a runtime and a provider, not of a model: each is run once. */
export type ProbeCache = Map<ProviderName, Promise<string>>;

export interface LoadContext {
  readonly source: RuntimeSource;
  readonly probes: ProbeCache;
  /** Only the first provider of the list will do. */
  readonly strict: boolean;
}

/**
 * Tries the providers of `spec` that `refused` does not name, in order.
 * @throws {WE_MODEL_PROVIDERS} where none can. @throws {WE_MODEL_STRICT} where the first cannot and `strict` is set.
 */
export async function loadOnProvider(
  context: LoadContext,
  spec: ModelSpec,
  files: ModelFiles,
  alreadyRefused: readonly ProviderRefusal[] = [],
): Promise<LoadedModel> {
  const refused = [...alreadyRefused];
  const encoder = await readEncoderFiles(spec, files);
  for (const provider of spec.providers) {
    if (refused.some((refusal) => refusal.provider === provider)) continue;
    const loaded = await tryProvider(context, spec, files, {
      provider,
      refused,
      ...(encoder === undefined ? {} : { encoder }),
    });
    if (typeof loaded !== "string") return loaded;
    if (context.strict)
      throw inferenceError("WE_MODEL_STRICT", { model: spec.name, provider, reason: loaded });
    refused.push({ provider, reason: loaded });
  }
  const reasons = refused.map(({ provider, reason }) => `${provider}: ${reason}`).join("; ");
  throw inferenceError("WE_MODEL_PROVIDERS", {
    model: spec.name,
    reasons: reasons === "" ? "the list of providers is empty" : reasons,
  });
}

/** Without a tokenizer an encoder takes tensors alone. */
async function readEncoderFiles(
  { name, dir }: ModelSpec,
  { encoder: shape }: ModelFiles,
): Promise<EncoderFiles | undefined> {
  if (shape === undefined || !(await isFile(join(dir, "tokenizer.json")))) return undefined;
  return { shape, settings: await readEncoderSettings(name, dir) };
}

interface Attempt {
  readonly provider: ProviderName;
  readonly refused: readonly ProviderRefusal[];
  readonly encoder?: EncoderFiles;
}

async function tryProvider(
  context: LoadContext,
  spec: ModelSpec,
  files: ModelFiles,
  { provider, refused, encoder: encoderFiles }: Attempt,
): Promise<LoadedModel | string> {
  const runtime = await context.source(provider);
  if (typeof runtime === "string") return runtime;
  let session: OnnxSession;
  let kernels: string;
  try {
    kernels = await probe(context.probes, runtime, provider);
    session = await runtime.createSession(files.bytes, provider, files.weights);
  } catch (cause) {
    return reasonOf(cause);
  }
  await expectUnchanged({ model: spec.name, path: files.path }, files.weights);
  const rowsMax = files.bytesTotal > largeModelBytes ? joinedRowsOfLargeModelsMax : joinedRowsMax;
  const { manifest, digest } = files;
  // Nothing to find out where requests are never joined; the canary is wanted all the same.
  const tested = { ...files.shape, joinable: files.shape.joinable && manifest.batch === "auto" };
  const { mode, canary, deadOutput } = await selfTest(session, tested, rowsMax);
  if (deadOutput !== undefined) {
    await session.dispose();
    // A graphics driver may be at fault; the processor's arithmetic is not.
    if (provider !== "cpu" && provider !== "wasm") return `output ${deadOutput} is NaN for every input`;
    throw inferenceError("WE_MODEL_NAN", { model: spec.name, output: deadOutput });
  }
  const encoder = await openEncoder(session, encoderFiles, tested.joinable ? rowsMax : 1);
  if (typeof encoder === "string") return encoder;
  const description = runtime.describe(provider);
  const options =
    encoderFiles === undefined
      ? description.options
      : `${description.options} texts ${encoderFiles.settings.digest} widths 1`;
  const facts: ModelFacts = {
    name: spec.name,
    version: manifest.version,
    digest,
    provider,
    refused: [...refused],
    batchMode: mode,
    ...fingerprintOf({
      digest,
      provider,
      description: { ...description, options },
      kernels,
      batchMode: mode,
    }),
    latencyTicks: manifest.latencyTicks,
  };
  return {
    facts,
    shape: files.shape,
    bytes: files.bytesTotal,
    rowsMax,
    session,
    ...(encoder === undefined ? {} : { encoder }),
    isHealthy: () =>
      canary === undefined
        ? probeKernels(runtime, provider).then(
            (found) => found === kernels,
            () => false,
          )
        : isHealthy(session, canary),
  };
}

async function openEncoder(
  session: OnnxSession,
  files: EncoderFiles | undefined,
  rowsMax: number,
): Promise<Encoder | undefined | string> {
  if (files === undefined) return undefined;
  try {
    return await Encoder.open(session, files, rowsMax);
  } catch (cause) {
    await session.dispose();
    return reasonOf(cause);
  }
}

function probe(probes: ProbeCache, runtime: OnnxRuntime, provider: ProviderName): Promise<string> {
  const known = probes.get(provider) ?? probeKernels(runtime, provider);
  probes.set(provider, known);
  // A provider that failed is tried anew by the next model: drivers come and go.
  known.catch(() => probes.delete(provider));
  return known;
}

/** What a runtime said, as one line for people. It never enters the world. */
export function reasonOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  // Checks inside the runtime begin with a place in its sources and the expression that did not hold.
  const line = text
    .replace(/\s+/g, " ")
    .replace(/^\/\S+:\d+ .* was false\. /, "")
    .trim();
  return line.length > reasonCharactersMax ? `${line.slice(0, reasonCharactersMax)}…` : line;
}
