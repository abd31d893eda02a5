/** Worlds inside of tests call tools as runs do: what `defineTool` gives, modules by their path, entries of engine.yaml. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { createWorld, fail } from "@wasm-engine/engine/testing";
import type { AgentsWorld, MiniWorld } from "@wasm-engine/engine/testing";
import { ToolError, defineTool } from "@wasm-engine/engine/tool";
import { projectOf } from "./testing/typescript-world.js";

const caller = `import { defineAgent } from "wasm-engine/agent";
export const agent = defineAgent({
  capabilities: ["models", "tools"],
  async onMessage(message, ctx) {
    const { tool, model, input } = message.body;
    const prompt = [{ role: "user", content: String(input) }];
    const asked = tool === undefined ? ctx.chat(model, prompt) : ctx.tool(tool, input);
    message.reply(await asked.catch(({ code, message, retryable }) => ({ code, message, retryable })));
  },
});
`;
const search = `import { ToolError, defineTool } from "wasm-engine/tool";
import { limit } from "./limit";
export default defineTool({
  input: { type: "object", required: ["query"], properties: { query: { type: "string", maxLength: limit } } },
  secrets: ["KEY"],
  run: ({ query }: { query: string }, { secret, agentId }) => {
    if (query === "gone") throw new ToolError("GONE", "no longer there", { retryable: true });
    return { hits: [query, secret("KEY").length, agentId, secret("KEY")] };
  },
});
`;
const project = projectOf({
  "agents/caller.ts": caller,
  "tools/search.ts": search,
  "tools/limit.ts": "export const limit: number = 8;\n",
  "models/writer.yaml":
    '- when: { last: "/why (\\\\w+)/" }\n  answer: "because of {1}"\n- answer: "I do not know."\n',
  "engine.yaml": `version: 1
name: tools
modules: { caller: ./agents/caller.ts }
models: { writer: { scripted: ./models/writer.yaml } }
tools: { search: { path: ./tools/search.ts, secrets: { KEY: { env: WE_TEST_SECRET_THAT_NOBODY_SETS } } } }
agents: [{ id: caller, module: caller, capabilities: { models: [writer], tools: [search] } }]
`,
});
after(() => project.remove());

type Options = Pick<AgentsWorld, "models" | "tools" | "secrets">;

async function callers(options: Options): Promise<MiniWorld> {
  return await createWorld({ directory: project.folder, agents: { caller: "agents/caller.ts" }, ...options });
}

interface Query {
  readonly query: string;
}

test("a defined tool is called with its input checked, its context, and its result checked", async () => {
  const requests: string[] = [];
  const tool = defineTool({
    input: { type: "object", required: ["query"], properties: { query: { type: "string" } } },
    output: { type: "object", required: ["hits"], properties: { hits: { type: "array" } } },
    run: async ({ query }: Query, { signal, secret, requestId, agentId }) => {
      requests.push(requestId);
      if (query === "busy") throw new ToolError("BUSY", `later, says ${secret("KEY")}`, { retryable: true });
      return await Promise.resolve(
        query === "bad" ? { hits: "none" } : { hits: [signal.aborted, secret("KEY").length, agentId] },
      );
    },
  });
  await using world = await callers({ tools: { search: tool }, secrets: { KEY: "sesame" } });
  const call = (input: Record<string, string | number>): Promise<unknown> =>
    world.ask("caller", { tool: "search", input });
  assert.deepEqual(await call({ query: "x" }), { hits: [false, 6, "caller"] });
  assert.deepEqual(await call({ query: 7 }), {
    code: "BAD_INPUT",
    message: "tool search: /query must be string",
    retryable: false,
  });
  assert.deepEqual(await call({ query: "busy" }), {
    code: "BUSY",
    message: "tool search: later, says [secret KEY]",
    retryable: true,
  });
  assert.deepEqual(await call({ query: "bad" }), {
    code: "FAILED",
    message: "tool search: the tool gave what its output schema refuses: /hits must be array",
    retryable: false,
  });
  assert.equal(requests.length, 3, "what is no input does not reach the tool");
  assert.equal(new Set(requests).size, 3);
});

test("a tool is the path of its module, its secrets are those of the test", async () => {
  await using world = await callers({ tools: { search: "./tools/search.ts" }, secrets: { KEY: "sesame" } });
  const call = (query: string): Promise<unknown> => world.ask("caller", { tool: "search", input: { query } });
  assert.deepEqual(await call("x"), { hits: ["x", 6, "caller", "[secret KEY]"] });
  assert.deepEqual(await call("too long for it"), {
    code: "BAD_INPUT",
    message: "tool search: /query must NOT have more than 8 characters",
    retryable: false,
  });
  assert.deepEqual(await call("gone"), {
    code: "GONE",
    message: "tool search: no longer there",
    retryable: true,
  });
  using same = world.fork({ tools: { search: pathToFileURL(join(project.folder, "tools/search.ts")) } });
  assert.equal(same.chainHead, world.chainHead);
  assert.deepEqual(
    await same.ask("caller", { tool: "search", input: { query: "x" } }),
    await call("x"),
    "an address does as well",
  );
  assert.equal(same.chainHead, world.chainHead);
  using fork = world.fork({ tools: { search: { path: "tools/search.ts", latencyTicks: 5 } } });
  const before = fork.tick;
  assert.deepEqual(await fork.ask("caller", { tool: "search", input: { query: "x" } }), {
    hits: ["x", 6, "caller", "[secret KEY]"],
  });
  assert.ok(fork.tick >= before + 5, "the entry says how long its answers take");
});

test("a configuration's tool gets the secrets of the test in place of its own", async () => {
  const options = { directory: project.folder, config: "engine.yaml" };
  await using world = await createWorld({ ...options, secrets: { KEY: "sesame" } });
  assert.deepEqual(await world.ask("caller", { tool: "search", input: { query: "x" } }), {
    hits: ["x", 6, "caller", "[secret KEY]"],
  });
  await using bare = await createWorld(options);
  await assert.rejects(bare.ask("caller", { tool: "search", input: { query: "x" } }), {
    code: "WE_SECRET_MISSING",
  });
});

test("entries of engine.yaml stand for models and tools", async () => {
  await using world = await callers({
    models: { writer: { scripted: "./models/writer.yaml" }, broken: { failing: "refuse", code: "DOWN" } },
    tools: { search: { failing: "refuse", code: "CLOSED", message: "come tomorrow" } },
  });
  const chat = (model: string): Promise<unknown> => world.ask("caller", { model, input: "why rain" });
  assert.equal(((await chat("writer")) as { text: string }).text, "because of rain");
  assert.equal(((await chat("broken")) as { code: string }).code, "DOWN");
  assert.deepEqual(await world.ask("caller", { tool: "search", input: {} }), {
    code: "CLOSED",
    message: "tool search: come tomorrow",
    retryable: false,
  });
  using fork = world.fork({
    models: { writer: () => fail("GONE") },
    tools: { search: () => ({ found: 1 }) },
  });
  assert.deepEqual(await fork.ask("caller", { tool: "search", input: {} }), { found: 1 });
});

test("what a test gives wrongly is told before the first tick", async () => {
  const needy = defineTool({ secrets: ["KEY"], run: () => null });
  const refusals = [
    [{ tools: { search: needy } }, "WE_SECRET_MISSING", /createWorld/],
    [{ tools: { search: needy }, secrets: { KEY: "abc" } }, "WE_SECRET_MISSING", /longer/],
    [{ tools: { search: { input: { type: "no" }, run: () => null } } }, "WE_TOOL_DEFINITION", /defineTool/],
    [{ tools: { search: "tools/none.ts" } }, "WE_CONFIG_FILE_MISSING", /./],
    [{ tools: { search: "tools/limit.ts" } }, "WE_TOOL_DEFINITION", /defineTool/],
    [{ models: { writer: { scripted: "models/none.yaml" } } }, "WE_CONFIG_FILE_MISSING", /./],
    [{ models: { writer: { openai: "http://127.0.0.1:1/v1#m" } } }, "WE_TEST_OPTION", /scripted/],
    [{ tools: { search: 42 } }, "WE_CONFIG_TYPE", /./],
  ] as const;
  for (const [options, code, hint] of refusals) {
    // Tests in JavaScript may give anything.
    await assert.rejects(callers(options as Options), (error: Error & { code: string; hint: string }) => {
      assert.equal(error.code, code, error.message);
      assert.match(error.hint, hint);
      return true;
    });
  }
});
