/** Operating verbs as people meet them: a detached world, and one process per verb. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { echoProject } from "./testing/project.js";
import type { Project, Result } from "./testing/project.js";

const binary = new URL("../bin/wasm-engine.js", import.meta.url).pathname;

const endless = `version: 1
name: endless
stop: { when: never }
modules: { echo: ./echo.wasm }
agents:
  - { id: left, module: echo, capabilities: { topics: ["*"] } }
  - { id: right, module: echo, capabilities: { topics: ["*"] } }
outputs: [{ topic: word, file: out/words.jsonl }]
trust: { allowUnsigned: true }
`;

/** The same with work in every tick. */
const busy = endless
  .replace("id: left,", "id: left, every: 1,")
  .replace("name: endless", "name: busy\ndurability: periodic");

let project: Project;
before(async () => {
  project = await echoProject();
  project.write("engine.yaml", endless);
  project.write("busy.yaml", busy);
});
after(() => {
  for (const run of running()) project.cli("stop", "--run", run);
  project.remove();
});

function ok(...args: readonly string[]): Record<string, unknown> {
  const result = project.cli(...args, "--json");
  assert.equal(result.code, 0, `${args.join(" ")}: ${result.stderr}`);
  return result.document;
}

function refused(code: string, exitCode: number, ...args: readonly string[]): Result {
  const result = project.cli(...args, "--json");
  assert.equal((result.document["error"] as { code?: string } | undefined)?.code, code, result.stderr); // §14
  assert.equal(result.code, exitCode);
  return result;
}

interface Listed {
  readonly runId: string;
  readonly dir: string;
  readonly state: string;
  readonly pid?: number;
  readonly ticks?: number;
  readonly chainHead?: string;
  readonly isReachable: boolean;
}

function listed(): readonly Listed[] {
  return ok("runs")["runs"] as readonly Listed[]; // the contract of `runs --json`
}

function running(): readonly string[] {
  return listed()
    .filter(({ state }) => state === "running")
    .map(({ dir }) => dir);
}

/** Looks so often that no world takes longer, and gives up where one does. */
const looksMax = 2_000;

function untilEnded(dir: string): void {
  for (let look = 0; look < looksMax; look++) if (!running().includes(dir)) return;
  assert.fail(`${dir} still runs`);
}

interface Letter {
  readonly reason: string;
  readonly agentId: string;
}

/** A message is acknowledged before it is read: what becomes of it shows a little later. */
function lettersOf(count: number): readonly Letter[] {
  let letters: readonly Letter[] = [];
  for (let look = 0; look < looksMax && letters.length < count; look++) {
    letters = ok("deadletters")["letters"] as readonly Letter[]; // §14
  }
  return letters;
}

function statusOf(dir: string): Record<string, unknown> {
  return ok("ps", dir);
}

test("[S14.send] [S14.ps] [S14.step] [S14.pause] [S14.stop] [S14.deadletters] a detached world is operated", () => {
  refused("WE_RUN_NOT_LIVE", 2, "ps");
  const world = ok("run", "engine.yaml", "--detach");
  const dir = String(world["dir"]);
  assert.ok(existsSync(join(dir, "control.sock")), "the client has gone, the world has not");
  assert.equal(statSync(join(dir, "control.sock")).mode & 0o777, 0o600);

  const status = statusOf(dir);
  assert.deepEqual([status["pid"], status["live"], status["runId"]], [world["pid"], true, world["runId"]]);
  const agents = status["agents"] as readonly { agentId: string; status: string }[]; // §14
  assert.deepEqual(
    agents.map(({ agentId }) => agentId),
    ["left", "right"],
  );

  const first = ok("send", "left", '{"n":1}', "--topic", "word", "--id", "one");
  assert.deepEqual([first["seq"], first["durability"]], [1, "sync"]);
  const again = ok("send", "left", '{"n":1}', "--topic", "word", "--id", "one");
  assert.deepEqual([again["seq"], again["duplicate"]], [1, true]);
  const fed = project.feed('{"n":2}', "send", "right", "-", "--topic", "word", "--json");
  assert.equal(fed.document["seq"], 3, fed.stderr);
  ok("publish", "news", '"nobody has joined"');

  refused("WE_CLI_NOT_JSON", 2, "send", "left", "hello");
  refused("WE_AGENT_UNKNOWN", 2, "send", "nobody", "1");
  refused("WE_CLI_USAGE", 2, "send", "left", "1", "--timeout", "3");
  refused("WE_CLI_USAGE", 2, "step", "0");

  ok("pause", "right");
  assert.equal((statusOf(dir)["agents"] as readonly { status: string }[])[1]?.status, "paused"); // §14
  ok("resume", "right");
  const { tick } = ok("pause");
  ok("send", "left", '{"n":3}', "--topic", "word");
  assert.deepEqual([statusOf(dir)["tick"], statusOf(dir)["waitingInputs"]], [tick, 1]);
  assert.equal(ok("step")["tick"], Number(tick) + 1);
  ok("resume");

  ok("send", "left", "0", "--topic", "boom");
  const letters = lettersOf(2);
  assert.deepEqual(
    letters.map(({ reason }) => reason),
    ["DUPLICATE", "FAULT"],
  );
  ok("kill", "right");
  assert.deepEqual(statusOf(dir)["agents"], []);
  const snapshot = ok("snapshot");
  const end = ok("stop");
  assert.deepEqual([end["reason"], end["ticks"]], ["stopped", Number(snapshot["tick"]) + 1]);

  assert.ok(!existsSync(join(dir, "control.sock")));
  const [run] = listed();
  assert.deepEqual([run?.state, run?.chainHead, run?.ticks], ["ended", end["chainHead"], end["ticks"]]);
  const replay = ok("replay", "@last");
  assert.deepEqual([replay["verified"], replay["chainHead"]], [true, end["chainHead"]]);
  assert.deepEqual(ok("deadletters", "@last")["letters"], letters, "replay computes what the world has told");
  const rows = project
    .cli("deadletters", "@last", "--follow", "--json", "--agent", "left")
    .stdout.trimEnd()
    .split("\n");
  assert.equal(rows.length, 2);
  const words = readFileSync(join(project.folder, "out/words.jsonl"), "utf8").trimEnd().split("\n");
  assert.equal(words.length, 3);
  const log = readFileSync(join(dir, "engine.log"), "utf8");
  assert.match(log, /opened run .* at tick -1[^]*ended \(stopped\)[^]*agent left faulted/);
  refused("WE_CONTROL_NOT_RUNNING", 2, "ps", dir);
});

