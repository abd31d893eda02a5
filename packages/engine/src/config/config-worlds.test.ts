/**
 * Configurations made from the schema itself: members that it knows get values that it takes, at their bounds and
 * beyond sense. Each loads and runs, or is refused with one code; what loads must not break the world that it makes.
 */

import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import { stringify } from "yaml";
import { Engine } from "../client/engine.js";
import { seededRandom } from "../testing/fault-file-system.js";
import { assemble, projectFolder, smallAgentText } from "../testing/project.js";
import { loadConfig } from "./load-config.js";
import { ENGINE_SCHEMA } from "./schema.js";
import { findingsOf } from "./schema-findings.js";
import type { Schema } from "./schema-parts.js";

const seed = Number(process.env.WASM_ENGINE_SEED ?? 20_261_123);
/** Each that runs takes as long as a world; another seed tries others. */
const rounds = 30;
const again = `WASM_ENGINE_SEED=${seed} node scripts/dist/test.js config-worlds`;
const random = seededRandom(seed);
const below = (count: number): number => Math.floor(random() * count);
const pick = <Item>(items: readonly Item[]): Item | undefined => items[below(items.length)];

const whole = {
  version: 1,
  name: "odd",
  seed: 2001,
  clock: { tickMs: 1000, epoch: "2001-01-01T00:00:00Z" },
  stop: { when: "idle", maxTicks: 20 },
  modules: { small: "./m.wasm" },
  models: { writer: { scripted: "./rules.yaml" } },
  tools: { search: { failing: "refuse" } },
  tenants: { default: { fuelPerTick: 1_000_000, turnsPerTick: 20, share: "elastic" } },
  limits: { fuelPerSlice: 100_000 },
  agents: [
    { id: "a", module: "small", capabilities: { send: ["b"], models: ["writer"], tools: ["search"] } },
    { each: "./rows.csv", id: "{iata}", module: "small", args: { lat: "{lat}" } },
  ],
  inputs: [{ file: "./rows.csv", at: "date", to: "{iata}", topic: "departure", fields: ["lat"] }],
  outputs: [{ topic: "score", file: "out/scores.jsonl" }],
  invariants: [{ name: "calm", expression: "tick >= 0" }],
  trust: { allowUnsigned: true },
};

const texts = [
  ...["a", "b", "small", "writer", "search", "x".repeat(63), "A.b-c_9", "constructor", "__proto__", "*", "-"],
  ...[
    "./m.wasm",
    "./rows.csv",
    "./rules.yaml",
    ".",
    "/dev/null",
    "{iata}",
    "{",
    "{{x}}",
    "${HOME}",
    "é",
    "\n",
  ],
  ...["idle", "inputs-done", "tick 2", "agent a exits", "tick >= 0", "state.x > 1", "1970-01-01", "all"],
  ...["9999-12-31T23:59:59Z", "ab".repeat(32), "http://127.0.0.1:1/v1", "1e999"],
];
const anything: readonly unknown[] = [
  null,
  "",
  0,
  -1,
  1e300,
  true,
  [],
  {},
  [null],
  { a: [1] },
  "x".repeat(2000),
];

type Members = Readonly<Record<string, Schema>>;

/** A value that the schema takes, as far as its keywords one by one tell. */
function valueOf(schema: Schema, depth = 0): unknown {
  if (schema["const"] !== undefined) return schema["const"];
  const choices = (schema["oneOf"] ?? schema["enum"]) as readonly unknown[] | undefined; // a schema of ours
  if (schema["oneOf"] !== undefined) return valueOf(pick(choices ?? []) as Schema, depth); // as above
  if (choices !== undefined) return pick(choices);
  switch (pick([schema["type"]].flat())) {
    case "integer":
    case "number":
      return numberOf(schema);
    case "boolean":
      return random() < 0.5;
    case "string":
      return pick(texts.filter((text) => findingsOf(schema, text).length === 0)) ?? "x";
    case "array":
      return Array.from({ length: below(3) }, () => valueOf(schema["items"] as Schema, depth + 1)); // of ours
    case "object":
      return mapOf(schema, depth);
    default:
      return pick(anything);
  }
}

