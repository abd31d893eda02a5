/** Lifecycle of agents: spawn, stop, end, pause, upgrade, busy turns, supervision. One table entry each. */

import assert from "node:assert/strict";
import test from "node:test";
import { FaultCode, MessageKind, type AgentHandle, type ModuleDigest } from "@wasm-engine/abi";
import { all, atStart, on, puppet, type Acts } from "../testing/puppet.js";
import type { ScriptOptions } from "../testing/script-executors.js";
import {
  ScriptWorld,
  agentId,
  genesis,
  handle,
  lifecycle,
  message,
  spec,
  tenantSpec,
  task,
} from "../testing/script-world.js";
import type { SpecChanges } from "../testing/script-world.js";
import type { Genesis } from "../model.js";

interface Setting {
  readonly specs?: Readonly<Record<string, SpecChanges>>;
  readonly genesis?: Partial<Genesis>;
  readonly options?: ScriptOptions;
}

function world(acts: Acts, setting: Setting = {}): ScriptWorld {
  const { specs = {} } = setting;
  const names = Object.keys(acts).filter((id) => !id.startsWith("child"));
  const agents = names.map((id) => spec(id, specs[id]));
  return new ScriptWorld(genesis(agents, setting.genesis), puppet(acts), setting.options);
}

function seen(script: ScriptWorld, id: string): string[] {
  return (script.executors.stateOf(id) ?? "").split("\n");
}

const upgraded = "22".repeat(32) as ModuleDigest; // brand: 64 hex digits

test("the first turn is init, the start message with canonical arguments, then mail", () => {
  const script = world({ a: undefined }, { specs: { a: { args: { b: 1, a: [true, "x"] } } } });
  script.step([message("a", "hello")]);
  assert.deepEqual(seen(script, "a"), ["0 init", '0 START {"a":[true,"x"],"b":1}', "0 MESSAGE hello"]);
});

test("[G1] spawn: addressable at once, first turn at t + 1, publish of t not received, mail received", () => {
  const script = world({
    a: atStart((context) => {
      const { child } = context.spawn({
        id: "child",
        module: "script",
        channels: ["news"],
        args: 5,
        capabilities: { topics: ["news"] },
      });
      context.send(child, { topic: "mail" });
      context.publish("news", "too early");
      context.timer(1, "again");
    }),
    b: on("again", (context) => context.publish("news")),
    child: undefined,
  });
  script.runUntil(1);
  script.step([message("b", "again")]);
  script.runUntil(10);
  assert.deepEqual(seen(script, "child"), ["1 init", "1 START 5", "1 MESSAGE mail", "3 MESSAGE news"]);
  assert.equal(seen(script, "a")[2], '1 ANSWER {"agentId":"child"} #1');
});

test("[G10] spawn is refused at t + 1: name taken, unknown module, full world, more than the parent, garbage", () => {
  const refused = [
    { id: "b", module: "script" },
    { id: "c d", module: "script" },
    { id: "c1", module: "nothing" },
    { id: "c2", module: "__proto__" },
    { id: "c3", module: "script", tenant: "other" },
    { id: "c4", module: "script", priority: 1 },
    { id: "c5", module: "script", limits: { fuelPerSlice: 1001 } },
    { id: "c6", module: "script", limits: { fuelPerSlice: 0 } },
    { id: "c7", module: "script", capabilities: { tools: ["other"] } },
    { id: "c8", module: "script", channels: ["unheard"] },
    { id: "c9", module: "script", onFault: { strategy: "explode" } },
    { id: "ca", module: "script", args: 0, surprise: 1 },
    "",
    "{",
    "\u0000",
    `{"id":"cb","module":"script","args":${"[".repeat(70)}${"]".repeat(70)}}`,
  ];
  const script = world(
    {
      a: atStart((context) => {
        for (const json of refused) context.spawn(json);
        context.spawn({ id: "child", module: "script", args: -0 });
        context.spawn({ id: "child", module: "script" });
      }),
      b: undefined,
      child: undefined,
    },
    { specs: { a: { capabilities: { tools: ["tool"] } } } },
  );
  script.runUntil(10);
  const answers = seen(script, "a").filter((line) => line.startsWith("1 ANSWER"));
  const expected = refused.map((_, index) => `1 ANSWER REFUSED #${index + 1}!`);
  const good = `1 ANSWER {"agentId":"child"} #${refused.length + 1}`;
  assert.deepEqual(answers, [...expected, good, `1 ANSWER REFUSED #${refused.length + 2}!`]);
});

