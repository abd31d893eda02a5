/** What people learn about faults: after a run, from `logs`, and where nobody supervises the agent. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { echoProject } from "./testing/project.js";
import type { Project, Result } from "./testing/project.js";

const words = ["ant", "boom", "bee"];
const inputs = words.map((word, tick) => JSON.stringify({ tick, word })).join("\n");

const thrower = `import { defineAgent } from "wasm-engine/agent";

function explode(word) {
  console.error("about to \\u001b[31mexplode");
  throw new RangeError("no room for " + word);
}

export const agent = defineAgent({
  state: { seen: 0 },
  onMessage(message, ctx) {
    ctx.state.seen += 1;
    ctx.log("saw", message.body.word);
    if (message.body.word === "boom") explode(message.body.word);
  },
});
`;

function configuration(module: string, onFault: string): string {
  return `version: 1
name: faults
stop: { when: idle }
modules: { one: ./${module} }
agents:
  - id: victim
    module: one
    capabilities: { topics: ["*"] }
    limits: { fuelPerSlice: 1000000000, memoryBytes: 67108864 }
    onFault: ${onFault}
inputs: [{ file: ./words.jsonl, at: tick, to: victim, topic: "{word}" }]
trust: { allowUnsigned: true }
`;
}

let project: Project;
before(async () => {
  project = await echoProject();
  project.write("words.jsonl", inputs);
  project.write("thrower.js", thrower);
  project.write("trap.yaml", configuration("echo.wasm", "{ strategy: restart, max: 9, withinTicks: 9 }"));
  project.write("throw.yaml", configuration("thrower.js", "{ strategy: restart, max: 9, withinTicks: 9 }"));
  project.write("escalate.yaml", configuration("echo.wasm", "{ strategy: escalate }"));
});
after(() => project.remove());

interface Line {
  readonly tick: number;
  readonly agentId: string;
  readonly level: string;
  readonly text: string;
}

function faultLines(dir: string): readonly Line[] {
  const { document, stderr } = project.cli("logs", dir, "--json");
  assert.ok(Array.isArray(document["lines"]), stderr);
  const lines = document["lines"] as readonly Line[]; // DESIGN §14
  return lines.filter(({ level }) => level === "fault");
}

function errorOf({ document }: Result): { code?: string; message?: string; hint?: string } {
  return document["error"] ?? {}; // the contract of --json
}

test("[G6] [S14.run] a trapping guest: exit 0, the fault in the document and on stderr", () => {
  const run = project.cli("run", "trap.yaml", "--dir", "trap", "--json");
  assert.equal(run.code, 0, run.stderr);
  assert.equal(run.document["faults"], 1);
  assert.deepEqual(run.document["faultDetails"], [
    { tick: 1, agentId: "victim", code: "TRAP", guestCode: 0, detail: "unreachable" },
  ]);
  assert.match(run.stderr, /warning: agent victim faulted at tick 1: TRAP: unreachable\n/);
});

test("[G6] [S14.logs] logs computes the fault again, beside the console", () => {
  assert.deepEqual(
    faultLines("trap").map(({ tick, agentId, text }) => [tick, agentId, text]),
    [[1, "victim", "TRAP: unreachable"]],
  );
  const other = project.cli("logs", "trap", "--from", "2", "--json");
  assert.deepEqual(
    (other.document["lines"] as readonly Line[]).map(({ level }) => level), // DESIGN §14
    ["info"],
  );
});

test("[G6] [S14.run] a throwing JavaScript agent: message, file and line reach people", () => {
  const run = project.cli("run", "throw.yaml", "--dir", "throw", "--json");
  assert.equal(run.code, 0, run.stderr);
  const [fault] = run.document["faultDetails"] as { code: string; detail: string }[]; // DESIGN §14
  assert.equal(fault?.code, "GUEST_ERROR");
  assert.match(fault?.detail ?? "", /RangeError: no room for boom/);
  assert.match(fault?.detail ?? "", /at explode \(thrower\.js:5/);
  assert.match(fault?.detail ?? "", /thrower\.js:13/);
  assert.match(run.stderr, /RangeError: no room for boom/);
  assert.ok(run.stderr.includes("\\x1b[31mexplode"), "control characters are spelled out");
  assert.ok(!run.stderr.includes("\u001b"), "and never reach the terminal");
});

test("[G4] [S14.logs] a JavaScript stack is computed again by replay", () => {
  const [line] = faultLines("throw");
  assert.equal(line?.tick, 1);
  assert.match(
    line?.text ?? "",
    /GUEST_ERROR -\d+: .*RangeError: no room for boom\n.*explode \(thrower\.js:5/s,
  );
  const text = project.cli("logs", "throw").stdout;
  assert.match(text, /^1 {2}victim {2}fault {2}GUEST_ERROR/m);
  assert.ok(!text.includes("\u001b"));
});

test("[S14.run] a fault escalated to nobody: exit 1 with agent and fault, and the run can go on", () => {
  const run = project.cli("run", "escalate.yaml", "--dir", "escalate", "--json");
  assert.equal(run.code, 1, run.stdout);
  assert.equal(errorOf(run).code, "WE_RUN_UNSUPERVISED");
  assert.match(errorOf(run).message ?? "", /victim.*TRAP, unreachable/);
  assert.equal(run.document["reason"], "unsupervised");
  assert.equal((run.document["unsupervised"] as { agentId: string }).agentId, "victim"); // RunResult
  assert.equal(run.document["ticks"], 2);
  assert.match(run.stderr, /error\[WE_RUN_UNSUPERVISED\]/);
  const replay = project.cli("replay", "escalate", "--json");
  assert.equal(replay.document["verified"], true, replay.stderr);
  const resumed = project.cli("run", "--resume", "escalate", "--json");
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.equal(resumed.document["ticks"], 3);
});
