/** The checks of params, against ajv: on values near what every method takes. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { Json } from "@wasm-engine/core";
import { seededRandom } from "../testing/fault-file-system.js";
import { batchMethods, connectionMethods, controlMethods } from "./methods.js";
import { paramsProblems } from "./params-schema.js";
import { problemText } from "./schema-problem.js";

const seed = 20_010_109;
const random = seededRandom(seed);
const pick = <Item>(items: readonly Item[]): Item => {
  const item = items[Math.floor(random() * items.length)];
  assert.ok(item !== undefined);
  return item;
};

const strange: readonly Json[] = [
  ...[null, true, false, 0, -1, 1, 2.5, 65536, 1e15, 2 ** 53, -1e7, 4294967297],
  ...["", "a", "é", "😀", "😀".repeat(63), "x".repeat(64), "😀".repeat(255), "y".repeat(256)],
  ...["json", "fail", "restart", "a\u0000b", "QUJD", "QUJD=", "%%"],
  ...[[], {}, [1], ["a", ""], { a: 1 }, Array.from({ length: 1001 }, () => "a")],
];

/** A value that fits more or less. */
function near(schema: Json): Json {
  if (random() < 0.15 || typeof schema !== "object" || schema === null) return pick(strange);
  const { type, enum: values, properties, items } = schema as Record<string, Json>;
  if (Array.isArray(values)) return pick<Json>([...(values as readonly Json[]), "another"]); // names
  if (type === "array") return Array.from({ length: Math.floor(random() * 4) }, () => near(items ?? true));
  if (type !== "object" || properties === undefined) return pick(strange);
  const members = Object.entries(properties as Record<string, Json>).filter(() => random() < 0.6);
  const found = Object.fromEntries(members.map(([name, member]) => [name, near(member)]));
  return random() < 0.1 ? { ...found, [pick(["other", "constructor", "__proto__"])]: 1 } : found;
}

test("[G10] params are judged as ajv judges them, in its words", () => {
  let refused = 0;
  let taken = 0;
  for (const [method, { params }] of Object.entries({
    ...controlMethods,
    ...batchMethods,
    ...connectionMethods,
  })) {
    const ajv = new Ajv2020({ strict: false, allErrors: true, ownProperties: true });
    const validate = ajv.compile(params as object); // the schemas of methods are objects
    const check = paramsProblems(params);
    for (let round = 0; round < 400; round += 1) {
      const value = near(params);
      const isFit = validate(value);
      const problems = validate.errors ?? [];
      const found = check(value);
      const where = `${method} ${JSON.stringify(value)}, seed ${seed}`;
      assert.equal(found.length === 0, isFit, where);
      // About a value of another type ajv may go on.
      if (problems.every(({ keyword }) => keyword !== "type")) {
        assert.equal(problemText(found), problemText(problems), where);
      }
      if (isFit) taken += 1;
      else refused += 1;
    }
  }
  assert.ok(taken > 500, `${taken} taken`);
  assert.ok(refused > 3000, `${refused} refused`);
});

test("a schema with a keyword that nobody checks is an error of this program", () => {
  assert.throws(() => paramsProblems({ type: "object", dependentRequired: {} }), {
    code: "WE_INTERNAL_ASSERTION",
  });
});
