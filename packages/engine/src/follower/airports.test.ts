/** `why` on the airports: a forecast leads back to its own flight, and to the flights that told of lateness. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { test } from "node:test";
import { openBundle } from "../client/run-place.js";
import type { Input } from "@wasm-engine/core";
import { projectFolder } from "../testing/project.js";
import { Follower } from "./follower.js";
import { tracePage } from "./trace-rows.js";
import { why } from "./why.js";

const bundle = fileURLToPath(new URL("../../../../examples/airports/golden.bundle", import.meta.url));
/** Two days: every airport has been told of others by then. */
const lastTick = 288;

interface Flight {
  readonly flight: number;
  readonly origin?: string;
  readonly destination?: string;
}

function flightOf(input: Input | undefined): Flight {
  assert.ok(input?.body.kind === "message");
  return JSON.parse(new TextDecoder().decode(input.body.payload)) as Flight; // examples/airports
}

test("a forecast's chain ends at its own flight, those behind it at flights that told of others", async (context) => {
  const dir = join(projectFolder(context), "airports");
  await openBundle(bundle, { dir });
  const follower = new Follower(dir);
  context.after(() => follower.close());
  while (follower.status.asOfTick < lastTick && follower.advance(20));
  const inputs = new Map<number, Input>();
  for (const { tick, inputs: entered } of follower.run.log.ticks(-1)) {
    if (tick > lastTick) break;
    for (const input of entered) inputs.set(input.seq, input);
  }
  const { index } = follower;
  const filter = { from: "ORD", topic: "statement", fromTick: lastTick - 100, toTick: lastTick };
  const statements = tracePage(index, { filter }).rows.filter(({ kind }) => kind === "sent");
  assert.ok(statements.length > 0);
  for (const { id } of [statements.at(-1)].map((row) => row ?? assert.fail())) {
    const { chain, root, behind } = why(follower.run, index, { target: { kind: "event", id }, behind: 3 });
    assert.deepEqual(
      chain.map(({ kind, agentId }) => `${kind} ${agentId}`),
      ["sent ORD", "received ORD", "asked ORD", "received ORD", "input ORD"],
    );
    assert.equal(root, "input");
    const { flight } = JSON.parse(chain[0]?.payload ?? "") as Flight; // a statement
    const departure = inputs.get(Number(/^input:(\d+)$/.exec(chain.at(-1)?.id ?? "")?.[1]));
    assert.equal(departure?.body.kind === "message" ? departure.body.topic : "", "departure");
    assert.equal(flightOf(departure).flight, flight);
    assert.equal(behind.length, 3);
    let reader = "ORD";
    for (const { chain: links, root: end, influence } of behind) {
      assert.equal(end, "input");
      // A letter on board is closed: what is named here was proved by leaving it out.
      assert.notEqual(influence.without, "unknown");
      const [received, sent] = links;
      assert.equal(received?.agentId, reader);
      const input = inputs.get(Number(/^input:(\d+)$/.exec(links.at(-1)?.id ?? "")?.[1]));
      assert.ok(input?.body.kind === "message");
      const { origin, destination } = flightOf(input);
      // A letter goes with a flight to its destination; an outcome back to where the flight came from.
      assert.equal(sent?.topic === "flight" ? destination : origin, reader);
      assert.equal(input.body.topic, sent?.topic === "flight" ? "departure" : "arrival");
      assert.equal(input.body.to, sent?.agentId);
      reader = sent?.agentId ?? "";
    }
  }
});
