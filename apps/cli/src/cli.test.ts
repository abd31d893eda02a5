/** The command line as users meet it: a subprocess, its streams and its exit code. */

import assert from "node:assert/strict";
import { appendFileSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { commands } from "./command-table.js";
import { echoProject } from "./testing/project.js";
import type { Project, Result } from "./testing/project.js";

let project: Project;
let first: Result;
before(async () => {
  project = await echoProject();
  first = project.cli("run", "engine.yaml", "--dir", "first", "--json");
});
after(() => project.remove());

function errorOf({ document }: Result): { code?: string; message?: string; hint?: string; docs?: string } {
  return document["error"] ?? {}; // the contract of --json
}

test("run reports one document with every promised field, and writes the output [S14.run]", () => {
  assert.equal(first.code, 0, first.stderr);
  const fields =
    "runId dir ticks chainHead stateHash agents messages inferences fuel faults turnsExecuted wallMs node v8Flags";
  for (const field of fields.split(" ")) assert.ok(field in first.document, field);
  assert.equal(first.stdout.trimEnd().split("\n").length, 1);
  assert.equal(first.document["ticks"], 9);
  const lines = readFileSync(join(project.folder, "out/words.jsonl"), "utf8").trimEnd().split("\n");
  assert.equal(lines.length, 9);
  assert.deepEqual(JSON.parse(lines[0] ?? ""), {
    agentId: "left",
    topic: "word",
    payload: { tick: 0, to: "left", word: "w0" },
    timestamp: "2001-01-01T00:00:00.000Z",
  });
});

test("two runs of one configuration have one chain [G1] [S14.run]", () => {
  const second = project.cli("run", "engine.yaml", "--dir", "second", "--json");
  assert.equal(second.code, 0, second.stderr);
  assert.equal(second.document["chainHead"], first.document["chainHead"]);
  const other = project.cli("run", "engine.yaml", "--dir", "other", "--seed", "8", "--json");
  assert.notEqual(other.document["chainHead"], first.document["chainHead"]);
});

test("a run stopped early goes on with --resume to the undisturbed head [G3] [S14.run]", () => {
  const part = project.cli("run", "engine.yaml", "--dir", "part", "--ticks", "4", "--json");
  assert.equal(part.document["ticks"], 4, part.stderr);
  const whole = project.cli("run", "--resume", "part", "--json");
  assert.equal(whole.code, 0, whole.stderr);
  assert.equal(whole.document["chainHead"], first.document["chainHead"]);
});

test("run takes a folder that holds an engine.yaml, and @last finds its run from above [S14.run]", async () => {
  const inner = await echoProject(join(project.folder, "inner"));
  const run = project.cli("run", "inner", "--json");
  assert.equal(run.document["chainHead"], first.document["chainHead"], run.stderr);
  assert.ok(String(run.document["dir"]).startsWith(join(inner.folder, ".wasm-engine/runs")));
  const replay = project.cli("replay", "@last", "--json");
  assert.equal(replay.document["runId"], run.document["runId"], replay.stderr);
  const unknown = project.cli("replay", "2999", "--json");
  assert.match(errorOf(unknown).message ?? "", /inner\/\.wasm-engine\/runs/);
  inner.remove();
});

test("run --input - takes JSON Lines besides the configured inputs, and replay has them too [S14.run]", () => {
  const lines = ["left", "right"]
    .map((to) => `${JSON.stringify({ to, topic: "word", said: to })}\n`)
    .join("");
  const run = project.feed(lines, "run", "engine.yaml", "--input", "-", "--dir", "fed", "--json");
  assert.equal(run.code, 0, run.stderr);
  assert.equal(run.document["inputs"], 11);
  const output = readFileSync(join(project.folder, "out/words.jsonl"), "utf8").trimEnd().split("\n");
  const said = output.map((line) => (JSON.parse(line) as { payload: { said?: string } }).payload.said); // our guest
  assert.deepEqual(said.filter((word) => word !== undefined).sort(), ["left", "right"]);
  const replay = project.cli("replay", "fed", "--json");
  assert.equal(replay.document["chainHead"], run.document["chainHead"]);
  const bad = project.feed('{"to":"left"}\n', "run", "engine.yaml", "--input", "-", "--dir", "bad", "--json");
  assert.equal(errorOf(bad).code, "WE_INPUT_FIELD");
  assert.match(errorOf(bad).message ?? "", /<stdin>:1/);
});

test("-q says nothing but warnings and errors; an unknown verb gets a suggestion", () => {
  const quiet = project.cli("run", "engine.yaml", "--dir", "quiet", "-q");
  assert.equal(quiet.code, 0);
  assert.doesNotMatch(quiet.stderr, /^run /m);
  assert.match(quiet.stdout, /chain head/);
  const misspelt = project.cli("repaly", "first", "--json");
  assert.match(errorOf(misspelt).message ?? "", /Did you mean replay\?/);
  assert.ok(!misspelt.stderr.includes("\u001b"));
});

test("replay executes the run again [G4] [S14.replay]", () => {
  const replay = project.cli("replay", "first", "--json");
  assert.equal(replay.code, 0, replay.stderr);
  const { verified, turnsExecuted, fuel, chainHead } = replay.document;
  assert.deepEqual(
    { verified, turnsExecuted, fuel, chainHead },
    {
      verified: true,
      turnsExecuted: first.document["turnsExecuted"],
      fuel: first.document["fuel"],
      chainHead: first.document["chainHead"],
    },
  );
});

test("replay names agent and tick of a flipped bit, exit code 3 [S14.replay]", () => {
  const replay = project.cli("replay", "first", "--testing-flip-bit", "right@5:2000.3", "--json");
  assert.equal(replay.code, 3, replay.stderr);
  const { tick, agent } = replay.document["firstDivergence"] as { tick: number; agent: string }; // DESIGN §14
  assert.deepEqual({ tick, agent }, { tick: 5, agent: "right" });
});

test("inspect shows one agent with what it says of itself, at any tick [S14.inspect]", () => {
  const at = (tick: string): unknown => {
    const report = project.cli("inspect", "first", "--agent", "right", "--at", tick, "--json");
    assert.equal(report.code, 0, report.stderr);
    return (report.document["agents"] as { describe: unknown }[])[0]?.describe; // DESIGN §14
  };
  assert.deepEqual(at("8"), { count: 6 });
  assert.deepEqual(at("2"), { count: 2 });
  const unknown = project.cli("inspect", "first", "--agent", "nobody", "--json");
  assert.notEqual(unknown.code, 0);
  assert.match(errorOf(unknown).code ?? "", /^WE_/);
});

test("log lists inputs and commits; --follow gives JSON Lines [S14.log]", () => {
  const log = project.cli("log", "first", "--json");
  const kinds = (log.document["records"] as { kind: string }[]).map(({ kind }) => kind); // DESIGN §14
  assert.equal(kinds[0], "genesis");
  assert.equal(kinds.filter((kind) => kind === "input").length, 9);
  assert.equal(kinds.at(-1), "close");
  const reversed = project.cli("log", "first", "--json", "--from", "5", "--to", "2");
  assert.deepEqual(
    [reversed.code, (reversed.document["error"] as { code: string }).code],
    [2, "WE_RUN_RANGE"],
  );
  const follow = project.cli("log", "first", "--follow", "--json", "--from", "3", "--to", "3");
  const rows = follow.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { kind: string }); // JSON Lines
  assert.deepEqual(
    rows.map(({ kind }) => kind),
    ["input", "commit"],
  );
});

