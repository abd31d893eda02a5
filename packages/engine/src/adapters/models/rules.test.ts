import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { AgentId } from "@wasm-engine/abi";
import { EngineError } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";
import { adapterRequest, adapterSurroundings, ask, valueOf } from "../../testing/adapter-request.js";
import { projectFolder } from "../../testing/project.js";
import { rulesBytesMax } from "../limits.js";
import { readRules, rulesOf } from "./rules-file.js";
import type { RuleEntry } from "./rules-file.js";
import { scriptedAnswer } from "./rules.js";
import { createAdapter } from "./scripted.js";

const user = (content: string): Json => ({ role: "user", content });
const said = (content: string): Json => ({ role: "assistant", content });
const system = (content: string): Json => ({ role: "system", content });

function textFor(rules: readonly RuleEntry[], messages: readonly Json[], agent = "a1"): unknown {
  const request = adapterRequest({ messages }, { agentId: agent as AgentId }); // an id of the right form
  const value = valueOf(scriptedAnswer(rulesOf(rules), request).answer) as { text?: string };
  return value.text ?? value;
}

test("the first rule that fits answers; a rule without a test fits everything", () => {
  const rules: readonly RuleEntry[] = [
    { when: { last: "Ping" }, answer: "pong" },
    {
      when: { last: /capital of (?<place>\w+)/i },
      answer: "{1} has one: {place}, asked by {agent} as {last}",
    },
    { when: { contains: "weather", agent: "b*" }, answer: "b-rain" },
    { when: { contains: "weather", system: /terse/ }, answer: "rain" },
    { when: { nth: 2, last: "and?" }, answer: "turn {nth}" },
    { when: { last: "/^j(.)/" }, json: { first: ["{1}", 2], "{1}": true } },
    { answer: "what?" },
  ];
  assert.equal(textFor(rules, [user("ping")]), "pong");
  assert.equal(
    textFor(rules, [user("Capital of Peru")]),
    "Peru has one: Peru, asked by a1 as Capital of Peru",
  );
  assert.equal(textFor(rules, [user("the weather")], "b7"), "b-rain");
  assert.equal(textFor(rules, [system("be terse"), user("the weather")]), "rain");
  assert.equal(textFor(rules, [user("the weather")]), "what?");
  assert.equal(textFor(rules, [user("x"), said("y"), user("and?")]), "turn 2");
  assert.equal(textFor(rules, [user("and?")]), "what?");
  assert.equal(textFor(rules, [user("jx")]), '{"first":["x",2],"{1}":true}');
  assert.equal(textFor(rules, [user("a pING b")]), "pong");
  assert.equal(textFor(rules, [system("be terse about weather"), user("x")]), "rain");
});

test("braces that are no placeholder stay; doubled ones are escaped", () => {
  const text = '{"a": {"b": {{agent}}, "c": {agent}}}';
  assert.equal(textFor([{ answer: text }], [user("x")]), '{"a": {"b": {agent}, "c": a1}}');
});

test("an answer is counted in words, cut at maxTokens, and given in parts where they are wanted", () => {
  const rules = rulesOf([{ answer: " one two\nthree  " }]);
  const full = scriptedAnswer(rules, adapterRequest({ messages: [user("a b"), user("c")], stream: true }));
  assert.deepEqual(full.parts, [" one", " two", "\nthree  "]);
  assert.deepEqual(valueOf(full.answer), {
    text: " one two\nthree  ",
    finishReason: "stop",
    promptTokens: 3,
    completionTokens: 3,
  });
  const cut = scriptedAnswer(rules, adapterRequest({ messages: [user("a")], maxTokens: 2 }));
  assert.deepEqual(cut.parts, []);
  assert.deepEqual(valueOf(cut.answer), {
    text: " one two",
    finishReason: "length",
    promptTokens: 1,
    completionTokens: 2,
  });
});

test("errors and tool calls are outcomes too; what no rule fits says so", () => {
  const rules = rulesOf([
    { when: { last: /bad (\w+)/ }, error: { code: "NOPE", message: "no {1}", retryable: true } },
    { when: { last: /find (.+)/ }, toolCalls: [{ name: "search", arguments: { query: "{1}" } }] },
    { when: { last: "oops" }, error: {} },
  ]);
  const valueFor = (content: string): unknown =>
    valueOf(scriptedAnswer(rules, adapterRequest({ messages: [user(content)] })).answer);
  assert.deepEqual(valueFor("bad idea"), { code: "NOPE", message: "no idea", retryable: true });
  assert.deepEqual(valueFor("find x y"), {
    text: "",
    finishReason: "tool_calls",
    promptTokens: 3,
    completionTokens: 0,
    toolCalls: [{ id: "call_1_1", name: "search", arguments: { query: "x y" } }],
  });
  assert.deepEqual(valueFor("oops"), {
    code: "FAILED",
    message: "the rule answers with an error",
    retryable: false,
  });
  assert.deepEqual(valueFor("else"), {
    code: "FAILED",
    message: 'no rule of model "writer" answers this request, whose last text is "else"',
    retryable: false,
  });
});

