/** Every template works as it is: its start and test scripts, its types, and twice the same chain. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { workbench } from "../testing/template-project.js";
import { templates } from "./template.js";

const bench = workbench();
after(() => bench.remove());

/** What the world of a template publishes: file and number of lines. */
const outputs: Readonly<Record<string, readonly [string, number]>> = {
  typescript: ["out/answers.jsonl", 3],
  assemblyscript: ["out/report.jsonl", 1],
  c: ["out/alarms.jsonl", 3],
};

/** A change of a template that its tests must notice. */
const spoiled: Readonly<Record<string, readonly [string, string, string]>> = {
  typescript: ["agents/critic.ts", '"name your source"', '"no"'],
  assemblyscript: ["agents/heater.ts", "this.target - celsius, 1", "this.target - celsius, 2"],
  c: ["engine.yaml", "tolerance: 8", "tolerance: 80"],
};

for (const { name } of templates) {
  test(`template ${name}: npm start runs the world, and again to the same head`, () => {
    bench.project(name, name);
    const start = bench.execute(name, ["npm", "start"]);
    assert.equal(start.code, 0, start.stderr);
    const head = /^chain head ([0-9a-f]{64})$/m.exec(start.stdout)?.[1];
    assert.match(start.stdout, /^next {7}wasm-engine replay /m);
    assert.match(start.stdout, / info | warn /, "what the agents said");
    assert.doesNotMatch(start.stdout + start.stderr, /warning|fault\b/);
    const [file, lines] = outputs[name] ?? ["", 0];
    const text = readFileSync(join(bench.folder, name, file), "utf8");
    assert.equal(text.trimEnd().split("\n").length, lines, text);
    const again = bench.cli(["run", "engine.yaml", "--json"], { below: name });
    assert.equal(again.document["chainHead"], head);
    const replay = bench.cli(["replay", "@last", "--json"], { below: name });
    assert.equal(replay.document["verified"], true, replay.stderr);
  });
}

for (const { name } of templates) {
  test(`template ${name}: npm test passes, and can fail`, () => {
    const passed = bench.execute(name, ["npm", "test", "--silent", "--", "--json"]);
    assert.equal(passed.code, 0, passed.stdout + passed.stderr);
    assert.ok(Number(passed.document["passed"]) > 0, passed.stdout);
    assert.equal(passed.document["failed"], 0);
    const [path, from, to] = spoiled[name] ?? ["", "", ""];
    const file = join(bench.folder, name, path);
    const text = readFileSync(file, "utf8");
    assert.ok(text.includes(from), `${path} has ${from}`);
    writeFileSync(file, text.replace(from, to));
    const failed = bench.cli(["test", "--json"], { below: name });
    assert.equal(failed.code, 1, failed.stderr);
    assert.ok(Number(failed.document["failed"]) > 0);
    writeFileSync(file, text);
  });
}

test("template typescript: its types are right under strict rules", () => {
  const compiler = join("node_modules", "typescript", "lib", "tsc.js");
  const checked = bench.execute("typescript", [process.execPath, compiler]);
  assert.equal(checked.stdout + checked.stderr, "");
  assert.equal(checked.code, 0);
});