test("[G7] agentsMax refuses further agents", () => {
  const acts: Acts = { a: atStart((context) => void context.spawn({ id: "child", module: "script" })) };
  const script = world(acts, { genesis: { agentsMax: 1 } });
  script.runUntil(5);
  assert.deepEqual(seen(script, "a").slice(2), ["1 ANSWER REFUSED #1!"]);
  script.step([{ kind: "spawn", spec: spec("b") }]);
  assert.deepEqual(script.deadLetters(), ["DENIED b"]);
});

test("[G6] a child of a tenant has a name of its tenant's own; the answer says so; the outside may give any", () => {
  const answers: string[] = [];
  const tenants = [tenantSpec("x", { agentsMax: 3 }), tenantSpec("xy")];
  const names = ["child", "xy.child", "xychild", "x", "x.", "x.child", "x.child", "x.more", "x.most"];
  const script = new ScriptWorld(
    genesis([spec("a", { tenant: "x" })], { tenants }),
    puppet({
      a: (context, { message: mail, text }) => {
        if (mail?.kind === MessageKind.ANSWER) answers.push(text);
        if (mail?.kind === MessageKind.START) for (const id of names) context.spawn({ id, module: "script" });
      },
    }),
  );
  script.runUntil(5);
  const no = (reason: string) =>
    `{"code":"REFUSED","message":"The child may not start: ${reason}","retryable":false}`;
  const foreign = no("its id does not start with the name of its tenant and a dot");
  assert.deepEqual(answers, [
    ...[foreign, foreign, foreign, foreign],
    '{"agentId":"x."}',
    '{"agentId":"x.child"}',
    no("its id is taken"),
    no("its tenant has no place left"),
    no("its tenant has no place left"),
  ]);
  script.step([{ kind: "spawn", spec: spec("x.other", { tenant: "xy" }) }]);
  assert.equal(script.status("x.other"), "active");
});

test("[G5] a child has at least what the manifest of its module asks for", () => {
  const { module, limits } = spec("a");
  const asked = { fuelPerSlice: 600, memoryBytes: limits.memoryBytes };
  const lower = [
    { fuelPerSlice: 599, fuelPerTurnMax: 600 },
    { memoryBytes: limits.memoryBytes - 1 },
    { fuelPerSlice: 600, fuelPerTurnMax: 600 },
  ];
  const acts: Acts = {
    a: atStart((context) => {
      for (const [index, lowered] of lower.entries())
        context.spawn({ id: `child${index}`, module: "script", limits: lowered });
    }),
    child2: undefined,
  };
  for (const moduleLimits of [undefined, { [module]: asked }]) {
    const script = world(acts, moduleLimits === undefined ? {} : { genesis: { moduleLimits } });
    script.runUntil(3);
    const refused = seen(script, "a").filter((line) => line.includes("REFUSED"));
    assert.equal(refused.length, moduleLimits === undefined ? 0 : 2);
    assert.ok(seen(script, "child2").includes("1 init"));
  }
});

test("[G1] spawn, terminate and publish in the same tick", () => {
  const script = world(
    {
      a: on("go", (context) => {
        context.publish("news");
        context.send(handle("b"), { topic: "direct", wanted: true });
        context.spawn({ id: "child", module: "script" });
        context.spawn({ id: "b", module: "script" });
      }),
      b: undefined,
      c: undefined,
      child: undefined,
    },
    { specs: { b: { channels: ["news"] }, c: { channels: ["news"] } } },
  );
  script.step();
  const result = script.step([message("a", "go"), lifecycle("terminate", "b")]);
  script.runUntil(10);
  assert.deepEqual(result.ended, ["b"]);
  assert.deepEqual(seen(script, "c").slice(2), ["2 MESSAGE news"]);
  assert.deepEqual(seen(script, "a").slice(3), [
    "2 ANSWER UNDELIVERABLE #1!",
    '2 ANSWER {"agentId":"child"} #2',
    "2 ANSWER REFUSED #3!",
  ]);
  assert.deepEqual(script.deadLetters(), ["TERMINATED b news", "TERMINATED b direct"]);
});

