/** Tasks and their dependencies, one table entry each. */

import assert from "node:assert/strict";
import test from "node:test";
import { actingWorld, seen } from "../testing/acting-world.js";
import { atStart, on, puppet } from "../testing/puppet.js";
import {
  ScriptWorld,
  agentId,
  genesis,
  lifecycle,
  message,
  spec,
  task,
  tenantSpec,
} from "../testing/script-world.js";

const failing = on("bad", (context) => context.fail());

test("a task runs as a step, its owner is answered when it has completed", () => {
  const script = actingWorld({
    a: atStart((context) => void context.task({ taskId: "t", agentId: "b", payload: { z: 1, a: [2] } })),
    b: undefined,
  });
  script.runUntil(10);
  assert.deepEqual(seen(script, "b"), ['1 TASK t {"a":[2],"z":1}']);
  assert.deepEqual(seen(script, "a"), ['2 ANSWER t {"taskId":"t"} #1']);
});

test("tasks of one agent run by priority, first tick, id", () => {
  const script = actingWorld({ a: undefined });
  script.step();
  script.step([
    task("low", "a", { priority: -1 }),
    task("b", "a"),
    task("a", "a"),
    task("high", "a", { priority: 9 }),
    task("later", "a", { priority: 99, notBefore: 3 }),
  ]);
  script.runUntil(10);
  assert.deepEqual(seen(script, "a"), ["1 TASK high", "1 TASK a", "1 TASK b", "1 TASK low", "3 TASK later"]);
});

test("dependsOn waits for the commit that completes the last dependency", () => {
  const script = actingWorld({ a: undefined, b: undefined });
  script.step();
  script.step([
    task("d", "a", { dependsOn: ["b", "c"] }),
    task("b", "a", { dependsOn: ["a"] }),
    task("c", "b", { dependsOn: ["a"], notBefore: 5 }),
    task("a", "b"),
  ]);
  script.runUntil(20);
  assert.deepEqual(seen(script, "b"), ["1 TASK a", "5 TASK c"]);
  assert.deepEqual(seen(script, "a"), ["2 TASK b", "6 TASK d"]);
});

test("a failed dependency: fail, skip and run, passed on along the graph", () => {
  const script = actingWorld({
    a: atStart((context) => {
      context.task({ taskId: "bad", agentId: "b" });
      context.task({ taskId: "fail", agentId: "b", dependsOn: ["bad"] });
      context.task({ taskId: "skip", agentId: "b", dependsOn: ["bad"], onDependencyFailure: "skip" });
      context.task({ taskId: "run", agentId: "b", dependsOn: ["bad"], onDependencyFailure: "run" });
      context.task({ taskId: "after-fail", agentId: "b", dependsOn: ["fail"] });
      context.task({ taskId: "after-skip", agentId: "b", dependsOn: ["skip"] });
      context.task({ taskId: "after-run", agentId: "b", dependsOn: ["run"] });
    }),
    b: failing,
  });
  script.runUntil(20);
  assert.deepEqual(seen(script, "b"), ["2 TASK run null", "3 TASK after-run null"]);
  assert.deepEqual(seen(script, "a").sort(), [
    "2 ANSWER CANCELLED #3!",
    "2 ANSWER FAILED #1!",
    "2 ANSWER FAILED #2!",
    "2 ANSWER FAILED #5!",
    "2 ANSWER FAILED #6!",
    '3 ANSWER run {"taskId":"run"} #4',
    '4 ANSWER after-run {"taskId":"after-run"} #7',
  ]);
  assert.deepEqual(script.deadLetters().sort(), [
    "FAULT b bad",
    "TASK_FAILED b after-fail",
    "TASK_FAILED b after-skip",
    "TASK_FAILED b fail",
  ]);
});

test("[G10] cycles, unknown dependencies and what depends on them are refused; the rest runs", () => {
  const script = actingWorld({
    a: atStart((context) => {
      context.task({ taskId: "self", dependsOn: ["self"] });
      context.task({ taskId: "x", dependsOn: ["y"] });
      context.task({ taskId: "y", dependsOn: ["x"] });
      context.task({ taskId: "behind-cycle", dependsOn: ["y"] });
      context.task({ taskId: "unknown", dependsOn: ["nothing"] });
      context.task({ taskId: "behind-unknown", dependsOn: ["unknown"] });
      context.task({ taskId: "good" });
      context.task({ taskId: "good" });
    }),
  });
  script.runUntil(20);
  assert.deepEqual(seen(script, "a").sort(), [
    "1 ANSWER REFUSED #1!",
    "1 ANSWER REFUSED #2!",
    "1 ANSWER REFUSED #3!",
    "1 ANSWER REFUSED #4!",
    "1 ANSWER REFUSED #5!",
    "1 ANSWER REFUSED #6!",
    "1 ANSWER REFUSED #8!",
    "1 TASK good null",
    '2 ANSWER good {"taskId":"good"} #7',
  ]);
});

