import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeUtf8 } from "@wasm-engine/abi";
import { SeededNumbers } from "../../batch/seeded-numbers.js";
import { randomSchema } from "../../testing/random-schema.js";
import { schemaFaults } from "../../testing/schema-check.js";
import type { Tokenizer } from "../tokenizer.js";
import { AnswerAutomaton } from "./answer-automaton.js";
import { AnswerFormats, formatSchema } from "./response-format.js";
import { TokenOrder } from "./token-order.js";

// prettier-ignore
const pieces = [
  '{"', '":', '": "', '","', '"}', '"}]', "[]", "}}", ", ", "true", "null", "fal", "tea", "te", "12", "3.5", "a", "ab",
  " a", '"name":', "🫖", "ä", "\\n", '\\"', "\\u00", "000", "-1", "[[", "]}",
];
const endToken = 256 + pieces.length;

/** Bytes, some longer tokens and one that ends a text. */
function tokenizerOf(tokens: readonly (Uint8Array | string)[], leadingSpaces = 0): Tokenizer {
  const bytes = tokens.map((token) => (typeof token === "string" ? encodeUtf8(token) : token));
  return {
    vocabulary: bytes.length,
    leadingSpaces,
    chatTemplate: undefined,
    bytesOf: (id) => bytes[id] ?? new Uint8Array(0),
    encode: () => [],
    decode: (ids) => Buffer.concat(ids.map((id) => bytes[id] ?? new Uint8Array(0))).toString("utf8"),
    idOf: () => undefined,
  };
}
const everyByte = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
const tokenizer = tokenizerOf([...everyByte, ...pieces, ""]);
const order = new TokenOrder(tokenizer);
const endTokens = new Set([endToken]);

/** Whether the whole text is an answer. */
function accepts(schema: unknown, text: string): boolean {
  const automaton = new AnswerAutomaton(schema, order);
  return automaton.behind(automaton.start, encodeUtf8(text))?.complete === true;
}

interface Answer {
  readonly text: string;
  readonly tokens: number;
  readonly complete: boolean;
}

/** Chooses by random scores until the answer ends. */
function answer(formats: AnswerFormats, schema: unknown, maxTokens: number, random: SeededNumbers): Answer {
  const constraint = formats.constraint(schema, { maxTokens, endTokens });
  const chosen: number[] = [];
  while (chosen.length < maxTokens && !constraint.finished) {
    const scores = Float64Array.from({ length: endToken + 4 }, () => random.float());
    constraint.restrict(scores, maxTokens - chosen.length);
    const best = scores.reduce((top, score, id) => (score > (scores[top] ?? 0) ? id : top), 0);
    if (best === endToken) break;
    assert.ok((scores[best] ?? -Infinity) > -Infinity, "a token is left");
    chosen.push(best);
    constraint.accept(best);
  }
  return { text: tokenizer.decode(chosen), tokens: chosen.length, complete: constraint.complete };
}

test("[G10] every finished answer parses and validates, for random schemas, scores and budgets", () => {
  const formats = new AnswerFormats(tokenizer);
  let answers = 0;
  for (let seed = 1; seed <= 150; seed += 1) {
    const random = new SeededNumbers(seed);
    const schema = randomSchema(random);
    let least: number;
    try {
      least = new AnswerAutomaton(schema, order).start.tokens;
    } catch (cause) {
      assert.match(String(cause), /no value of finite length/, `seed ${seed}`);
      continue;
    }
    for (const spare of [0, 1, 7, 60]) {
      const { text, tokens, complete } = answer(formats, schema, least + spare, random);
      const place = `seed ${seed}, ${spare} spare: ${JSON.stringify(schema)} gave ${text}`;
      assert.ok(complete && tokens <= least + spare, place);
      assert.deepEqual(schemaFaults(schema, JSON.parse(text)), [], place);
      assert.equal(text, Buffer.from(text, "utf8").toString("utf8"), place);
      answers += 1;
    }
    if (least > 1)
      assert.throws(() => answer(formats, schema, least - 1, random), { code: "WE_TEXT_FORMAT_LIMIT" });
  }
  assert.ok(answers > 400, `${answers} answers`);
});

test("[G8] what was found before changes nothing, and more ways than are followed lose no promise", () => {
  const crowd = {
    anyOf: Array.from({ length: 90 }, (_, index) => ({
      type: "string",
      minLength: 8 - (index % 9),
      maxLength: 8 + Math.floor(index / 9),
    })),
  };
  const schemas: object[] = [{ type: "array", items: crowd, minItems: 2, maxItems: 2 }];
  for (let seed = 1; seed <= 6; seed += 1) schemas.push(randomSchema(new SeededNumbers(seed)));
  const warm = new AnswerFormats(tokenizer);
  const limits = (schema: unknown, spare: number): number =>
    new AnswerAutomaton(schema, order).start.tokens + spare;
  for (const [place, schema] of schemas.entries())
    for (const seed of [1, 2, 1]) {
      const maxTokens = limits(schema, 2 + seed);
      const found = answer(warm, schema, maxTokens, new SeededNumbers(seed));
      const cold = answer(new AnswerFormats(tokenizer), schema, maxTokens, new SeededNumbers(seed));
      assert.deepEqual(found, cold, `schema ${place}, seed ${seed}`);
      assert.deepEqual(schemaFaults(schema, JSON.parse(found.text)), [], found.text);
    }
});

