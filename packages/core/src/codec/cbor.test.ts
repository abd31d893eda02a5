import assert from "node:assert/strict";
import { test } from "node:test";
import { encode, rfc8949EncodeOptions } from "cborg";
import fc from "fast-check";
import { decodeCanonical, encodeCanonical, type CborValue } from "./cbor.js";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

const vectors: readonly (readonly [CborValue, string])[] = [
  [0, "00"],
  [23, "17"],
  [24, "1818"],
  [1000, "1903e8"],
  [4294967296, "1b0000000100000000"],
  [Number.MAX_SAFE_INTEGER, "1b001fffffffffffff"],
  [18446744073709551615n, "1bffffffffffffffff"],
  [-1, "20"],
  [-1000, "3903e7"],
  [1.5, "f93e00"],
  [100000.5, "fa47c35040"],
  [1.1, "fb3ff199999999999a"],
  [5.960464477539063e-8, "f90001"],
  [1e300, "fb7e37e43c8800759c"],
  [null, "f6"],
  [true, "f5"],
  ["", "60"],
  ["\ufeffx", "64efbbbf78"],
  ["𐅑", "64f0908591"],
  [unhex("01020304"), "4401020304"],
  [[1, [2, 3], []], "8301820203 80".replace(" ", "")],
  [{ b: 1, aa: 2, a: 3 }, "a3616103616201626161 02".replace(" ", "")],
  [{ ["__proto__"]: 1 }, "a1695f5f70726f746f5f5f01"],
];

test("[G10] canonical CBOR: golden vectors in both directions", () => {
  for (const [value, bytes] of vectors) {
    assert.equal(hex(encodeCanonical(value)), bytes);
    assert.deepEqual(hex(encodeCanonical(decodeCanonical(unhex(bytes)))), bytes);
  }
  assert.equal(decodeCanonical(unhex("64efbbbf78")), "\ufeffx", "a byte order mark is text like any other");
});

test("[G10] canonical CBOR: what has no canonical form is refused when encoding", () => {
  let deep: CborValue = [];
  for (let depth = 0; depth < 200; depth += 1) deep = [deep];
  const refusedValues: readonly unknown[] = [
    NaN,
    Infinity,
    -Infinity,
    -0,
    undefined,
    { a: undefined },
    [1, , 2],
    1n << 64n,
    "\ud800",
    { ["\udc00"]: 1 },
    new Map([["a", 1]]),
    new Date(0),
    new Uint16Array(2),
    () => 1,
    Symbol("x"),
    deep,
  ];
  for (const value of refusedValues) {
    assert.throws(() => encodeCanonical(value as CborValue), { code: "WE_CBOR_REFUSED" });
  }
});

test("[G10] canonical CBOR: every other encoding of a value is refused when decoding", () => {
  const malformed = [
    "", // nothing
    "1800", // 0 in two bytes
    "190017",
    "1a00000000",
    "1b0000000000000000",
    "3800",
    "5800", // length not shortest
    "780161",
    "9800",
    "b800",
    "5f4101ff", // indefinite
    "7f6161ff",
    "9f01ff",
    "bf616101ff",
    "fb3ff8000000000000", // 1.5 as float64
    "fa3fc00000",
    "f93c00", // 1.0 as float
    "f90000",
    "f98000", // -0
    "f97e00", // NaN
    "f97c00", // infinity
    "f7", // undefined
    "f0", // simple value
    "c000", // tag
    "a2616201616102", // unsorted
    "a2616101616102", // duplicate key
    "a10102", // key that is not text
    "61ff", // invalid UTF-8
    "64edA08080", // surrogate
    "0000", // trailing byte
    "8201", // missing item
    "9bffffffffffffffff",
    "81".repeat(100_000),
  ];
  for (const bytes of malformed) {
    assert.throws(() => decodeCanonical(unhex(bytes)), { code: "WE_CBOR_MALFORMED" }, bytes.slice(0, 40));
  }
});

const canonicalValue = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.bigInt({ min: 1n << 53n, max: (1n << 64n) - 1n }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)),
    fc.string({ unit: "binary" }),
    fc.uint8Array(),
    fc.array(tie("value")),
    fc.dictionary(fc.string(), tie("value")),
  ),
})).value;

test("[G10] canonical CBOR: decoding inverts encoding, whatever the order of keys", () => {
  fc.assert(
    fc.property(canonicalValue, (value) => {
      const bytes = encodeCanonical(value);
      const decoded = decodeCanonical(bytes);
      assert.equal(hex(encodeCanonical(decoded)), hex(bytes));
      assert.equal(hex(encodeCanonical(reversed(value))), hex(bytes));
    }),
    { numRuns: 500 },
  );
});

test("[G10] canonical CBOR: arbitrary bytes decode to their own encoding or are refused with a code", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        assert.equal(hex(encodeCanonical(decodeCanonical(bytes))), hex(bytes));
      } catch (error) {
        assert.equal((error as { code?: string }).code, "WE_CBOR_MALFORMED");
      }
    }),
    { numRuns: 2000 },
  );
});

/** The other implementation writes half floats below 2^-14 in 32 bits, which is not their shortest form. */
const comparable = (value: CborValue): boolean => {
  if (typeof value === "number") return Number.isInteger(value) || Math.abs(value) >= 2 ** -14;
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return true;
  return Object.values(value).every(comparable);
};

test("[G1] canonical CBOR: the same bytes as an independent implementation", () => {
  fc.assert(
    fc.property(canonicalValue.filter(comparable), (value) => {
      assert.equal(hex(encodeCanonical(value)), hex(encode(value, rfc8949EncodeOptions)));
    }),
    { numRuns: 1000 },
  );
});

test("[G1] canonical CBOR: every half float is written in two bytes and read back", () => {
  for (let bits = 0; bits < 0x1_0000; bits += 1) {
    const bytes = new Uint8Array([0xf9, bits >>> 8, bits & 0xff]);
    let value: CborValue;
    try {
      value = decodeCanonical(bytes);
    } catch {
      continue; // infinities, NaN and whole numbers have another form
    }
    assert.equal(hex(encodeCanonical(value)), hex(bytes));
  }
  assert.equal(hex(encodeCanonical(3 * 2 ** -24)), "f90003");
  assert.equal(hex(encodeCanonical(65_504.5)), "fa477fe080");
});

function reversed(value: CborValue): CborValue {
  if (Array.isArray(value)) return (value as CborValue[]).map(reversed);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  const entries = Object.entries(value as { [key: string]: CborValue }).reverse();
  return Object.fromEntries(entries.map(([key, entry]) => [key, reversed(entry)]));
}
