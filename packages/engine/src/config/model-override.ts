/**
 * Another source for a model of the configuration, from a command line: a world that is written against a stand-in
 * is asked once with a real model, without a second file. A name stays what agents ask by, so the genesis is the same.
 */

import type { ConfigFile, ModelFileEntry } from "./config-file.js";
import { configError } from "./errors.js";
import { adviceFor } from "./suggestion.js";

/** By model: a folder, `openai:URL#NAME`, `scripted:FILE`, `recorded:RUN` or `failing:HOW`, as engine.yaml has them. */
export type ModelOverrides = Readonly<Record<string, string>>;

/** What else than a folder or a server may be written in one text. */
const standIn = /^(?:(scripted|recorded):(.+)|(failing):(refuse|hang|garble|flaky))$/;

/** @throws {WE_CONFIG_MODEL_UNKNOWN} */
export function withModels(config: ConfigFile, overrides: ModelOverrides): ConfigFile {
  const names = Object.keys(overrides);
  if (names.length === 0) return config;
  const models: Record<string, string | ModelFileEntry> = { ...config.models };
  for (const [name, source] of Object.entries(overrides)) {
    if (!Object.hasOwn(models, name)) {
      const advice = adviceFor(name, Object.keys(models), "models");
      throw configError("WE_CONFIG_MODEL_UNKNOWN", { name, advice });
    }
    models[name] = entryOf(source);
  }
  return { ...config, models };
}

/** An entry from one text. */
export function entryOf(source: string): string | ModelFileEntry {
  const [, kind, file, failing, how] = standIn.exec(source) ?? [];
  const named = kind ?? failing;
  return named === undefined ? source : { [named]: file ?? how }; // the pattern names its members
}
