/**
 * The form of run.json. Its own check tells damage; a run that came from elsewhere in a bundle has a check as well, and
 * whoever made it chose every member. Members that nobody here knows are left to later releases.
 */

import { PROVIDER_NAMES } from "@wasm-engine/core";
import { findingsBy } from "../config/schema-findings.js";
import type { Finding } from "../config/schema-findings.js";
import { idPattern } from "../config/schema-parts.js";
import type { Schema } from "../config/schema-parts.js";
import { snapshotsKeptMin } from "../storage/snapshot-retention.js";

const text: Schema = { type: "string" };
const flag: Schema = { type: "boolean" };
const count: Schema = { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
const positive: Schema = { ...count, minimum: 1 };
const id: Schema = { type: "string", pattern: idPattern };
const digest: Schema = { type: "string", pattern: "^[0-9a-f]{64}$" };
const choice = (...names: readonly string[]): Schema => ({ type: "string", enum: names });
const list = (items: Schema): Schema => ({ type: "array", items });
const texts = list(text);
const delivery = choice("lockstep", "recorded");
const limits: Schema = { type: "object", additionalProperties: count };

function map(
  required: Readonly<Record<string, Schema>>,
  rest: Readonly<Record<string, Schema>> = {},
): Schema {
  return { type: "object", required: Object.keys(required), properties: { ...required, ...rest } };
}

const ceiling = map({}, { send: texts, topics: texts, models: texts, tools: texts, spawn: texts, limits });
const admission = map(
  {
    module: text,
    digest,
    by: choice("signature", "pin", "unsigned"),
    threshold: count,
    signers: list(map({ name: text, keyId: text }, { ceiling })),
  },
  { limits },
);

const field = map({ name: text, field: text, type: choice("auto", "text", "number") });
const input = map(
  { path: text, format: choice("jsonl", "csv"), topic: text },
  {
    at: text,
    to: text,
    atUnit: choice("time", "tick"),
    fields: list(field),
    key: text,
    sha256: digest,
  },
);

const model = map(
  { name: id, dir: text, providers: list(choice(...PROVIDER_NAMES)), thread: choice("shared", "own") },
  {
    version: text,
    digest,
    latencyTicks: count,
    delivery,
    workers: positive,
    prefillTokensPerTick: positive,
    tokensPerTick: positive,
  },
);

const secret: Schema = { oneOf: [map({ env: text }), map({ file: text })] };
const secrets: Schema = { type: "object", additionalProperties: secret };

function adapter(
  kind: string,
  required: Readonly<Record<string, Schema>>,
  rest: Readonly<Record<string, Schema>> = {},
): Schema {
  const head = {
    kind: choice(kind),
    serves: choice("inference", "tool"),
    name: id,
    timeoutMs: count,
    secrets,
  };
  return map({ ...head, ...required }, { delivery, latencyTicks: count, ...rest });
}

const parameters: Schema = { type: "object" };
const failure = choice("refuse", "hang", "garble", "flaky");
const adapters: readonly Schema[] = [
  adapter("tool", { path: text, reuse: flag }, { export: text, idempotent: flag }),
  adapter("program", {}, { idempotent: flag }),
  adapter("openai", { url: text, model: text, parameters, reuse: flag, concurrency: positive }),
  adapter("scripted", { path: text }),
  adapter("recorded", { path: text }),
  adapter("failing", { how: failure, code: text, message: text }),
];

const maxTicks = positive;
const stop: Schema = {
  oneOf: [
    map({ when: choice("never", "idle", "inputs-done") }, { maxTicks }),
    map({ when: choice("tick"), tick: count }, { maxTicks }),
    map({ when: choice("exit"), agent: id }, { maxTicks }),
  ],
};

const setup = map(
  {
    inputs: list(input),
    outputs: list(map({ topic: text, path: text })),
    stop,
    durability: choice("sync", "periodic", "ephemeral"),
    ticksAheadMax: positive,
    baseDirectory: text,
  },
  {
    admissions: list(admission),
    models: list(model),
    inference: map({ strict: flag }, { delivery }),
    adapters: list({ oneOf: adapters }),
    invariants: list(map({ name: text, expression: text }, { agent: text, every: positive })),
    snapshotEvery: positive,
    snapshotsKept: { oneOf: [{ ...count, minimum: snapshotsKeptMin }, choice("all")] },
  },
);

const fork = map(
  {
    parent: text,
    at: { ...count, minimum: -1 },
    inputs: choice("keep", "none", "file"),
    overrides: texts,
    openSources: list(map({ index: count, record: count })),
  },
  { plan: digest },
);

const schema = map(
  {
    format: { const: 1 },
    runId: text,
    name: text,
    release: text,
    semantics: count,
    createdAt: text,
    setup,
    modules: list(map({ name: text, digest, instrumented: digest })),
  },
  { fork },
);

const find = findingsBy(schema);

/** What keeps `info` from being a run.json, with its place; undefined where it is one. */
export function runInfoProblem(info: unknown): string | undefined {
  const [first] = find(info);
  return first === undefined ? undefined : problemOf(first);
}

function problemOf({ keyword, path, schema: rule, member }: Finding): string {
  const place = [...path, ...(member === undefined ? [] : [member])].join(".");
  const where = place === "" ? "the whole" : place;
  if (keyword === "required") return `${where} is missing`;
  const names = keyword === "enum" ? `: ${String(rule["enum"])}` : "";
  return `${where} is not what it must be (${keyword}${names})`;
}
