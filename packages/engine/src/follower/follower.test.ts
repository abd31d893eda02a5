/** The follower: its index says what happened and why, is made again where damaged, and goes on where it stopped. */

import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { Engine } from "../client/engine.js";
import { followRun } from "../client/followed-run.js";
import { projectFolder } from "../testing/project.js";
import type { TraceRow, WhyReport } from "./contract.js";
import { EventIndex } from "./event-index.js";
import { Follower } from "./follower.js";
import { tracePage } from "./trace-rows.js";
import { why } from "./why.js";

const asker = `import { defineAgent } from "wasm-engine/agent";
export const agent = defineAgent({
  capabilities: ["topics", "models"],
  reentrant: true,
  state: { heard: 0, noted: { last: "none" } },
  async onStart(message, ctx) {
    await ctx.sleep(2);
    const answer = await ctx.ask("answerer", { n: 1 }, { topic: "question" });
    ctx.state.heard = answer.body.n;
    ctx.log("heard", answer.body.n);
    ctx.publish("result", { n: answer.body.n });
    await ctx.chat("nobody", [{ role: "user", content: "hello" }]).catch(() => undefined);
  },
  onMessage(message, ctx) {
    if (message.body.fails) throw new Error("planted");
    ctx.state.noted.last = message.topic;
    if (message.topic === "note") ctx.publish("noted", { again: message.body });
  },
});
`;

const answerer = `import { defineAgent } from "wasm-engine/agent";
export const agent = defineAgent({
  async onMessage(message, ctx) {
    message.reply({ n: message.body.n + 1 });
    await ctx.sleep(5);
    ctx.send("asker", { fails: true });
  },
});
`;

const configuration = `version: 1
name: followed
stop: { when: idle }
modules: { asker: ./asker.js, answerer: ./answerer.js }
models: { nobody: { failing: refuse } }
agents:
  - id: asker
    module: asker
    onFault: { strategy: restart, from: good, max: 9, withinTicks: 9 }
    capabilities: { send: [answerer], topics: [result, noted], models: [nobody] }
  - { id: answerer, module: answerer, capabilities: { send: [asker] } }
`;

const files = { "asker.js": asker, "answerer.js": answerer, "engine.yaml": configuration };

