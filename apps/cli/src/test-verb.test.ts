/** `wasm-engine test`: finds tests, runs TypeScript without a build, replays golden bundles, tells what happened. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { echoProject } from "./testing/project.js";
import type { Project } from "./testing/project.js";

let project: Project;

const passing = `import assert from "node:assert/strict";
import { test } from "node:test";
import { createWorld } from "wasm-engine/testing";
import { word, type Word } from "./words.js";

test("an echo is heard", async () => {
  await using world = await createWorld({ agents: { left: "./echo.wasm" } });
  const sent: Word = { word };
  world.send("left", sent, { topic: "word" });
  await world.run();
  assert.deepEqual(world.messages({ kind: "publish" }).map(({ body }) => body), [sent]);
  assert.deepEqual(world.agent("left").state, { count: 1 });
});
`;
const failing = `import assert from "node:assert/strict";
import { describe, test } from "node:test";
describe("group", () => {
  test("is wrong", () => assert.equal(1 as number, 2));
  test("comes later", (context) => context.skip("not yet"));
});
`;

interface Report {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly files: readonly {
    readonly file: string;
    readonly tests: readonly { readonly name: string; readonly outcome: string; readonly message?: string }[];
  }[];
}

const reportOf = ({ document }: { readonly document: unknown }): Report => document as Report; // of the verb

before(async () => {
  project = await echoProject();
  project.write(
    "tests/words.ts",
    "export interface Word { word: string }\nexport const word: string = 'hello';\n",
  );
  project.write("tests/echo.test.ts", passing);
  project.write("more/wrong.test.mts", failing);
  project.write("node_modules/other/ignored.test.js", "throw 1;\n");
  project.write("dist/ignored.test.js", "throw 1;\n");
  const packages = join(project.folder, "node_modules");
  mkdirSync(packages, { recursive: true });
  symlinkSync(fileURLToPath(new URL("..", import.meta.url)), join(packages, "wasm-engine"), "junction");
});
after(() => project.remove());

test("[S14.test] every test of the project runs, the report tells each", () => {
  const result = project.process("test", "--json");
  assert.equal(result.code, 1, result.stderr);
  const { passed, failed, skipped, files } = reportOf(result);
  assert.deepEqual([passed, failed, skipped], [1, 1, 1]);
  assert.deepEqual(
    files.map(({ file, tests }) => [file, tests.map(({ name, outcome }) => `${name}: ${outcome}`)]),
    [
      ["more/wrong.test.mts", ["is wrong: failed", "comes later: skipped"]],
      ["tests/echo.test.ts", ["an echo is heard: passed"]],
    ],
  );
  assert.match(files[0]?.tests[0]?.message ?? "", /1 !== 2/);
  assert.match(result.stderr, /wrong\.test\.mts:4/, "places are those of the source");
});

test("patterns choose: a file, a folder, a part of a path, a glob", () => {
  for (const pattern of ["tests/echo.test.ts", "tests", "echo", "**/echo.*"]) {
    const result = project.process("test", pattern, "--json");
    assert.equal(result.code, 0, `${pattern}: ${result.stderr}`);
    assert.deepEqual(
      reportOf(result).files.map(({ file }) => file),
      ["tests/echo.test.ts"],
    );
  }
});

test("people read the report of the runner, and a line with the sums", () => {
  const { code, stdout } = project.process("test", "more");
  assert.equal(code, 1);
  assert.match(stdout, /is wrong/);
  assert.match(stdout, /FAILED more\/wrong\.test\.mts: is wrong\n0 passed, 1 failed, 1 skipped\n$/);
});

test("no tests are a coded error that says what was looked for", () => {
  const { code, stderr } = project.process("test", "nowhere");
  assert.equal(code, 2);
  assert.match(stderr, /WE_TEST_NONE.*looked for nowhere below/);
});

test("a file that cannot be loaded is a failed test", () => {
  project.write("broken/broken.test.ts", "import './is-not-there.js';\n");
  const result = project.process("test", "broken", "--json");
  assert.equal(result.code, 1);
  assert.equal(reportOf(result).failed, 1);
});

test("golden bundles are replayed as tests, damaged ones fail", () => {
  assert.equal(project.cli("run", "engine.yaml", "--dir", "run").code, 0);
  project.write("golden/README.md", "# Golden runs\n");
  assert.equal(project.cli("bundle", "run", "--out", "golden/echoes.bundle").code, 0);
  const good = project.process("test", "golden/*.bundle", "--json");
  assert.equal(good.code, 0, good.stderr);
  assert.deepEqual(
    reportOf(good).files.map(({ file, tests }) => [file, tests.map(({ outcome }) => outcome)]),
    [["golden/echoes.bundle", ["passed"]]],
  );
  project.write("golden/torn.bundle", "no bundle");
  const torn = project.process("test", "golden", "--json");
  assert.equal(torn.code, 1);
  assert.deepEqual([reportOf(torn).passed, reportOf(torn).failed], [1, 1]);
});

test("a project that configures vitest is told to run it; its bundles are replayed all the same", () => {
  project.write("package.json", '{ "type": "module", "devDependencies": { "vitest": "*" } }');
  project.write("vitest.config.ts", "export default {};\n");
  const refused = project.process("test", "echo");
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /WE_TEST_VITEST[\s\S]*npx vitest run/);
  const bundle = project.process("test", "golden/echoes.bundle", "--json");
  assert.deepEqual([bundle.code, reportOf(bundle).passed], [0, 1]);
});

test("the same test runs in vitest", (context) => {
  const vitest = fileURLToPath(new URL("../../../node_modules/vitest/vitest.mjs", import.meta.url));
  if (!existsSync(vitest)) return context.skip("vitest is not installed here; node:test is what is tested");
  project.write("tests/vitest.test.ts", passing.replace("node:test", "vitest"));
  const args = [vitest, "run", "tests/vitest.test.ts"];
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: project.folder, encoding: "utf8" });
  assert.equal(status, 0, stdout);
});
