/**
 * No slot tells what another agent left in it. Ghosts fill slots with 0xA5 (memory, grown pages, globals, the segment
 * flag), lose them in every way there is, and spies look through all they can read. That the spies can see is shown by
 * slots that are deliberately not wiped.
 */

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { FaultCode } from "@wasm-engine/abi";
import type { AgentHandle } from "@wasm-engine/abi";
import { BaseImage } from "./base-image.js";
import type { GuestInstance } from "./guest-instance.js";
import {
  GHOST_BYTE,
  SEEN_IN_GLOBALS,
  SEEN_IN_MEMORY,
  SPY_GUEST_TEXT,
  spyCommand,
} from "./testing/spy-guest.js";
import { TestWorld, guest } from "./testing/test-world.js";
import type { TestWorldOptions, TurnOutcome } from "./testing/test-world.js";

const module = guest(SPY_GUEST_TEXT);
const limits = { fuelPerSlice: 20_000_000, fuelPerTurnMax: 20_000_000 };
const wipe = Object.getOwnPropertyDescriptor(BaseImage.prototype, "loadInto");
assert.ok(wipe !== undefined);
const properly = wipe.value as (this: BaseImage, instance: GuestInstance) => void; // a method of that class

afterEach(() => Object.defineProperty(BaseImage.prototype, "loadInto", wipe));

class HauntedHouse {
  readonly world: TestWorld;
  /** Codes that spies returned. */
  readonly seen: number[] = [];
  #agents = 0;

  constructor(options: TestWorldOptions = {}) {
    this.world = new TestWorld({ guests: [module], instancesMax: 1, ...options });
  }

  enter(): AgentHandle {
    this.#agents += 1;
    return this.world.create(`agent${this.#agents}`, module, limits);
  }

  tell(agent: AgentHandle, ...commands: readonly string[]): TurnOutcome {
    return this.world.turn(
      agent,
      commands.map((command) => ({ entry: "receive", message: spyCommand(command) })),
    );
  }

  spy(agent: AgentHandle, ...commands: readonly string[]): void {
    const { fault } = this.tell(agent, ...commands, "s");
    if (fault !== undefined) this.seen.push(fault.code === FaultCode.GUEST_ERROR ? fault.guestCode : -1);
  }
}

/** Ways in which a ghost of so many pages loses its slot. */
const endings: readonly ((house: HauntedHouse, pages: number) => void)[] = [
  (house, pages) => {
    const ghost = house.enter();
    house.tell(ghost, `h${pages}`);
    house.world.executor.apply([{ kind: "drop", agent: ghost }], house.world.tick);
  },
  (house, pages) => house.tell(house.enter(), `h${pages}`),
  (house, pages) => assert.equal(house.tell(house.enter(), `t${pages}`).fault?.code, FaultCode.TRAP),
  (house, pages) => assert.equal(house.tell(house.enter(), `l${pages}`).fault?.code, FaultCode.OUT_OF_FUEL),
];

/** A new agent in the ghost's slot; an old one that comes back to it, at its size; one that grows into it. */
function visit(house: HauntedHouse, ghostPages: number, spyPages: number): void {
  for (const end of endings) {
    const old = house.enter();
    house.spy(old, `g${spyPages}`);
    end(house, ghostPages);
    house.spy(house.enter());
    end(house, ghostPages);
    house.spy(old);
    end(house, ghostPages);
    const growing = house.enter();
    for (let pages = 2; pages <= 8; pages += 3) house.spy(growing, `g${pages}`);
    // The growth is rolled back with the haunting: the memory shrinks, and grows again.
    const rolledBack = house.enter();
    house.spy(rolledBack);
    house.tell(rolledBack, "t7");
    house.spy(rolledBack);
    house.spy(rolledBack, "g7");
  }
}

const pageCounts = [
  [2, 2],
  [3, 5],
  [5, 3],
  [8, 8],
  [2, 8],
] as const;

for (const options of [{}, { instancesMax: 3 }, { journalBytesMax: 0, journalFuelMax: 0 }]) {
  test(`[G5] a spy in a slot full of 0xA5 never reads one; host bounds ${JSON.stringify(options)}`, () => {
    const house = new HauntedHouse(options);
    for (const [ghostPages, spyPages] of pageCounts) visit(house, ghostPages, spyPages);
    assert.deepEqual(house.seen, []);
    const { instances } = house.world.executor.figures();
    assert.ok(instances < 12, `slots were used again: ${instances} instances`);
  });
}

/** Wipes that forget something, and what a new agent must then see. */
const forgetful: readonly (readonly [string, (image: BaseImage, slot: GuestInstance) => void, number])[] = [
  ["everything", () => undefined, SEEN_IN_MEMORY + GHOST_BYTE],
  ["memory", (image, slot) => slot.loadState(image.state), SEEN_IN_MEMORY + GHOST_BYTE],
  ["the last byte of a page", keepingByte(0x1ffff), SEEN_IN_MEMORY + GHOST_BYTE],
  ["a byte of the scratch page", keepingByte(0x8), SEEN_IN_MEMORY + GHOST_BYTE],
  ["globals and flags", keepingState(() => true), 1],
  ["the vector's second half", keepingState((byte) => byte >= 8 && byte < 16), SEEN_IN_GLOBALS + 6],
  ["the double", keepingState((byte) => byte >= 24 && byte < 32), SEEN_IN_GLOBALS + 4],
  ["the integer", keepingState((byte) => byte >= 36 && byte < 40), SEEN_IN_GLOBALS + 1],
  ["the segment's flag", keepingState((byte) => byte >= 44 && byte < 48), 1],
];

function keepingByte(at: number): (image: BaseImage, slot: GuestInstance) => void {
  return (image, slot) => {
    const kept = slot.memory.bytes[at] ?? 0;
    properly.call(image, slot);
    slot.memory.bytes[at] = kept;
  };
}

/** State lies as spec and state-functions.ts say: vector, long, double, then haunted, int, single, flag. */
function keepingState(isKept: (byte: number) => boolean): (image: BaseImage, slot: GuestInstance) => void {
  return (image, slot) => {
    const kept = slot.saveState();
    properly.call(image, slot);
    slot.loadState(image.state.map((value, byte) => (isKept(byte) ? (kept[byte] ?? 0) : value)));
  };
}

for (const [what, load, expected] of forgetful) {
  test(`a slot whose ${what} is not wiped is seen through`, () => {
    const house = new HauntedHouse();
    house.tell(house.enter(), "h2");
    BaseImage.prototype.loadInto = function (slot) {
      load(this, slot);
    };
    house.spy(house.enter());
    assert.deepEqual(house.seen, [-expected]);
  });
}
