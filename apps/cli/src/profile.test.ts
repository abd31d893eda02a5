/** `profile`: tables, JSON, flame graphs and folded stacks of a recorded run, and of trees that mean no good. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { FuelTreeData } from "@wasm-engine/engine";
import { callGraph, foldedStacks } from "./profile/call-graph.js";
import { flameGraph } from "./profile/flame-graph.js";
import { echoProject } from "./testing/project.js";
import type { Project } from "./testing/project.js";

let project: Project;
let fuel = 0;
before(async () => {
  project = await echoProject();
  const { document, stderr } = project.cli("run", "engine.yaml", "--dir", "run", "--json");
  fuel = document["fuel"] as number; // DESIGN §14
  assert.ok(fuel > 0, stderr);
});
after(() => project.remove());

/** Every element is closed where it was opened, and attributes are quoted. A flame graph needs no more of XML. */
function assertWellFormed(svg: string): void {
  const [head, script = "", tail = ""] = svg.split(/<!\[CDATA\[|\]\]>/);
  assert.ok(!script.includes("]]>"));
  const open: string[] = [];
  const text = `${head}${tail}`.replace(/^<\?xml [^?]*\?>/, "");
  const left = text.replaceAll(
    /<(\/?)([a-z]+)((?: [a-zA-Z:-]+="[^"<]*")*)(\/?)>/g,
    (_, end, name, _values, empty) => {
      if (end === "/") assert.equal(open.pop(), name);
      else if (empty === "") open.push(String(name));
      return "";
    },
  );
  assert.deepEqual(open, []);
  assert.ok(!/[<>]/.test(left), "no markup is left over");
  assert.ok(!/&(?!(amp|lt|gt|quot);)/.test(left));
}

test("[S14.profile] the document sums up to the run's fuel, and files are written", () => {
  const arguments_ = [
    "profile",
    "run",
    "--fuel",
    "--blocks",
    "--out",
    "out/a.svg",
    "--folded",
    "a.txt",
    "--json",
  ];
  const { code, document, stderr } = project.cli(...arguments_);
  assert.equal(code, 0, stderr);
  assert.equal(document["fuel"], fuel);
  const functions = document["functions"] as { selfFuel: number; name: string }[]; // DESIGN §14
  assert.equal(
    functions.reduce((sum, { selfFuel }) => sum + selfFuel, 0),
    fuel,
  );
  assert.ok(functions.some(({ name }) => name === "host:publish"));
  assert.equal(document["tree"], undefined);
  assert.equal(document["svg"], join(project.folder, "out", "a.svg"));
  const folded = readFileSync(String(document["folded"]), "utf8").trimEnd().split("\n");
  assert.equal(
    folded.reduce((sum, line) => sum + Number(line.split(" ")[1]), 0),
    fuel,
  );
  assert.ok(folded.some((line) => line.startsWith("echo;agent_receive;host:publish ")));
  const svg = readFileSync(join(project.folder, "out", "a.svg"), "utf8");
  assertWellFormed(svg);
  assert.match(svg, /<title>agent_receive \(echo\): \d+ fuel, [\d.]+ %, \d+ of its own, 11 calls<\/title>/);
  project.cli("profile", "run", "--fuel", "--out", "b.svg");
  assert.equal(readFileSync(join(project.folder, "b.svg"), "utf8"), svg, "equal profiles give equal bytes");
});

test("[S14.profile] the table shows the most expensive functions first", () => {
  const { code, stdout } = project.cli(
    "profile",
    "run",
    "--fuel",
    "--agent",
    "left",
    "--top",
    "2",
    "--blocks",
  );
  assert.equal(code, 0);
  assert.match(stdout, /^Fuel of run run: ticks 0 to \d+, 1 agents, \d+ calls, \d+ fuel\n/);
  assert.match(stdout, /self +% +total +% +calls +module +function\n/);
  assert.match(stdout, /… \d+ more: --top N, --json/);
  assert.match(stdout, /fuel +% +times +offset +module +function\n/);
});

test("[S14.profile] what cannot be written or found is said", () => {
  project.write("file", "");
  const unwritable = project.cli("profile", "run", "--fuel", "--out", "file/a.svg", "--json");
  assert.equal((unwritable.document["error"] as { code: string }).code, "WE_CLI_FILE"); // DESIGN §14
  assert.equal(unwritable.code, 4);
  const unknown = project.cli("profile", "run", "--fuel", "--module", "none", "--json");
  assert.equal((unknown.document["error"] as { code: string }).code, "WE_PROFILE_MODULE"); // DESIGN §14
  assert.equal(unknown.code, 2);
});

/** A custom section `name` that calls function 2 `room`. */
const nameSection = [0, 14, 4, ...Buffer.from("name"), 1, 7, 1, 2, 4, ...Buffer.from("room")];

test("[S14.profile] functions are named by another build of the same code, and by no other", () => {
  const bytes = readFileSync(join(project.folder, "echo.wasm"));
  project.write("named.wasm", Buffer.concat([bytes, Buffer.from(nameSection)]));
  const namesOf = (...more: readonly string[]): readonly string[] => {
    const { document, stderr } = project.cli("profile", "run", "--fuel", "--json", ...more);
    assert.ok(Array.isArray(document["functions"]), stderr);
    return (document["functions"] as { name: string }[]).map(({ name }) => name); // DESIGN §14
  };
  assert.ok(namesOf().includes("agent_alloc"));
  const names = namesOf("--names", "echo=named.wasm");
  assert.ok(names.includes("room") && !names.includes("agent_alloc"));
  const other = Buffer.from(bytes);
  const at = other.lastIndexOf(0x0b);
  other[at - 1] = (other[at - 1] ?? 0) ^ 1;
  project.write("other.wasm", other);
  for (const [source, code] of [
    ["echo=other.wasm", "WE_PROFILE_NAMES"],
    ["none=named.wasm", "WE_PROFILE_MODULE"],
    ["echo=absent.wasm", "WE_BUILD_SOURCE_MISSING"],
    ["echo", "WE_CLI_USAGE"],
  ] as const) {
    const refused = project.cli("profile", "run", "--fuel", "--names", source, "--json");
    assert.equal((refused.document["error"] as { code: string }).code, code, source); // DESIGN §14
    assert.equal(refused.code, 2, source);
  }
  // The sources of the project are tried without being asked.
  project.write("echo.wasm", Buffer.concat([bytes, Buffer.from(nameSection)]));
  assert.ok(namesOf().includes("room"));
  project.write("echo.wasm", bytes);
});

const hostileName = `a;b <script>alert("1")</script> & 'c' \u001b[31m \u202e ]]> \ud83d\ude00`;

function hostileTree(): FuelTreeData {
  return {
    frames: [
      { module: "m;1 <x>", index: 0, name: hostileName },
      { module: "m;1 <x>", index: 1, name: "" },
    ],
    parents: [-1, 0, 1, 0, 3],
    nodes: [-1, 0, 1, -1, 0],
    calls: [0, 3, 4, 0, 1],
    selfFuel: [0, 50, 30, 0, 20],
    elided: 3,
  };
}

test("[S14.profile] names of guests are text in every output", () => {
  const graph = callGraph(hostileTree());
  assert.equal(graph.totalFuel, 100);
  const svg = flameGraph(graph, { title: hostileName, subtitle: "<b>" });
  assertWellFormed(svg);
  assert.ok(!svg.includes("<script>alert"));
  assert.ok(!svg.includes("\u001b"));
  assert.match(svg, /\[further paths\]/);
  const lines = foldedStacks(graph).trimEnd().split("\n");
  assert.equal(lines.length, 3);
  for (const line of lines) assert.match(line, /^\S+ \d+$/);
  assert.equal(lines.filter((line) => line.split(" ")[0]?.split(";").length === 3).length, 2);
});

test("[S14.profile] a profile without calls is a graph with one box", () => {
  const tree = { frames: [], parents: [-1], nodes: [-1], calls: [0], selfFuel: [0], elided: 0 };
  const svg = flameGraph(callGraph(tree), { title: "nothing", subtitle: "" });
  assertWellFormed(svg);
  assert.ok(!svg.includes("NaN"));
  assert.equal(foldedStacks(callGraph(tree)), "");
});
