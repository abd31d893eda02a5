import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatTime, nanosOfMillis, parseTime } from "./virtual-time.js";

test("virtual time agrees with the calendar of the language", () => {
  const millis = fc.integer({ min: -62_135_596_800_000 + 31_622_400_000, max: 253_402_300_799_999 });
  fc.assert(
    fc.property(millis, (value) => {
      const text = new Date(value).toISOString();
      assert.equal(formatTime(BigInt(value) * 1_000_000n), text);
      assert.equal(parseTime(text), BigInt(value) * 1_000_000n);
    }),
    { seed: 20260101, numRuns: 2000 },
  );
});

test("forms of time that are accepted", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["2001-01-01", "2001-01-01T00:00:00.000Z"],
    ["2001-01-01T00:47", "2001-01-01T00:47:00.000Z"],
    ["2001-01-01 00:47:09", "2001-01-01T00:47:09.000Z"],
    ["2001-01-01T00:47:09.5Z", "2001-01-01T00:47:09.500Z"],
    ["2001-01-01T00:47:09.000000001Z", "2001-01-01T00:47:09.000000001Z"],
    ["2001-01-01T02:00:00+02:00", "2001-01-01T00:00:00.000Z"],
    ["2000-12-31T19:30:00-04:30", "2001-01-01T00:00:00.000Z"],
    ["2000-02-29", "2000-02-29T00:00:00.000Z"],
  ];
  for (const [text, expected] of cases) {
    const nanos = parseTime(text);
    assert.ok(nanos !== undefined, text);
    assert.equal(formatTime(nanos), expected);
  }
});

test("texts that are no time", () => {
  for (const text of [
    "",
    "2001/01/01",
    "2001-13-01",
    "2001-02-29",
    "2001-01-32",
    "1900-02-29",
    "2001-01-01T24:00",
  ]) {
    assert.equal(parseTime(text), undefined, text);
  }
  for (const text of [
    "01-01-2001",
    "2001-01-01T00:00:60",
    "tomorrow",
    "2001-01-01T00:00+99:00",
    "2001-01-01Z ",
  ]) {
    assert.equal(parseTime(text), undefined, text);
  }
});

test("milliseconds become nanoseconds without rounding", () => {
  assert.equal(nanosOfMillis(16.666667), 16_666_667n);
  assert.equal(nanosOfMillis(0.000001), 1n);
  assert.equal(nanosOfMillis(0.0000001), undefined);
  assert.equal(nanosOfMillis(0.1), 100_000n);
  assert.equal(nanosOfMillis(600_000), 600_000_000_000n);
  assert.equal(nanosOfMillis(1.2345678), undefined);
});