test("a lookup in t sees the ids as sealed at t - 1", () => {
  const found: (AgentHandle | undefined)[] = [];
  const script = world({
    a: (context) => found.push(context.lookup("b"), context.lookup("child")),
    b: undefined,
  });
  script.step();
  script.step([message("a", "x"), lifecycle("terminate", "b"), { kind: "spawn", spec: spec("child") }]);
  script.step([message("a", "x")]);
  const known = handle("b");
  assert.deepEqual(found.slice(0, 4), [known, undefined, known, undefined]);
  assert.deepEqual(found.slice(4), [known, undefined, undefined, handle("child")]);
});

test("exit ends the agent at the seal; its mail is refused, an id may return and keeps its counters", () => {
  const script = world({
    a: on("go", (context) => {
      context.draw("dice", 8);
      context.send(handle("b"), { topic: "farewell" });
      context.exit(3);
    }),
    b: on("go", (context) => void context.send(handle("a"), { topic: "refused", wanted: true })),
  });
  script.step();
  const result = script.step([message("a", "go"), message("b", "go")]);
  assert.deepEqual(result.ended, ["a"]);
  assert.equal(script.status("a"), undefined);
  script.runUntil(10);
  assert.deepEqual(seen(script, "b").slice(3), ["2 MESSAGE farewell", "2 ANSWER UNDELIVERABLE #1!"]);
  script.step([{ kind: "spawn", spec: spec("a") }]);
  const { ledger } = script.world.agent(agentId("a")) ?? assert.fail();
  assert.deepEqual([ledger.messages, ledger.streams], [1, [["dice", 8]]]);
});

test("stop: stop message, shutdown, rest of the mailbox refused; a paused agent stops too", () => {
  const script = world({ a: undefined, b: undefined });
  script.step();
  script.step([lifecycle("pause", "b"), message("b", "kept")]);
  const result = script.step([lifecycle("stop", "a"), lifecycle("stop", "b"), message("a", "late")]);
  assert.deepEqual(result.ended, ["a", "b"]);
  assert.deepEqual(script.deadLetters(), ["UNDELIVERABLE a late"]);
});

test("a graceful stop that does not come to its turn ends after shutdownTicks", () => {
  const acts: Acts = { a: on("go", (context) => context.burn(1_000_000)) };
  const script = world(acts, { specs: { a: { limits: { fuelPerTurnMax: 1_000_000 } } } });
  script.step();
  script.step([message("a", "go")]);
  script.step([lifecycle("stop", "a"), message("a", "refused")]);
  script.runUntil(10_000);
  assert.equal(script.status("a"), undefined);
  assert.equal(script.results.at(-1)?.commit.tick, 602);
});

test("pause keeps mail, timers and cadence; resume brings them in order", () => {
  const script = world({ a: atStart((context) => void context.timer(2)) }, { specs: { a: { every: 2 } } });
  script.step();
  script.step([lifecycle("pause", "a"), message("a", "m1")]);
  script.runUntil(7);
  assert.equal(seen(script, "a").length, 2);
  assert.equal(script.status("a"), "paused");
  script.step([lifecycle("resume", "a")], 9);
  script.runUntil(10);
  assert.deepEqual(seen(script, "a").slice(2), [
    "9 MESSAGE m1",
    "9 TIMER timer #1",
    "9 CADENCE",
    "10 CADENCE",
  ]);
});

test("cadence: every n ticks after the first turn, missed ones are not made up for", () => {
  const script = world({ a: undefined }, { specs: { a: { every: 3 } } });
  script.runUntil(7);
  assert.deepEqual(seen(script, "a").slice(2), ["3 CADENCE", "6 CADENCE"]);
});