test("logs recomputes console lines [S14.logs]", () => {
  const logs = project.cli("logs", "first", "--agent", "left", "--json");
  assert.equal(logs.code, 0, logs.stderr);
  const lines = logs.document["lines"] as { tick: number; agentId: string; text: string }[]; // DESIGN §14
  assert.deepEqual(
    lines.map(({ tick, agentId, text }) => [tick, agentId, text]),
    [0, 3, 6].map((tick) => [tick, "left", "seen"]),
  );
});

test("verify-log finds every flipped byte of a small log, exit code 3 naming the record [S14.verify-log]", () => {
  assert.equal(project.cli("verify-log", "first").code, 0);
  const [segment = ""] = readdirSync(join(project.folder, "second/log"));
  const path = join(project.folder, "second/log", segment);
  const whole = readFileSync(path);
  const step = Math.ceil(whole.length / 2);
  for (let offset = 5; offset < whole.length; offset += step) {
    const damaged = Buffer.from(whole);
    damaged[offset] = (damaged[offset] ?? 0) ^ 16;
    writeFileSync(path, damaged);
    const result = project.cli("verify-log", "second", "--json");
    assert.equal(result.code, 3, `byte ${offset}`);
    assert.equal(typeof (result.document["damagedAt"] as { record: unknown }).record, "number");
    const replay = project.cli("replay", "second", "--json");
    assert.equal(replay.code, 3, `replay with byte ${offset} flipped: ${replay.stdout}`);
  }
  writeFileSync(path, whole);
});