/** The run that most tests look at, recorded once. */
let template = "";
before(async () => {
  template = mkdtempSync(join(tmpdir(), "wasm-engine-followed-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(template, name), text);
  const dir = join(template, "run");
  await using world = await Engine.open(join(template, "engine.yaml"), { isolation: "inline", dir });
  await world.run();
});
after(() => rmSync(template, { recursive: true, force: true }));

/** A copy of it. */
function recorded(context: TestContext): string {
  const dir = join(projectFolder(context), "run");
  cpSync(join(template, "run"), dir, { recursive: true });
  return dir;
}

function followed(dir: string): Follower {
  const follower = new Follower(dir);
  while (follower.advance(1000));
  return follower;
}

function rowsOf({ index }: Follower): readonly TraceRow[] {
  return tracePage(index, { filter: {} }).rows;
}

const shortly = ({ kind, agentId, peer, topic, detail = "" }: TraceRow): string =>
  [kind, agentId, peer, topic, detail].filter((word) => word !== "").join(" ");

test("a fault is traced back to the message, the timer, the question and the start behind it", (context) => {
  const follower = followed(recorded(context));
  context.after(() => follower.close());
  const { chain, root } = why(follower.run, follower.index, { target: { kind: "fault", number: 1 } });
  assert.deepEqual(chain.map(shortly), [
    "fault asker GUEST_ERROR -1",
    "received asker answerer message",
    "sent answerer asker",
    "received answerer answerer timer",
    "scheduled answerer",
    "received answerer asker question message",
    "sent asker answerer question",
    "received asker asker timer",
    "scheduled asker",
    "received asker start",
  ]);
  assert.equal(root, "start");
  assert.match(chain[0]?.text ?? "", /planted[^]*asker\.js:15/);
  assert.equal(chain[2]?.payload, '{"fails":true}');
  assert.equal(chain[6]?.payload, '{"n":1}');
  assert.ok(chain.every(({ tick }, place) => place === 0 || tick <= (chain[place - 1]?.tick ?? -1)));
});

test("an answer of a model is traced to the request, an answer of an agent to the question", (context) => {
  const follower = followed(recorded(context));
  context.after(() => follower.close());
  const rows = rowsOf(follower);
  const chainOf = (row: TraceRow | undefined): WhyReport =>
    why(follower.run, follower.index, { target: { kind: "event", id: `#${row?.event ?? -1}` } });
  const answered = chainOf(rows.find(({ kind, detail }) => kind === "received" && detail === "inference"));
  assert.deepEqual(answered.chain.map(shortly).slice(0, 4), [
    "received asker nobody inference",
    "asked asker nobody",
    "received asker answerer answer",
    "sent answerer asker answer",
  ]);
  assert.equal(answered.root, "start");
  const published = rows.find(({ kind }) => kind === "published");
  assert.equal(chainOf(published).chain[0]?.payload, '{"n":2}');
});

test("the last change of a field is found, whatever the field did before", (context) => {
  const follower = followed(recorded(context));
  context.after(() => follower.close());
  const ask = (path: string, at?: number): WhyReport =>
    why(follower.run, follower.index, {
      target: { kind: "field", agent: "asker", path, ...(at === undefined ? {} : { at }) },
    });
  const { field, chain } = ask("state.heard");
  assert.deepEqual([field?.before, field?.after], [0, 2]);
  assert.equal(shortly(chain[0] ?? assert.fail()), "received asker answerer answer");
  assert.equal(ask("state.heard", (field?.tick ?? 0) - 1).field?.after, 0);
  assert.throws(() => ask("state.nothing"), { code: "WE_FOLLOWER_FIELD" });
  const strange = { kind: "event", id: "asker:999" } as const;
  assert.throws(() => why(follower.run, follower.index, { target: strange }), { code: "WE_FOLLOWER_EVENT" });
});

test("an index that is whole is not made again; one with any byte changed is, and is the same", (context) => {
  const dir = recorded(context);
  const first = followed(dir);
  const rows = rowsOf(first);
  const { genesisDigest } = first.run.log;
  first.close();
  const path = join(dir, "index", "events");
  const bytes = readFileSync(path);
  assert.ok(bytes.length / rows.length < 40, `${bytes.length} bytes for ${rows.length} events`);
  const again = followed(dir);
  assert.equal(again.status.ticksExecuted, 0);
  assert.deepEqual(rowsOf(again), rows);
  again.close();
  for (const offset of [0, 5, 9, 13, 60, 100, 130, bytes.length - 1]) {
    const damaged = Uint8Array.from(bytes);
    damaged[offset] = (damaged[offset] ?? 0) ^ 0x10;
    writeFileSync(path, damaged);
    const index = EventIndex.open(path, genesisDigest);
    assert.equal(index.events, 0, `byte ${offset}`);
    index.close();
  }
  rmSync(path);
  const anew = followed(dir);
  assert.deepEqual(rowsOf(anew), rows);
  anew.close();
  assert.deepEqual(readFileSync(path), bytes);
});

test("an index of another history of the same genesis is made again", async (context) => {
  const folder = projectFolder(context, files);
  const record = async (name: string, topic: string): Promise<string> => {
    const options = { isolation: "inline", dir: join(folder, name) } as const;
    await using world = await Engine.open(join(folder, "engine.yaml"), options);
    await world.send("asker", { once: true }, { topic });
    const { dir } = await world.run();
    return dir;
  };
  const left = recorded(context);
  const right = await record("right", "other");
  const first = followed(left);
  first.close();
  const own = followed(right);
  const rows = rowsOf(own);
  own.close();
  fs.copyFileSync(join(left, "index", "events"), join(right, "index", "events"));
  const follower = followed(right);
  assert.ok(follower.status.ticksExecuted > 0);
  assert.deepEqual(rowsOf(follower), rows);
  follower.close();
});

test("a follower of a live run goes on as the world does; its index is that of the recorded run", async (context) => {
  const folder = projectFolder(context, files);
  const dir = join(folder, "live");
  const world = await Engine.open(join(folder, "engine.yaml"), {
    isolation: "inline",
    dir,
    durability: "sync",
  });
  context.after(() => world.close());
  await world.step(3);
  const early = followed(dir);
  assert.equal(early.isLive, true);
  const { asOfTick } = early.status;
  early.close();
  await using run = await followRun(dir);
  assert.equal((await run.reach()).asOfTick, asOfTick);
  const { tick } = await world.send("asker", { third: 3 }, { topic: "note" });
  await world.run();
  const status = await run.reach();
  assert.ok(status.asOfTick >= tick && status.live);
  const { rows } = await run.page({ topic: "noted" });
  const { chain, root, asOfTick: whyTick } = await run.why({ kind: "event", id: rows[0]?.id ?? "" });
  assert.equal(root, "input");
  assert.ok(whyTick >= tick);
  assert.deepEqual(
    chain.map(({ payload }) => payload),
    ['{"again":{"third":3}}', undefined, '{"third":3}'],
  );
  const state = await run.inspect({ at: tick, agent: "asker" });
  assert.equal(state.tick, tick);
  await world.close();
  await run.reach();
  const live = (await run.page()).rows;
  await run.close();
  cpSync(dir, join(folder, "copy"), { recursive: true });
  rmSync(join(folder, "copy", "index"), { recursive: true });
  const recordedRun = followed(join(folder, "copy"));
  assert.deepEqual(rowsOf(recordedRun), live);
  recordedRun.close();
});

test("what a follower cannot open, and a follower that is ended, are coded errors", async (context) => {
  const folder = projectFolder(context, files);
  await assert.rejects(followRun(join(folder, "nothing")), { code: "WE_RUN_UNKNOWN" });
  const stop = new AbortController();
  const dir = recorded(context);
  const run = await followRun(dir, { signal: stop.signal });
  await run.reach();
  stop.abort();
  await assert.rejects(run.reach(), { code: "WE_WORLD_ABORTED" });
  await run.close();
  const ended = await followRun(dir);
  await ended.reach();
  process.kill(ended.pid, "SIGKILL");
  await ended.close();
  await assert.rejects(ended.reach(), { code: "WE_FOLLOWER_LOST" });
});

test("a follower whose client leaves before it has loaded ends by itself", async (context) => {
  const program = fileURLToPath(new URL("./follower-process.js", import.meta.url));
  const child = fork(program, [recorded(context)], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  context.after(() => child.kill("SIGKILL"));
  child.disconnect();
  assert.deepEqual(await once(child, "exit"), [0, null]);
});

test("an index never leads out of the run, and whatever stands in its place is left alone", (context) => {
  const dir = recorded(context);
  const outside = join(dir, "..", "precious");
  const asked = (): number => {
    const follower = followed(dir);
    const { length } = rowsOf(follower);
    follower.close();
    return length;
  };
  const expected = asked();
  const index = join(dir, "index");
  const places: Readonly<Record<string, () => void>> = {
    "a link to a file": () => symlinkSync(outside, join(index, "events")),
    "a folder": () => mkdirSync(join(index, "events")),
    "a link to a folder": () => {
      rmSync(index, { recursive: true });
      symlinkSync(join(dir, ".."), index);
    },
    "a file": () => writeFileSync(index, "mine"),
  };
  for (const [what, place] of Object.entries(places)) {
    rmSync(index, { recursive: true, force: true });
    mkdirSync(index);
    writeFileSync(outside, "precious");
    if (what === "a file") rmSync(index, { recursive: true });
    place();
    assert.equal(asked(), expected, what);
    assert.equal(readFileSync(outside, "utf8"), "precious", what);
  }
  assert.equal(readFileSync(index, "utf8"), "mine");
  assert.ok(!existsSync(join(dir, "..", "events")));
});
