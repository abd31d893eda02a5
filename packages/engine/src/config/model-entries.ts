/** `models` and `inference` of engine.yaml: what answers for each model, and how its answers enter the world. */

import type { ProviderName } from "@wasm-engine/core";
import type { ModelAdapterSetup } from "../adapters/contract.js";
import { isFolder } from "../storage/path-kind.js";
import type { InferenceSetup, ModelSetup } from "../world/contract.js";
import { addedModels } from "./added-models.js";
import type { ConfigContext } from "./config-context.js";
import type { ConfigFile, ModelFileEntry } from "./config-file.js";
import { ENGINE_DEFAULTS } from "./defaults.js";
import { resolveFake } from "./fake-entries.js";
import { resolveOpenAi } from "./openai-entries.js";
import { shown } from "./problem.js";
import type { Path } from "./yaml-document.js";

/** A text that names something other than a folder: `hf:ORG/NAME@REVISION`, `openai:URL#NAME`, any address. */
const address = /^([a-z][a-z0-9+.-]+):/i;

/** What says where answers come from; an entry has exactly one. */
const sources = ["path", "openai", "scripted", "recorded", "failing"] as const;
type Source = (typeof sources)[number];

/** Members that mean something only beside certain sources. */
const belongings: Readonly<Partial<Record<keyof ModelFileEntry, readonly Source[]>>> = {
  file: ["path"],
  version: ["path"],
  sha256: ["path"],
  providers: ["path"],
  pinned: ["path"],
  thread: ["path"],
  workers: ["path"],
  prefillTokensPerTick: ["path"],
  tokensPerTick: ["path"],
  model: ["openai"],
  key: ["openai"],
  parameters: ["openai"],
  concurrency: ["openai"],
  reuse: ["openai"],
  remote: ["openai"],
  timeoutMs: ["openai", "recorded", "scripted", "failing"],
  code: ["failing"],
  message: ["failing"],
};

export interface ResolvedModels {
  /** Models in folders. */
  readonly models: readonly ModelSetup[];
  /** Servers and what stands for a model. */
  readonly adapters: readonly ModelAdapterSetup[];
}

/** The models in the order of their names; problems are noted in the context. */
export function resolveModels(context: ConfigContext, config: ConfigFile): ResolvedModels {
  const models: ModelSetup[] = [];
  const adapters: ModelAdapterSetup[] = [];
  const providers = config.inference?.providers ?? ENGINE_DEFAULTS.providers;
  const entries = Object.entries(config.models ?? {});
  for (const [name, written] of entries.sort(([left], [right]) => (left < right ? -1 : 1))) {
    const path: Path = ["models", name];
    const entry = entryOf(written);
    if (entry.openai !== undefined && typeof written === "string") {
      adapters.push(...definite(resolveOpenAi(context, { name, path, at: path, entry })));
      continue;
    }
    const source = sourceOf(context, path, entry);
    if (source === undefined) continue;
    checkBelongings(context, path, entry, source);
    if (source === "path") {
      const where = typeof written === "string" ? path : [...path, "path"];
      models.push(...definite(resolveFolder(context, where, { name, entry, providers })));
    } else if (source === "openai") {
      adapters.push(...definite(resolveOpenAi(context, { name, path, at: [...path, "openai"], entry })));
    } else {
      adapters.push(...definite(resolveFake(context, path, { name, serves: "inference", entry })));
    }
  }
  return { models, adapters };
}

/** What holds for every model of the world. */
export function resolveInference({ inference = {} }: ConfigFile): InferenceSetup {
  const { delivery, strict = false, weightBytesMax, kvBytesMax } = inference;
  return {
    strict,
    ...(delivery === undefined ? {} : { delivery }),
    ...(weightBytesMax === undefined ? {} : { weightBytesMax }),
    ...(kvBytesMax === undefined ? {} : { kvBytesMax }),
  };
}

function definite<Value>(value: Value | undefined): Value[] {
  return value === undefined ? [] : [value];
}

