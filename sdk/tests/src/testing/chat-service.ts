/**
 * An inference service for tests of conversations: it answers `{messages, …}` with a text that is a function of the
 * request alone. Loaded by name into inference threads instead of the real one.
 */

import { decodeUtf8, encodeUtf8 } from "@wasm-engine/abi";
import type { BatchResult, InferenceService, ModelFacts, ModelSpec } from "@wasm-engine/core";

interface Conversation {
  readonly messages: readonly { readonly content: string }[];
  readonly maxTokens?: number;
}

export function createInferenceService(): InferenceService {
  const models = new Map<string, ModelFacts>();
  const facts = (name: string): ModelFacts => {
    const found = models.get(name);
    if (found === undefined) throw new Error(`model ${name} is not loaded`);
    return found;
  };
  return {
    load: (spec: ModelSpec) => {
      models.set(spec.name, factsOf(spec));
      return Promise.resolve(facts(spec.name));
    },
    unload: (name) => Promise.resolve(void models.delete(name)),
    run: (name, requests): Promise<BatchResult> => {
      const responses = requests.map(({ encoding, payload }) => {
        const { messages, maxTokens = 0 } = JSON.parse(decodeUtf8(payload) ?? "") as Conversation; // of the test's guest
        const text = `plan for ${messages.map(({ content }) => content).join(" ")} in ${maxTokens} tokens`;
        return { ok: true, encoding, payload: encodeUtf8(JSON.stringify({ text })) } as const;
      });
      return Promise.resolve({ responses, facts: facts(name) });
    },
    facts: () => [...models.values()],
    close: () => Promise.resolve(models.clear()),
  };
}

function factsOf({ name, providers }: ModelSpec): ModelFacts {
  return {
    name,
    version: "1",
    digest: "cd".repeat(32),
    provider: providers[0] ?? "wasm",
    refused: [],
    batchMode: "exact",
    fingerprint: "ef".repeat(32),
    fingerprintParts: {},
    latencyTicks: 4,
  };
}
