import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { Departure } from "@wasm-engine/core";
import type { EventLog, LogEntry } from "../storage/contract.js";
import { freshFolder } from "../testing/run-folders.js";
import { sampleWorld } from "../testing/sample-world.js";
import { openInputSource } from "../inputs/input-source.js";
import type { OutputSink } from "./contract.js";
import { newHostState } from "./host-state.js";
import { TickLoop } from "./tick-loop.js";
import { FaultLog } from "./fault-log.js";
import { createParts } from "./world-parts.js";

const folder = freshFolder("loop");
let folders = 0;

/** A log whose disk is the test's hand. */
class HandLog implements EventLog {
  readonly entries: LogEntry[] = [];
  durableRecords = 0;
  readonly condition = "open";
  readonly failure = undefined;

  get records(): number {
    return this.entries.length;
  }

  get durableSeq(): number {
    const inputs = this.entries.slice(0, this.durableRecords).filter((entry) => entry.kind === "input");
    return inputs.at(-1)?.input.seq ?? 0;
  }

  get durableTick(): number {
    const commits = this.entries.slice(0, this.durableRecords).filter((entry) => entry.kind === "commit");
    return commits.at(-1)?.commit.tick ?? -1;
  }

  get ticksAhead(): number {
    return this.entries.slice(this.durableRecords).filter(({ kind }) => kind === "commit").length;
  }

  append(entry: LogEntry): number {
    return this.entries.push(entry) - 1;
  }

  poll(): void {
    assert.ok(this.durableRecords <= this.entries.length);
  }

  waitForSync(): void {
    this.durableRecords = this.entries.length;
  }

  close(): void {
    this.waitForSync();
  }
}

class ListSink implements OutputSink {
  readonly position = 0;
  readonly released: number[] = [];
  offered = 0;

  offer(_tick: number, departures: readonly Departure[]): void {
    this.offered += departures.length;
  }

  release(tick: number): void {
    this.released.push(tick);
  }

  sync(): void {
    assert.ok(this.offered >= 0);
  }

  close(): void {
    this.sync();
  }
}

async function looped(): Promise<{ loop: TickLoop; log: HandLog; sink: ListSink; points: string[] }> {
  const sample = await sampleWorld({ directory: join(folder, String((folders += 1))) });
  const { genesis } = sample;
  const modules = new Map([...sample.modules].map(([digest, { instrumented }]) => [digest, instrumented]));
  const { world } = createParts({ genesis, modules });
  const log = new HandLog();
  const sink = new ListSink();
  const points: string[] = [];
  const sources = sample.inputs.map((spec) => openInputSource(spec, genesis));
  const state = newHostState(1, 1);
  const pass = (point: string): void => void points.push(`${point} ${log.records}`);
  const parts = {
    world,
    log,
    sources,
    sinks: [sink],
    state,
    stop: sample.stop,
    ticksAheadMax: 3,
    pass,
    faults: new FaultLog(),
  };
  return { loop: new TickLoop(parts), log, sink, points };
}

test("[G3] the inputs of a tick are in the log before it is executed, its commit after", async () => {
  const { loop, log, points } = await looped();
  assert.equal(loop.nextTick(), 0);
  loop.execute(0);
  assert.deepEqual(points, ["before-append 0", "after-append 2", "after-step 2", "after-commit 3"]);
  assert.deepEqual(
    log.entries.map(({ kind }) => kind),
    ["input", "input", "commit"],
  );
});

test("[G3] nothing leaves before its tick is durable, and the loop waits when it is too far ahead", async () => {
  const { loop, log, sink } = await looped();
  const ticks: number[] = [];
  while (!loop.tooFarAhead) {
    const tick = loop.nextTick() ?? 0;
    ticks.push(tick);
    loop.execute(tick);
    assert.deepEqual(loop.release(), []);
  }
  assert.equal(ticks.length, 3);
  assert.ok(sink.offered > 0);
  assert.deepEqual(sink.released, []);
  log.durableRecords = 3;
  assert.equal(loop.tooFarAhead, false);
  assert.deepEqual(
    loop.release().map(({ tick }) => tick),
    [0],
  );
  assert.deepEqual(sink.released, [0]);
  assert.equal(loop.unsettled, true);
  log.waitForSync();
  loop.release();
  assert.deepEqual(sink.released, [0, ticks.at(-1)]);
  assert.equal(loop.unsettled, false);
});

test("an input from outside enters the next executed tick, after what is already over", async () => {
  const { loop } = await looped();
  const body = { kind: "publish", topic: "t", encoding: 0, payload: new Uint8Array(0) } as const;
  const early = loop.admit(body, { floor: 0 });
  assert.equal(early.tick, 0);
  assert.equal(loop.admit(body, { floor: 9 }).tick, 0, "one tick at a time is open for inputs");
  loop.execute(0);
  const next = loop.nextTick() ?? 0;
  assert.equal(loop.admit(body, { floor: 50 }).tick, next, "never later than work that is due");
  loop.execute(next);
  loop.reach(next + 5);
  assert.ok(loop.admit(body, { floor: 0 }).tick > next + 5);
  assert.equal(loop.state.lastSeq + 1, loop.loggedSeq);
});
