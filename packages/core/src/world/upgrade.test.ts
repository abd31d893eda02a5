/** Upgrades that wait until nothing is pending: what is delivered meanwhile, what waits, how the waiting ends. */

import assert from "node:assert/strict";
import test from "node:test";
import {
  FaultCode,
  MessageFlag,
  MessageKind,
  Encoding,
  encodeUtf8,
  type ModuleDigest,
} from "@wasm-engine/abi";
import type { InputBody, UpgradeReport } from "../model.js";
import { nodeHasher } from "../testing/node-hasher.js";
import { all, atStart, on, puppet, type Acts } from "../testing/puppet.js";
import { ScriptExecutors, type ScriptOptions } from "../testing/script-executors.js";
import { agentId, genesis, handle, lifecycle, message, spec, task } from "../testing/script-world.js";
import { ScriptWorld, type SpecChanges } from "../testing/script-world.js";
import { World } from "./world.js";

const next = "22".repeat(32) as ModuleDigest; // brand: 64 hex digits
const third = "33".repeat(32) as ModuleDigest; // brand: 64 hex digits

function world(acts: Acts, changes: SpecChanges = {}, options?: ScriptOptions): ScriptWorld {
  const agents = Object.keys(acts).map((id) => spec(id, id === "a" ? changes : {}));
  return new ScriptWorld(genesis(agents), puppet(acts), options);
}

function upgrade(drainTicks?: number, module: ModuleDigest = next): InputBody {
  const wait = drainTicks === undefined ? {} : { drainTicks };
  return { kind: "upgrade", agent: agentId("a"), module, ...wait };
}

function seen(script: ScriptWorld, id = "a"): string[] {
  return (script.executors.stateOf(id) ?? "").split("\n");
}

function moduleOf(script: ScriptWorld): string | undefined {
  return script.world.agent(agentId("a"))?.spec.module;
}

/** `tick result reason: kind name since` of every upgrade that has ended. */
function endings(script: ScriptWorld): string[] {
  const lineOf = (tick: number, { result, reason, pending }: UpgradeReport): string => {
    const names = pending.map(({ kind, name, sinceTick }) =>
      `${kind} ${name} ${sinceTick}`.replace("  ", " "),
    );
    return [tick, result, reason, ...names].filter((part) => part !== undefined).join(" ");
  };
  return script.results.flatMap(({ commit, upgrades }) =>
    upgrades.map((entry) => lineOf(commit.tick, entry)),
  );
}

const result = (requestId: number, last = true): InputBody => ({
  kind: "result",
  agent: handle("a"),
  requestId,
  source: "tool",
  ok: true,
  last,
  encoding: Encoding.TEXT,
  payload: encodeUtf8("found"),
});

/** Asks a tool at its start. */
const asking: Acts = { a: atStart((context) => void context.callTool("tool", "q", 0)) };

test("[G1] a draining agent gets its answers; messages, tasks and cadence wait behind them, in their order", () => {
  const acts: Acts = {
    a: all(
      atStart((context) => {
        context.callTool("tool", "q", 0);
        context.timer(6);
        context.send(handle("b"), { topic: "question", wanted: true });
      }),
      on("first", (context) => context.burn(0)),
    ),
    b: on("question", (context, { message: mail }) => {
      if (mail !== undefined) context.answer(mail, "part", 0);
      context.send(handle("a"), { topic: "from b" });
      if (mail !== undefined) context.answer(mail, "whole");
    }),
  };
  const script = world(acts, { every: 2 });
  script.step();
  script.step([upgrade(50), message("a", "first"), task("t", "a")]);
  assert.equal(script.status("a"), "draining");
  const view = script.world.agent(agentId("a"));
  assert.deepEqual(view?.upgrade, { module: next, sinceTick: 1, deadlineTick: 51, heldMessages: 2 });
  assert.deepEqual(
    view?.pendingRequests.map(({ kind, name, sinceTick }) => [kind, name, sinceTick]),
    [
      ["tool", "tool", 0],
      ["timer", "", 0],
    ],
  );
  script.runUntil(6);
  script.step([result(1)], 8);
  assert.deepEqual(endings(script), []);
  assert.deepEqual(seen(script).slice(2), [
    "2 ANSWER part #3",
    "2 ANSWER whole #3",
    "6 TIMER timer #2",
    "8 TOOL tool found #1",
  ]);
  script.step();
  assert.equal(moduleOf(script), next);
  assert.deepEqual(endings(script), ["9 imported"]);
  assert.deepEqual(script.order(9), [], "the upgrade is the agent's only turn of its tick");
  script.step();
  assert.deepEqual(seen(script).slice(6), [
    "10 MESSAGE first",
    "10 MESSAGE from b",
    "10 TASK t",
    "10 CADENCE",
  ]);
  assert.equal(script.status("a"), "active");
});

