import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { AgentId } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";
import { adapterRequest, ask } from "../testing/adapter-request.js";
import { projectFolder } from "../testing/project.js";
import { withReuse } from "./answer-reuse.js";
import { answersDirectory } from "./answer-store.js";
import { failure, jsonAnswer } from "./answers.js";
import type { Adapter, OpenAiSetup, ToolSetup } from "./contract.js";

const head = { name: "writer", timeoutMs: 1, secrets: {} } as const;
const model: OpenAiSetup = {
  ...head,
  kind: "openai",
  serves: "inference",
  url: "http://127.0.0.1:1/v1",
  model: "tiny",
  parameters: {},
  reuse: true,
  concurrency: 1,
};
const tool: ToolSetup = { ...head, kind: "tool", serves: "tool", path: "/t.js", reuse: true };

/** Answers with a number that counts, or fails where the request says so. */
function counting(identity = "11".repeat(32)): Adapter & { readonly asked: () => number } {
  let count = 0;
  return {
    identity,
    asked: () => count,
    answer: (request) => {
      count += 1;
      const isBad = Buffer.from(request.payload).toString().includes("fail");
      return Promise.resolve(isBad ? failure("FAILED", "no", true) : jsonAnswer({ text: `answer ${count}` }));
    },
  };
}

const chat = (content: string, more: Readonly<Record<string, Json>> = {}): Json => ({
  messages: [{ role: "user", content }],
  ...more,
});

test("an equal request is asked once, whatever the order of its members, in parts or not", async (context) => {
  const baseDirectory = projectFolder(context);
  const inner = counting();
  const adapter = withReuse(inner, model, { baseDirectory, askAnew: false });
  const first = await ask(adapter, adapterRequest(chat("x", { maxTokens: 3 })));
  assert.deepEqual(first.value, { text: "answer 1" });
  assert.ok(first.answer.ok && first.answer.reused === undefined);
  const other = withReuse(inner, model, { baseDirectory, askAnew: false });
  const swapped = { maxTokens: 3, stream: true, messages: [{ content: "x", role: "user" }] };
  const again = await ask(other, adapterRequest(swapped, { id: "cd".repeat(32), tick: 99 }));
  assert.deepEqual(again.value, first.value);
  assert.deepEqual(again.parts, ["answer 1"]);
  assert.ok(again.answer.ok && again.answer.reused === true);
  assert.equal(inner.asked(), 1);
});

test("another request, seed or server is asked; with temperature 0 the seed is nothing", async (context) => {
  const baseDirectory = projectFolder(context);
  const inner = counting();
  const adapter = withReuse(inner, model, { baseDirectory, askAnew: false });
  await ask(adapter, adapterRequest(chat("x")));
  await ask(adapter, adapterRequest(chat("y")));
  await ask(adapter, adapterRequest(chat("x"), { seed: 2 }));
  await ask(adapter, adapterRequest(chat("x", { maxTokens: 1 })));
  await ask(
    withReuse({ ...inner, identity: "22".repeat(32) }, model, { baseDirectory, askAnew: false }),
    adapterRequest(chat("x")),
  );
  assert.equal(inner.asked(), 5);
  const cold = adapterRequest(chat("x", { temperature: 0 }));
  await ask(adapter, cold);
  await ask(adapter, { ...cold, seed: 2, agentId: "b" as AgentId, name: "renamed" }); // an id of the right form
  const frozen = withReuse(
    inner,
    { ...model, parameters: { temperature: 0 } },
    { baseDirectory, askAnew: false },
  );
  await ask(frozen, adapterRequest(chat("z")));
  await ask(frozen, adapterRequest(chat("z"), { seed: 2 }));
  await ask(adapter, adapterRequest({ input: ["e"] }));
  await ask(adapter, adapterRequest({ input: ["e"] }, { seed: 2 }));
  assert.equal(inner.asked(), 8);
});

test("failures are asked anew; a tool's answers belong to its name and text", async (context) => {
  const baseDirectory = projectFolder(context);
  const inner = counting();
  const surroundings = { baseDirectory, askAnew: false };
  const adapter = withReuse(inner, tool, surroundings);
  const failing = adapterRequest({ q: "fail" }, { kind: "tool" });
  await ask(adapter, failing);
  await ask(adapter, failing);
  assert.equal(inner.asked(), 2);
  const request = adapterRequest({ q: 1 }, { kind: "tool", name: "search" });
  await ask(adapter, request);
  await ask(adapter, { ...request, seed: 7 });
  assert.equal(inner.asked(), 3);
  await ask(adapter, { ...request, name: "lookup" });
  await ask(withReuse({ ...inner, identity: "33".repeat(32) }, tool, surroundings), request);
  assert.equal(inner.asked(), 5);
});

test("without reuse nothing is kept; asking anew looks at nothing and keeps what comes", async (context) => {
  const baseDirectory = projectFolder(context);
  const inner = counting();
  const surroundings = { baseDirectory, askAnew: false };
  const request = adapterRequest(chat("x"));
  const off = withReuse(inner, { ...model, reuse: false }, surroundings);
  await ask(off, request);
  await ask(off, request);
  assert.equal(inner.asked(), 2);
  assert.throws(() => readdirSync(answersDirectory(baseDirectory)));
  const anew = withReuse(inner, model, { ...surroundings, askAnew: true });
  await ask(anew, request);
  await ask(anew, request);
  assert.equal(inner.asked(), 4);
  const { value } = await ask(withReuse(inner, model, surroundings), request);
  assert.deepEqual(value, { text: "answer 4" });
});

test("what is kept holds the answer, and nothing of the request", async (context) => {
  const baseDirectory = projectFolder(context);
  const adapter = withReuse(counting(), model, { baseDirectory, askAnew: false });
  await ask(adapter, adapterRequest(chat("confidential")));
  const folder = answersDirectory(baseDirectory);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const [file] = files;
  assert.ok(file !== undefined && files.length === 1);
  const text = readFileSync(join(file.parentPath, file.name), "latin1");
  assert.ok(text.includes("answer 1") && !text.includes("confidential"));
});
