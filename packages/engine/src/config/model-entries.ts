/** `models` and `inference` of engine.yaml: what each model is loaded from, and how its answers enter the world. */

import type { ProviderName } from "@wasm-engine/core";
import { isFolder } from "../storage/path-kind.js";
import type { InferenceSetup, ModelSetup } from "../world/contract.js";
import type { ConfigContext } from "./config-context.js";
import type { ConfigFile, ModelFileEntry } from "./config-file.js";
import { ENGINE_DEFAULTS } from "./defaults.js";
import { shown } from "./problem.js";

/** A text that names something other than a folder: `hf:ORG/NAME@REVISION`, `openai:URL#NAME`, any address. */
const address = /^([a-z][a-z0-9+.-]+):/i;

/** The models in the order of their names; problems are noted in the context. */
export function resolveModels(context: ConfigContext, config: ConfigFile): readonly ModelSetup[] {
  const providers = config.inference?.providers ?? ENGINE_DEFAULTS.providers;
  return Object.entries(config.models ?? {})
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([name, entry]) => resolveModel(context, { name, entry, providers }) ?? []);
}

/** What holds for every model of the world. */
export function resolveInference({ inference = {} }: ConfigFile): InferenceSetup {
  const { delivery, strict = false } = inference;
  return { strict, ...(delivery === undefined ? {} : { delivery }) };
}

interface NamedEntry {
  readonly name: string;
  readonly entry: string | ModelFileEntry;
  readonly providers: readonly ProviderName[];
}

function resolveModel(
  context: ConfigContext,
  { name, entry, providers }: NamedEntry,
): ModelSetup | undefined {
  const isText = typeof entry === "string";
  const where = isText ? ["models", name] : ["models", name, "path"];
  const path = isText ? entry : entry.path;
  // One letter and a colon is a drive.
  const scheme = address.exec(path)?.[1];
  if (scheme !== undefined) {
    context.add("WE_CONFIG_MODEL_SOURCE", where, { came: shown(path), scheme });
    return undefined;
  }
  const dir = context.absolute(path);
  if (!isFolder(dir)) {
    context.add("WE_CONFIG_MODEL_MISSING", where, { came: shown(path), directory: context.directory });
    return undefined;
  }
  if (isText) return { name, dir, providers, thread: "shared" };
  const { version, sha256: digest, latencyTicks, delivery, thread = "shared" } = entry;
  return {
    name,
    dir,
    providers: entry.providers ?? providers,
    thread,
    ...(version === undefined ? {} : { version }),
    ...(digest === undefined ? {} : { digest }),
    ...(latencyTicks === undefined ? {} : { latencyTicks }),
    ...(delivery === undefined ? {} : { delivery }),
  };
}
