import assert from "node:assert/strict";
import { test } from "node:test";
import { fillTemplate, parseTemplate, soleField } from "./template.js";

test("templates: placeholders, doubled braces, lone braces", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["{a}", "<a>"],
    ["x{a}y{b}z", "x<a>y<b>z"],
    ["{{a}}", "{a}"],
    ["{{{a}}}", "{<a>}"],
    ["{}", "{}"],
    ["{a", "{a"],
    ["a}", "a}"],
    ["", ""],
    ["{column with spaces}", "<column with spaces>"],
  ];
  for (const [text, expected] of cases) {
    assert.equal(
      fillTemplate(parseTemplate(text), (field) => `<${field}>`),
      expected,
      text,
    );
  }
});

test("a text that is one placeholder alone is told from one that contains it", () => {
  assert.equal(soleField(parseTemplate("{lat}")), "lat");
  for (const text of ["x{lat}", "{lat} ", "{lat}{lon}", "{{lat}}", "lat", ""]) {
    assert.equal(soleField(parseTemplate(text)), undefined, text);
  }
});
