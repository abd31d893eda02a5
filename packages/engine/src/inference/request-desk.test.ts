import assert from "node:assert/strict";
import { test } from "node:test";
import { Encoding } from "@wasm-engine/abi";
import type { AgentHandle } from "@wasm-engine/abi";
import type { ExternalRequest, Input } from "@wasm-engine/core";
import type { AnswerEvent, AnswerSchedule, Answerer, RequestTarget } from "./answerer.js";
import { RequestDesk } from "./request-desk.js";

/** Models whose answers are the test's hand. */
class HandModels implements Answerer {
  readonly waitsForLog = false;
  readonly batches: string[][] = [];
  readonly #events: AnswerEvent[] = [];

  schedule({ name: model }: RequestTarget): AnswerSchedule | undefined {
    if (model === "free") return { delivery: "recorded", latencyTicks: 1 };
    return model === "none" ? undefined : { delivery: "lockstep", latencyTicks: model === "slow" ? 3 : 1 };
  }

  ask(model: string, requests: readonly ExternalRequest[]): void {
    this.batches.push([model, ...requests.map(({ agent, requestId }) => `${agent}:${requestId}`)]);
  }

  forget(): void {}

  poll(): readonly AnswerEvent[] {
    return this.#events.splice(0);
  }

  /** What arrives while the desk watches, one at each look. */
  readonly arriving: ExternalRequest[] = [];

  looksAgain(): boolean {
    const next = this.arriving.shift();
    if (next !== undefined) this.answer(next);
    return next !== undefined;
  }

  close(): void {
    this.#events.length = 0;
  }

  answer(request: ExternalRequest): void {
    const answer = { ok: true, encoding: Encoding.JSON, payload: new Uint8Array([48]) } as const;
    this.#events.push({ kind: "answer", request, answer });
  }

  change(): void {
    this.#events.push({
      kind: "changed",
      change: { model: "quick", from: "cpu", to: "wasm", reason: "a text" },
    });
  }
}

function request(tick: number, requestId: number, name: string, agent = 1): ExternalRequest {
  const base = {
    kind: "inference",
    encoding: Encoding.JSON,
    payload: new Uint8Array(),
    emissionIndex: 0,
  } as const;
  return { ...base, tick, requestId, name, agent: agent as AgentHandle };
}

function deskOf(closed: ReadonlySet<number> = new Set()): { desk: RequestDesk; models: HandModels } {
  const models = new HandModels();
  const desk = new RequestDesk({ awaits: (_agent, requestId) => !closed.has(requestId) }, [models]);
  desk.begin([]);
  return { desk, models };
}

function taken(desk: RequestDesk, tick: number): string[] {
  return desk.take(tick).map((body) => (body.kind === "result" ? `${body.requestId} ${body.ok}` : body.kind));
}

test("one batch per model and tick; answers enter at their due ticks in order of emission, however they came", () => {
  const { desk, models } = deskOf();
  const asked = [
    request(4, 1, "slow"),
    request(4, 2, "quick"),
    request(4, 3, "quick", 2),
    request(4, 4, "none"),
  ];
  desk.note(asked);
  assert.deepEqual(models.batches, [
    ["slow", "1:1"],
    ["quick", "1:2", "2:3"],
  ]);
  assert.equal(desk.dueTick(5, 0), 5);
  assert.equal(desk.isReady(5), false);
  for (const one of [asked[2], asked[0], asked[1]]) if (one !== undefined) models.answer(one);
  assert.equal(desk.isReady(5), true);
  assert.deepEqual(taken(desk, 5), ["2 true", "3 true", "4 false"]);
  assert.equal(desk.dueTick(6, 0), 7, "ticks between are not held up");
  assert.equal(desk.isReady(6), true);
  assert.deepEqual(taken(desk, 7), ["1 true"]);
  assert.equal(desk.dueTick(8, 0), undefined);
  assert.ok(desk.stallMs >= 0);
});

test("a recorded answer has no tick until it is there; then the first, or that of the clock", () => {
  const { desk, models } = deskOf();
  const one = request(4, 1, "free");
  desk.note([one]);
  assert.equal(desk.dueTick(5, 0), undefined);
  assert.equal(desk.isAwaiting, true);
  assert.equal(desk.isReady(5), true);
  assert.deepEqual(taken(desk, 5), []);
  models.answer(one);
  assert.equal(desk.dueTick(6, 40), 40);
  assert.equal(desk.dueTick(6, 0), 6);
  assert.equal(desk.isAwaiting, false);
  assert.deepEqual(taken(desk, 6), ["1 true"]);
});

test("what the world has stopped waiting for is forgotten, its late answer dropped", () => {
  const closed = new Set<number>();
  const { desk, models } = deskOf(closed);
  const [slow, quick] = [request(4, 1, "slow"), request(4, 2, "quick")];
  desk.note([slow, quick]);
  closed.add(1);
  desk.note([]);
  models.answer(slow);
  models.answer(quick);
  assert.deepEqual(desk.requests, [quick]);
  assert.deepEqual(taken(desk, desk.dueTick(5, 0) ?? 0), ["2 true"]);
  assert.equal(desk.dueTick(6, 0), undefined);
});

test("a resumed run asks what is pending, except what the log answers in a tick that is not committed", () => {
  const models = new HandModels();
  const desk = new RequestDesk({ awaits: () => true }, [models]);
  desk.note([request(4, 1, "quick"), request(4, 2, "quick"), request(5, 3, "quick")]);
  assert.deepEqual(models.batches, []);
  const body = {
    kind: "result",
    agent: 1 as AgentHandle,
    requestId: 1,
    source: "inference",
    ok: true,
    last: true,
  } as const;
  const logged: Input = {
    seq: 9,
    tick: 5,
    body: { ...body, encoding: Encoding.JSON, payload: new Uint8Array() },
  };
  desk.begin([logged]);
  assert.deepEqual(models.batches, [
    ["quick", "1:2"],
    ["quick", "1:3"],
  ]);
});

test("a change of provider enters before the results, without the runtime's words", () => {
  const { desk, models } = deskOf();
  const one = request(4, 1, "quick");
  desk.note([one]);
  models.change();
  models.answer(one);
  assert.equal(desk.isReady(5), true);
  const [change, result] = desk.take(5);
  assert.deepEqual(change, {
    kind: "provider-changed",
    model: "quick",
    from: "cpu",
    to: "wasm",
    reason: "run-failed",
  });
  assert.equal(result?.kind, "result");
});

test("answers that arrive while the desk watches are due at once; it sleeps when watching has shown nothing", () => {
  const { desk, models } = deskOf();
  const [first, second] = [request(4, 1, "quick"), request(4, 2, "quick")];
  desk.note([first, second]);
  models.arriving.push(first);
  assert.equal(desk.isReady(5), false, "one of two is not enough");
  models.arriving.push(second);
  assert.equal(desk.isReady(5), true);
  assert.equal(desk.take(5).length, 2);
});
