/** `resume [AGENT]`: the world, or one agent of it. */

import type { CommandFunction } from "../command.js";
import { acknowledged, withLiveWorld } from "../live-world.js";

export const resume: CommandFunction = async ({ parsed, signal }) => {
  const [agent] = parsed.arguments;
  return withLiveWorld(parsed, async (world) => {
    if (agent !== undefined) return acknowledged(await world.controlAgent(agent, "resume", { signal }));
    const { tick } = await world.resume({ signal });
    return { document: { tick }, text: `resumed after tick ${tick}` };
  });
};
