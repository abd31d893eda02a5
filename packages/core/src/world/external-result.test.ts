/** Results from outside the world: who still waits for one, what a late one does, what a change of provider does. */

import assert from "node:assert/strict";
import test from "node:test";
import { Encoding, encodeUtf8 } from "@wasm-engine/abi";
import { equalBytes } from "../codec/cbor.js";
import type { InputBody } from "../model.js";
import { atStart, puppet } from "../testing/puppet.js";
import { ScriptWorld, genesis, handle, spec } from "../testing/script-world.js";

const result: InputBody = {
  kind: "result",
  agent: handle("a"),
  requestId: 1,
  source: "inference",
  ok: true,
  last: true,
  encoding: Encoding.TEXT,
  payload: encodeUtf8("answer"),
};

const changed: InputBody = {
  kind: "provider-changed",
  model: "model",
  from: "cuda",
  to: "wasm",
  reason: "run-failed",
};

function asking(timeoutTicks = -1): ScriptWorld {
  const acts = { a: atStart((context) => void context.infer("model", "", timeoutTicks)) };
  return new ScriptWorld(genesis([spec("a")]), puppet(acts));
}

test("a request is awaited until its result has been executed", () => {
  const script = asking();
  assert.equal(script.world.awaits(handle("a"), 1), false);
  script.step();
  assert.equal(script.world.awaits(handle("a"), 1), true);
  assert.equal(script.world.awaits(handle("a"), 2), false);
  assert.equal(script.world.awaits(handle("b"), 1), false);
  script.step([result]);
  assert.equal(script.world.awaits(handle("a"), 1), false);
});

test("[G10] a result after the timeout is a dead letter, the request stays answered once", () => {
  const script = asking(2);
  script.step();
  script.step([], 2);
  assert.equal(script.world.awaits(handle("a"), 1), false);
  script.step([result], 3);
  assert.deepEqual(script.deadLetters(), ["UNDELIVERABLE a"]);
  assert.equal((script.executors.stateOf("a") ?? "").match(/INFERENCE|ANSWER/g)?.length, 1);
});

test("[G1] a change of provider changes the inputs digest and nothing in the world", () => {
  const [plain, told] = [asking(), asking()];
  plain.step();
  told.step();
  const without = plain.step([]);
  const withChange = told.step([changed]);
  assert.deepEqual(told.world.stateHash(), plain.world.stateHash());
  assert.deepEqual(withChange.commit.effectsDigest, without.commit.effectsDigest);
  assert.equal(without.commit.inputsDigest, undefined);
  assert.notEqual(withChange.commit.inputsDigest, undefined);
  assert.equal(equalBytes(withChange.chainHead, without.chainHead), false);
  assert.deepEqual(withChange.deadLetters, []);
});
