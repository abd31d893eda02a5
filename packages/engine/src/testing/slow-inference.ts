/**
 * An inference package whose every answer and every part of a text is late by chance. Its address says of which package
 * and by how much: `slow-inference.js?of=ADDRESS&delayMsMax=500`.
 */

import { assert } from "@wasm-engine/abi";
import type {
  BatchResult,
  InferenceService,
  ModelFacts,
  ModelSpec,
  TensorRequest,
  TextEvents,
  TextWriting,
} from "@wasm-engine/core";
import type { OpenOptions } from "../client/engine.js";
import type { ServiceOptions } from "../inference/contract.js";
import { createService, inferencePackage } from "../inference/service-module.js";

/** Replaces the inference package, or `of`, by itself with delays up to so many milliseconds. */
export function slowTesting(delayMsMax: number, of?: string): NonNullable<OpenOptions["testing"]> {
  const address = new URL("./slow-inference.js", import.meta.url);
  address.searchParams.set("delayMsMax", String(delayMsMax));
  if (of !== undefined) address.searchParams.set("of", of);
  return { inferenceService: address.href };
}

const { searchParams } = new URL(import.meta.url);
const delayMsMax = Number(searchParams.get("delayMsMax") ?? "0");

async function wait(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.random() * delayMsMax));
}

class SlowService implements InferenceService {
  readonly #options: ServiceOptions;
  #loaded: InferenceService | undefined;

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  get #service(): InferenceService {
    assert(this.#loaded !== undefined, "models are loaded before they are asked");
    return this.#loaded;
  }

  async load(spec: ModelSpec): Promise<ModelFacts> {
    this.#loaded ??= await createService(searchParams.get("of") ?? inferencePackage, this.#options);
    return await this.#loaded.load(spec);
  }

  unload(name: string): Promise<void> {
    return this.#service.unload(name);
  }

  facts(): readonly ModelFacts[] {
    return this.#service.facts();
  }

  async close(): Promise<void> {
    await this.#loaded?.close();
  }

  async run(name: string, requests: readonly TensorRequest[]): Promise<BatchResult> {
    await wait();
    return await this.#service.run(name, requests);
  }

  /** What is heard keeps its order. */
  write(name: string, request: TensorRequest, events: TextEvents): TextWriting {
    let isCancelled = false;
    let last = Promise.resolve();
    const later = (tell: () => void): void => {
      last = last.then(wait).then(() => {
        if (!isCancelled) tell();
      });
    };
    const writing = this.#service.write?.(name, request, {
      prompt: (tokens) => {
        later(() => events.prompt(tokens));
      },
      part: (text) => {
        later(() => events.part(text));
      },
      end: (response, text) => {
        later(() => events.end(response, text));
      },
    });
    return {
      cancel: () => {
        isCancelled = true;
        writing?.cancel();
      },
    };
  }
}

export function createInferenceService(options: ServiceOptions): InferenceService {
  return new SlowService(options);
}