test("valid texts are accepted and others are not", () => {
  const person = {
    type: "object",
    properties: {
      name: { type: "string", maxLength: 3 },
      age: { type: "integer", minimum: 0, maximum: 120 },
    },
    required: ["name"],
    additionalProperties: false,
  };
  const anyJson = {};
  const tree = { $ref: "#/$defs/node", $defs: { node: { type: "array", items: { $ref: "#/$defs/node" } } } };
  const cases: readonly (readonly [unknown, string, boolean])[] = [
    [person, '{"name":"Ann","age":7}', true],
    [person, '{"name": "äöü", "age": 120}', true],
    [person, '{"name":"\\u00e4\\n🫖"}', true],
    [person, '{"name":"Anna"}', false],
    [person, '{"age":7}', false],
    [person, '{"name":"A","age":121}', false],
    [person, '{"name":"A","age":07}', false],
    [person, '{"name":"A","born":1}', false],
    [person, '{"name":"A",}', false],
    [person, ' {"name":"A"}', false],
    [anyJson, '{"a":[1,-2.5,"\\"",{"b":null}],"":{}}', true],
    [anyJson, "[1,2", false],
    [anyJson, "1e5", false],
    [{ type: "string", format: "date" }, '"tea"', true],
    [{ type: "string" }, '"\\ud83d\\udd25"', false],
    [{ type: "string" }, '"\\uD7ff"', true],
    [{ type: "string" }, '"a\nb"', false],
    [{ type: "string", minLength: 2 }, '"🫖"', false],
    [tree, "[[],[[]]]", true],
    [tree, "[[],1]", false],
    [{ anyOf: [{ const: "ab" }, { type: "string", minLength: 5 }] }, '"ab"', true],
    [{ anyOf: [{ const: "ab" }, { type: "string", minLength: 5 }] }, '"abcde"', true],
    [{ anyOf: [{ const: "ab" }, { type: "string", minLength: 5 }] }, '"abc"', false],
    [{ enum: [1, 12, "x"] }, "12", true],
    [{ enum: [1, 12, "x"], type: "string" }, "12", false],
    [{ type: "array", items: { type: "boolean" }, minItems: 1, maxItems: 2 }, "[true, false]", true],
    [{ type: "array", items: { type: "boolean" }, minItems: 1, maxItems: 2 }, "[]", false],
    [{ type: "array", items: { type: "boolean" }, minItems: 1, maxItems: 2 }, "[true,true,true]", false],
    [{ type: "array", items: false }, "[]", true],
    [{ type: "object", properties: {}, additionalProperties: false }, "{}", true],
    [{ type: "object", required: ["x"] }, '{"x":[0]}', true],
  ];
  for (const [schema, text, expected] of cases)
    assert.equal(accepts(schema, text), expected, `${JSON.stringify(schema)} with ${text}`);
});

test("bounds of numbers hold to the last digit", () => {
  const cases: readonly (readonly [object, readonly string[], readonly string[]])[] = [
    [
      { minimum: -5, maximum: 12 },
      ["-5", "0", "9", "12", "-4.5", "11.999999"],
      ["-6", "13", "12.1", "-5.1", "012"],
    ],
    [{ exclusiveMinimum: 0, exclusiveMaximum: 1 }, ["0.5", "0.000001"], ["0", "1", "0.0", "-0.5"]],
    [{ minimum: 0.1, maximum: 0.3 }, ["0.1", "0.3", "0.2"], ["0.09", "0.31", "0"]],
    [{ minimum: 100, exclusiveMinimum: 100 }, ["100.5", "101"], ["100", "99"]],
    [{ type: "integer", exclusiveMinimum: 9.5, maximum: 11 }, ["10", "11"], ["9", "12", "10.0", "1"]],
    [{ type: "integer" }, ["0", "-7", "999999999999999"], ["-0", "1.0", "9007199254740993", "+1"]],
    [{ minimum: 1e-9, maximum: 2e-9 }, ["0.000000001", "0.0000000015"], ["0.000000003", "0"]],
  ];
  for (const [bounds, inside, outside] of cases) {
    const schema = { type: "number", ...bounds };
    for (const text of inside) assert.ok(accepts(schema, text), `${text} within ${JSON.stringify(schema)}`);
    for (const text of outside) assert.ok(!accepts(schema, text), `${text} out of ${JSON.stringify(schema)}`);
  }
  assert.throws(() => accepts({ type: "integer", minimum: 1e20 }, "1"), { code: "WE_TEXT_FORMAT" });
  assert.throws(() => accepts({ type: "integer", minimum: 3, maximum: 2 }, "1"), { code: "WE_TEXT_FORMAT" });
});

