/** A session without a terminal: commands, forks of forks, runs that are cut short. Worlds run in their processes. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { replayRun } from "../client/replay-run.js";
import { projectFolder } from "../testing/project.js";
import type { DevCycle, DevEvent, DevOptions, DevReport } from "./contract.js";
import { DevSession } from "./dev-session.js";

interface Listened {
  readonly folder: string;
  readonly session: DevSession;
  readonly done: Promise<DevReport>;
  /** The next cycle. */
  readonly cycle: () => Promise<DevCycle>;
  /** The next event of a kind. */
  readonly event: (kind: DevEvent["kind"]) => Promise<DevEvent>;
  readonly write: (name: string, text: string) => void;
}

function listened(
  context: TestContext,
  files: Readonly<Record<string, string>>,
  options: Partial<DevOptions> = {},
): Listened {
  const folder = projectFolder(context, files);
  const events: DevEvent[] = [];
  let heard: () => void = () => undefined;
  const tell = (event: DevEvent): void => {
    events.push(event);
    heard();
  };
  // Worlds of their own processes are those of the verb and of the test that cuts a run short.
  const session = new DevSession({ config: folder, isolation: "inline", ...options, tell });
  const done = session.run();
  context.after(async () => {
    session.command("quit");
    await done;
  });
  const event = async (kind: DevEvent["kind"]): Promise<DevEvent> => {
    for (;;) {
      const index = events.findIndex((one) => one.kind === kind);
      const found = events[index];
      if (found !== undefined) {
        events.splice(0, index + 1);
        return found;
      }
      events.length = 0;
      await new Promise<void>((resolve) => (heard = resolve));
    }
  };
  const cycle = async (): Promise<DevCycle> => {
    const found = await event("cycle");
    assert.ok(found.kind === "cycle");
    return found.cycle;
  };
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  return { folder, session, done, cycle, event, write };
}

const counter = (name: string, failsAt: number): string => `import { defineAgent } from "wasm-engine/agent";
export const agent = defineAgent({
  state: { seen: [] },
  onMessage(message, ctx) {
    if (message.body.n === ${failsAt}) throw new Error(${JSON.stringify(`planted ${name} ${failsAt}`)});
    ctx.state.seen.push(message.body.n);
    ctx.log(${JSON.stringify(name)}, ctx.state.seen.join(" "));
  },
});
`;

const inputs = [1, 2, 3, 4, 5, 6]
  .flatMap((n) => ["left", "right"].map((to) => JSON.stringify({ tick: 10 * n, to, n })))
  .join("\n");

const files = {
  "engine.yaml": `version: 1
name: counters
stop: { when: idle }
modules: { left: ./left.ts, right: ./right.ts }
agents:
  - { id: left, module: left, onFault: { strategy: restart } }
  - { id: right, module: right, onFault: { strategy: restart } }
inputs: [{ file: ./inputs.jsonl, at: tick, to: "{to}", topic: go }]
`,
  "inputs.jsonl": inputs,
  "left.ts": counter("left", 2),
  "right.ts": counter("right", 5),
};

test("forks of forks: one failure after the other is gone, every run replays", async (context) => {
  const { cycle, write } = listened(context, files);
  const first = await cycle();
  assert.deepEqual(
    first.failures.map(({ agentId, tick }) => [agentId, tick]),
    [
      ["left", 20],
      ["right", 50],
    ],
  );
  write("left.ts", counter("left", 4));
  const second = await cycle();
  assert.ok(second.plan?.how === "fork");
  assert.deepEqual([second.plan.at, second.plan.modules, second.plan.because], [19, ["left"], []]);
  assert.equal(second.failureGone, true, "the same agent fails again, for another reason");
  assert.deepEqual(
    second.failures.map(({ agentId, tick }) => [agentId, tick]),
    [
      ["left", 40],
      ["right", 50],
    ],
  );
  write("left.ts", counter("left", 0));
  const third = await cycle();
  assert.ok(third.plan?.how === "fork");
  assert.equal(third.plan.at, 39);
  assert.equal(third.failureGone, true);
  assert.deepEqual(
    third.failures.map(({ agentId, tick }) => [agentId, tick]),
    [["right", 50]],
  );
  write("right.ts", counter("right", 0));
  const fourth = await cycle();
  assert.ok(fourth.plan?.how === "fork");
  assert.deepEqual([fourth.plan.at, fourth.plan.modules], [49, ["right"]]);
  assert.deepEqual(fourth.failures, []);
  assert.deepEqual(
    fourth.difference?.agents.map(({ agentId }) => agentId),
    ["right"],
  );
  for (const { run, replay } of [first, second, third, fourth]) {
    assert.equal(replay, "identical");
    assert.equal((await replayRun(run?.dir ?? "", { isolation: "inline" })).chainHead, run?.chainHead);
  }
});

