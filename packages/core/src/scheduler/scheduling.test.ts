/** Order, shares and starvation through the whole world, one table entry each. */

import assert from "node:assert/strict";
import test from "node:test";
import type { Genesis, Policy, TenantSpec } from "../model.js";
import type { Script } from "../testing/script-executors.js";
import {
  ScriptWorld,
  genesis,
  handle,
  lifecycle,
  message,
  spec,
  task,
  tenantSpec,
} from "../testing/script-world.js";
import type { SpecChanges } from "../testing/script-world.js";

const burner: Script = (context, { topic, text }) => {
  if (topic === "burn") context.burn(Number(text));
  if (topic === "send") for (let count = Number(text); count > 0; count -= 1) context.send(99);
};

function world(specs: Readonly<Record<string, SpecChanges>>, changes: Partial<Genesis> = {}): ScriptWorld {
  const agents = Object.entries(specs).map(([id, change]) => spec(id, change));
  const script = new ScriptWorld(genesis(agents, changes), burner);
  for (let tick = 0; script.world.agents().some(({ status }) => status === "starting"); tick += 1)
    script.step();
  return script;
}

const tenant = (name: string, fuelPerTick: number, turnsPerTick: number, elastic = false): TenantSpec =>
  tenantSpec(name, { fuelPerTick, turnsPerTick, elastic, agentsMax: 40 });

test("[G1] ties: under fifo and priority by id, whatever the order of inputs", () => {
  for (const policy of ["fifo", "priority"] as Policy[]) {
    const script = world({ b: {}, a: {}, C: {} }, { policy });
    const { commit } = script.step([message("b", "x"), message("a", "x"), message("C", "x")]);
    assert.deepEqual(script.order(commit.tick), ["C", "a", "b"]);
  }
});

test("round-robin rotates by (rank + tick × stride) mod 2^32, beyond tick 2^32 as well", () => {
  const ids = ["a", "b", "c", "d", "e"];
  const stride = 2 ** 31 + 12_345;
  const script = world(Object.fromEntries(ids.map((id) => [id, {}])), { policy: "round-robin", stride });
  for (const tick of [10, 11, 2 ** 32 + 3, 2 ** 40 + 7]) {
    script.step(
      ids.map((id) => message(id, "x")),
      tick,
    );
    const key = (id: string) => Number((BigInt(handle(id)) + BigInt(tick) * BigInt(stride)) % 2n ** 32n);
    assert.deepEqual(
      script.order(tick),
      [...ids].sort((left, right) => key(left) - key(right)),
    );
  }
});

test("leftovers keep their key: nobody starves under fifo and round-robin", () => {
  for (const policy of ["fifo", "round-robin"] as Policy[]) {
    const ids = Array.from({ length: 10 }, (_, index) => `a${index}`);
    const script = world(Object.fromEntries(ids.map((id) => [id, {}])), {
      policy,
      turnsPerTickMax: 3,
      stride: 99,
    });
    const first = script.world.tick + 1;
    for (let count = 0; count < 40; count += 1) script.step(ids.map((id) => message(id, "x")));
    for (const id of ids) {
      const ticks = Array.from({ length: 40 }, (_, index) => first + index).filter((tick) =>
        script.order(tick).includes(id),
      );
      const gaps = ticks.map((tick, index) => tick - (ticks[index - 1] ?? first - 1));
      assert.ok(Math.max(...gaps) <= 4, `${policy} ${id} waits at most four ticks`);
    }
  }
});

test("priority: higher first, a low one starves while higher ones fill every tick, a task can raise it", () => {
  const script = world(
    { high: { priority: 2 }, mid: { priority: 1 }, low: {} },
    { policy: "priority", turnsPerTickMax: 1 },
  );
  const rounds = (bodies: Parameters<ScriptWorld["step"]>[0]) => {
    const { commit } = script.step(bodies);
    return script.order(commit.tick).join();
  };
  const everybody = [message("low", "x"), message("mid", "x"), message("high", "x")];
  for (let count = 0; count < 5; count += 1) assert.equal(rounds(everybody), "high");
  assert.deepEqual(script.world.schedule().waiting, ["mid", "low"]);
  assert.equal(rounds([task("urgent", "low", { priority: 9 })]), "low");
  assert.equal(rounds([]), "mid");
  assert.equal(script.world.nextDueTick(), undefined);
});

test("[G6] reserved turns and fuel of a tenant do not depend on what others do", () => {
  const tenants = [tenant("calm", 2000, 2), tenant("loud", 5000, 3)];
  const specs: Record<string, SpecChanges> = { calm: { tenant: "calm" } };
  for (let index = 0; index < 20; index += 1) specs[`loud${index}`] = { tenant: "loud", priority: 100 };
  const script = world(specs, { tenants, turnsPerTickMax: 5, policy: "priority" });
  for (let count = 0; count < 20; count += 1) {
    const flood = Object.keys(specs).map((id) => message(id, "burn", "50"));
    const { commit } = script.step(flood);
    const order = script.order(commit.tick);
    assert.ok(order.includes("calm"), "the calm tenant has its turn in every tick");
    assert.equal(order.filter((id) => id.startsWith("loud")).length, 3);
  }
});

