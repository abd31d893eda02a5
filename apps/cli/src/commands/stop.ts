/** `stop [AGENT]`: ends the world after its tick, sealed; or one agent of it, with its shutdown. */

import type { CommandFunction } from "../command.js";
import { acknowledged, withLiveWorld } from "../live-world.js";

export const stop: CommandFunction = async ({ parsed, signal }) => {
  const [agent] = parsed.arguments;
  return withLiveWorld(parsed, async (world) => {
    if (agent !== undefined) return acknowledged(await world.controlAgent(agent, "stop", { signal }));
    const result = await world.stop({ signal });
    const { ticks, chainHead, dir } = result;
    const next = `next       wasm-engine run --resume ${dir}`;
    return { document: result, text: `stopped after ${ticks} ticks\nchain head ${chainHead}\n${next}` };
  });
};
