/** Every template works as it is: its start and test scripts, its types, and twice the same chain. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
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

test("template typescript: its types are right under strict rules", () => {
  const compiler = join("node_modules", "typescript", "lib", "tsc.js");
  const checked = bench.execute("typescript", [process.execPath, compiler]);
  assert.equal(checked.stdout + checked.stderr, "");
  assert.equal(checked.code, 0);
});
