/** Expressions: values, precedence, missing values, lists, names, and what is refused. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import { evaluate } from "./evaluate.js";
import type { Subject, SubjectAgent } from "./evaluate.js";
import { agentNames } from "./expression.js";
import { expressionCharactersMax, expressionNestingMax } from "./limits.js";
import { parseExpression } from "./parse-expression.js";

const known = { world: ["tick", "agents", "run"], ofAgent: true };

function agent(id: string, members: Readonly<Record<string, unknown>>): SubjectAgent {
  const values: Readonly<Record<string, unknown>> = { id, faults: 0, status: "active", ...members };
  return Object.fromEntries(
    agentNames.map((name) => [name, () => values[name] ?? null]),
  ) as unknown as SubjectAgent; // every name is there
}

const first = agent("a-1", { state: { balance: 5, items: [{ price: 2 }, { price: 3 }], "odd name": 1 } });
const second = agent("a-2", { faults: 2, state: { balance: -1 } });
const third = agent("b", {});
const subject: Subject = { tick: 7, agents: [first, second, third], agent: first, run: { messages: 12 } };

function valueOf(text: string, of: Subject = subject): unknown {
  return evaluate(parseExpression(text, known), of);
}

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (EngineError.is(error)) return error.code;
    throw error;
  }
  return "";
}

test("values, operators and their precedence", () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ["1 + 2 * 3", 7],
    ["(1 + 2) * 3", 9],
    ["-2 - -3", 1],
    ["7 % 4 == 3 and 1 < 2", true],
    ["not 1 == 2", true],
    ["!(1 == 1) || 2 >= 2", true],
    ["false and 1 / 0 == 1", false],
    ["'a' < \"b\"", true],
    ['"say \\"x\\""', 'say "x"'],
    ["1e3", 1000],
    ["tick", 7],
    ["run.messages / 4", 3],
    ["state.items[1].price", 3],
    ['state["odd name"]', 1],
    ["abs(-4)", 4],
    ["state.items == agent('a-1').state.items", true],
  ];
  for (const [text, expected] of cases) assert.deepEqual(valueOf(text), expected, text);
});

test("what is missing has no value, and nothing that is made of it", () => {
  for (const text of [
    "state.gone",
    "state.gone.deeper + 1",
    "state.gone >= 0",
    "1 / 0",
    "'a' + 'b'",
    "'a' < 1",
    "not state.gone",
    "-'a'",
    "state.items[9].price",
    "state.balance.deeper",
    "max(agents, state.gone)",
    "sum(state.balance)",
    "agent('nobody').faults",
    "true and state.gone",
    "state.constructor",
    "state.__proto__",
  ])
    assert.equal(valueOf(text), null, text);
  assert.equal(valueOf("state.gone == null"), true);
  assert.equal(valueOf("state.gone == 1 or true"), true);
});

test("[G10] a member that every object inherits is a name like any other", () => {
  for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty"]) {
    assert.equal(valueOf(`state.${name}`), null, name);
    const own = agent("c", { state: Object.fromEntries([[name, 3]]) });
    assert.equal(valueOf(`state.${name} == 3`, { ...subject, agent: own }), true, name);
  }
});

test("lists of agents and of what they describe", () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ["count(agents)", 3],
    ["count(agents, faults > 0)", 1],
    ["sum(agents, state.balance)", 4],
    ["min(agents, state.balance)", -1],
    ["max(agents('a-*'), state.balance)", 5],
    ["count(agents('a-*'))", 2],
    ["agent('a-2').state.balance", -1],
    ["sum(state.items, price)", 5],
    ["count(state.items, it.price > 2)", 1],
    ["sum(agents, sum(state.items, price))", 5],
    ["count(agents, count(state.items, price > tick) == 0)", 1],
    ["all(agents, faults == 0)", false],
    ["any(agents, status == 'stopped')", false],
    ["all(agents, state.balance < 10)", null],
  ];
  for (const [text, expected] of cases) assert.deepEqual(valueOf(text), expected, text);
});

test("whoever watches hears the values behind a result, and whom it is about", () => {
  const values: [string, unknown][] = [];
  const failed: string[] = [];
  const watched = parseExpression("state.balance + tick > 100 or all(agents, faults == 0)", known);
  const witness = {
    value: (text: string, value: unknown): void => void values.push([text, value]),
    failed: (id: string): void => void failed.push(id),
  };
  assert.equal(evaluate(watched, subject, witness), false);
  assert.deepEqual(values, [
    ["state.balance", 5],
    ["tick", 7],
    ["all(agents, faults == 0)", false],
  ]);
  assert.deepEqual(failed, ["a-2"]);
});

test("an expression says whether it is about one agent", () => {
  assert.equal(parseExpression("state.x > 0", known).isOfAgent, true);
  assert.equal(parseExpression("sum(agents, state.x) > tick", known).isOfAgent, false);
});

test("[G10] what cannot be read, is unknown or too large is refused before it is evaluated", () => {
  const syntax = [
    "",
    "1 +",
    "(1",
    "1 2",
    "a.",
    "and 1",
    "1 < 2 < 3",
    "#",
    "sum()",
    "abs(1, 2)",
    "'open",
    "state.",
  ];
  for (const text of syntax)
    assert.equal(
      codeOf(() => valueOf(text)),
      "WE_EXPRESSION_SYNTAX",
      text,
    );
  for (const text of [
    "stat.x",
    "eval(1)",
    "it",
    "sum(agents, wealth)",
    "__proto__",
    "constructor",
    "toString()",
  ])
    assert.equal(
      codeOf(() => valueOf(text)),
      "WE_EXPRESSION_NAME",
      text,
    );
  const ofWorld = { world: ["tick", "agents"], ofAgent: false };
  assert.equal(
    codeOf(() => parseExpression("faults > 0", ofWorld)),
    "WE_EXPRESSION_NAME",
  );
  const nested = `${"(".repeat(expressionNestingMax + 1)}1${")".repeat(expressionNestingMax + 1)}`;
  for (const text of [
    nested,
    "-".repeat(expressionNestingMax + 1) + "1",
    "1".repeat(expressionCharactersMax + 1),
  ])
    assert.equal(
      codeOf(() => valueOf(text)),
      "WE_EXPRESSION_SIZE",
    );
});

test("[G10] an expression that visits too much ends with a code", () => {
  const agents = Array.from({ length: 300 }, (_, index) => agent(`a${index}`, {}));
  const text = "sum(agents, sum(agents, sum(agents, 1)))";
  assert.equal(
    codeOf(() => valueOf(text, { tick: 0, agents })),
    "WE_EXPRESSION_SIZE",
  );
});
