import assert from "node:assert/strict";
import { test } from "node:test";
import type { ControlCall } from "../world/control.js";
import { fail } from "../world/errors.js";
import { WorldLink } from "./link.js";

function connected(): { link: WorldLink; calls: ControlCall[] } {
  const link = new WorldLink();
  const calls: ControlCall[] = [];
  link.attach({
    post: (call) => calls.push(call),
    closed: () => Promise.resolve(),
    kill: () => undefined,
    pid: 1,
  });
  return { link, calls };
}

test("answers find their calls in any order", async () => {
  const { link, calls } = connected();
  const first = link.call({ method: "status" });
  const second = link.call({ method: "pause" });
  const [one, two] = calls;
  link.receive({ kind: "answer", id: two?.id ?? 0, value: "second" });
  link.receive({ kind: "answer", id: one?.id ?? 0, value: "first" });
  assert.deepEqual(await Promise.all([first, second]), ["first", "second"]);
});

test("a refusal rejects with the coded error", async () => {
  const { link, calls } = connected();
  const call = link.call({ method: "inspect", agent: "x", describe: false });
  const error = fail("WE_AGENT_UNKNOWN", { agent: "x", tick: 3 }).toRecord();
  link.receive({ kind: "refusal", id: calls[0]?.id ?? 0, error });
  await assert.rejects(call, { code: "WE_AGENT_UNKNOWN" });
});

test("an aborted call stops waiting and tells the world", async () => {
  const { link, calls } = connected();
  const controller = new AbortController();
  const call = link.call({ method: "run", until: { rule: "never" } }, controller.signal);
  controller.abort();
  await assert.rejects(call, { code: "WE_WORLD_ABORTED" });
  assert.deepEqual(calls[1]?.request, { method: "cancel", request: calls[0]?.id });
  await assert.rejects(link.call({ method: "status" }, controller.signal), { code: "WE_WORLD_ABORTED" });
  assert.equal(calls.length, 2);
});

test("calls of a group are answered together, each in its place", async () => {
  const { link, calls } = connected();
  const request = { method: "status" } as const;
  const group = link.callMany([request, request, request]);
  const single = link.call(request);
  const [one, two, three, four] = calls.map(({ id }) => id);
  const error = fail("WE_AGENT_UNKNOWN", { agent: "x", tick: 3 }).toRecord();
  link.receive({ kind: "answer", id: four ?? 0, value: "alone" });
  link.receive({ kind: "acknowledged", rows: Float64Array.of(three ?? 0, 7, 9, 1), durability: "sync" });
  link.receive({ kind: "refusal", id: one ?? 0, error });
  link.receive({ kind: "answer", id: two ?? 0, value: "second" });
  const [refused, ...others] = await group;
  assert.ok(refused !== undefined && "error" in refused && refused.error.code === "WE_AGENT_UNKNOWN");
  assert.deepEqual(others, [{ value: "second" }, { value: { tick: 7, seq: 9, durability: "sync" } }]);
  assert.equal(await single, "alone");
});

test("a group that is aborted or lost gets no answers", async () => {
  const { link, calls } = connected();
  const controller = new AbortController();
  const request = { method: "status" } as const;
  const aborted = link.callMany([request, request], controller.signal);
  controller.abort();
  await assert.rejects(aborted, { code: "WE_WORLD_ABORTED" });
  link.receive({ kind: "answer", id: calls[0]?.id ?? 0, value: "late" });
  const lost = link.callMany([request]);
  link.lost(fail("WE_WORLD_DIED", { cause: "x", dir: "" }));
  await assert.rejects(lost, { code: "WE_WORLD_DIED" });
});

test("a lost world rejects every call, those to come included, and its opening", async () => {
  const { link } = connected();
  const call = link.call({ method: "status" });
  link.lost(fail("WE_WORLD_DIED", { cause: "signal SIGKILL", dir: "/run" }));
  await assert.rejects(call, { code: "WE_WORLD_DIED", retryable: true });
  await assert.rejects(link.call({ method: "status" }), { code: "WE_WORLD_DIED" });
  await assert.rejects(link.opened, { code: "WE_WORLD_DIED" });
});
