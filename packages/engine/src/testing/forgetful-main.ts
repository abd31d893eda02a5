/**
 * A haunted world in a host that does not wipe slots of new agents: `forgetful-main.js FOLDER` prints what its spies
 * saw. Started with `--conditions=wasm-engine-separate`, so that the class that is changed here is the one that the
 * engine uses.
 */

import { join } from "node:path";
import { BaseImage } from "../../../executor/dist/base-image.js";
import type { GuestInstance } from "../../../executor/dist/guest-instance.js";
import { GHOST_BYTE, SEEN_IN_MEMORY } from "../../../executor/dist/testing/spy-guest.js";
import { Engine } from "../client/engine.js";
import { hauntFirstHalf, hauntedWorld, playHauntedWorld } from "./haunted-world.js";

/** What `forgetful-main.js` prints. */
export interface ForgetfulReport {
  readonly faults: number;
  /** Faults by which spies tell that they have read a ghost's byte. */
  readonly seen: number;
}

const [folder = ""] = process.argv.slice(2);
const wipe = Object.getOwnPropertyDescriptor(BaseImage.prototype, "loadInto");
const properly = wipe?.value as (this: BaseImage, slot: GuestInstance) => void; // a method of that class
BaseImage.prototype.loadInto = function (slot) {
  if (this.initialised) properly.call(this, slot);
  else slot.loadState(this.state);
};
const dir = join(folder, "run");
await using world = await Engine.open(await hauntedWorld(folder), {
  dir,
  start: "paused",
  workers: 1,
  isolation: "inline",
});
await hauntFirstHalf(world);
const { faults } = await world.run();
const seen = playHauntedWorld(dir).faults.filter(
  ({ agentId, guestCode }) => agentId.startsWith("s") && guestCode === -SEEN_IN_MEMORY - GHOST_BYTE,
).length;
const report: ForgetfulReport = { faults, seen };
process.stdout.write(JSON.stringify(report));
