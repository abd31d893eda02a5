/** Models of a project on the command line: added, listed, shown, measured, asked by a configuration, removed. */

import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { lineModel } from "./testing/line-model.js";
import { echoProject } from "./testing/project.js";
import type { Project } from "./testing/project.js";

let project: Project;

before(async () => {
  // Another machine without https is refused before it is asked.
  process.env["HF_ENDPOINT"] = "http://mirror.example.org";
  project = await echoProject();
  project.write("source/onnx/model.onnx", lineModel());
  project.write("source/config.json", "{}");
  const config = readFileSync(join(project.folder, "engine.yaml"), "utf8");
  project.write("with-models.yaml", `${config}models: { line: models/line }\n`);
});
after(() => project.remove());

const codeOf = (document: Record<string, unknown>): string => (document["error"] as { code: string }).code; // --json

test("add brings a model into the project, list and show tell of it, a configuration is pinned [S14.model]", () => {
  const added = project.cli("model", "add", "file:source", "--name", "line", "--json");
  assert.equal(added.code, 0, added.stderr);
  assert.deepEqual(
    [added.document["name"], added.document["file"], added.document["wasPresent"]],
    ["line", "onnx/model.onnx", false],
  );
  assert.match(
    project.cli("model", "add", "file:source", "--name", "line").stdout,
    /line is there and whole/,
  );
  assert.match(project.cli("model", "list").stdout, /line +file:source +onnx\/model\.onnx/);
  const listed = project.cli("model", "list", "with-models.yaml", "--json");
  const { models } = listed.document as { models: { digest: string }[] }; // --json
  assert.equal(models[0]?.digest, added.document["digest"]);
  assert.equal(project.cli("model", "show", "line", "--json").document["ok"], true);
});

test("bench measures a model with a request, alone and beside others [S14.model]", () => {
  const bench = project.cli("model", "bench", "with-models.yaml", "line", "[[1,2]]", "--json");
  assert.equal(bench.code, 0, bench.stderr);
  const { aloneMs, joined, batchMode } = bench.document as {
    aloneMs: { runs: number; min: number; median: number };
    joined: { requests: number; ratioToAlone: number }[];
    batchMode: string;
  }; // --json
  assert.ok(aloneMs.runs >= 10 && aloneMs.min > 0 && aloneMs.median >= aloneMs.min);
  assert.deepEqual(
    joined.map(({ requests }) => requests),
    [2, 4, 8, 16, 32],
  );
  assert.equal(batchMode, "exact");
  assert.equal(project.cli("model", "bench", "with-models.yaml", "line", "[[1]]", "--json").code, 1);
});

test("doctor says of added models whether they fit [S14.doctor]", () => {
  const { document } = project.cli("doctor", "--json");
  const { checks } = document as { checks: { name: string; ok: boolean; found: string }[] }; // --json
  const row = checks.find(({ name }) => name === "memory for model line");
  assert.match(row?.found ?? "", /^\d.* of weights, \d.* free$/);
});

test("[G10] a changed file is found, mended and refused where it is not; rm removes [S14.model]", () => {
  project.write("models/line/config.json", "changed");
  const shown = project.cli("model", "show", "line", "--json");
  assert.deepEqual([shown.code, shown.document["ok"]], [3, false]);
  assert.match(
    project.cli("model", "show", "line").stdout,
    /config\.json .*changed[^]*next +wasm-engine model add/,
  );
  rmSync(join(project.folder, "models"), { recursive: true });
  assert.equal(project.cli("model", "add", "--json").code, 0, "the lock alone brings the models back");
  assert.equal(readFileSync(join(project.folder, "models/line/config.json"), "utf8"), "{}");
  assert.equal(project.cli("model", "rm", "line", "--json").code, 0);
  assert.ok(!existsSync(join(project.folder, "models/line")));
  const gone = project.cli("model", "rm", "line", "--json");
  assert.deepEqual([gone.code, codeOf(gone.document)], [2, "WE_MODEL_NOT_ADDED"]);
});

test("[G10] what cannot be added is a coded error; usage is told [S14.model]", () => {
  const cases: readonly (readonly [readonly string[], number, string])[] = [
    [["add", "hf:org/name"], 2, "WE_MODEL_SOURCE"],
    [["add", "nonsense"], 2, "WE_MODEL_SOURCE"],
    [["add", "file:nowhere"], 2, "WE_MODEL_FOLDER"],
    [["add", "file:source", "--dtype", "q4"], 2, "WE_MODEL_DTYPE"],
    [["add", "file:source", "--dtype", "q5"], 2, "WE_CLI_USAGE"],
    [["add", "--name", "x"], 2, "WE_CLI_USAGE"],
    [["show"], 2, "WE_CLI_USAGE"],
    [["fetch", "x"], 2, "WE_CLI_USAGE"],
  ];
  for (const [line, code, error] of cases) {
    const result = project.cli("model", ...line, "--json");
    assert.deepEqual([result.code, codeOf(result.document)], [code, error], line.join(" "));
  }
});
