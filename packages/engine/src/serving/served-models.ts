/** Which models a server has: those of a configuration, and folders or added models that are named one by one. */

import { basename, join, resolve } from "node:path";
import type { ModelSpec, ProviderName } from "@wasm-engine/core";
import { addedModels } from "../config/added-models.js";
import { ENGINE_DEFAULTS } from "../config/defaults.js";
import { loadModelSetups } from "../config/load-config.js";
import type { ServiceOptions } from "../inference/contract.js";
import { bareSpecOf } from "../inference/model-spec.js";
import { isFolder } from "../storage/path-kind.js";
import { fail } from "./errors.js";

export interface ServedModelsRequest {
  /** Path of an engine.yaml or its folder: all of its models in folders. */
  readonly config?: string;
  /** `FOLDER`, `NAME=FOLDER`, or the name or source of an added model. */
  readonly named: readonly string[];
  /** Where `models.lock` of added models is, and folders are looked for. */
  readonly directory: string;
  /** Of the models that are named; default `wasm`. */
  readonly providers?: readonly ProviderName[];
}

export interface ServedModels {
  readonly models: readonly ModelSpec[];
  readonly inference: ServiceOptions;
  /** Models of the configuration that are no folders: servers and what stands for models. */
  readonly leftOut: readonly string[];
}

/** @throws {WE_SERVE_MODEL_FOLDER} and what a bad configuration throws */
export function servedModels(request: ServedModelsRequest): ServedModels {
  const { config, named, directory } = request;
  const loaded = config === undefined ? undefined : loadModelSetups(config);
  const base = loaded?.baseDirectory ?? directory;
  const models = [
    ...(loaded?.models ?? []).map(bareSpecOf),
    ...named.map((text) => namedModel(text, request)),
  ];
  const names = models.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw fail("WE_SERVE_MODEL_FOLDER", { came: twice, reason: "two models have this name" });
  const { strict = false, weightBytesMax, kvBytesMax: keyValueBytesMax } = loaded?.inference ?? {};
  return {
    models,
    inference: {
      nativeFrom: [join(base, ".wasm-engine", "native"), base],
      strict,
      ...(weightBytesMax === undefined ? {} : { weightBytesMax }),
      ...(keyValueBytesMax === undefined ? {} : { keyValueBytesMax }),
    },
    leftOut: (loaded?.served ?? []).map(({ name }) => name),
  };
}

function namedModel(
  text: string,
  { directory, providers = ENGINE_DEFAULTS.providers }: ServedModelsRequest,
): ModelSpec {
  const added = addedModels(directory);
  if (typeof added === "string") throw fail("WE_SERVE_MODEL_FOLDER", { came: text, reason: added });
  const [, given, place = text] = /^([A-Za-z0-9][\w.-]*)=(.+)$/.exec(text) ?? [];
  const dir = resolve(directory, place);
  const known = added.find((model) => [model.name, model.source].includes(place) || model.dir === dir);
  if (known === undefined && !isFolder(dir)) {
    const reason = "it is neither a folder nor a model that `wasm-engine model list` shows";
    throw fail("WE_SERVE_MODEL_FOLDER", { came: text, reason });
  }
  return {
    name: given ?? known?.name ?? basename(dir),
    dir: known?.dir ?? dir,
    providers,
    ...(known === undefined ? {} : { file: known.file, digest: known.digest }),
  };
}
