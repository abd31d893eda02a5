import assert from "node:assert/strict";
import { test } from "node:test";
import { adviceFor, nearest } from "./suggestion.js";

test("the nearest known word is suggested, a far one is not", () => {
  const known = ["agents", "modules", "inputs", "outputs", "seed"];
  const cases: readonly (readonly [string, string | undefined])[] = [
    ["agnets", "agents"],
    ["Modules", "modules"],
    ["sede", "seed"],
    ["ouputs", "outputs"],
    ["network", undefined],
    ["", undefined],
  ];
  for (const [word, expected] of cases) assert.equal(nearest(word, known), expected, word);
  const advice = 'did you mean "seed"? known keys: agents, modules, inputs, outputs, seed';
  assert.equal(adviceFor("sede", known, "keys"), advice);
  assert.equal(adviceFor("x", [], "tools"), "no tools are declared here");
});
