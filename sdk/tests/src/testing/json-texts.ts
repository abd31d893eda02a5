/** Texts that JSON readers are tried on. */

import fc from "fast-check";

/** Objects with every kind of value, keys of any characters. */
export const anyObject: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    fc.string({ unit: "binary" }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
  ),
  list: fc.array(fc.oneof(tie("value"), tie("object")), { maxLength: 4 }),
  object: fc.dictionary(
    fc.string({ unit: "grapheme" }).filter((key) => key !== "__proto__" && !key.includes("\0")),
    fc.oneof({ depthSize: "small" }, tie("value"), fc.constant(null), tie("list"), tie("object")),
    { maxKeys: 6, noNullPrototype: true },
  ),
})).object;

const pieces = [
  "{",
  "}",
  "[",
  "]",
  '"a"',
  ":",
  ",",
  "1",
  "-",
  "0",
  ".",
  "e",
  "+",
  "true",
  "null",
  " ",
  '"\\u00',
  '"',
];

/** JSON-like texts, most of them malformed. */
export const brokenJson: fc.Arbitrary<string> = fc.oneof(
  fc.array(fc.constantFrom(...pieces), { maxLength: 9 }).map((list) => list.join("")),
  fc.json().chain((json) => fc.nat(json.length).map((cut) => json.slice(0, cut))),
);

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Numbers as text: any size, any length, and exactly between two doubles. */
export const anyNumberText: fc.Arbitrary<string> = fc.oneof(
  fc.tuple(fc.integer(), fc.integer({ min: -340, max: 310 })).map(([m, e]) => `${m}e${e}`),
  fc.tuple(fc.bigInt(), fc.nat(400)).map(([m, digits]) => `${m}.${"0".repeat(digits)}${m * m}`),
  fc.double({ noNaN: true, noDefaultInfinity: true }).chain(halfway),
);

/** Decimal text exactly between a double and its successor, and a hair above and below. */
function halfway(value: number): fc.Arbitrary<string> {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0) & 0x7fff_ffff_ffff_ffffn;
  const exponent = Number(bits >> 52n);
  const mantissa = exponent === 0 ? bits : (bits & 0xf_ffff_ffff_ffffn) | 0x10_0000_0000_0000n;
  const doubled = 2n * mantissa + 1n;
  const power = Math.max(exponent, 1) - 1075 - 1;
  const scaled = power >= 0 ? doubled << BigInt(power) : doubled * 5n ** BigInt(-power);
  const scale = Math.min(power, 0);
  return fc.constantFrom(
    `${scaled}e${scale}`,
    `${scaled}1e${scale - 1}`,
    `${scaled * 10n - 1n}e${scale - 1}`,
  );
}
