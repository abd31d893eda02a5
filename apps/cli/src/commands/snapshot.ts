/** `snapshot`: keeps a snapshot of a running world in its run folder. */

import type { CommandFunction } from "../command.js";
import { withLiveWorld } from "../live-world.js";

export const snapshot: CommandFunction = async ({ parsed, signal }) =>
  withLiveWorld(parsed, async (world) => {
    const { tick, stateHash } = await world.snapshot({ signal });
    return { document: { tick, stateHash }, text: `snapshot of tick ${tick}, state hash ${stateHash}` };
  });