test("upgrade at t is the agent's only turn of t; mail waits; outcomes imported, fresh, refused", () => {
  const results = ["imported", "fresh", "refused"] as const;
  for (const result of results) {
    const script = world(
      { a: undefined },
      { options: { upgrade: () => ({ result, fuel: 7, code: FaultCode.TRAP }) } },
    );
    script.step();
    const { commit, faults } = script.step([
      { kind: "upgrade", agent: agentId("a"), module: upgraded },
      message("a", "m"),
    ]);
    assert.equal(commit.fuel, 7);
    assert.equal(script.order(1).length, 0);
    script.runUntil(5);
    const module = script.world.agent(agentId("a"))?.spec.module;
    assert.equal(module, result === "refused" ? script.genesis.modules["script"] : upgraded);
    assert.equal(faults.length, result === "refused" ? 1 : 0);
    const fresh = ["2 init", "2 START null", "2 MESSAGE m"];
    assert.deepEqual(
      seen(script, "a").slice(result === "fresh" ? 0 : 2),
      result === "fresh" ? fresh : fresh.slice(2),
    );
  }
});

test("[G1] busy: effects appear at v, mail and tasks wait, views see the state before the turn", () => {
  const script = world({
    a: on("go", (context) => {
      context.burn(2500);
      context.send(handle("b"), { topic: "done" });
    }),
    b: undefined,
  });
  script.step();
  script.step([message("a", "go")]);
  const before = script.world.agentDigests().map(([, digest]) => Buffer.from(digest).toString("hex"));
  assert.equal(script.status("a"), "busy");
  assert.equal(script.world.nextDueTick(), 3);
  script.step([message("a", "waits"), task("t", "a")]);
  assert.equal(script.status("a"), "busy");
  script.runUntil(20);
  const after = script.world.agentDigests().map(([, digest]) => Buffer.from(digest).toString("hex"));
  assert.notDeepEqual(before, after);
  assert.deepEqual(seen(script, "a").slice(2), ["1 MESSAGE go", "4 MESSAGE waits", "4 TASK t"]);
  assert.deepEqual(seen(script, "b").slice(2), ["4 MESSAGE done"]);
  assert.equal(script.results[1]?.commit.fuel, 0);
});

test("effects of turns that land come before those of turns of the same tick, by planned tick and plan index", () => {
  const burn = (fuel: number) =>
    on("go", (context) => {
      context.burn(fuel);
      context.send(handle("z"), { topic: context.id });
    });
  const script = world({ a: burn(0), b: burn(1500), c: burn(2500), z: undefined });
  script.step();
  script.step([message("c", "go")]);
  script.step([message("b", "go")]);
  script.step([message("a", "go")]);
  script.runUntil(10);
  assert.deepEqual(seen(script, "z").slice(2), ["4 MESSAGE c", "4 MESSAGE b", "4 MESSAGE a"]);
});

test("busy: terminate acts at once, pause and upgrade when the turn has landed", () => {
  const act = on("go", (context) => {
    context.burn(2500);
    context.send(handle("z"), { topic: context.id });
  });
  const script = world({ killed: act, paused: act, upgraded: act, z: undefined });
  script.step();
  script.step([message("killed", "go"), message("paused", "go"), message("upgraded", "go")]);
  const result = script.step([
    lifecycle("terminate", "killed"),
    lifecycle("pause", "paused"),
    { kind: "upgrade", agent: agentId("upgraded"), module: upgraded },
    message("paused", "waits"),
  ]);
  assert.deepEqual(result.ended, ["killed"]);
  script.runUntil(20);
  assert.deepEqual(seen(script, "z").slice(2), ["4 MESSAGE paused", "4 MESSAGE upgraded"]);
  assert.equal(script.status("paused"), "paused");
  assert.equal(script.world.agent(agentId("paused"))?.mailbox.length, 1);
  assert.equal(script.world.agent(agentId("upgraded"))?.spec.module, upgraded);
  assert.deepEqual(script.deadLetters(), ["TERMINATED killed go"]);
});

test("[G6] supervision restart good: dead letter for the faulting one, later ones follow", () => {
  const script = world({ a: on("bad", (context) => context.fail(FaultCode.GUEST_ERROR, -5)) });
  script.step();
  const { faults, commit } = script.step([message("a", "m1"), message("a", "bad"), message("a", "m2")]);
  script.runUntil(5);
  assert.deepEqual(seen(script, "a").slice(2), ["1 MESSAGE m1", "2 MESSAGE m2"]);
  assert.deepEqual(faults, [{ agentId: "a", code: FaultCode.GUEST_ERROR, guestCode: -5 }]);
  assert.deepEqual(script.deadLetters(), ["FAULT a bad"]);
  assert.equal(commit.fuel, 1000);
});

