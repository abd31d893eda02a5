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

/** From V8 14.6 (Node 26) on, both compilers happen to make the same NaNs here; older versions make others. */
const [v8Major = 0, v8Minor = 0] = process.versions.v8.split(".").map(Number);
const tiersAgree = v8Major > 14 || (v8Major === 14 && v8Minor >= 6);

test("[G2] canary: without rewriting foreign bits are seen in every tier, so the tests above can fail", () => {
  for (const tier of tiers) {
    assert.ok((raw.get(tier)?.foreign ?? 0) > 0, tier);
    assert.notEqual(raw.get(tier)?.digest, canonical.get(tier)?.digest, tier);
    assert.notEqual(raw.get(tier)?.loop, canonical.get(tier)?.loop, tier);
  }
});

test("[G2] canary: without rewriting the tiers of a V8 before 14.6 do not agree, those after do", () => {
  const digests = new Set(tiers.map((tier) => raw.get(tier)?.digest));
  assert.equal(digests.size === 1, tiersAgree);
  if (tiersAgree) return;
  assert.notEqual(raw.get("--liftoff-only")?.loop, raw.get("--no-liftoff")?.loop);
});

test("the table knows every producer of the specification", () => {
  const count = NAN_PRODUCERS.filter((shape) => shape !== NO_SHAPE).length;
  // add sub mul div min max sqrt ceil floor trunc nearest in four shapes, and four changes of width.
  assert.equal(count, 11 * 4 + 4);
});
