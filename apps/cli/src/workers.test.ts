/** `--workers`: how many threads execute shows in the report and nowhere else, losing one in one line. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { echoProject } from "./testing/project.js";
import type { Project, Result } from "./testing/project.js";

const faultVariable = "WASM_ENGINE_TEST_THREADS";
const spoken = `${JSON.stringify({ to: "left", topic: "word", said: "hello" })}\n`;

let project: Project;
before(async () => {
  project = await echoProject();
});
after(() => project.remove());

function run(dir: string, ...options: readonly string[]): Result {
  return project.feed(spoken, "run", "engine.yaml", "--input", "-", "--dir", dir, "--json", ...options);
}

test("[S14.run] [S14.replay] --workers changes the report and not the chain", () => {
  const alone = run("alone", "--workers", "1");
  assert.deepEqual([alone.document["workers"], alone.document["threadsLost"]], [1, 0], alone.stderr);
  const threaded = run("threaded", "--workers", "3");
  assert.deepEqual([threaded.document["workers"], threaded.document["threadsLost"]], [3, 0], threaded.stderr);
  assert.equal(threaded.document["chainHead"], alone.document["chainHead"]);
  for (const workers of ["auto", "2"]) {
    const replay = project.cli("replay", "threaded", "--workers", workers, "--json");
    assert.equal(replay.document["verified"], true, replay.stderr);
  }
});

test("[G3] [S14.run] a lost thread is one line; what came on standard input is kept", () => {
  const undisturbed = run("undisturbed");
  process.env[faultVariable] = "kill:1@0";
  try {
    const killed = run("killed", "--workers", "3");
    assert.equal(killed.code, 0, killed.stderr);
    assert.equal(killed.document["threadsLost"], 1);
    assert.equal(killed.document["inputs"], 10);
    assert.equal(killed.document["chainHead"], undisturbed.document["chainHead"]);
    assert.match(killed.stderr, /thread 1 of 3 was lost at tick 0: ".*"; the world goes on/);
    process.env[faultVariable] = "kill:1@0*2";
    const twice = run("twice", "--workers", "3");
    assert.equal(twice.code, 4);
    assert.match(twice.stderr, /WE_EXECUTOR_THREAD_LOST/);
  } finally {
    Reflect.deleteProperty(process.env, faultVariable);
  }
});

test("[G10] --workers takes auto or a number from 1", () => {
  for (const wrong of ["0", "some", "1.5"]) {
    const refused = run("refused", "--workers", wrong);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /WE_EXECUTOR_WORKERS/);
  }
});