test("a budget that is just enough forces the shortest answer, and long names cost few tokens", () => {
  const schema = { type: "object", properties: { name: { const: "tea" } }, required: ["name"] };
  const { tokens } = new AnswerAutomaton(schema, order).start;
  // { + "name": + the fixed value of three tokens + }
  assert.equal(tokens, 6);
  const formats = new AnswerFormats(tokenizer);
  for (let seed = 1; seed < 20; seed += 1)
    assert.equal(
      answer(formats, schema, tokens, new SeededNumbers(seed)).text.replaceAll(" ", ""),
      '{"name":"tea"}',
    );
});

test("spaces that a tokenizer drops may stand before an answer, once", () => {
  const spaced = new TokenOrder(tokenizerOf([...everyByte, " {"], 1));
  const automaton = new AnswerAutomaton({ type: "object" }, spaced);
  assert.ok(automaton.behind(automaton.start, encodeUtf8(" {}"))?.complete);
  assert.ok(automaton.behind(automaton.start, encodeUtf8("{}"))?.complete);
  assert.equal(automaton.behind(automaton.start, encodeUtf8("  {")), undefined);
});

test("a model that forbids everything allowed does not decide; forbidden tokens have no score", () => {
  const constraint = new AnswerFormats(tokenizer).constraint({ const: null }, { maxTokens: 9, endTokens });
  const scores = new Float64Array(endToken + 1).fill(-Infinity);
  scores[5] = 1;
  constraint.restrict(scores, 9);
  const left = [...scores.entries()].filter(([, score]) => score > -Infinity).map(([id]) => id);
  assert.deepEqual(left, ["n".charCodeAt(0), 256 + pieces.indexOf("null")]);
  constraint.accept(256 + pieces.indexOf("null"));
  assert.ok(constraint.finished);
});

test("[G10] formats that cannot be kept to are refused with the place", () => {
  const refused: readonly (readonly [unknown, RegExp])[] = [
    [{ type: "string", pattern: "a+" }, /"pattern" is not supported \(at \$\)/],
    [
      { type: "object", properties: { a: { type: "string", pattern: "^a" } } },
      /"pattern" .*\$\.properties\.a/,
    ],
    [{ type: "number", multipleOf: 2 }, /"multipleOf" is not supported/],
    [{ type: "text" }, /"type" is "text"/],
    [{ minLength: 2 }, /"minLength" needs a "type"/],
    [{ enum: [] }, /"enum" is no list/],
    [{ enum: ["a"], minLength: 2 }, /beside fixed values/],
    [{ anyOf: [{}], type: "object" }, /"type" beside "anyOf"/],
    [{ $ref: "other.json" }, /must be within the schema/],
    [{ $ref: "#/$defs/none" }, /leads to nothing/],
    [{ $ref: "#" }, /no value of finite length/],
    [{ type: "object", required: ["x"], additionalProperties: false }, /no value of finite length/],
    [{ type: "array", minItems: -1 }, /whole number/],
    [{ type: "number", minimum: "1" }, /"minimum" is no number/],
    ["string", /a schema is an object/],
  ];
  for (const [schema, message] of refused)
    assert.throws(() => new AnswerAutomaton(schema, order), { code: "WE_TEXT_FORMAT", message });
  const deep = Array.from({ length: 70 }).reduce<object>((items) => ({ type: "array", items }), {});
  assert.throws(() => new AnswerAutomaton(deep, order), { message: /nested deeper than 64 levels/ });
  const wide = { enum: Array.from({ length: 9000 }, (_, index) => `number ${index}`) };
  assert.throws(() => new AnswerFormats(tokenizer).constraint(wide, { maxTokens: 9, endTokens }), {
    message: /more than 65536 characters/,
  });
  const poor = new TokenOrder(tokenizerOf(everyByte.slice(0, 100)));
  assert.throws(() => new AnswerAutomaton({}, poor), { message: /lacks tokens for single characters/ });
  for (const format of [
    { type: "grammar" },
    7,
    { type: "json_schema" },
    { type: "json_schema", json_schema: {} },
  ])
    assert.throws(() => formatSchema(format), { code: "WE_TEXT_FORMAT" });
  assert.equal(formatSchema({ type: "text" }), undefined);
  assert.deepEqual(formatSchema("json"), formatSchema({ type: "json_object" }));
});
