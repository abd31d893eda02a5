/** `pause [AGENT]`: the world, or one agent of it. */

import type { CommandFunction } from "../command.js";
import { acknowledged, withLiveWorld } from "../live-world.js";

export const pause: CommandFunction = async ({ parsed, signal }) => {
  const [agent] = parsed.arguments;
  return withLiveWorld(parsed, async (world) => {
    if (agent !== undefined) return acknowledged(await world.controlAgent(agent, "pause", { signal }));
    const { tick } = await world.pause({ signal });
    return { document: { tick }, text: `paused after tick ${tick}` };
  });
};
