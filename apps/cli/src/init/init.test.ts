/** `init` as users meet it: what it writes, what it refuses, what it asks and what it leaves behind. */

import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { after, test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import { Reporter } from "../reporter.js";
import { workbench } from "../testing/template-project.js";
import type { Ended } from "../testing/template-project.js";
import { cliVersion } from "../version.js";
import { installPackages } from "./package-install.js";
import { packageSource } from "./package-source.js";
import { nameOfFolder } from "./project-name.js";
import { askQuestions } from "./questions.js";
import type { Answers } from "./questions.js";
import { filesOfTemplate, templates } from "./template.js";

const bench = workbench();
after(() => bench.remove());

const coded = (code: string) => (error: unknown) => EngineError.is(error) && error.code === code;
const codeOf = ({ document }: Ended): unknown => (document["error"] as { code?: string } | undefined)?.code; // --json

test("[S14.init] init writes a whole project and says what comes next", () => {
  const made = bench.cli(["init", "first", "--no-install", "--yes"]);
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stdout, /next\n {2}cd first\n {2}npm install\n {2}npm start\n/);
  const manifest = JSON.parse(readFileSync(join(bench.folder, "first/package.json"), "utf8")) as {
    name: string;
    scripts: Record<string, string>;
    dependencies: Record<string, string>;
  }; // written by init
  assert.equal(manifest.name, "first");
  assert.deepEqual(Object.keys(manifest.scripts).slice(0, 4), ["start", "dev", "test", "build"]);
  assert.deepEqual(manifest.dependencies, { "wasm-engine": cliVersion() });
  assert.match(readFileSync(join(bench.folder, "first/engine.yaml"), "utf8"), /\nname: first\n/);
  assert.match(readFileSync(join(bench.folder, "first/.gitignore"), "utf8"), /^\.wasm-engine\/$/m);
});

test("no file of a template keeps the template's own name", () => {
  for (const template of templates) {
    for (const { path, content } of filesOfTemplate(template, "other"))
      assert.ok(!Buffer.from(content).includes("my-world"), `${template.name}: ${path}`);
  }
});

test("a folder without a name is not the working directory", () => {
  const refused = bench.cli(["init", "", "--no-install", "--yes", "--json"]);
  assert.deepEqual([refused.code, codeOf(refused)], [2, "WE_CLI_USAGE"]);
  assert.ok(!existsSync(join(bench.folder, "engine.yaml")));
});

test("a folder that holds something is refused, and what it holds stays as it is", () => {
  mkdirSync(join(bench.folder, "taken"));
  writeFileSync(join(bench.folder, "taken/engine.yaml"), "mine");
  const refused = bench.cli(["init", "taken", "--no-install", "--json"]);
  assert.equal(refused.code, 2);
  assert.equal(codeOf(refused), "WE_INIT_FOLDER_TAKEN");
  assert.match(refused.stderr, /is not empty: engine\.yaml\n/);
  assert.deepEqual(readdirSync(join(bench.folder, "taken")), ["engine.yaml"]);
  assert.equal(readFileSync(join(bench.folder, "taken/engine.yaml"), "utf8"), "mine");
});

test("an empty folder is taken, also the working directory, and one that holds .git alone", () => {
  mkdirSync(join(bench.folder, "cloned/.git"), { recursive: true });
  const made = bench.cli(["init", ".", "--no-install", "--json"], { below: "cloned" });
  assert.equal(made.code, 0, made.stderr);
  assert.equal(made.document["name"], "cloned");
  assert.deepEqual(made.document["next"], ["npm install", "npm start", "npm test", "npm run dev"]);
});

test("bad names and unknown templates are refused before anything is written", () => {
  for (const name of ["Upper", "", "-x", "a/b", "node_modules", "x".repeat(64)]) {
    const refused = bench.cli(["init", "unnamed", "--name", name, "--no-install", "--json"]);
    assert.equal(codeOf(refused), "WE_INIT_NAME", name);
    assert.equal(refused.code, 2);
  }
  const rust = bench.cli(["init", "unnamed", "--template", "rust", "--no-install", "--json"]);
  assert.equal(codeOf(rust), "WE_INIT_TEMPLATE");
  assert.match(rust.stderr, /typescript, assemblyscript, c\n/);
  assert.ok(!existsSync(join(bench.folder, "unnamed")));
  assert.equal(nameOfFolder("/x/My World!"), "my-world-");
  assert.throws(() => nameOfFolder("/x/___"), coded("WE_INIT_NAME"));
});

test("a folder that cannot be made is a coded error", () => {
  writeFileSync(join(bench.folder, "file"), "");
  const refused = bench.cli(["init", "file/below", "--no-install", "--json"]);
  assert.equal(codeOf(refused), "WE_INIT_FOLDER_WRITE");
  assert.equal(refused.code, 4);
});