test("rules stand for tools: members of the input, patterns in them, values as results", () => {
  const rules = rulesOf([
    { when: { input: { query: "/^price of (.+)$/", deep: { n: 1 } } }, json: { item: "{1}", price: 3 } },
    { when: { input: { query: "x" } }, answer: "exact" },
    { when: { contains: "query" }, json: [1, null] },
  ]);
  const resultFor = (input: Json): unknown =>
    valueOf(scriptedAnswer(rules, adapterRequest(input, { kind: "tool", name: "search" })).answer);
  assert.deepEqual(resultFor({ query: "price of tea", deep: { n: 1, m: 2 }, more: 1 }), {
    item: "tea",
    price: 3,
  });
  assert.equal(resultFor({ query: "x" }), "exact");
  assert.deepEqual(resultFor({ query: "price of tea" }), [1, null]);
  assert.deepEqual(resultFor([1]), {
    code: "FAILED",
    message: 'no rule of tool "search" answers this request, whose last text is "[1]"',
    retryable: false,
  });
});

test("the same request has the same answer, whatever was asked before", async (context) => {
  const directory = projectFolder(context, {
    "writer.yaml": "- when: { last: /(.+) again/ }\n  answer: again {1}\n- answer: once\n",
  });
  const setup = { kind: "scripted", serves: "inference", name: "writer", timeoutMs: 1, secrets: {} } as const;
  const path = join(directory, "writer.yaml");
  const adapters = [1, 2].map(() => createAdapter({ ...setup, path }, adapterSurroundings(directory)));
  const [one, two] = await Promise.all(adapters);
  assert.ok(one !== undefined && two !== undefined);
  assert.match(one.identity ?? "", /^[0-9a-f]{64}$/);
  assert.equal(one.identity, two.identity);
  const request = adapterRequest({ messages: [user("x again")], stream: true });
  await ask(one, adapterRequest({ messages: [user("y again")] }));
  const heard = await ask(one, request);
  assert.deepEqual(heard.parts, ["again", " x"]);
  assert.deepEqual(heard, await ask(two, request));
});

const badFiles: readonly {
  readonly text: string;
  readonly code: string;
  readonly says: readonly string[];
}[] = [
  { text: "- answer: [", code: "WE_CONFIG_SYNTAX", says: ["rules.yaml:"] },
  { text: "answer: x\n", code: "WE_CONFIG_TYPE", says: ["must be a list"] },
  {
    text: "- when: { lst: x }\n  answer: y\n",
    code: "WE_CONFIG_KEY_UNKNOWN",
    says: ["rules.yaml:1:11", '"last"'],
  },
  {
    text: "- answer: x\n- when: { last: x }\n",
    code: "WE_CONFIG_VALUE",
    says: ["rules.yaml:2:3", "none of them"],
  },
  { text: "- answer: x\n  json: 1\n", code: "WE_CONFIG_VALUE", says: ["answer and json"] },
  {
    text: "- when: { last: /(/ }\n  answer: x\n",
    code: "WE_CONFIG_VALUE",
    says: ["rules.yaml:1:17", "pattern"],
  },
  {
    text: '- when: { input: { q: "/[/" } }\n  json: 1\n',
    code: "WE_CONFIG_VALUE",
    says: ["[0].when.input.q", "regular expression"],
  },
  {
    text: "- when: { last: /a(?<b>.)/ }\n  json: { x: ['{2}'] }\n",
    code: "WE_CONFIG_VALUE",
    says: ["rules.yaml:2:", "{2}", "agent, nth, last, b, 0, 1"],
  },
  { text: "- when: { nth: 0 }\n  answer: x\n", code: "WE_CONFIG_VALUE", says: ["[0].when.nth"] },
];

for (const { text, code, says } of badFiles) {
  test(`[G10] ${code}: ${text.trim().replaceAll("\n", " ")}`, (context) => {
    const directory = projectFolder(context, { "rules.yaml": text });
    assert.throws(
      () => readRules(join(directory, "rules.yaml")),
      (error) => {
        assert.ok(EngineError.is(error));
        assert.equal(error.code, code, error.message);
        for (const part of says)
          assert.ok(`${error.message} ${error.hint ?? ""}`.includes(part), error.message);
        return true;
      },
    );
  });
}

test("[G10] rules that are absent, too long or wrong in a program are refused with a code", (context) => {
  const directory = projectFolder(context, { "long.yaml": " ".repeat(rulesBytesMax + 1) });
  const hasCode = (code: string) => (error: unknown) => EngineError.is(error) && error.code === code;
  assert.throws(() => readRules(join(directory, "none.yaml")), hasCode("WE_RULES_READ"));
  assert.throws(() => readRules(join(directory, "long.yaml")), hasCode("WE_RULES_SIZE"));
  assert.throws(() => rulesOf([{ when: { last: "/(/" }, answer: "x" }]), hasCode("WE_RULES_INVALID"));
});