function numberOf({ minimum, exclusiveMinimum, maximum }: Schema): number {
  const least = Number(minimum ?? exclusiveMinimum ?? 0);
  const most = Number(maximum ?? 1e12);
  return pick([least, most, least + 1, most - 1, Math.min(most, 2), Math.min(most, 1000), 0.37]) ?? least;
}

function mapOf(schema: Schema, depth: number): unknown {
  const { properties = {}, required = [], additionalProperties } = schema;
  const members = Object.entries(properties as Members).flatMap(([name, member]) => {
    const isThere = (required as readonly string[]).includes(name) || random() < 0.3 / (depth + 1);
    return isThere ? [[name, valueOf(member, depth + 1)]] : [];
  });
  const isOpen = typeof additionalProperties === "object" && additionalProperties !== null;
  if (isOpen)
    members.push([pick(["a", "writer", "small"]), valueOf(additionalProperties as Schema, depth + 1)]);
  return Object.fromEntries(members) as unknown;
}

interface Place {
  readonly path: readonly (string | number)[];
  readonly schema: Schema;
}

/** Everything that may stand in `value` by the schema, whether it does or not. */
function placesIn(schema: Schema, value: unknown, path: Place["path"] = []): readonly Place[] {
  if (typeof value !== "object" || value === null) return [];
  const { properties = {}, additionalProperties, items } = schema;
  const named = Object.entries(properties as Members).map(([name, member]) => ({ name, member }));
  const open = (Array.isArray(value) ? items : additionalProperties) as Schema | boolean | undefined;
  const others = Object.keys(value).filter((name) => !Object.hasOwn(properties as object, name));
  const free = typeof open === "object" ? others.map((name) => ({ name, member: open })) : [];
  return [...named, ...free].flatMap(({ name, member }) => {
    const at = [...path, Array.isArray(value) ? Number(name) : name];
    return [{ path: at, schema: member }, ...placesIn(member, (value as Record<string, unknown>)[name], at)];
  });
}

function replaced(value: unknown, [step, ...rest]: Place["path"], other: unknown): unknown {
  if (step === undefined) return other;
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) }) as Record<
    string | number,
    unknown
  >; // a list has members too
  copy[step] = replaced(copy[step], rest, other);
  return copy;
}

test(`[G10] every configuration that the schema takes runs, or gets a code (repeat: ${again})`, async (context) => {
  const directory = projectFolder(context, {
    "m.wasm": await assemble(smallAgentText()),
    "rules.yaml": "- answer: x\n",
    "rows.csv": "date,iata,lat\n2001-01-01,ORD,41.5\n2001-01-01,LAS,36\n",
  });
  const [path, dir] = [join(directory, "engine.yaml"), join(directory, "run")];
  const ends = new Map<string, number>();
  for (let round = 0; round < rounds; round += 1) {
    let config: unknown = whole;
    for (let count = 1 + below(3); count > 0; count -= 1) {
      const place = pick(placesIn(ENGINE_SCHEMA, config).filter(({ path: at }) => at[0] !== "version"));
      assert.ok(place !== undefined);
      config = replaced(config, place.path, random() < 0.1 ? pick(anything) : valueOf(place.schema));
    }
    const text = stringify(config);
    writeFileSync(path, text);
    const end = await endOf(path, dir).catch((error: unknown) => {
      assert.ok(EngineError.is(error), `${String(error)}\n${text}\n${again}`);
      return error.code;
    });
    assert.ok(!/^WE_(INTERNAL_|WORLD_DIED)/.test(end), `${end}\n${text}\n${again}`);
    ends.set(end, (ends.get(end) ?? 0) + 1);
    rmSync(dir, { recursive: true, force: true });
    rmSync(join(directory, "out"), { recursive: true, force: true });
  }
  const summary = JSON.stringify([...ends]);
  assert.ok((ends.get("ran") ?? 0) >= rounds / 10 && ends.size > 3, summary);
});

async function endOf(path: string, dir: string): Promise<string> {
  const { world: resolved } = await loadConfig(path, { allowUnsigned: true });
  await using world = await Engine.open(resolved, { isolation: "inline", dir });
  await world.run({ ticks: 3 });
  await world.close();
  return "ran";
}
