/** Damaged configurations: whatever a file holds, it is accepted or refused with a code. Never anything else. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { EngineError } from "@wasm-engine/abi";
import { assemble, projectFolder, smallAgentText } from "../testing/project.js";
import { loadConfig } from "./load-config.js";

const seed = Number(process.env.WASM_ENGINE_SEED ?? 20_261_121);

const whole = `version: 1
name: airports
seed: 2001
clock: { tickMs: 16.666667, epoch: 2001-01-01T00:00:00Z }
stop: { when: agent arbiter exits, maxTicks: 20000 }
policy: round-robin
modules: { airport: ./m.wasm, arbiter: { path: ./m.wasm } }
models: { delay: ./models/delay }
tenants: { default: { fuelPerTick: 10, turnsPerTick: 2, share: elastic } }
limits: &limits { fuelPerSlice: 5000, memoryBytes: 65536 }
agents:
  - each: ./airports.csv
    id: "{iata}"
    module: airport
    args: { lat: "{lat}", list: ["{lat}", 1, "{{x}}", null, true] }
    capabilities: { models: [delay], send: ["*"] }
    limits: *limits
  - { id: arbiter, module: arbiter, priority: -3, every: 2, onFault: { strategy: restart } }
inputs:
  - { file: ./flights.csv, at: date, to: "{origin}", topic: departure, fields: [delay], key: "k{delay}" }
  - { file: "-", topic: command, at: { field: t, unit: tick } }
outputs: [{ topic: score, file: out/scores.jsonl }]
durability: periodic
`;

const snippets = [
  "[",
  "]",
  "{",
  "}",
  ":",
  "\n",
  " ",
  "- ",
  "&a ",
  "*a",
  "!!set ",
  "~",
  "0",
  "-1",
  "1e999",
  "'",
  '"',
  "\t",
];
const more = [
  "<<: ",
  "? ",
  "| ",
  "__proto__: 1",
  "\u0000",
  "\ufeff",
  "%YAML 3",
  "---\n",
  "...\n",
  "#",
  "{{",
  "{iata}",
];

const edit = fc.record({
  at: fc.nat({ max: whole.length }),
  removed: fc.oneof(fc.constant(0), fc.nat({ max: 12 })),
  inserted: fc.oneof(fc.constantFrom(...snippets, ...more), fc.string({ unit: "binary", maxLength: 5 })),
});

test(`[G10] a damaged configuration is accepted or gets a code (repeat: WASM_ENGINE_SEED=${seed})`, async (context) => {
  const directory = projectFolder(context, {
    "m.wasm": await assemble(smallAgentText()),
    "models/delay/model.json": "{}",
    "airports.csv": "iata,lat\nORD,41.50\nLAS,36\n",
    "flights.csv": "date,origin,delay\n2001-01-01,ORD,5\n2001-01-01,ZZZ,6\n",
  });
  const path = join(directory, "engine.yaml");
  let accepted = 0;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { maxLength: 3 }), async (edits) => {
      let text = whole;
      for (const { at, removed, inserted } of edits)
        text = text.slice(0, at) + inserted + text.slice(at + removed);
      writeFileSync(path, text);
      try {
        await loadConfig(path, { allowUnsigned: true });
        accepted += 1;
      } catch (error) {
        assert.ok(EngineError.is(error), `${String(error)}\n${text}`);
        assert.ok(!error.code.startsWith("WE_INTERNAL_"), `${error.message}\n${text}`);
        refused += 1;
      }
    }),
    { seed, numRuns: 400 },
  );
  assert.ok(accepted > 0 && refused > 100, `${accepted} accepted, ${refused} refused`);
});