test("[G7] integer deficit round robin: unused credit comes back, a heavy agent waits", () => {
  const tenants = [tenant("t", 400, 5)];
  const script = world(
    { heavy: { tenant: "t" }, light: { tenant: "t", limits: { fuelPerSlice: 100 } } },
    { tenants },
  );
  script.step([message("heavy", "x"), message("light", "x")]);
  const ticks: string[] = [];
  for (let count = 0; count < 4; count += 1) {
    const { commit } = script.step();
    ticks.push(`${script.order(commit.tick).join()}:${script.world.schedule().credits[0]?.fuel}`);
  }
  // The heavy one stops the queue until 400 + 400 + 400 cover its 1000; 999 of them come back, for the light one.
  assert.deepEqual(ticks, [":800", "heavy,light:0", ":0", ":0"]);
});

test("[G7] messages have a credit of their own: what a turn did not send comes back, a chatty agent waits", () => {
  const tenants = [tenantSpec("t", { messagesPerTick: 40 })];
  const mute = { tenant: "t", limits: { messagesPerTurnMax: 0 } };
  const script = world({ chatty: { tenant: "t" }, later: { tenant: "t" }, mute }, { tenants });
  script.step(["chatty", "later", "mute"].map((id) => message(id, "send", "30")));
  const ticks: string[] = [];
  for (let count = 0; count < 6; count += 1) {
    const { commit } = script.step();
    ticks.push(`${script.order(commit.tick).join()}:${script.world.schedule().credits[0]?.messages}`);
  }
  // 40 + 40 + 40 cover the hundred of the first one; 70 come back, are cut to what the second one waits for, and so on.
  assert.deepEqual(ticks, [":80", "chatty:90", "later,mute:0", ":0", ":0", ":0"]);
});

test("[G7] a turn of several slices keeps its messages until it lands; one that is terminated gives none back", () => {
  for (const ends of [false, true]) {
    const tenants = [tenantSpec("t", { messagesPerTick: 100 })];
    const script = world({ busy: { tenant: "t" }, b: { tenant: "t" }, c: { tenant: "t" } }, { tenants });
    script.step([message("busy", "burn", "2500")]);
    script.step(ends ? [lifecycle("terminate", "busy")] : []);
    const { commit } = script.step([message("b", "send", "100"), message("c", "x")]);
    assert.deepEqual(script.order(commit.tick), ["b"], "the credit of this tick is for one turn");
    const { messages } = script.world.schedule().credits[0] ?? {};
    assert.equal(messages, ends ? 0 : 100);
  }
});

test("[G7] a busy agent's slices are paid first, into debt that later ticks pay off", () => {
  const tenants = [tenant("t", 1000, 5)];
  const script = world({ busy: { tenant: "t" }, other: { tenant: "t" } }, { tenants });
  script.step([message("busy", "burn", "3500")]);
  const ticks: string[] = [];
  for (let count = 0; count < 5; count += 1) {
    const { commit } = script.step([message("other", "x")]);
    ticks.push(script.order(commit.tick).join());
  }
  assert.deepEqual(ticks, ["", "", "", "other", "other"]);
});

test("elastic tenants use what is left, others never do", () => {
  for (const elastic of [false, true]) {
    const tenants = [tenant("small", 1000, 1, elastic), tenant("idle", 5000, 4)];
    const specs: Record<string, SpecChanges> = { idle: { tenant: "idle" } };
    for (let index = 0; index < 6; index += 1) specs[`small${index}`] = { tenant: "small" };
    const script = world(specs, { tenants, turnsPerTickMax: 6 });
    const { commit } = script.step(Object.keys(specs).map((id) => message(id, "x")));
    const order = script.order(commit.tick).filter((id) => id.startsWith("small"));
    assert.equal(order.length, elastic ? 5 : 1);
  }
});

test("a paused agent neither waits nor blocks; an agent that is resumed queues anew", () => {
  const script = world({ a: {}, b: {}, c: {} }, { turnsPerTickMax: 1 });
  script.step([message("a", "x"), message("b", "x"), message("c", "x")]);
  script.step([lifecycle("pause", "b")]);
  assert.deepEqual(script.world.schedule().waiting, []);
  const { commit } = script.step([lifecycle("resume", "b"), message("a", "x")]);
  assert.deepEqual(script.order(commit.tick), ["a"]);
  assert.deepEqual(script.world.schedule().waiting, ["b"]);
});

test("an idle world has no due tick; a world with a leftover has the next one", () => {
  const script = world({ a: {}, b: {} }, { turnsPerTickMax: 1 });
  assert.equal(script.world.nextDueTick(), undefined);
  script.step([message("a", "x"), message("b", "x")]);
  assert.equal(script.world.nextDueTick(), script.world.tick + 1);
});
