/**
 * What of run.json and side.jsonl travels: no folder of the machine that made the run, and of the side records only
 * those that tell what executed and what answered. The inverse gives a run folder its own paths.
 */

import { isAbsolute, basename, join, posix, relative, sep } from "node:path";
import type { Json } from "@wasm-engine/core";
import type { SideRecord } from "../storage/index.js";
import type { Refuse } from "./byte-column.js";

type JsonMap = { readonly [key: string]: Json };

/** Members whose text is a path. */
const pathMembers: ReadonlySet<string> = new Set(["path", "dir", "file"]);
/** Side records that travel; everything else stays with its run. */
const portableKinds: ReadonlySet<string> = new Set([
  "opened",
  "closed",
  "inference",
  "inference-thread",
  "adapters",
  "adapter-thread",
  // Elsewhere as here: what was begun once is not begun again.
  "attempted",
]);
const runIdPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** run.json without absolute paths: those below the configuration are relative to it, of others the name is left. */
export function portableInfo(info: Json): Json {
  const map = mapOf(info) ?? {};
  const setup = mapOf(map["setup"]) ?? {};
  const base = setup["baseDirectory"];
  const rest = Object.fromEntries(Object.entries(setup).filter(([member]) => member !== "baseDirectory"));
  const folder = typeof base === "string" ? base : "";
  // A text that begins with the folder of the configuration is a path, whatever its member is called.
  const shorten = (text: string, isPath: boolean): string =>
    isPath || (folder !== "" && text.startsWith(`${folder}${sep}`)) ? shortPath(text, folder) : text;
  return { ...map, runId: portableRunId(map["runId"]), setup: mapPaths(rest, shorten) };
}

/** An id that may name a folder anywhere. */
export function portableRunId(value: Json | undefined): string {
  const text = (typeof value === "string" ? value : "").replace(/[^A-Za-z0-9._-]/g, "_").slice(0, 63);
  return runIdPattern.test(text) ? text : "run";
}

/** run.json whose files lie below the folder `dir`: nobody else's bundle names one elsewhere. */
export function installedInfo(info: Json, dir: string, refuse: Refuse): JsonMap {
  const map = mapOf(info) ?? refuse("run.json is not a map");
  const setup = mapOf(map["setup"]) ?? refuse("run.json holds no setup");
  for (const member of ["inputs", "outputs"]) listOf(setup[member], `setup.${member}`, refuse);
  for (const module of listOf(map["modules"], "modules", refuse)) {
    const { name, digest, instrumented } = mapOf(module) ?? {};
    const isNamed = typeof name === "string" && isDigest(digest) && isDigest(instrumented);
    if (!isNamed) refuse("run.json names a module of another form");
  }
  const { runId } = map;
  if (typeof runId !== "string" || !runIdPattern.test(runId)) refuse("the id of the run is none");
  const lengthen = (text: string, isPath: boolean): string => {
    if (!isPath || text === "-") return text;
    const isInside =
      text !== "" && !/[\\:\0]/.test(text) && !posix.isAbsolute(text) && !text.split("/").includes("..");
    return isInside
      ? join(dir, ...text.split("/"))
      : refuse(`run.json names the path ${JSON.stringify(text)}`);
  };
  const placed = mapPaths(setup, lengthen) as JsonMap; // a map stays one
  const { adapters } = placed;
  const withSecrets = adapters === undefined ? {} : { adapters: withOwnSecrets(adapters, dir, refuse) };
  return { ...map, setup: { ...placed, ...withSecrets, baseDirectory: dir } };
}

/**
 * Secrets of a run that came from elsewhere are read from its own folder `secrets` alone: nobody's bundle takes a
 * variable of this machine to a server of its choice.
 */
function withOwnSecrets(adapters: Json, dir: string, refuse: Refuse): Json {
  return listOf(adapters, "setup.adapters", refuse).map((adapter) => {
    const map = mapOf(adapter) ?? refuse("run.json names an adapter of another form");
    const names = Object.keys(mapOf(map["secrets"]) ?? {});
    if (!names.every((name) => runIdPattern.test(name))) refuse("run.json names a secret of another form");
    const secrets = names.map((name) => [name, { file: join(dir, "secrets", name) }] as const);
    return { ...map, secrets: Object.fromEntries(secrets) };
  });
}

function mapPaths(value: Json, change: (text: string, isPath: boolean) => string, member = ""): Json {
  if (typeof value === "string") return change(value, pathMembers.has(member));
  if (isList(value)) return value.map((item) => mapPaths(item, change, member));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapPaths(item, change, key)]));
}

function shortPath(text: string, base: string): string {
  if (!isAbsolute(text)) return text;
  const inside = base === "" ? ".." : relative(base, text);
  const isInside = inside !== "" && !inside.startsWith("..") && !isAbsolute(inside);
  return (isInside ? inside : basename(text)).split(sep).join("/");
}

/** Kind and data, one JSON line each; the chain is made anew where they arrive. */
export function portableRecords(records: readonly SideRecord[]): string {
  return records
    .filter(({ kind }) => portableKinds.has(kind))
    .map(({ kind, data }) => `${JSON.stringify({ kind, data })}\n`)
    .join("");
}

/** The lines that {@link portableRecords} wrote. */
export function readPortableRecords(
  text: string,
  refuse: Refuse,
): readonly { readonly kind: string; readonly data: Json }[] {
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      const { kind, data } = mapOf(parseJson(line, refuse)) ?? refuse("a side record is not a map");
      if (typeof kind !== "string" || data === undefined) return refuse("a side record has another shape");
      return { kind, data };
    });
}

/** JSON of a part. */
export function parseJson(text: string, refuse: Refuse): Json {
  try {
    return JSON.parse(text) as Json; // JSON.parse yields nothing else
  } catch {
    return refuse("a part that should be JSON is none");
  }
}

function mapOf(value: Json | undefined): JsonMap | undefined {
  if (typeof value !== "object" || value === null || isList(value)) return undefined;
  return value;
}

function listOf(value: Json | undefined, what: string, refuse: Refuse): readonly Json[] {
  return value !== undefined && isList(value) ? value : refuse(`run.json: ${what} is not a list`);
}

function isDigest(value: Json | undefined): boolean {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

/** `Array.isArray` does not narrow readonly arrays. */
function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