test("send --wait prints the answer, or says that none came in time", () => {
  const { dir } = ok("run", "engine.yaml", "--detach") as { dir: string }; // §14
  // The agent publishes and does not answer: the question is answered by nobody.
  refused("WE_CLI_NO_ANSWER", 1, "send", "left", "1", "--topic", "word", "--wait", "--timeout", "1");
  ok("kill", "left");
  refused("WE_ASK_FAILED", 1, "send", "left", "1", "--wait", "--no-check");
  ok("stop", "--run", dir);
});

test("several running worlds: none is guessed; each stops by its name", () => {
  const first = ok("run", "engine.yaml", "--detach");
  const second = ok("run", "busy.yaml", "--detach");
  const several = refused("WE_RUN_SEVERAL_LIVE", 2, "pause");
  assert.match(several.stderr, new RegExp(`${String(first["runId"])}, ${String(second["runId"])}`));
  assert.equal(running().length, 2);
  ok("stop", "--run", String(first["runId"]));
  ok("pause");
  ok("stop");
  assert.deepEqual(running(), []);
});

test("what goes wrong before the world is open is told by run --detach, and leaves nothing behind", () => {
  project.write("bad.yaml", endless.replace("module: echo,", "module: none,"));
  const count = listed().length;
  assert.equal(project.cli("run", "bad.yaml", "--detach", "--json").code, 2);
  project.write("stdin.yaml", `${endless}inputs: [{ file: "-", topic: word, to: left }]\n`);
  refused("WE_RUN_DETACHED_INPUT", 2, "run", "stdin.yaml", "--detach");
  assert.equal(listed().length, count);
});

test("[G3] a world that is killed shows as crashed, its stale socket is nobody's, and it goes on detached", () => {
  const { dir, pid } = ok("run", "busy.yaml", "--detach") as { dir: string; pid: number }; // §14
  ok("send", "left", "1", "--topic", "word");
  process.kill(pid, "SIGKILL");
  untilEnded(dir);
  assert.equal(listed()[0]?.state, "crashed");
  refused("WE_CONTROL_NOT_RUNNING", 2, "ps", dir);
  const again = ok("run", "--resume", dir, "--detach");
  assert.equal(again["dir"], dir);
  assert.notEqual(again["pid"], pid);
  ok("send", "left", "2", "--topic", "word");
  const end = ok("stop");
  assert.equal(ok("replay", dir)["chainHead"], end["chainHead"]);
});

test("a stop rule ends a detached world by itself; SIGTERM seals one and shows it as interrupted", () => {
  project.write("short.yaml", busy.replace("when: never", "when: tick, tick: 50"));
  const short = ok("run", "short.yaml", "--detach");
  untilEnded(String(short["dir"]));
  const [first] = listed();
  assert.deepEqual([first?.runId, first?.state, first?.ticks], [short["runId"], "ended", 50]);
  const ended = ok("run", "busy.yaml", "--detach") as { pid: number; runId: string; dir: string }; // §14
  const { pid, runId } = ended;
  process.kill(pid, "SIGTERM");
  untilEnded(ended.dir);
  assert.deepEqual([listed()[0]?.runId, listed()[0]?.state], [runId, "interrupted"]);
  assert.equal(ok("replay", "@last")["verified"], true);
});

test("[S14.run] a world in the foreground is operated from outside: stop ends it, Ctrl-C still seals it", async () => {
  for (const end of ["stop", "SIGINT"] as const) {
    const child = spawn(process.execPath, [binary, "run", "busy.yaml", "--json"], {
      cwd: project.folder,
      env: { ...process.env, NO_COLOR: "1", NODE_TEST_CONTEXT: "" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    child.stdout.on("data", (bytes: Buffer) => (stdout += bytes.toString()));
    await new Promise<void>((resolve) =>
      child.stderr.on("data", (bytes: Buffer) => {
        if (bytes.toString().includes("run ")) resolve();
      }),
    );
    const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
    ok("send", "right", "1", "--topic", "word");
    if (end === "stop") ok("stop");
    else child.kill("SIGINT");
    assert.equal(await closed, end === "stop" ? 0 : 130);
    const document = JSON.parse(stdout) as { reason: string; dir: string; inputs: number }; // §14
    assert.deepEqual([document.reason, document.inputs], [end === "stop" ? "stopped" : "interrupted", 1]);
    assert.equal(ok("replay", document.dir)["verified"], true);
  }
});

test("[S14.runs] runs names what it cannot read, and a project without runs", () => {
  const dir = join(project.folder, ".wasm-engine/runs/20000101-000000000-abcdef");
  project.write(".wasm-engine/runs/20000101-000000000-abcdef/run.json", "{}");
  assert.equal(listed().at(-1)?.state, "unreadable");
  rmSync(dir, { recursive: true });
  assert.match(project.cli("runs").stdout, /^run +name +state/);
});
