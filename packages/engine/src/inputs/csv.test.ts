import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cellValue } from "./cell-value.js";
import { parseCsvRecord } from "./csv.js";
import { RecordReader } from "./record-reader.js";

/** All records of a text, fed in pieces of `pieceBytes`. */
function read(
  text: string | Uint8Array,
  pieceBytes = 1_000_000,
): { line: number; cells: (string | undefined)[] }[] {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  const reader = new RecordReader("t.csv", "csv");
  const records = [];
  for (let offset = 0; offset < bytes.length; offset += pieceBytes) {
    records.push(...reader.push(bytes.subarray(offset, offset + pieceBytes)));
  }
  records.push(...reader.end());
  return records.map((record) => ({
    line: record.line,
    cells: record.names().map((name) => record.text(name)),
  }));
}

test("CSV: quotes, commas and line ends inside quotes, CRLF, BOM, blank lines, missing last line end", () => {
  const cases: readonly (readonly [string, readonly (readonly [number, readonly string[]])[]])[] = [
    ["a,b\n1,2\n", [[2, ["1", "2"]]]],
    ["a,b\r\n1,2\r\n", [[2, ["1", "2"]]]],
    ["a,b\n1,2", [[2, ["1", "2"]]]],
    ["\ufeffa,b\n1,2\n", [[2, ["1", "2"]]]],
    ['"a","b"\n"1","x,y"\n', [[2, ["1", "x,y"]]]],
    ['a,b\n"say ""hi""",\n', [[2, ['say "hi"', ""]]]],
    [
      'a,b\n"two\nlines",1\n3,4\n',
      [
        [2, ["two\nlines", "1"]],
        [4, ["3", "4"]],
      ],
    ],
    ['a,b\r\n"two\r\nlines",1\r\n', [[2, ["two\r\nlines", "1"]]]],
    [
      "a,b\n\n1,2\n\n\n3,4\n\n",
      [
        [3, ["1", "2"]],
        [6, ["3", "4"]],
      ],
    ],
    ['a\n""\n', [[2, [""]]]],
    ["a,b\n,\n", [[2, ["", ""]]]],
    ["a,b\n", []],
    ['a,b\n"\u00e9\u{1f600}",\u4e2d\n', [[2, ["\u00e9\u{1f600}", "\u4e2d"]]]],
  ];
  for (const [text, expected] of cases) {
    for (const piece of [1, 2, 3, 1000]) {
      const actual = read(text, piece).map(({ line, cells }) => [line, cells]);
      assert.deepEqual(actual, expected, `${JSON.stringify(text)} in pieces of ${piece}`);
    }
  }
});

test("[G10] CSV that is malformed names file and line", () => {
  const cases: readonly (readonly [string | Uint8Array, RegExp])[] = [
    ["", /t\.csv:1: the file is empty/],
    ["a,b\n1\n", /t\.csv:2: the record has 1 cells, the header has 2/],
    ["a,b\n1,2\n1,2,3\n", /t\.csv:3: the record has 3 cells/],
    ["a,a\n", /t\.csv:1: column "a" occurs twice/],
    ["a,\n", /t\.csv:1: column 2 of the header has no name/],
    ['a,b\nx"y,2\n', /t\.csv:2: a quoted cell is not closed|t\.csv:2: a quote stands inside/],
    ['a,b\nx"y",2\n', /t\.csv:2: a quote stands inside an unquoted cell/],
    ['a,b\n"x"y,2\n', /t\.csv:2: text follows the closing quote/],
    ['a,b\n1,2\n"x,2\n3,4\n', /t\.csv:3: a quoted cell is not closed/],
    ['a,b\n"1\n2","x"y\n', /t\.csv:3: text follows the closing quote/],
    ["a,b\r1,2\r", /t\.csv:1: a carriage return stands alone/],
    [Uint8Array.of(0x61, 0x0a, 0x62, 0x0a, 0xff, 0x0a), /t\.csv:3: the record is not valid UTF-8/],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => read(text), { code: "WE_INPUT_SYNTAX", message }, JSON.stringify(text));
  }
});

test("[G10] a record that never ends is refused before it eats the memory", () => {
  const text = `a,b\n"${"x".repeat(1_100_000)}`;
  assert.throws(() => read(text, 65_536), { code: "WE_INPUT_RECORD_SIZE", message: /t\.csv:2/ });
});

test("CSV round trip: any table written as RFC 4180 is read back, in pieces of any size", () => {
  const cell = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 8 }),
    fc.constantFrom("", '"', '""', ",", "\n", "\r\n", "a,b", 'x"y', " padded ", "=1+1", "\u2028", "\u0000"),
  );
  const table = fc.integer({ min: 1, max: 5 }).chain((columns) =>
    fc.record({
      rows: fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { maxLength: 8 }),
      columns: fc.constant(columns),
      lineEnd: fc.constantFrom("\n", "\r\n"),
      piece: fc.integer({ min: 1, max: 40 }),
    }),
  );
  const quoted = (text: string): string =>
    /[",\r\n]/.test(text) || text === "" ? `"${text.replaceAll('"', '""')}"` : text;
  fc.assert(
    fc.property(table, ({ rows, columns, lineEnd, piece }) => {
      const header = Array.from({ length: columns }, (_, index) => `c${index}`);
      const text = [header, ...rows].map((row) => row.map(quoted).join(",") + lineEnd).join("");
      const actual = read(text, piece).map((record) => record.cells);
      assert.deepEqual(actual, rows);
    }),
    { seed: 20261121, numRuns: 500 },
  );
});

test("one record of CSV keeps every cell as it is written", () => {
  assert.deepEqual(parseCsvRecord(" a , b "), { cells: [" a ", " b "] });
  assert.deepEqual(parseCsvRecord(""), { cells: [""] });
});

test("a cell is a number where plain JSON would write it so, else text", () => {
  const numbers: readonly (readonly [string, number])[] = [
    ["0", 0],
    ["-0", -0],
    ["12", 12],
    ["-3.50", -3.5],
    ["31.95376472", 31.95376472],
    ["0.1234567890123456789", 0.12345678901234568],
    ["9007199254740991", 9007199254740991],
  ];
  for (const [cell, value] of numbers) assert.equal(cellValue(cell), value, cell);
  for (const cell of [
    "",
    "007",
    "+1",
    "1e5",
    "1.",
    ".5",
    "0x10",
    " 1",
    "NaN",
    "Infinity",
    "9007199254740993",
    "1,5",
  ]) {
    assert.equal(cellValue(cell), cell);
  }
});
