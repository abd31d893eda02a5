/**
 * The founding interface: models by id and version, tensors in and out. A thin face of the service for programs that
 * use models outside a world; worlds ask through their own requests.
 */

import { Encoding, assert, decodeTensors, encodeTensors } from "@wasm-engine/abi";
import type { TensorBlock } from "@wasm-engine/abi";
import type { InferenceService, ModelFacts, ProviderName, TensorResponse } from "@wasm-engine/core";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { inferenceError } from "../errors.js";
import { adviceFor } from "../suggestion.js";
import { createInferenceService } from "./inference-service.js";
import type { InferenceServiceOptions } from "./inference-service.js";

export interface InferenceRequest {
  /** `ID` for the version loaded last, `ID@VERSION` for another. */
  readonly modelId: string;
  /** Named as the model names them; the only input needs no name. */
  readonly inputs: readonly TensorBlock[];
}

export type InferenceResponse =
  | { readonly ok: true; readonly outputs: readonly TensorBlock[] }
  | { readonly ok: false; readonly message: string };

export interface ModelRegistry {
  /** Loads `folder/ID/VERSION`, or `folder/ID` where its manifest states that version. @throws {WE_MODEL_…} */
  loadModel(modelId: string, version: string): Promise<ModelFacts>;
  /** Frees every version of `ID`, or the one of `ID@VERSION`. @throws {WE_MODEL_UNKNOWN} */
  unloadModel(modelId: string): Promise<void>;
  /** For models with one input: its first output. @throws {WE_MODEL_REQUEST} */
  infer(modelId: string, input: TensorBlock): Promise<TensorBlock>;
  /** Joined where that changes no bit; responses index by index. @throws {WE_MODEL_UNKNOWN} */
  batchInfer(requests: readonly InferenceRequest[]): Promise<readonly InferenceResponse[]>;
  close(): Promise<void>;
}

export interface ModelRegistryOptions extends InferenceServiceOptions {
  /** Absolute folder of the models. */
  readonly folder: string;
  /** Default: `wasm` alone. */
  readonly providers?: readonly ProviderName[];
}

/** A registry with a service of its own. */
export function createModelRegistry(options: ModelRegistryOptions): ModelRegistry {
  // Outside a world nothing bounds an answer but memory.
  return new FolderRegistry({ answerBytesMax: Number.MAX_SAFE_INTEGER, ...options });
}

class FolderRegistry implements ModelRegistry {
  readonly #options: ModelRegistryOptions;
  readonly #service: InferenceService;
  /** Versions of each model, the one loaded last at the end. */
  readonly #versions = new Map<string, string[]>();

  constructor(options: ModelRegistryOptions) {
    this.#options = options;
    this.#service = createInferenceService(options);
  }

  async loadModel(modelId: string, version: string): Promise<ModelFacts> {
    const { folder, providers = ["wasm"] } = this.#options;
    const own = join(folder, modelId, version);
    const dir = (await isFolder(own)) ? own : join(folder, modelId);
    const name = `${modelId}@${version}`;
    const facts = await this.#service.load({ name, dir, providers });
    if (facts.version !== version) {
      await this.#service.unload(name);
      throw inferenceError("WE_MODEL_VERSION", {
        model: modelId,
        path: dir,
        expected: version,
        actual: facts.version,
      });
    }
    const others = (this.#versions.get(modelId) ?? []).filter((known) => known !== version);
    this.#versions.set(modelId, [...others, version]);
    return facts;
  }

  async unloadModel(modelId: string): Promise<void> {
    const { id, versions } = this.#resolve(modelId);
    for (const version of versions) await this.#service.unload(`${id}@${version}`);
    const left = (this.#versions.get(id) ?? []).filter((version) => !versions.includes(version));
    if (left.length === 0) this.#versions.delete(id);
    else this.#versions.set(id, left);
  }

  async infer(modelId: string, input: TensorBlock): Promise<TensorBlock> {
    const [response] = await this.batchInfer([{ modelId, inputs: [input] }]);
    assert(response !== undefined, "one request has one response");
    if (!response.ok) throw inferenceError("WE_MODEL_REQUEST", { model: modelId, problem: response.message });
    const [output] = response.outputs;
    assert(output !== undefined, "a model has an output");
    return output;
  }

  async batchInfer(requests: readonly InferenceRequest[]): Promise<readonly InferenceResponse[]> {
    const byModel = new Map<string, number[]>();
    requests.forEach(({ modelId }, index) => {
      const { id, versions } = this.#resolve(modelId);
      const name = `${id}@${versions.at(-1) ?? ""}`;
      byModel.set(name, [...(byModel.get(name) ?? []), index]);
    });
    const responses: InferenceResponse[] = [];
    for (const [name, indices] of byModel) {
      const batch = indices.map((index) => ({
        encoding: Encoding.TENSOR,
        payload: encodeTensors(requests[index]?.inputs ?? []),
      }));
      const result = await this.#service.run(name, batch);
      indices.forEach((index, position) => (responses[index] = responseOf(result.responses[position])));
    }
    return responses;
  }

  close(): Promise<void> {
    return this.#service.close();
  }

  #resolve(modelId: string): { readonly id: string; readonly versions: readonly string[] } {
    const whole = this.#versions.get(modelId);
    if (whole !== undefined) return { id: modelId, versions: whole };
    const at = modelId.lastIndexOf("@");
    const [id, version] = [modelId.slice(0, at), modelId.slice(at + 1)];
    if (at > 0 && this.#versions.get(id)?.includes(version) === true) return { id, versions: [version] };
    const known = [...this.#versions].flatMap(([name, versions]) => versions.map((one) => `${name}@${one}`));
    throw inferenceError("WE_MODEL_UNKNOWN", { model: modelId, advice: adviceFor(modelId, known, "models") });
  }
}

function responseOf(response: TensorResponse | undefined): InferenceResponse {
  assert(response !== undefined, "every request has a response");
  if (!response.ok) return response;
  const outputs = decodeTensors(response.payload);
  assert(typeof outputs !== "string", "answers are written as tensors are read");
  return { ok: true, outputs };
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
