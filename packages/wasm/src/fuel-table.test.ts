/**
 * spec/vectors/fuel-table.json and the tables of spec/fuel.md say what the cost table says. WRITE_VECTORS=1 writes
 * both.
 */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { COSTS, COST_TABLE_VERSION, LINEAR_COSTS, PARTS } from "./cost-table.js";
import { OPCODES } from "./opcodes.js";
import type { Opcode } from "./opcodes.js";

const writes = process.env["WRITE_VECTORS"] === "1";
const vectorFile = new URL("../../../spec/vectors/fuel-table.json", import.meta.url);
const pageFile = new URL("../../../spec/fuel.md", import.meta.url);

/** Instructions that some profile lets through. Table mutation runs in the conformance profile only. */
const admitted: readonly Opcode[] = OPCODES.filter(
  (opcode): opcode is Opcode =>
    opcode !== undefined && (opcode.refused === undefined || opcode.refused === "table-mutation"),
);

function namesOfLinear(test: (unit: number, shift: number) => boolean): string[] {
  return admitted
    .filter(({ op }) => {
      const linear = LINEAR_COSTS[op];
      return linear !== undefined && test(linear.unit, linear.shift);
    })
    .map(({ name }) => name);
}

function table(): object {
  return {
    version: COST_TABLE_VERSION,
    instructions: Object.fromEntries(admitted.map(({ name, cost }) => [name, COSTS[cost]])),
    functionEntry: PARTS.functionEntry,
    localWordsPerFuel: PARTS.localWordsPerFuel,
    branchTargetsPerFuel: PARTS.branchTargetsPerFuel,
    parameterWord: PARTS.parameterWord,
    hostCall: PARTS.hostCall,
    bytesPerFuel: 2 ** PARTS.bulkBytesShift,
    element: PARTS.element,
    page: PARTS.page,
    byBytes: namesOfLinear((_, shift) => shift === PARTS.bulkBytesShift),
    byElements: namesOfLinear((unit, shift) => shift === 0 && unit === PARTS.element),
    byPages: namesOfLinear((unit, shift) => shift === 0 && unit === PARTS.page),
    nanProducers: admitted.filter(({ nan }) => nan !== undefined).map(({ name }) => name),
  };
}

/** Rows of the page: prices ascending, instructions in the order of their codes. */
function priceRows(): string {
  const byPrice = new Map<number, string[]>();
  for (const { name, cost } of admitted) {
    byPrice.set(COSTS[cost], [...(byPrice.get(COSTS[cost]) ?? []), `\`${name}\``]);
  }
  const rows = [...byPrice].sort(([a], [b]) => a - b);
  const head = ["| fuel | instructions |", "|---|---|"];
  return [...head, ...rows.map(([price, names]) => `| ${price} | ${names.join(" ")} |`)].join("\n");
}

test("[G7] spec/vectors/fuel-table.json says what the cost table says", () => {
  const text = `${JSON.stringify(table(), undefined, 2)}\n`;
  if (writes) writeFileSync(vectorFile, text);
  assert.deepEqual(JSON.parse(readFileSync(vectorFile, "utf8")), JSON.parse(text));
});

test("[G7] the table of spec/fuel.md says what the cost table says", () => {
  const [begin, end] = ["<!-- prices: begin -->", "<!-- prices: end -->"];
  const page = readFileSync(pageFile, "utf8");
  const [before, rest] = page.split(begin);
  const [, after] = (rest ?? "").split(end);
  assert.ok(before !== undefined && after !== undefined, "the page has the markers");
  const wanted = `${before}${begin}\n\n${priceRows()}\n\n${end}${after}`;
  if (writes) writeFileSync(pageFile, wanted);
  assert.equal(readFileSync(pageFile, "utf8"), wanted);
  const parts = [
    ["functionEntry", PARTS.functionEntry],
    ["localWordsPerFuel", PARTS.localWordsPerFuel],
    ["branchTargetsPerFuel", PARTS.branchTargetsPerFuel],
    ["parameterWord", PARTS.parameterWord],
    ["hostCall", PARTS.hostCall],
    ["bytesPerFuel", 2 ** PARTS.bulkBytesShift],
    ["element", PARTS.element],
    ["page", PARTS.page],
  ] as const;
  for (const [name, value] of parts) {
    assert.ok(wanted.includes(`| \`${name}\` | ${value} |`), `the page gives ${name} as ${value}`);
  }
  assert.ok(wanted.includes(`Version ${COST_TABLE_VERSION} of the table`));
});
