/** `upgrade AGENT MODULE`: an input of a running world. What becomes of it shows in `inspect` and among the faults. */

import type { CommandFunction } from "../command.js";
import { integerOption, textOption } from "../command.js";
import { withLiveWorld } from "../live-world.js";

export const upgrade: CommandFunction = async ({ parsed, signal }) => {
  const [agent = "", module = ""] = parsed.arguments;
  const drainTicks = integerOption(parsed, "drainTicks");
  const key = textOption(parsed, "id");
  return withLiveWorld(parsed, async (world) => {
    const document = await world.upgradeAgent(agent, module, {
      ...(drainTicks === undefined ? {} : { drainTicks }),
      ...(key === undefined ? {} : { key }),
      signal,
    });
    const text = `${agent} gets ${module} from tick ${document.tick} on, once nothing of it is pending`;
    return { document, text };
  });
};