/** Answers as somebody types them; the stream ends after them. */
function asking(
  typed: string,
  given: Partial<Answers> = {},
  signal = new AbortController().signal,
): Promise<Answers> {
  const input = new PassThrough();
  const output = new PassThrough();
  output.resume();
  const defaults = { folder: "my-world", template: "typescript", install: true };
  const refusal = (folder: string): string | undefined =>
    folder === "taken" ? "it is not empty" : undefined;
  const answers = askQuestions({ given, defaults, refusal }, { input, output, signal });
  input.end(typed);
  return answers;
}

test("questions take numbers, names and defaults, and ask again where an answer cannot be taken", async () => {
  assert.deepEqual(await asking("\n\n\n"), { folder: "my-world", template: "typescript", install: true });
  const chosen = { folder: "x", template: "c", install: false };
  assert.deepEqual(await asking("taken\nx\n9\n3\nno\n"), chosen);
  assert.deepEqual(await asking("x\nc\nn\n"), chosen);
  assert.deepEqual(await asking("n\n", { folder: "x", template: "c" }), chosen);
});

test("an end in the middle of the questions is an interruption", async () => {
  await assert.rejects(asking("x\n"), coded("WE_INIT_INTERRUPTED"));
  await assert.rejects(asking("", {}, AbortSignal.abort()), coded("WE_INIT_INTERRUPTED"));
});

/** A program named npm that does what `script` says. */
function fakeNpm(name: string, script: string): string {
  const folder = join(bench.folder, name);
  mkdirSync(folder);
  writeFileSync(join(folder, "npm"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, "npm"), 0o755);
  return folder;
}

const skip = process.platform === "win32" ? "the stand-in for npm is a shell script" : false;

test("what npm says is one line where it succeeds", { skip }, () => {
  const path = fakeNpm("good", 'echo "args $@"; echo; echo "added 3 packages in 1s"');
  const made = bench.cli(["init", "installed", "--yes"], { path });
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stderr, /\nadded 3 packages in 1s\n/);
  assert.doesNotMatch(made.stderr, /args/);
  assert.doesNotMatch(made.stdout, /npm install/);
});

test("where npm fails, its reason is told, the project is whole, and so is the way on", { skip }, () => {
  const path = fakeNpm(
    "bad",
    "echo 'npm error code E404' >&2; echo 'npm error 404 Not Found: x' >&2; exit 1",
  );
  const failed = bench.cli(["init", "half", "--json"], { path });
  assert.equal(codeOf(failed), "WE_INIT_INSTALL");
  assert.equal(failed.code, 4);
  assert.match(failed.stderr, /could not be installed: 404 Not Found: x\n/);
  assert.match(failed.stderr, /npm error code E404\n/);
  assert.match(failed.stderr, /go on with: cd half && npm install\n/);
  assert.ok(existsSync(join(bench.folder, "half/engine.yaml")));
});

test("an interruption while packages are installed ends npm and keeps the project", { skip }, async () => {
  const path = fakeNpm("slow", "exec sleep 600");
  const controller = new AbortController();
  const silence = new PassThrough();
  const reporter = new Reporter({
    json: false,
    quiet: true,
    verbose: false,
    stdout: silence,
    stderr: silence,
  });
  const options = { reporter, signal: controller.signal, resume: "", command: [join(path, "npm")] };
  const installing = installPackages(bench.folder, options);
  controller.abort();
  await assert.rejects(installing, coded("WE_INIT_INSTALL_INTERRUPTED"));
  const missing = { ...options, signal: new AbortController().signal, command: [join(path, "absent")] };
  await assert.rejects(installPackages(bench.folder, missing), coded("WE_INIT_INSTALL"));
});

test("a project takes wasm-engine from where it was itself installed from", () => {
  const installed = (name: string, packages: object): string => {
    const modules = join(bench.folder, name, "node_modules");
    mkdirSync(join(modules, "wasm-engine"), { recursive: true });
    writeFileSync(join(modules, ".package-lock.json"), JSON.stringify({ packages }));
    return join(modules, "wasm-engine");
  };
  const fromRegistry = installed("registry", { "node_modules/wasm-engine": { version: "9.9.9" } });
  assert.deepEqual(packageSource(fromRegistry), { specifier: cliVersion(), overrides: {} });
  const fromFiles = installed("files", {
    "node_modules/wasm-engine": { resolved: "file:../tarballs/wasm-engine.tgz" },
    "node_modules/@wasm-engine/abi": { resolved: "file:/elsewhere/abi.tgz" },
    "node_modules/other": { resolved: "file:../other.tgz" },
  });
  assert.deepEqual(packageSource(fromFiles), {
    specifier: `file:${join(bench.folder, "tarballs/wasm-engine.tgz")}`,
    overrides: { "@wasm-engine/abi": "file:/elsewhere/abi.tgz" },
  });
  assert.equal(packageSource().specifier, cliVersion(), "a checkout has no other source");
});