test("verify-log names bytes behind a closed log, which is whole without them [S14.verify-log]", () => {
  const closed = project.cli("run", "engine.yaml", "--dir", "appended", "--json");
  const [segment = ""] = readdirSync(join(project.folder, "appended/log"));
  appendFileSync(join(project.folder, "appended/log", segment), "nobody acknowledged this");
  const result = project.cli("verify-log", "appended", "--json");
  assert.equal(result.code, 0, result.stderr);
  assert.equal(result.document["chainHead"], closed.document["chainHead"]);
  const { record } = result.document["torn"] as { record: number }; // DESIGN §14
  assert.equal(record, result.document["records"]);
  assert.equal(project.cli("replay", "appended", "--json").document["verified"], true);
});

test("build signs a module and reports its digest [S14.build]", () => {
  const built = project.cli("build", "echo.wasm", "--out", "signed/echo.wasm", "--json");
  assert.equal(built.code, 0, built.stderr);
  assert.match(String(built.document["digest"]), /^[0-9a-f]{64}$/);
  const again = project.cli("build", "echo.wasm", "--out", "signed/echo2.wasm", "--json");
  assert.equal(again.document["digest"], built.document["digest"]);
});

test("doctor says that worlds can run here [S14.doctor]", () => {
  const report = project.cli("doctor", "--json");
  assert.equal(report.code, 0, report.stdout);
  assert.equal(report.document["ok"], true);
});

test("explain prints a code, and suggests for an unknown one [S14.explain]", () => {
  const page = project.cli("explain", "log-damaged", "--json");
  assert.equal(page.document["code"], "WE_LOG_DAMAGED");
  const unknown = project.cli("explain", "WE_LOG_DAMAGE", "--json");
  assert.equal(unknown.code, 2);
  assert.match(errorOf(unknown).hint ?? "", /WE_LOG/);
});

const badCalls: readonly (readonly [string, readonly string[], number, string])[] = [
  ["no configuration", ["run"], 2, "WE_CLI_USAGE"],
  ["unknown verb", ["rune"], 2, "WE_CLI_USAGE"],
  ["unknown option", ["run", "engine.yaml", "--tick", "4"], 2, "WE_CLI_USAGE"],
  ["ticks that are no number", ["run", "engine.yaml", "--ticks", "four"], 2, "WE_CLI_USAGE"],
  ["durability of no level", ["run", "engine.yaml", "--durability", "maybe"], 2, "WE_CLI_USAGE"],
  ["run folder that exists", ["run", "engine.yaml", "--dir", "first"], 2, "WE_RUN_EXISTS"],
  [
    "an option that a resumed run has already",
    ["run", "--resume", "first", "--seed", "3"],
    2,
    "WE_CLI_USAGE",
  ],
  ["an input that is no standard input", ["run", "engine.yaml", "--input", "x.jsonl"], 2, "WE_CLI_USAGE"],
  ["unknown run", ["replay", "nothing-here"], 2, "WE_RUN_UNKNOWN"],
  ["a folder that is no run", ["verify-log", "out"], 2, "WE_RUN_NOT_FOUND"],
];
for (const [name, args, exit, code] of badCalls) {
  test(`bad call: ${name} gives one coded error in the document and exit code ${exit} [G10]`, () => {
    const result = project.cli(...args, "--json");
    assert.equal(errorOf(result).code, code, result.stdout + result.stderr);
    assert.equal(result.code, exit);
    assert.ok((errorOf(result).hint ?? "").length > 0);
    assert.match(result.stderr, new RegExp(`error\\[${code}\\]`));
  });
}

test("bad module: unsigned, malformed and of an unknown import are refused with their codes [G10]", () => {
  const strict = readFileSync(join(project.folder, "engine.yaml"), "utf8").replace(
    "trust: { allowUnsigned: true }\n",
    "",
  );
  project.write("strict.yaml", strict);
  const unsigned = project.cli("run", "strict.yaml", "--json");
  assert.equal(errorOf(unsigned).code, "WE_SIGNATURE_MISSING", unsigned.stdout);
  project.write("broken.wasm", new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 255]));
  project.write(
    "broken.yaml",
    strict.replace("./echo.wasm", "./broken.wasm") + "trust: { allowUnsigned: true }\n",
  );
  const broken = project.cli("run", "broken.yaml", "--json");
  assert.match(errorOf(broken).code ?? "", /^WE_MODULE_/);
  assert.notEqual(broken.code, 0);
});

test("every verb has help with examples, and the version is printed", () => {
  for (const { name, examples } of commands) {
    const help = project.process(name, "--help");
    assert.equal(help.code, 0);
    assert.ok(help.stdout.includes(examples[0] ?? "?"), name);
  }
  assert.match(project.process("--version").stdout, /^\d+\.\d+\.\d+\n$/);
});