test("what an answer starts is waited for as well", () => {
  const script = world({
    a: all(
      atStart((context) => void context.callTool("tool", "q", 0)),
      on("tool", (context) => {
        if (context.ledger.requests < 3) context.callTool("tool", "again", 0);
      }),
    ),
  });
  script.step();
  script.step([upgrade(50)]);
  for (const id of [1, 2, 3]) script.step([result(id)]);
  assert.deepEqual(endings(script), []);
  script.runUntil(100);
  assert.deepEqual(endings(script), ["5 imported"]);
});

test("without drainTicks nothing is waited for, requests carry over", () => {
  const script = world(asking);
  script.step();
  script.step([upgrade()]);
  assert.deepEqual(endings(script), ["1 imported"]);
  script.step([result(1)]);
  assert.equal(seen(script).at(-1), "2 TOOL tool found #1");
});

test("an agent that waits for nothing is upgraded in the tick of the input; an answer on its way is waited for", () => {
  const script = world({ a: on("go", (context) => void context.callTool("nothing", "q")) });
  script.step();
  script.step([message("a", "go")]);
  assert.equal(script.world.agent(agentId("a"))?.pendingRequests.length, 0);
  script.step([upgrade(5)]);
  script.runUntil(9);
  assert.deepEqual(endings(script), ["3 imported"]);
  script.step([upgrade(5, third)]);
  assert.deepEqual(endings(script).slice(1), ["4 imported"]);
});

