import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ENGINE_DEFAULTS } from "./defaults.js";
import { ENGINE_SCHEMA, schemaText } from "./schema.js";
import type { Schema } from "./schema-parts.js";

/** From dist/config/ of the package to the repository. */
const published = new URL("../../../../apps/cli/schema/engine.v1.json", import.meta.url);

test("[S13] the published schema is the one that validates; write it with `node scripts/dist/write-schema.js`", () => {
  // Compared as values: the formatter owns the layout of the file.
  assert.deepEqual(JSON.parse(readFileSync(published, "utf8")), JSON.parse(schemaText()));
});

test("[S13] every property of the schema has a description, for editors", () => {
  const bare: string[] = [];
  const walk = (schema: Schema, path: string): void => {
    if (schema.description === undefined) bare.push(path);
    const properties = (schema.properties ?? {}) as Record<string, Schema>;
    for (const [name, property] of Object.entries(properties)) walk(property, `${path}.${name}`);
    for (const keyword of ["items", "additionalProperties", "propertyNames"] as const) {
      const inner = schema[keyword];
      if (typeof inner === "object" && inner !== null) walk(inner as Schema, `${path}.${keyword}`);
    }
  };
  walk(ENGINE_SCHEMA, "");
  assert.deepEqual(bare, []);
});

test("the schema states the defaults that are applied", () => {
  const at = (...path: readonly string[]): unknown => {
    let schema: unknown = ENGINE_SCHEMA;
    for (const step of path) schema = (schema as { properties: Record<string, unknown> }).properties[step];
    return (schema as Schema).default;
  };
  const flat = [
    "seed",
    "policy",
    "stride",
    "shards",
    "stateHashEvery",
    "turnsPerTickMax",
    "retainTicks",
  ] as const;
  for (const key of [...flat, "agentsMax", "durability", "ticksAheadMax"] as const) {
    assert.equal(at(key), ENGINE_DEFAULTS[key], key);
  }
  assert.equal(at("clock", "tickMs"), ENGINE_DEFAULTS.tickMs);
  assert.equal(at("clock", "epoch"), ENGINE_DEFAULTS.epoch);
  assert.equal(at("stop", "when"), ENGINE_DEFAULTS.when);
  for (const key of ["fuelPerSlice", "memoryBytes", "mailboxMessages", "messagesPerTurnMax"] as const) {
    assert.equal(at("limits", key), ENGINE_DEFAULTS.limits[key], key);
  }
});
