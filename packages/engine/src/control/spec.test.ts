/** spec/control.md names every method, every member of its params and the limits, as they are. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as limits from "./limits.js";
import { batchMethods, connectionMethods, controlMethods } from "./methods.js";

const text = readFileSync(new URL("../../../../spec/control.md", import.meta.url), "utf8");
const sections = new Map(
  text
    .split(/\n### /)
    .slice(1)
    .map((section) => [section.split("\n")[0] ?? "", section.split(/\n## /)[0] ?? ""]),
);

test("spec/control.md has a section for every method, and for nothing else", () => {
  const methods = [controlMethods, batchMethods, connectionMethods].flatMap((each) => Object.keys(each));
  assert.deepEqual([...sections.keys()].filter((name) => name !== "Limits").sort(), methods.sort());
});

for (const [method, { params }] of Object.entries({
  ...controlMethods,
  ...batchMethods,
  ...connectionMethods,
})) {
  test(`spec/control.md names the params of ${method}`, () => {
    const { properties } = params as unknown as { properties: Record<string, unknown> }; // a literal of methods.ts
    // ask has the params of send; section 5 says for all of its methods that they take an agent and a key.
    const shared = method === "ask" ? (sections.get("send") ?? "") : (text.split("\n## ")[5] ?? "");
    for (const name of Object.keys(properties)) {
      const where = `${sections.get(method) ?? ""}${shared}`;
      assert.ok(where.includes(`\`${name}\``), `${method}: ${name}`);
    }
  });
}

test("spec/control.md states the limits as they are", () => {
  const stated = new Set(
    [...text.matchAll(/\| ([\d ]+) \|/g)].map(([, number = ""]) => Number(number.replaceAll(" ", ""))),
  );
  const { requestLineBytesMax, connectionsMax, callsUnderWayMax, subscriptionsMax, answerBytesMax } = limits;
  assert.ok(stated.has(limits.batchMessagesMax));
  const { unreadBytesRest, unreadBytesMax, messagesUnderWayMax, socketPathBytesMax } = limits;
  const real = [requestLineBytesMax, connectionsMax, callsUnderWayMax, subscriptionsMax, answerBytesMax];
  for (const limit of [...real, unreadBytesRest, unreadBytesMax, messagesUnderWayMax])
    assert.ok(stated.has(limit), String(limit));
  assert.ok(text.includes(`longer than ${socketPathBytesMax} bytes`));
});
