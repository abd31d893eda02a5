/** `upgrade AGENT MODULE`: an input of a running world. What becomes of it shows in `inspect` and among the faults. */

import { Engine } from "@wasm-engine/engine";
import type { CommandFunction } from "../command.js";
import { integerOption, textOption } from "../command.js";

export const upgrade: CommandFunction = async ({ parsed, signal }) => {
  const [agent = "", module = ""] = parsed.arguments;
  const drainTicks = integerOption(parsed, "drainTicks");
  const key = textOption(parsed, "id");
  await using world = await Engine.connect(textOption(parsed, "run") ?? "@last");
  const document = await world.upgradeAgent(agent, module, {
    ...(drainTicks === undefined ? {} : { drainTicks }),
    ...(key === undefined ? {} : { key }),
    signal,
  });
  const text = `${agent} gets ${module} from tick ${document.tick} on, once nothing of it is pending`;
  return { document, text };
};
