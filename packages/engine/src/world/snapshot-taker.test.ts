/** A snapshot that is taken little by little while the world goes on is the one that a standing world gives. */

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Engine } from "../client/engine.js";
import type { OpenOptions } from "../client/engine.js";
import { sampleWorld } from "../testing/sample-world.js";
import { readRunStore } from "./run-store.js";
import { decodeContent } from "./snapshot-content.js";
import type { SnapshotContent } from "./snapshot-content.js";

const folder = mkdtempSync(join(tmpdir(), "we-taker-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** More agents than one part has. */
const agents = 70;

async function runTo(name: string, ticks: number | undefined, options: OpenOptions): Promise<string> {
  const directory = join(folder, name);
  const every = ticks === undefined ? { snapshotEvery: 26 } : {};
  const sample = await sampleWorld({ directory, agents, records: 300, stateHashEvery: 4, ...every });
  const dir = join(directory, "run");
  await using world = await Engine.open({ ...sample, snapshotsKept: "all" }, { dir, ...options });
  await world.run(ticks === undefined ? {} : { ticks });
  return dir;
}

function contentAt(dir: string, tick: number): SnapshotContent {
  const snapshot = readRunStore(dir).newestSnapshot(tick);
  assert.equal(snapshot?.tick, tick, "there is a snapshot of this tick");
  return decodeContent(snapshot);
}

for (const options of [{ isolation: "inline" }, { workers: 2 }] as const) {
  test(`[G4] parts of a snapshot make the state of one tick: ${JSON.stringify(options)}`, async () => {
    const name = "workers" in options ? "threads" : "inline";
    const going = await runTo(`${name}-going`, undefined, options);
    const store = readRunStore(going);
    const standing = await runTo(`${name}-standing`, 25, options);
    const expected = contentAt(standing, 24);
    const found = store.newestSnapshot(25);
    assert.equal(found?.tick, 24, "the last tick with a state hash before 26 ticks are over");
    const content = contentAt(going, 24);
    assert.deepEqual(content.images, expected.images);
    assert.deepEqual(content.world, expected.world);
    assert.deepEqual(content.stateHash, expected.stateHash);
    assert.deepEqual(content.host, expected.host);
    assert.equal(content.images.length, agents + 1);
  });
}

for (const isolation of ["inline", "process"] as const) {
  test(`every snapshot that the configuration names is taken, however fast ticks are: ${isolation}`, async () => {
    const sample = await sampleWorld({ directory: join(folder, `named-${isolation}`), snapshotEvery: 6 });
    const named = { ...sample, durability: "ephemeral", snapshotsKept: "all" } as const;
    await using world = await Engine.open(named, { isolation });
    const { ticks } = await world.run();
    const names = readdirSync(join(world.dir, "snapshots")).filter((name) => /^[0-9]/.test(name));
    const taken = names.map((name) => Number(name.slice(0, 16)) - 1).sort((left, right) => left - right);
    const due = Array.from({ length: Math.floor(ticks / 6) }, (_, index) => index * 6 + 5);
    assert.deepEqual(taken, [...new Set([...due, ticks - 1])]);
  });
}
