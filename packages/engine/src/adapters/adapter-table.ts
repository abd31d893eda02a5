/**
 * Kinds of adapters and the modules that make them. Loaded when a world has one, in the adapter thread only: whoever
 * has no tool pays for none.
 */

import { assert } from "@wasm-engine/abi";
import type { Redaction } from "./secret-values.js";
import { withReuse } from "./answer-reuse.js";
import type { Adapter, AdapterSetup, AdapterSurroundings, CreateAdapter } from "./contract.js";

const modules: Readonly<Record<AdapterSetup["kind"], string>> = {
  tool: "./tool-adapter.js",
  program: "./program-adapter.js",
  openai: "./models/openai.js",
  scripted: "./models/scripted.js",
  recorded: "./models/recorded.js",
  failing: "./models/failing.js",
};

interface AdapterModule {
  readonly createAdapter: CreateAdapter<AdapterSetup>;
}

/**
 * The adapter of a setup. What it answers holds no secret: neither here nor where answers are kept for reuse.
 * @throws what the adapter has against its setup
 */
export async function createAdapter(
  setup: AdapterSetup,
  surroundings: AdapterSurroundings,
  redaction: Redaction,
): Promise<Adapter> {
  const address = new URL(modules[setup.kind], import.meta.url).href;
  const module = (await import(address)) as AdapterModule; // checked by the assertion
  assert(typeof module.createAdapter === "function", "a module of the table makes adapters of its kind");
  const adapter = await module.createAdapter(setup, surroundings);
  const redacted: Adapter = {
    ...(adapter.identity === undefined ? {} : { identity: adapter.identity }),
    ...(adapter.idempotent === undefined ? {} : { idempotent: adapter.idempotent }),
    ...(adapter.close === undefined ? {} : { close: () => adapter.close?.() ?? Promise.resolve() }),
    answer: async (request, call) => redaction.answer(await adapter.answer(request, call)),
  };
  return withReuse(redacted, setup, surroundings);
}