/** A text is a folder, or a server where it begins with `openai:`. */
function entryOf(written: string | ModelFileEntry): ModelFileEntry {
  if (typeof written !== "string") return written;
  return written.startsWith("openai:") ? { openai: written.slice("openai:".length) } : { path: written };
}

function sourceOf(context: ConfigContext, path: Path, entry: ModelFileEntry): Source | undefined {
  const named = sources.filter((source) => entry[source] !== undefined);
  const [first, second] = named;
  if (first === undefined) {
    const expected = `${sources.slice(0, -1).join(", ")} or failing`;
    const advice = "a model is a folder (path), a server (openai), or stands for one";
    context.add("WE_CONFIG_KEY_MISSING", path, { expected, advice });
    return undefined;
  }
  if (second === undefined) return first;
  const parameters = {
    expected: `absent beside ${first}`,
    came: shown(entry[second]),
    advice: "an entry has one source",
  };
  context.add("WE_CONFIG_VALUE", [...path, second], parameters);
  return undefined;
}

function checkBelongings(context: ConfigContext, path: Path, entry: ModelFileEntry, source: Source): void {
  for (const name of Object.keys(entry) as (keyof ModelFileEntry)[]) {
    // keys of a checked entry
    const owners = belongings[name];
    if (owners === undefined || owners.includes(source)) continue;
    const came = name === "key" ? "a key" : shown(entry[name]);
    const advice = `it belongs to ${owners.join(", ")}; remove it`;
    context.add("WE_CONFIG_VALUE", [...path, name], { expected: `absent beside ${source}`, came, advice });
  }
}

interface FolderEntry {
  readonly name: string;
  readonly entry: ModelFileEntry;
  readonly providers: readonly ProviderName[];
}

function resolveFolder(
  context: ConfigContext,
  where: Path,
  { name, entry, providers }: FolderEntry,
): ModelSetup | undefined {
  const { path = "", version, latencyTicks, delivery, thread = "shared", workers } = entry;
  const { prefillTokensPerTick, tokensPerTick } = entry;
  const added = addedModels(context.directory);
  if (typeof added === "string") {
    context.add("WE_CONFIG_MODEL_LOCK", where, { problem: added });
    return undefined;
  }
  // One letter and a colon is a drive.
  const scheme = address.exec(path)?.[1];
  const source = scheme === undefined ? undefined : added.find((model) => model.source === path);
  if (scheme !== undefined && source === undefined) {
    const isAddable = ["hf", "https"].includes(scheme.toLowerCase());
    const code = isAddable ? "WE_CONFIG_MODEL_NOT_ADDED" : "WE_CONFIG_MODEL_SOURCE";
    context.add(code, where, { came: shown(path), source: path });
    return undefined;
  }
  const dir = source?.dir ?? context.absolute(path);
  const known = source ?? added.find((model) => model.dir === dir);
  const file = entry.file ?? known?.file;
  // The lock speaks of one file of a folder; another one is not pinned by it.
  const digest = entry.sha256 ?? (file === known?.file ? known?.digest : undefined);
  if (!isFolder(dir)) {
    context.add("WE_CONFIG_MODEL_MISSING", where, { came: shown(path), directory: context.directory });
    return undefined;
  }
  return {
    name,
    dir,
    providers: entry.providers ?? providers,
    thread,
    ...(file === undefined ? {} : { file }),
    ...(entry.pinned === true ? { pinned: true } : {}),
    ...(version === undefined ? {} : { version }),
    ...(digest === undefined ? {} : { digest }),
    ...(latencyTicks === undefined ? {} : { latencyTicks }),
    ...(delivery === undefined ? {} : { delivery }),
    ...(workers === undefined ? {} : { workers }),
    ...(prefillTokensPerTick === undefined ? {} : { prefillTokensPerTick }),
    ...(tokensPerTick === undefined ? {} : { tokensPerTick }),
  };
}