test("[G6] supervision restart fresh: init again, mail and counters kept, timers and subscriptions dropped", () => {
  const acts: Acts = {
    a: all(
      atStart((context) => {
        context.timer(50);
        context.join("joined");
        context.draw("dice", 4);
      }),
      on("bad", (context) => context.fail()),
    ),
  };
  const script = world(acts, { specs: { a: { onFault: { from: "fresh" }, channels: ["given"] } } });
  script.step();
  script.step();
  assert.deepEqual(script.world.agent(agentId("a"))?.topics, ["given", "joined"]);
  script.step([message("a", "bad"), message("a", "kept")]);
  assert.deepEqual(script.world.agent(agentId("a"))?.topics, ["given"]);
  assert.deepEqual(script.world.agent(agentId("a"))?.pendingRequests, []);
  script.runUntil(5);
  assert.deepEqual(seen(script, "a"), ["3 init", "3 START null", "3 MESSAGE kept"]);
  assert.deepEqual(script.world.agent(agentId("a"))?.ledger.streams, [["dice", 8]]);
});

test("[G6] supervision stops an agent after more than max faults within withinTicks", () => {
  const fault = on("bad", (context) => context.fail());
  const script = world({ a: fault }, { specs: { a: { onFault: { max: 2, withinTicks: 10 } } } });
  script.step();
  for (const tick of [1, 2, 20, 21]) script.step([message("a", "bad")], tick);
  assert.equal(script.status("a"), "active");
  script.step([message("a", "bad"), message("a", "lost")], 22);
  assert.equal(script.status("a"), undefined);
  assert.deepEqual(script.deadLetters().slice(-2), ["FAULT a bad", "TERMINATED a lost"]);
});

test("[G6] escalation ends the child and tells its parent; without a parent the run should stop", () => {
  const script = world(
    {
      parent: atStart((context) => {
        context.spawn({ id: "child", module: "script", onFault: { strategy: "escalate" } });
      }),
      child: on("bad", (context) => context.fail()),
      orphan: on("bad", (context) => context.fail()),
    },
    { specs: { orphan: { onFault: { strategy: "escalate" } } } },
  );
  script.step();
  script.step();
  const first = script.step([message("child", "bad")]);
  assert.deepEqual([first.ended, first.unsupervised], [["child"], undefined]);
  const second = script.step([message("orphan", "bad")]);
  assert.deepEqual([second.ended, second.unsupervised], [["orphan"], "orphan"]);
  assert.equal(seen(script, "parent").at(-1), "3 MESSAGE child-fault TRAP !");
});

test("[G6] a fault in init is retried with init, a declared tenant contains an escalation", () => {
  let attempts = 0;
  const acts: Acts = {
    a: (context, { entry, message: mail }) => {
      if (entry === "init") {
        attempts += 1;
        if (attempts < 3) context.fail();
      }
      if (mail?.kind === MessageKind.MESSAGE) context.fail();
    },
  };
  const tenants = [tenantSpec("x")];
  const agents = [spec("a", { tenant: "x", onFault: { strategy: "restart" } })];
  const script = new ScriptWorld(genesis(agents, { tenants }), puppet(acts));
  script.runUntil(10);
  assert.deepEqual(seen(script, "a"), ["2 init", "2 START null"]);
  const escalating = [spec("a", { tenant: "x", onFault: { strategy: "escalate" } })];
  const contained = new ScriptWorld(
    genesis(escalating, { tenants }),
    puppet({ a: (context) => context.fail() }),
  );
  const result = contained.step();
  assert.deepEqual([result.ended, result.unsupervised], [["a"], undefined]);
});

test("[G10] lifecycle inputs for unknown agents become dead letters", () => {
  const script = world({ a: undefined });
  script.step([
    lifecycle("stop", "x"),
    lifecycle("pause", "y"),
    { kind: "upgrade", agent: agentId("z"), module: upgraded },
  ]);
  assert.deepEqual(script.deadLetters(), ["UNDELIVERABLE x", "UNDELIVERABLE y", "UNDELIVERABLE z"]);
});
