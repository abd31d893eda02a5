/** Guests of every SDK, instrumented, on the real executor. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { EffectKind, FaultCode, MessageKind } from "@wasm-engine/abi";
import { buildAgent } from "@wasm-engine/sdk-javascript";
import { compileAssemblyScript } from "./testing/assembly-script.js";
import { RealExecutor, said } from "./testing/real-executor.js";
import { repositoryRoot } from "./testing/repository.js";

const guests = `${repositoryRoot}/sdk/tests/guests`;
const modules: readonly (readonly [string, Uint8Array])[] = [
  ["AssemblyScript", await compileAssemblyScript("sdk/tests/guests/probe.ts")],
  ["C", readFileSync(`${guests}/probe.wasm`)],
  ["JavaScript", (await buildAgent({ entry: `${guests}/probe.js` })).bytes],
];

for (const [language, module] of modules) {
  test(`${language}: messages go in and out of the executor, twins agree to the last bit`, () => {
    const [first, twin] = [new RealExecutor(module), new RealExecutor(module)];
    for (const executor of [first, twin]) {
      const { outcome, effects } = executor.receive({
        topic: "echo",
        json: { a: [1, "grüße 🦆"] },
        flags: 1,
      });
      assert.equal(outcome.fault, undefined, executor.details.join());
      assert.deepEqual(
        effects.map(({ kind }) => kind),
        [EffectKind.SEND],
      );
      assert.equal(executor.receive({ topic: "calls" }).outcome.fault, undefined, executor.details.join());
    }
    assert.equal(first.digest(), twin.digest());
  });
}

test("[G6] an uncaught JavaScript error is rolled back, with its stack in the fault's detail", () => {
  const executor = new RealExecutor(modules[2]?.[1] ?? new Uint8Array());
  const question = executor.receive({ topic: "answered" });
  assert.equal(question.outcome.requests, 1);
  const before = executor.digest();
  const { outcome, effects } = executor.receive({ kind: MessageKind.ANSWER, correlationId: 1, flags: 2 });
  assert.equal(outcome.fault, undefined);
  assert.equal(effects.length, 1, "the promise went on to its sleep");
  const sleeping = executor.digest();
  assert.notEqual(sleeping, before);
  const twin = new RealExecutor(modules[2]?.[1] ?? new Uint8Array());
  const failed = twin.receive({ topic: "throw" });
  assert.equal(failed.outcome.fault?.code, FaultCode.GUEST_ERROR);
  assert.equal(failed.effects.length, 0);
  assert.match(twin.details[0] ?? "", /TypeError: bad ü\n\s+at .*bundle-[0-9a-f]{8}\.js:\d+/);
  twin.receive({ topic: "answered" });
  twin.receive({ kind: MessageKind.ANSWER, correlationId: 1, flags: 2 });
  const last = twin.receive({ topic: "stray" });
  assert.equal(last.outcome.fault?.code, undefined, "queued behind the running handler");
});

test("a JavaScript handler sees virtual time and its own random stream", () => {
  const executor = new RealExecutor(modules[2]?.[1] ?? new Uint8Array());
  const { effects } = executor.receive({ topic: "loaded" });
  assert.match(said(effects)[0] ?? "", /^0 0\.\d+ sdk 1970-01-01T00:00:01\.000Z 0$/);
});
