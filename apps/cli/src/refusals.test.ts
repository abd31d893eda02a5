/** `build` says of a TypeScript agent what it uses and does not have, with file, line and column. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { echoProject } from "./testing/project.js";
import type { Project } from "./testing/project.js";

let project: Project;
before(async () => {
  project = await echoProject();
});
after(() => project.remove());

const handler = "defineAgent({ onMessage() { ";
const column = handler.length + 1;

/** What a handler does in line 3, the code of the refusal, its words, and how far behind the beginning it stands. */
const refused: readonly (readonly [body: string, code: string, words: string, offset: number])[] = [
  [`eval("1");`, "WE_JAVASCRIPT_REFUSED", "an agent has no eval", 0],
  [`new Function("return 1");`, "WE_JAVASCRIPT_REFUSED", "an agent has no Function", 4],
  [`Function("return 1");`, "WE_JAVASCRIPT_REFUSED", "an agent has no Function", 0],
  [`new WeakRef({});`, "WE_JAVASCRIPT_REFUSED", "an agent has no WeakRef", 4],
  [`new FinalizationRegistry(() => {});`, "WE_JAVASCRIPT_REFUSED", "an agent has no FinalizationRegistry", 4],
  [`import("./other.js");`, "WE_JAVASCRIPT_REFUSED", "an agent has no import()", 0],
  [`require("node:fs");`, "WE_JAVASCRIPT_NODE_IMPORT", "node:fs is part of Node", 8],
];

for (const [body, code, words, offset] of refused) {
  test(`[G10] build refuses ${body} where it stands`, () => {
    project.write(
      "agents/refused.ts",
      `import { defineAgent } from "wasm-engine/agent";\n// an agent\n${handler}${body} } });\n`,
    );
    const result = project.cli("build", "agents/refused.ts", "--json");
    const error = result.document["error"] as { code: string; message: string; hint: string }; // DESIGN §14
    assert.equal(error.code, code, result.stdout);
    assert.ok(error.message.includes(`refused.ts:3:${column + offset}: ${words}`), error.message);
    assert.notEqual(error.hint, "");
    assert.equal(result.code, 1);
  });
}

test("[G10] build refuses a part of Node where it is imported", () => {
  project.write("agents/reader.ts", `import { defineAgent } from "wasm-engine/agent";\nimport "node:fs";\n`);
  const { document, code } = project.cli("build", "agents/reader.ts", "--json");
  const { message } = document["error"] as { message: string }; // DESIGN §14
  assert.ok(message.includes("reader.ts:2:8: node:fs is part of Node"), message);
  assert.equal(code, 1);
});
