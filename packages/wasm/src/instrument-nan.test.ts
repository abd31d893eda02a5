/** NaN: whatever compiler the engine uses, every bit is the same, and moves keep the bits they move. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { before, test } from "node:test";
import { NAN_PRODUCERS, NO_SHAPE } from "./nan.js";
import type { NanReport } from "./testing/nan-probe.js";

const tiers = ["default", "--liftoff-only", "--no-liftoff"] as const;
const child = join(import.meta.dirname, "testing", "nan-probe-main.js");

function probe(tier: (typeof tiers)[number], mode: "canonical" | "raw"): NanReport {
  const flags = tier === "default" ? [] : [tier];
  const output = execFileSync(process.execPath, [...flags, child, mode], { encoding: "utf8" });
  return JSON.parse(output) as NanReport; // written by the child
}

const canonical = new Map<string, NanReport>();
const raw = new Map<string, NanReport>();
before(() => {
  for (const tier of tiers) {
    canonical.set(tier, probe(tier, "canonical"));
    raw.set(tier, probe(tier, "raw"));
  }
});

for (const tier of tiers) {
  test(`[G2] every NaN that an instruction makes is positive canonical: ${tier}`, () => {
    const report = canonical.get(tier);
    assert.ok((report?.nans ?? 0) > 1_000, "NaNs were made");
    assert.deepEqual(report?.foreignNames, []);
  });

  test(`[G2] moves keep payload, sign and signalling bit: ${tier}`, () => {
    assert.deepEqual(canonical.get(tier)?.damaged, []);
  });
}

test("[G2] all bits, and a loop long enough to change compilers in its middle, are equal in every tier", () => {
  const [first, ...others] = tiers.map((tier) => canonical.get(tier));
  for (const other of others) {
    assert.equal(other?.digest, first?.digest);
    assert.equal(other?.loop, first?.loop);
  }
});

test("[G2] canary: without rewriting the tiers do not agree, so the tests above can fail", () => {
  const digests = new Set(tiers.map((tier) => raw.get(tier)?.digest));
  assert.ok(digests.size > 1, "tiers differ without rewriting");
  assert.ok((raw.get("--liftoff-only")?.foreign ?? 0) > 0);
  assert.notEqual(raw.get("--liftoff-only")?.loop, raw.get("--no-liftoff")?.loop);
});

test("the table knows every producer of the specification", () => {
  const count = NAN_PRODUCERS.filter((shape) => shape !== NO_SHAPE).length;
  // add sub mul div min max sqrt ceil floor trunc nearest in four shapes, and four changes of width.
  assert.equal(count, 11 * 4 + 4);
});