test("[G10] garbage instead of a task is refused with a dead letter", () => {
  const garbage = [
    "",
    "{",
    "null",
    "[]",
    '{"taskId":1}',
    '{"taskId":""}',
    '{"taskId":"t","agentId":"no such"}',
    '{"taskId":"t","agentId":"nobody"}',
    '{"taskId":"t","dependsOn":[1]}',
    '{"taskId":"t","priority":1.5}',
    '{"taskId":"t","onDependencyFailure":"explode"}',
    '{"taskId":"t","surprise":true}',
    `{"taskId":"${"t".repeat(256)}"}`,
    `{"taskId":"t","payload":${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
    '{"taskId":"t","payload":{"__proto__":1}}',
    '{"taskId":"t","payload":1e999}',
    '{"taskId":"t","payload":"\\ud800"}',
  ];
  const script = actingWorld({ a: atStart((context) => garbage.forEach((json) => context.task(json))) });
  script.runUntil(20);
  const answers = seen(script, "a").sort();
  assert.equal(answers.length, garbage.length);
  assert.equal(answers.filter((line) => line.includes("REFUSED")).length, garbage.length - 1);
  assert.equal(answers.filter((line) => line.includes("UNDELIVERABLE")).length, 1);
  assert.equal(script.deadLetters().length, garbage.length);
});

test("a task id stays taken for retainTicks after its task has ended, and what depends on it sees its end", () => {
  const script = actingWorld({ a: failing });
  script.step();
  script.step([task("done", "a"), task("bad", "a", { priority: -1 })]);
  script.step([task("done", "a"), task("late", "a", { dependsOn: ["done"] })]);
  script.step([task("too-late", "a", { dependsOn: ["bad"] })]);
  script.step([task("done", "a")], 51);
  assert.deepEqual(seen(script, "a"), ["1 TASK done", "2 TASK late", "51 TASK done"]);
  assert.deepEqual(script.deadLetters(), ["FAULT a bad", "TASK_FAILED a done", "TASK_FAILED a too-late"]);
});

test("tasks of an agent that ends fail with UNDELIVERABLE, tasks for agents that do not exist as well", () => {
  const script = actingWorld({
    a: atStart((context) => {
      context.task({ taskId: "t", agentId: "b" }, 100);
      context.task({ taskId: "next", dependsOn: ["t"] });
    }),
    b: undefined,
  });
  script.step();
  script.step([lifecycle("terminate", "b")]);
  script.step([task("u", "nobody")]);
  script.runUntil(200);
  assert.deepEqual(seen(script, "a"), ["2 ANSWER UNDELIVERABLE #1!", "2 ANSWER FAILED #2!"]);
  assert.deepEqual(script.deadLetters(), ["TERMINATED b t", "TASK_FAILED a next", "UNDELIVERABLE nobody u"]);
  assert.equal(script.world.nextDueTick(), undefined);
});

test("cancelling a task that runs ends the request, not the work; one that waits never runs", () => {
  const script = actingWorld({
    a: atStart((context) => {
      context.task({ taskId: "long", agentId: "b" });
      context.task({ taskId: "waiting", agentId: "b", dependsOn: ["long"] });
      context.timer(3, "stop");
    }),
    b: on("long", (context) => context.burn(5000)),
    c: undefined,
  });
  const { a } = { a: agentId("a") };
  script.runUntil(2);
  assert.equal(script.status("b"), "busy");
  script.step([message("a", "noop")]);
  script.runUntil(50);
  assert.deepEqual(seen(script, "b"), ["1 TASK long null", "7 TASK waiting null"]);
  assert.equal(script.world.agent(a)?.pendingRequests.length, 0);
});

test("tasks of two tenants may have the same id and do not see each other", () => {
  const tenants = ["x", "y"].map((name) => tenantSpec(name));
  const agents = [spec("a", { tenant: "x" }), spec("b", { tenant: "y" })];
  const script = new ScriptWorld(genesis(agents, { tenants }), puppet({}));
  script.step();
  script.step([task("t", "a"), task("t", "b"), task("u", "b", { dependsOn: ["t"] })]);
  script.runUntil(10);
  assert.deepEqual(seen(script, "a"), ["1 TASK t"]);
  assert.deepEqual(seen(script, "b"), ["1 TASK t", "2 TASK u"]);
});

test("a chain of 20 000 dependent tasks that fails does not exhaust the stack", () => {
  const script = actingWorld({ a: failing });
  script.step();
  const chain = Array.from({ length: 20_000 }, (_, index) =>
    task(`t${index}`, "a", { dependsOn: index === 0 ? ["bad"] : [`t${index - 1}`] }),
  );
  script.step([task("bad", "a"), ...chain]);
  assert.equal(script.deadLetters().length, 20_001);
});
