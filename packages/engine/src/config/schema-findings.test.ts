/** The walked schemas against a compiler of JSON Schema: equal findings on values damaged in every way. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Ajv } from "ajv";
import type { ErrorObject } from "ajv";
import fc from "fast-check";
import { RULES_SCHEMA } from "../adapters/models/rules-schema.js";
import { ENGINE_SCHEMA } from "./schema.js";
import { findingsOf } from "./schema-findings.js";

const seed = Number(process.env.WASM_ENGINE_SEED ?? 20_261_122);
const again = `WASM_ENGINE_SEED=${seed} node scripts/dist/test.js schema-findings`;

const configuration = {
  version: 1,
  name: "airports",
  seed: 2001,
  clock: { tickMs: 16.5, epoch: "2001-01-01T00:00:00Z" },
  stop: { when: "agent arbiter exits", maxTicks: 20_000 },
  policy: "round-robin",
  shards: 16,
  modules: { airport: "./m.wasm", arbiter: { path: "./m.wasm", digest: "0".repeat(64) } },
  models: { delay: "./models/delay", writer: { scripted: "./writer.yaml" } },
  inference: { providers: ["wasm", "cpu"], delivery: "lockstep" },
  tools: { search: "./search.ts" },
  tenants: { default: { fuelPerTick: 10, turnsPerTick: 2, share: "elastic" } },
  limits: { fuelPerSlice: 5000, memoryBytes: 65_536 },
  agents: [
    { id: "arbiter", module: "arbiter", priority: -3, args: { x: [1, null] }, onFault: { strategy: "stop" } },
  ],
  inputs: [
    { file: "f.csv", at: "date", topic: "departure", fields: ["delay", "iata"], key: "k" },
    {
      file: "-",
      topic: "command",
      at: { field: "t", unit: "tick" },
      fields: { a: { field: "b", type: "number" } },
    },
  ],
  outputs: [{ topic: "score", file: "out/scores.jsonl" }],
  invariants: [{ name: "solvent", expression: "state.balance >= 0" }],
  snapshotsKept: "all",
  trust: { keys: { ours: { key: "k.pub", ceiling: { send: ["a"] } } }, require: { threshold: 1 } },
};
const rules = [
  { when: { last: "/a/", nth: 2, input: { q: "x" } }, answer: "hello" },
  { toolCalls: [{ name: "search", arguments: { q: 1 } }] },
  { error: { code: "BUSY", retryable: true } },
];

/** Values that schemas have something against: bounds, characters of two units, names of prototypes. */
const strange = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -1,
    1,
    2.5,
    65_537,
    2 ** 53,
    "",
    "all",
    "a\u0000",
    "\u{1f600}".repeat(255),
  ),
  fc.constantFrom<unknown>(
    [],
    {},
    ["a", "a"],
    [1, 1],
    { constructor: 1 },
    { "bad name": "x" },
    "x".repeat(2000),
  ),
  fc.jsonValue(),
);
const name = fc.constantFrom("id", "path", "toString", "vers", "each", "field", "a b");
const damage = fc.record({
  at: fc.nat(200),
  kind: fc.constantFrom("replace", "remove", "add"),
  name,
  value: strange,
});

/** Every list and map within `value`. */
function containers(value: unknown): Record<string, unknown>[] {
  if (typeof value !== "object" || value === null) return [];
  return [value as Record<string, unknown>, ...Object.values(value).flatMap(containers)]; // lists have keys too
}

function damaged(
  value: unknown,
  damages: readonly { at: number; kind: string; name: string; value: unknown }[],
): unknown {
  const copy: Record<string, unknown> = { root: structuredClone(value) };
  for (const { at, kind, name, value: other } of damages) {
    const all = containers(copy);
    const places = all.flatMap((owner) => Object.keys(owner).map((key) => ({ owner, key })));
    const { owner, key } = places[at % places.length] ?? { owner: copy, key: "root" };
    if (kind === "replace") owner[key] = structuredClone(other);
    else if (kind === "add" && !Array.isArray(owner) && owner !== copy) owner[name] = structuredClone(other);
    else if (!Array.isArray(owner) && owner !== copy) delete owner[key];
  }
  return copy["root"];
}

/**
 * What a compiler says inside of an alternative, or of the text that is a name, is one finding here. Whether entries
 * that are no texts are unique is left open: the compiler looks at those of the right type alone.
 */
function isWithin({ propertyName, schemaPath, keyword, data }: ErrorObject): boolean {
  return propertyName !== undefined || /\/oneOf\/\d+\//.test(schemaPath) || isOpen(keyword, data);
}

function isOpen(keyword: string, value: unknown): boolean {
  return (
    keyword === "uniqueItems" && Array.isArray(value) && value.some((entry) => typeof entry !== "string")
  );
}

function textOf({ keyword, instancePath, params }: ErrorObject): string {
  const { additionalProperty, missingProperty, propertyName } = params as Record<string, string | undefined>; // ajv's
  return JSON.stringify([
    keyword,
    instancePath,
    additionalProperty ?? missingProperty ?? propertyName ?? null,
  ]);
}

const escaped = (step: string | number): string =>
  `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`;

for (const [what, schema, whole] of [
  ["engine.yaml", ENGINE_SCHEMA, configuration],
  ["rules", RULES_SCHEMA, rules],
] as const)
  test(`what the schema of ${what} has against a value is what a compiler of JSON Schema finds`, () => {
    const validate = new Ajv({ allErrors: true, verbose: true, allowUnionTypes: true, strict: true }).compile(
      schema,
    );
    assert.deepEqual(findingsOf(schema, whole), []);
    let found = 0;
    const property = fc.property(fc.array(damage, { minLength: 1, maxLength: 4 }), (damages) => {
      const value = damaged(whole, damages);
      validate(value);
      const wanted = (validate.errors ?? []).filter((error) => !isWithin(error)).map(textOf);
      const given = findingsOf(schema, value)
        .filter((finding) => !isOpen(finding.keyword, finding.value))
        .map(({ keyword, path, member = null }) =>
          JSON.stringify([keyword, path.map(escaped).join(""), member]),
        );
      assert.deepEqual(given.sort(), wanted.sort(), again);
      found += given.length;
    });
    fc.assert(property, { seed, numRuns: 2000 });
    assert.ok(found > 1000, "damaged values are refused");
  });