test("at the deadline the upgrade is refused and names what is pending; what has waited is delivered", () => {
  const acts: Acts = {
    a: atStart((context) => {
      context.callTool("tool", "q", 0);
      context.infer("model", "q", 0);
      context.send(handle("b"), { topic: "q", wanted: true, timeoutTicks: 0 });
      context.task({ taskId: "late", agentId: "b" }, 900);
      context.timer(700);
    }),
    b: undefined,
  };
  const script = world(acts);
  script.step();
  script.step([upgrade(3), message("a", "m")]);
  assert.equal(script.world.nextDueTick(), 4);
  script.runUntil(20);
  assert.deepEqual(endings(script), [
    "4 refused pending tool tool 0 inference model 0 send b 0 task late 0 timer 0",
  ]);
  const refused = script.results.find(({ upgrades }) => upgrades.length > 0);
  assert.deepEqual(refused?.faults, [{ agentId: "a", code: FaultCode.HOST_DENIED, guestCode: 0 }]);
  assert.equal(moduleOf(script), script.genesis.modules["script"]);
  assert.equal(seen(script).at(-1), "4 MESSAGE m");
  script.step([result(1)]);
  assert.match(seen(script).at(-1) ?? "", /TOOL tool found #1/);
});

test("an agent that has drained before the deadline is upgraded in it", () => {
  const script = world(asking);
  script.step();
  script.step([upgrade(2)]);
  script.step([result(1)]);
  script.runUntil(20);
  assert.deepEqual(endings(script), ["3 imported"]);
});

test("a guest that refuses after draining stays, with everything that has waited", () => {
  const refusing = { result: "refused", fuel: 3, code: FaultCode.GUEST_ERROR, guestCode: -2 } as const;
  const script = world(asking, {}, { upgrade: () => refusing });
  script.step();
  script.step([upgrade(9), message("a", "m")]);
  script.step([result(1)]);
  script.runUntil(20);
  assert.deepEqual(endings(script), ["3 refused guest"]);
  assert.equal(seen(script).at(-1), "4 MESSAGE m");
});

test("a later upgrade replaces one that waits, at once where it does not wait", () => {
  const script = world(asking);
  script.step();
  script.step([upgrade(50), message("a", "m")]);
  script.step([upgrade(60, third)]);
  const { upgrade: waiting } = script.world.agent(agentId("a")) ?? {};
  assert.deepEqual(waiting, { module: third, sinceTick: 2, deadlineTick: 62, heldMessages: 1 });
  script.step([upgrade()]);
  assert.deepEqual(endings(script), ["2 refused replaced", "3 refused replaced", "3 imported"]);
  assert.equal(moduleOf(script), next);
  script.runUntil(100);
  assert.equal(seen(script).at(-1), "4 MESSAGE m");
  assert.equal(script.world.nextDueTick(), undefined, "no deadline is left over");
});

test("two upgrades of one tick: each outcome belongs to its own module", () => {
  const script = world(
    { a: undefined },
    {},
    {
      upgrade: (_id, module) =>
        module === next
          ? { result: "imported", fuel: 1 }
          : { result: "refused", fuel: 1, code: FaultCode.TRAP },
    },
  );
  script.step();
  script.step([upgrade(undefined, next), upgrade(undefined, third)]);
  assert.equal(moduleOf(script), next);
});

test("stop and terminate while draining: the upgrade is given up", () => {
  for (const kind of ["stop", "terminate"] as const) {
    const script = world(asking);
    script.step();
    script.step([upgrade(50), message("a", "m")]);
    script.step([lifecycle(kind, "a")]);
    script.runUntil(1000);
    assert.deepEqual(endings(script), [kind === "stop" ? "2 refused stopping" : "2 refused ended"]);
    assert.equal(script.status("a"), undefined);
    assert.equal(script.world.nextDueTick(), undefined);
    assert.deepEqual(script.deadLetters(), kind === "stop" ? [] : ["TERMINATED a m"]);
  }
});

test("an agent that exits with its last answer, and one that was about to be upgraded, leave nothing behind", () => {
  const script = world({
    a: all(
      atStart((context) => void context.callTool("tool", "q", 0)),
      on("tool", (context) => context.exit()),
    ),
  });
  script.step();
  script.step([upgrade(50)]);
  script.step([result(1)]);
  assert.deepEqual(endings(script), ["2 refused ended"]);
  assert.equal(script.world.nextDueTick(), undefined);
  const other = world(asking);
  other.step();
  other.step([upgrade(50)]);
  other.step([result(1)]);
  other.step([lifecycle("terminate", "a")]);
  assert.equal(other.world.nextDueTick(), undefined);
});

test("pause while draining: answers wait for resume, the deadline does not", () => {
  const script = world(asking);
  script.step();
  script.step([upgrade(50)]);
  script.step([lifecycle("pause", "a"), result(1)]);
  script.runUntil(40);
  assert.equal(script.status("a"), "paused");
  script.step([lifecycle("resume", "a")]);
  script.runUntil(60);
  assert.deepEqual(endings(script), ["4 imported"]);
  const late = world(asking);
  late.step();
  late.step([upgrade(50)]);
  late.step([lifecycle("pause", "a"), result(1)]);
  late.runUntil(100);
  assert.deepEqual(endings(late), ["51 refused pending"]);
});

test("restarts while draining: good goes on draining, fresh has nothing left to wait for", () => {
  for (const from of ["good", "fresh"] as const) {
    const acts: Acts = {
      a: all(
        atStart((context) => {
          if (context.ledger.requests > 0) return;
          context.callTool("tool", "q", 0);
          context.callTool("tool", "q", 0);
        }),
        on("tool", (context) => {
          if (context.tick === 2) context.fail();
        }),
      ),
    };
    const script = world(
      acts,
      { onFault: { from } },
      { upgrade: () => ({ result: from === "good" ? "imported" : "fresh", fuel: 0 }) },
    );
    script.step();
    script.step([upgrade(50), message("a", "m")]);
    script.step([result(1)]);
    script.step(from === "good" ? [result(2)] : []);
    script.runUntil(20);
    assert.deepEqual(endings(script), [from === "good" ? "4 imported" : "3 fresh"]);
    const last =
      from === "good" ? ["3 TOOL tool found #2", "5 MESSAGE m"] : ["4 init", "4 START null", "4 MESSAGE m"];
    assert.deepEqual(seen(script).slice(-last.length), last);
  }
});

test("[G1] a busy agent begins to drain when its turn has landed; a long turn while draining holds it up", () => {
  const acts: Acts = {
    a: on("go", (context) => {
      context.burn(2500);
      context.callTool("tool", "q", 0);
    }),
  };
  const script = world(acts);
  script.step();
  script.step([message("a", "go"), message("a", "behind")]);
  script.step([upgrade(50), message("a", "m")]);
  assert.equal(script.status("a"), "busy");
  script.runUntil(4);
  assert.equal(script.status("a"), "draining");
  assert.equal(script.world.agent(agentId("a"))?.upgrade?.heldMessages, 1);
  script.step([result(1)], 7);
  script.runUntil(30);
  assert.deepEqual(endings(script), ["8 imported"]);
  const slow = world({
    a: all(
      atStart((context) => void context.callTool("tool", "q", 0)),
      on("tool", (context) => context.burn(4500)),
    ),
  });
  slow.step();
  slow.step([upgrade(3), message("a", "m")]);
  slow.step([result(1)]);
  slow.runUntil(30);
  assert.deepEqual(endings(slow), ["4 refused pending"]);
  assert.equal(seen(slow).at(-1), "7 MESSAGE m");
});

test("[G7] what waits counts against the mailbox; an answer is never refused for it", () => {
  const script = world(asking, { limits: { mailboxMessages: 2 } });
  script.step();
  script.step([upgrade(50), message("a", "m1"), message("a", "m2"), message("a", "m3")]);
  assert.deepEqual(script.deadLetters(), ["MAILBOX_FULL a m3"]);
  script.step([result(1, false), result(1, true)]);
  script.runUntil(20);
  assert.deepEqual(endings(script), ["3 imported"]);
  assert.deepEqual(seen(script).slice(-2), ["4 MESSAGE m1", "4 MESSAGE m2"]);
});

test("[G4] a world restored while an agent drains goes on as the undisturbed one", () => {
  const acts: Acts = {
    a: atStart((context) => {
      context.callTool("tool", "q", 0);
      context.timer(4);
    }),
  };
  const script = world(acts);
  const points: { state: Uint8Array; images: ReturnType<ScriptExecutors["images"]> }[] = [];
  const inputs: readonly InputBody[][] = [
    [],
    [upgrade(20), message("a", "m")],
    [],
    [result(1)],
    [],
    [],
    [],
    [],
  ];
  for (const bodies of inputs) {
    script.step(bodies);
    points.push({ state: script.world.exportState(), images: script.executors.images() });
  }
  assert.deepEqual(endings(script), ["5 imported"]);
  points.forEach(({ state, images }, index) => {
    const executors = new ScriptExecutors(puppet(acts), {}, images);
    const restored = World.restore(script.genesis, state, { hasher: nodeHasher, executors });
    assert.deepEqual(restored.exportState(), state);
    let seq = 100;
    for (const [tick, bodies] of inputs.entries()) {
      if (tick <= index) continue;
      const { chainHead } = restored.step(
        tick,
        bodies.map((body) => ({ seq: tick === 1 ? ++seq - 100 : 3, tick, body })),
      );
      assert.deepEqual(chainHead, script.results[tick]?.chainHead);
    }
    assert.equal(restored.nextDueTick(), script.world.nextDueTick());
  });
});

test("kinds and flags that a draining agent takes for answers are those with its own request id", () => {
  const script = world({
    a: all(
      atStart((context) => {
        context.spawn({ id: "child", module: "script" });
        context.callTool("tool", "q", 0);
      }),
      on("m", (context, { message: mail }) => {
        assert.equal(mail?.kind, MessageKind.MESSAGE);
        assert.equal(mail.flags & MessageFlag.ANSWER_WANTED, MessageFlag.ANSWER_WANTED);
        context.answer(mail, "late");
      }),
    ),
  });
  script.step();
  script.step([upgrade(50), message("a", "m", "", true)]);
  assert.equal(seen(script).at(-1), '1 ANSWER {"agentId":"child"} #1', "the child's answer comes at once");
  script.step([result(2)]);
  script.runUntil(20);
  assert.deepEqual(
    script.results.flatMap(({ departures }) => departures.map(({ kind }) => kind)),
    ["answer"],
  );
});
