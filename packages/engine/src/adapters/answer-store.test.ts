import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { encodeUtf8 } from "@wasm-engine/abi";
import { sha256Hex } from "../crypto/node-crypto.js";
import { projectFolder } from "../testing/project.js";
import { AnswerStore } from "./answer-store.js";
import type { KeptAnswer } from "./answer-store.js";

const keyOf = (name: string): string => sha256Hex(Buffer.from(name));
const answerOf = (text: string): KeptAnswer => ({ encoding: 1, payload: encodeUtf8(text) });
const pathOf = (directory: string, key: string): string => join(directory, key.slice(0, 2), key.slice(2));

function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
}

test("an answer is found under its key, by every process, and nothing else is", (context) => {
  const directory = join(projectFolder(context), "answers");
  const store = new AnswerStore(directory);
  assert.equal(store.get(keyOf("a")), undefined);
  store.put(keyOf("a"), answerOf("one"));
  store.put(keyOf("b"), { encoding: 3, payload: new Uint8Array() });
  const again = new AnswerStore(directory);
  assert.deepEqual(again.get(keyOf("a")), answerOf("one"));
  assert.deepEqual(again.get(keyOf("b")), { encoding: 3, payload: new Uint8Array() });
  assert.equal(again.get(keyOf("c")), undefined);
  store.put(keyOf("a"), answerOf("two"));
  assert.deepEqual(again.get(keyOf("a")), answerOf("two"));
  assert.equal(filesIn(directory).length, 2, "no temporary file stays");
});

test("every torn or flipped file is no answer, and is replaced", (context) => {
  const directory = join(projectFolder(context), "answers");
  const store = new AnswerStore(directory);
  const key = keyOf("a");
  store.put(key, answerOf("one"));
  const whole = readFileSync(pathOf(directory, key));
  for (let length = 0; length < whole.length; length += 1) {
    writeFileSync(pathOf(directory, key), whole.subarray(0, length));
    assert.equal(store.get(key), undefined, `cut at ${length}`);
  }
  for (let at = 0; at < whole.length; at += 1) {
    const flipped = Buffer.from(whole);
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    writeFileSync(pathOf(directory, key), flipped);
    assert.equal(store.get(key), undefined, `flipped at ${at}`);
  }
  const other = keyOf("b");
  mkdirSync(join(directory, other.slice(0, 2)), { recursive: true });
  writeFileSync(pathOf(directory, other), whole);
  assert.equal(store.get(other), undefined, "an answer under a foreign key");
  store.put(key, answerOf("one"));
  assert.deepEqual(store.get(key), answerOf("one"));
});

test("past its bounds the folder loses what was used longest ago", (context) => {
  const directory = join(projectFolder(context), "answers");
  const store = new AnswerStore(directory, { bytesMax: 1_000_000, answersMax: 10 });
  for (let index = 0; index < 10; index += 1) {
    const key = keyOf(String(index));
    store.put(key, answerOf(String(index)));
    utimesSync(pathOf(directory, key), index, index);
  }
  assert.deepEqual(store.get(keyOf("0")), answerOf("0"), "used now");
  store.put(keyOf("10"), answerOf("10"));
  const kept = Array.from({ length: 11 }, (_item, index) => store.get(keyOf(String(index))) !== undefined);
  assert.deepEqual(kept, [true, false, false, true, true, true, true, true, true, true, true]);

  const small = new AnswerStore(directory, { bytesMax: 400, answersMax: 1000 });
  small.put(keyOf("big"), answerOf("x".repeat(200)));
  const bytes = filesIn(directory).length;
  assert.ok(bytes < 5, `${bytes} files`);
  assert.ok(small.get(keyOf("big")) !== undefined);
});

test("a folder that cannot be written or read is no answer and no error", (context) => {
  const directory = join(projectFolder(context, { answers: "a file" }), "answers");
  const store = new AnswerStore(directory);
  store.put(keyOf("a"), answerOf("one"));
  assert.equal(store.get(keyOf("a")), undefined);
  assert.ok(statSync(directory).isFile());
});

test("two processes write and remove at the same time; every answer that is found is whole", async (context) => {
  const directory = join(projectFolder(context), "answers");
  const address = JSON.stringify(new URL("./answer-store.js", import.meta.url).href);
  const program = `
    const { AnswerStore } = await import(${address});
    const { createHash } = await import("node:crypto");
    const store = new AnswerStore(${JSON.stringify(directory)}, { bytesMax: 20000, answersMax: 40 });
    let found = 0;
    for (let round = 0; round < 600; round += 1) {
      const name = String((round * 7) % 60);
      const key = createHash("sha256").update(name).digest("hex");
      const kept = store.get(key);
      if (kept !== undefined) {
        found += 1;
        if (new TextDecoder().decode(kept.payload) !== name.repeat(50)) process.exit(3);
      }
      store.put(key, { encoding: 1, payload: new TextEncoder().encode(name.repeat(50)) });
    }
    process.exit(found > 0 ? 0 : 4);`;
  const codes = await Promise.all(
    [1, 2].map(
      () =>
        new Promise((resolve) => {
          const child = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: "inherit" });
          child.on("close", resolve);
        }),
    ),
  );
  assert.deepEqual(codes, [0, 0]);
  assert.ok(filesIn(directory).length <= 60);
});
