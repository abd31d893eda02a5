/** `kill AGENT`: ends an agent at once, without its shutdown. */

import type { CommandFunction } from "../command.js";
import { acknowledged, withLiveWorld } from "../live-world.js";

export const kill: CommandFunction = async ({ parsed, signal }) => {
  const [agent = ""] = parsed.arguments;
  return withLiveWorld(parsed, async (world) =>
    acknowledged(await world.controlAgent(agent, "terminate", { signal })),
  );
};
