/**
 * Signalling NaNs and payloads in globals and memory survive everything that moves an agent's state, in every compiler
 * tier: other agents in its slot, rollback of a faulting invocation, renewed bases, images, forks.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { BaseImage } from "./base-image.js";
import type { GuestInstance } from "./guest-instance.js";
import { playBits } from "./testing/bit-keeper.js";
import type { BitScene } from "./testing/bit-keeper.js";

const wipe = Object.getOwnPropertyDescriptor(BaseImage.prototype, "loadInto");
assert.ok(wipe !== undefined);
const properly = wipe.value as (this: BaseImage, instance: GuestInstance) => void; // a method of that class
const program = fileURLToPath(new URL("testing/bit-keeper-main.js", import.meta.url));
const tiers = [[], ["--liftoff-only"], ["--no-liftoff"]] as const;

async function playIn(flags: readonly string[]): Promise<BitScene> {
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, program]);
  return JSON.parse(stdout) as BitScene; // printed by that program
}

test("[G2] [G4] NaN payloads survive pooling, rollback, renewal, images and forks in three tiers", async () => {
  const scenes = await Promise.all(tiers.map(playIn));
  for (const [index, scene] of scenes.entries()) {
    assert.deepEqual(scene.complaints, [], tiers[index]?.join(" "));
    assert.ok(scene.steps > 200);
    assert.ok(scene.reconstructions > 50, "slots were taken away and filled again");
    for (const digests of scene.digests) assert.deepEqual(digests, scenes[0]?.digests[0], "hosts agree");
    assert.equal(scene.held, scenes[0]?.held);
  }
  // n = 20: of 23 ticks four were spoilt. Vector, double, n, single; then memory.
  const vector = "4101a07f4101c0ff410100004001f47f";
  const [single, double] = ["4101a07f", "011400000000f4ff"];
  assert.equal(scenes[0]?.held, `${vector}${double}14000000${single} ${single}00000000${double}${vector}`);
});

/** What becomes of a signalling NaN that passes through a JavaScript number. */
const quieted = [
  ["f32", 16 + 8 + 4 + 2, 0x40],
  ["f64", 16 + 6, 0x08],
  ["v128", 2, 0x40],
] as const;

for (const [type, byte, quietBit] of quieted) {
  test(`a host that moves ${type} globals as JavaScript would is noticed`, (context) => {
    context.after(() => void Object.defineProperty(BaseImage.prototype, "loadInto", wipe));
    BaseImage.prototype.loadInto = function (slot) {
      properly.call(this, slot);
      slot.loadState(this.state.map((value, at) => (at === byte ? value | quietBit : value)));
    };
    // A committed step that is executed again must complete again: the executor stops where it does not.
    const noticed = (): void => assert.deepEqual(playBits(6).complaints, []);
    assert.throws(noticed, /completes again, not GUEST_ERROR|Expected values/);
  });
}
