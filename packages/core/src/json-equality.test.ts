/** Equality of JSON values. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { equalJson } from "./json-equality.js";
import type { Json } from "./model.js";

/** Nothing for no text. */
function parse(text: string): Json | undefined {
  return text === "" ? undefined : (JSON.parse(text) as Json); // it yields nothing else
}

test("JSON values are equal by what they say", () => {
  const same: readonly (readonly [string, string])[] = [
    ["", ""],
    ["null", "null"],
    ['{"a":1,"b":[{"c":2,"d":3}]}', '{"b":[{"d":3,"c":2}],"a":1}'],
    ['{"__proto__":1}', '{"__proto__":1}'],
  ];
  for (const [left, right] of same) assert.ok(equalJson(parse(left), parse(right)), left);
  const different: readonly (readonly [string, string])[] = [
    ["", "null"],
    ["0", '"0"'],
    ["[]", "{}"],
    ["{}", "[]"],
    ["[1,2]", "[2,1]"],
    ["[1]", "[1,null]"],
    ["{}", '{"__proto__":{}}'],
    ['{"toString":1}', '{"valueOf":1}'],
    ['{"a":null}', "{}"],
  ];
  for (const [left, right] of different) assert.ok(!equalJson(parse(left), parse(right)), `${left} ${right}`);
});
