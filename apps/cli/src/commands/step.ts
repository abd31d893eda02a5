/** `step [N]`: the next ticks with work; the world then stands still. */

import type { CommandFunction } from "../command.js";
import { usageError } from "../errors.js";
import { withLiveWorld } from "../live-world.js";

export const step: CommandFunction = async ({ parsed, signal }) => {
  const [text = "1"] = parsed.arguments;
  const ticks = Number(text);
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw usageError("step", `N is a number from 1 on, not ${JSON.stringify(text)}`);
  return withLiveWorld(parsed, async (world) => {
    const { tick, chainHead } = await world.step(ticks, { signal });
    return { document: { tick, chainHead }, text: `at tick ${tick}, paused; chain head ${chainHead}` };
  });
};
