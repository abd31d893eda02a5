/** Other values for parts of a configuration, from a command line: applied before anything of it is checked. */

import type { Json } from "@wasm-engine/core";
import { configError } from "./errors.js";
import type { YamlDocument } from "./yaml-document.js";

/** One part: `clock.tickMs`, `agents.writer.args.tone`. Entries of lists are named by id, name or place. */
export interface Setting {
  readonly path: string;
  readonly value: Json;
}

/** @throws {WE_CONFIG_SETTING} where the path leads nowhere */
export function withSettings(document: YamlDocument, settings: readonly Setting[]): YamlDocument {
  if (settings.length === 0) return document;
  const value = settings.reduce((changed, setting) => {
    return withValue(changed, setting.path.split("."), setting);
  }, document.value);
  return { ...document, value };
}

function withValue(json: Json, [step, ...rest]: readonly string[], setting: Setting): Json {
  if (step === undefined) return setting.value;
  if (isList(json)) {
    const found = json.findIndex((entry, place) => String(place) === step || nameOf(entry) === step);
    if (found < 0) throw refused(setting, `no entry of the list is "${step}"`);
    return json.map((entry, place) => (place === found ? withValue(entry, rest, setting) : entry));
  }
  if (json === null || typeof json === "object") {
    return { ...json, [step]: withValue(json?.[step] ?? null, rest, setting) };
  }
  throw refused(setting, `what stands before "${step}" is neither a map nor a list`);
}

function nameOf(entry: Json): Json | undefined {
  return entry !== null && typeof entry === "object" && !isList(entry)
    ? (entry["id"] ?? entry["name"])
    : undefined;
}

/** `Array.isArray` does not narrow readonly arrays. */
function isList(json: Json): json is readonly Json[] {
  return Array.isArray(json);
}

function refused({ path }: Setting, reason: string): Error {
  return configError("WE_CONFIG_SETTING", { path, reason });
}
