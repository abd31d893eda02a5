/** The verbs of the follower as people meet them: trace, why, and lines that go on. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { echoProject } from "./testing/project.js";
import type { Project } from "./testing/project.js";

let project: Project;
before(async () => {
  project = await echoProject();
  project.write(
    "faulty.jsonl",
    ["ant", "boom", "bee"].map((word, tick) => JSON.stringify({ tick, word })).join("\n"),
  );
  project.write(
    "engine.yaml",
    `version: 1
name: echoes
stop: { when: idle }
modules: { echo: ./echo.wasm }
agents:
  - id: left
    module: echo
    capabilities: { topics: ["*"] }
    onFault: { strategy: restart, from: good, max: 9, withinTicks: 9 }
inputs: [{ file: ./faulty.jsonl, at: tick, to: left, topic: "{word}" }]
trust: { allowUnsigned: true }
`,
  );
  assert.equal(project.cli("run", "engine.yaml", "--dir", "first", "--json").code, 0);
});
after(() => project.remove());

interface Row {
  readonly tick: number;
  readonly kind: string;
  readonly id: string;
  readonly topic: string;
  readonly payload?: string;
}

const rowsIn = (value: unknown): readonly Row[] => value as readonly Row[]; // DESIGN §14

test("[S14.trace] trace lists events in order, with ids that why takes", () => {
  const { code, document, stderr } = project.cli("trace", "first", "--json");
  assert.equal(code, 0, stderr);
  assert.equal(document["asOfTick"], 2);
  const published = rowsIn(document["events"]).filter(({ kind }) => kind === "published");
  assert.deepEqual(
    published.map(({ id, topic, tick }) => [id, topic, tick]),
    [
      ["left:1", "ant", 0],
      ["left:2", "bee", 2],
    ],
  );
  const filtered = project.cli("trace", "first", "--topic", "bee", "--json");
  assert.equal(rowsIn(filtered.document["events"]).length, 3);
  const empty = project.cli("trace", "first", "--since", "2", "--until", "1", "--json");
  assert.deepEqual([empty.code, (empty.document["error"] as { code: string }).code], [2, "WE_RUN_RANGE"]);
  const nobody = project.cli("trace", "first", "--agent", "nobody");
  assert.match(nobody.stderr, /no event passes/);
  const why = project.cli("why", "first", "left:2", "--json");
  assert.deepEqual(
    rowsIn(why.document["chain"]).map(({ kind, id }) => `${kind} ${id}`),
    ["published left:2", "received input:3", "input input:3"],
  );
  assert.equal(why.document["root"], "input");
});

test("[S14.why] why tells people of a fault and of a field, and refuses half a question", () => {
  const fault = project.cli("why", "first", "--fault", "1");
  assert.match(
    fault.stdout,
    /^1 {2}fault:1 {2}left fault \(TRAP\) unreachable\n1 {2}input:2 {2}left received boom/,
  );
  assert.match(fault.stdout, /boom .*\{"word":"boom"\}|boom[^]*this came from outside/);
  const field = project.cli("why", "first", "--agent", "left", "--field", "count");
  assert.match(field.stdout, /^left count: 1 -> 2 in tick 2\n2 {2}input:3 {2}left received bee/);
  for (const wrong of [
    ["left:1", "--fault", "1"],
    ["--agent", "left"],
    ["left:1", "--at", "1"],
  ]) {
    const refused = project.cli("why", "first", ...wrong, "--json");
    assert.equal(refused.code, 2);
    assert.equal((refused.document["error"] as { code: string }).code, "WE_CLI_WHY");
  }
  const field1 = ["why", "first", "--agent", "left", "--field"];
  assert.equal(project.cli(...field1, "size").code, 2);
  const late = project.cli(...field1, "count", "--at", "99", "--json");
  assert.deepEqual([late.code, (late.document["error"] as { code: string }).code], [2, "WE_RUN_TICK"]);
});

test("[S14.logs] logs --at shows one tick; --follow ends with a run that is over", () => {
  const at = project.cli("logs", "first", "--at", "1", "--json");
  assert.equal(rowsIn(at.document["lines"]).length, 1);
  const followed = project.cli("logs", "first", "--follow", "--json");
  const lines = followed.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
  assert.deepEqual(lines, project.cli("logs", "first", "--json").document["lines"]);
});
