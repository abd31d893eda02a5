/**
 * Parts of a configuration for a run that has its own already: whose modules a fork may take, and entries of models and
 * tools that replace those of the parent. Entries mean what they mean in engine.yaml.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { encodeUtf8 } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";
import type { AdapterSetup } from "../adapters/contract.js";
import type { LoadOptions } from "../modules/load-modules.js";
import type { ModelSetup } from "../world/contract.js";
import { ConfigContext } from "./config-context.js";
import { readShape } from "./load-config.js";
import { entryOf } from "./model-override.js";
import { resolveModels } from "./model-entries.js";
import { problemsError } from "./problem.js";
import { checkSchema } from "./schema-check.js";
import { resolveTools } from "./tool-entries.js";
import { resolveTrust } from "./trust-entries.js";
import { parseYaml } from "./yaml-document.js";

/** Name of the entries in messages. */
const documentName = "overrides";

/** The trust of the project in `directory`: that of its engine.yaml, else its development key alone. */
export function projectTrust(directory: string): LoadOptions {
  const file = join(directory, "engine.yaml");
  if (!existsSync(file)) return { keys: [], directory, allowUnsigned: false };
  const { config, context } = readShape(file);
  const trust = resolveTrust(context, config);
  context.settle();
  return { ...trust, directory, allowUnsigned: config.trust?.allowUnsigned ?? false };
}

/** What one text may stand for is what `run --model` takes. */
function modelEntry(entry: Json): unknown {
  return typeof entry === "string" ? entryOf(entry) : entry;
}

export interface OverrideEntries {
  readonly models: Readonly<Record<string, Json>>;
  readonly tools: Readonly<Record<string, Json>>;
}

/** @throws what a bad entry of a configuration throws */
export function resolveEntries(
  { models, tools }: OverrideEntries,
  directory: string,
): { readonly models: readonly ModelSetup[]; readonly adapters: readonly AdapterSetup[] } {
  // The rest is only there because a configuration needs it.
  const text = JSON.stringify({
    version: 1,
    name: documentName,
    modules: { none: "none.js" },
    agents: [{ id: "none", module: "none" }],
    models: Object.fromEntries(Object.entries(models).map(([name, entry]) => [name, modelEntry(entry)])),
    tools,
  });
  const document = parseYaml(documentName, encodeUtf8(text));
  const config = checkSchema(document);
  if (!("version" in config)) throw problemsError(documentName, config);
  const context = new ConfigContext(document, directory);
  const resolved = resolveModels(context, config);
  const served = resolveTools(context, config);
  context.settle();
  return { models: resolved.models, adapters: [...resolved.adapters, ...served] };
}
