/** Compares outcomes with what the official suite expects, bit by bit. */

import { bitsOf, widthOf } from "./bit-probe.js";
import type { ConformanceValue } from "./conformance.js";
import { referenceMatches } from "./suite-world.js";
import type { Outcome } from "./suite-world.js";

const canonical32 = [0x00, 0x00, 0xc0, 0x7f];
const canonical64 = [0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf8, 0x7f];

/**
 * Bits that one lane must have. Any NaN that the suite leaves open must be the positive canonical one: that is the
 * deterministic profile, stronger than what the suite itself asks.
 */
function laneBits(value: string, type: string): number[] {
  if (value.startsWith("nan:")) return type === "f32" ? canonical32 : canonical64;
  return bitsOf(value, widthOf(type));
}

function expectedBits(expected: ConformanceValue): number[] {
  if (Array.isArray(expected.value)) {
    return expected.value.flatMap((lane: string) => laneBits(lane, expected.lane_type ?? ""));
  }
  return laneBits(String(expected.value), expected.type);
}

/** Undefined: as expected. Otherwise what differs. */
export function difference(outcome: Outcome, expected: readonly ConformanceValue[]): string | undefined {
  if (outcome.kind === "trap") return `trapped: ${outcome.message}`;
  for (const [index, value] of expected.entries()) {
    if (outcome.kind === "values") {
      if (!globalMatches(value, outcome.values[index])) {
        return `got ${String(outcome.values[index])}, expected ${JSON.stringify(value)}`;
      }
      continue;
    }
    const want = expectedBits(value);
    const got = [...outcome.bits.subarray(index * 16, index * 16 + want.length)];
    if (want.some((byte, place) => byte !== got[place])) {
      return `got bytes ${got.join(" ")}, expected ${want.join(" ")} (${JSON.stringify(value)})`;
    }
  }
  return undefined;
}

/** Globals are read through JavaScript: numbers are compared as numbers. */
function globalMatches(expected: ConformanceValue, actual: unknown): boolean {
  if (expected.type !== "f32" && expected.type !== "f64") return referenceMatches(expected, actual);
  const bytes = new Uint8Array(expectedBits(expected)).buffer;
  const want = expected.type === "f32" ? new Float32Array(bytes)[0] : new Float64Array(bytes)[0];
  return Object.is(want, actual);
}
