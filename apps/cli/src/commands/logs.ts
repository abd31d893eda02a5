/** `logs RUN`: agents' console lines and faults, recomputed by replay. */

import { logsOfRun } from "@wasm-engine/engine";
import type { CommandFunction } from "../command.js";
import { integerOption, textOption } from "../command.js";
import { visible } from "../visible.js";

export const logs: CommandFunction = async ({ parsed, signal }) => {
  const agent = textOption(parsed, "agent");
  const from = integerOption(parsed, "from");
  const to = integerOption(parsed, "to");
  const lines = await logsOfRun(parsed.arguments[0] ?? "", {
    ...(agent === undefined ? {} : { agent }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    signal,
  });
  const text = lines
    .map((line) => `${line.tick}  ${line.agentId}  ${line.level}  ${visible(line.text)}`)
    .join("\n");
  return { document: { lines }, text };
};
