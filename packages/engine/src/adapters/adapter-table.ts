/**
 * Kinds of adapters and the modules that make them. Loaded when a world has one, in the adapter thread only: whoever
 * has no tool pays for none.
 */

import { assert } from "@wasm-engine/abi";
import { withReuse } from "./answer-reuse.js";
import type { Adapter, AdapterSetup, AdapterSurroundings, CreateAdapter } from "./contract.js";

const modules: Readonly<Record<AdapterSetup["kind"], string>> = {
  tool: "./tool-adapter.js",
  openai: "./models/openai.js",
  scripted: "./models/scripted.js",
  recorded: "./models/recorded.js",
  failing: "./models/failing.js",
};

interface AdapterModule {
  readonly createAdapter: CreateAdapter<AdapterSetup>;
}

/** @throws what the adapter has against its setup */
export async function createAdapter(
  setup: AdapterSetup,
  surroundings: AdapterSurroundings,
): Promise<Adapter> {
  const address = new URL(modules[setup.kind], import.meta.url).href;
  const module = (await import(address)) as AdapterModule; // checked by the assertion
  assert(typeof module.createAdapter === "function", "a module of the table makes adapters of its kind");
  return withReuse(await module.createAdapter(setup, surroundings), setup, surroundings);
}