test("a fork from before an earlier fork leaves its upgrade out", async (context) => {
  const { cycle, write } = listened(context, { ...files, "right.ts": counter("right", 0) });
  await cycle();
  write("left.ts", counter("left", 0));
  const fixed = await cycle();
  assert.deepEqual(fixed.failures, []);
  write("left.ts", counter("left", 1));
  const broken = await cycle();
  assert.ok(broken.plan?.how === "fork");
  assert.equal(broken.plan.at, -1, "nothing had failed: from the start");
  assert.deepEqual(
    broken.failures.map(({ agentId, tick }) => [agentId, tick]),
    [["left", 10]],
  );
  write("left.ts", counter("left", 0));
  const again = await cycle();
  assert.ok(again.plan?.how === "fork");
  assert.equal(again.plan.at, 9);
  assert.deepEqual(again.failures, []);
});

test("commands: again, fork without a change, quit", async (context) => {
  const { session, cycle, event, done } = listened(context, files);
  const first = await cycle();
  session.command("again");
  const second = await cycle();
  assert.deepEqual(second.plan, { how: "new", why: "asked", what: [] });
  assert.equal(second.run?.chainHead, first.run?.chainHead);
  assert.equal(second.difference?.equal, true);
  session.command("fork");
  const third = await cycle();
  assert.ok(third.plan?.how === "fork");
  assert.deepEqual([third.plan.at, third.plan.modules], [19, []]);
  assert.equal(third.failureGone, false);
  assert.equal(third.run?.chainHead, first.run?.chainHead, "a fork without a change is the same world");
  await event("watching");
  session.command("quit");
  const { cycles, interrupted } = await done;
  assert.equal(cycles.length, 3);
  assert.equal(interrupted, undefined);
});

const endless = (word: string): string => `import { defineAgent } from "wasm-engine/agent";
export const agent = defineAgent({
  state: { rounds: 0 },
  onCadence(message, ctx) {
    ctx.state.rounds += 1;
    if (ctx.state.rounds % 500 === 0) ctx.log(${JSON.stringify(word)});
  },
});
`;

test("a save cuts a long run short; a run that was cut is not what the next one is compared to", async (context) => {
  const long = {
    "engine.yaml": `version: 1
name: long
stop: { when: tick, tick: 100000000 }
modules: { clock: ./clock.ts }
agents: [{ id: clock, module: clock, every: 1 }]
`,
    "clock.ts": endless("tick"),
  };
  const { cycle, event, write, session, done } = listened(context, long, {
    isolation: "process",
    workers: 1,
  });
  await event("observed");
  write("clock.ts", endless("tock"));
  const cut = await cycle();
  assert.equal(cut.run?.reason, "stopped");
  assert.equal(cut.difference, undefined);
  await event("observed");
  session.command("quit");
  const { interrupted, cycles } = await done;
  assert.equal(interrupted?.reason, "interrupted");
  assert.equal(cycles.at(-1)?.run?.dir, interrupted.dir);
  assert.deepEqual(cycles.at(-1)?.plan?.how, "fork");
});

test("the exit code of an agent is an invariant: other than 0 is a failure that a fork mends", async (context) => {
  const judge = (limit: number): string => `import { defineAgent } from "wasm-engine/agent";
export const agent = defineAgent({
  onMessage(message, ctx) {
    if (message.body.n > ${limit}) ctx.exit(3);
  },
});
`;
  const { cycle, write } = listened(context, { ...files, "left.ts": judge(4), "right.ts": judge(9) });
  const first = await cycle();
  assert.deepEqual(
    first.failures.map(({ kind, code, tick }) => [kind, code, tick]),
    [["exit", "3", 50]],
  );
  write("left.ts", judge(9));
  const second = await cycle();
  assert.ok(second.plan?.how === "fork");
  assert.equal(second.plan.at, 49);
  assert.equal(second.failureGone, true);
});
